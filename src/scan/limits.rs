//! When a scan must end although its listing has not.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Evidence, Halt, Incompleteness};
use crate::source::SourceError;

/// Items that one scan may read, repeats, look-ups and further attempts included: far more than any account has, so
/// that a listing without end ends while its ids still fit into memory.
pub(super) const ITEMS_MAX: u64 = 10_000_000;

/// The deadline of a scan, the worker's wish to stop, and how much there may be to read.
///
/// All are looked at while the scan waits for an API or for its turn, never while it writes,
/// so that what was seen can still be kept.
#[derive(Clone, Debug)]
pub struct Limits {
    deadline: Instant,
    allowed: Duration,
    stop: CancellationToken,
    items_max: u64,
}

/// Why a wait ended before what was waited for came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// The worker is stopping.
    Stopped,
    /// The scan took longer than this, which it may.
    Deadline(Duration),
}

impl Limits {
    /// A scan that begins now and may take `allowed`, unless `stop` is cancelled before.
    pub fn new(allowed: Duration, stop: CancellationToken) -> Self {
        Self { deadline: Instant::now() + allowed, allowed, stop, items_max: ITEMS_MAX }
    }

    /// Whether the scan may read on after what it has seen.
    pub(super) fn check(&self, evidence: &Evidence) -> Result<(), Incompleteness> {
        if evidence.item_count > self.items_max {
            return Err(Incompleteness::TooManyItems { limit: self.items_max });
        }
        Ok(())
    }

    /// The same limits with another number of items.
    #[cfg(test)]
    pub(super) fn with_items_max(self, items_max: u64) -> Self {
        Self { items_max, ..self }
    }

    /// Waits for `what`, within the limits.
    ///
    /// # Errors
    /// Which limit was met. What has come by then counts, even at the deadline.
    pub async fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, Interruption> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Interruption::Stopped),
            come = what => Ok(come),
            () = tokio::time::sleep_until(self.deadline) => Err(Interruption::Deadline(self.allowed)),
        }
    }

    /// Waits for a turn. Other scans decide how long that takes, so the deadline moves on by as much.
    ///
    /// `None` means that the worker is stopping.
    pub async fn wait_turn<T>(&mut self, turn: impl Future<Output = T>) -> Option<T> {
        let begin = Instant::now();
        let turn = self.stop.run_until_cancelled(turn).await?;
        self.deadline += begin.elapsed();
        Some(turn)
    }

    /// Waits for an answer of the API, within the limits.
    pub(super) async fn answer<T, E>(&self, call: impl Future<Output = Result<T, SourceError>>) -> Result<T, Halt<E>> {
        match self.wait(call).await {
            Ok(answer) => answer.map_err(|error| Incompleteness::Source(error).into()),
            Err(Interruption::Stopped) => Err(Halt::Stopped),
            Err(Interruption::Deadline(allowed)) => Err(Incompleteness::Deadline(allowed).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_wait_ends_at_the_deadline_or_the_stop_and_what_has_come_counts() {
        let stop = CancellationToken::new();
        let limits = Limits::new(Duration::ZERO, stop.clone());
        assert_eq!(limits.wait(pending::<()>()).await, Err(Interruption::Deadline(Duration::ZERO)));
        assert_eq!(limits.wait(ready(7)).await, Ok(7), "at the deadline");
        stop.cancel();
        assert_eq!(limits.wait(ready(7)).await, Err(Interruption::Stopped));
    }

    #[tokio::test]
    async fn waiting_for_a_turn_does_not_use_up_the_time_of_a_scan() {
        let mut limits = Limits::new(MINUTE, CancellationToken::new());
        let deadline = limits.deadline;
        let turn = Duration::from_millis(20);
        assert_eq!(limits.wait_turn(tokio::time::sleep(turn)).await, Some(()));
        assert!(limits.deadline >= deadline + turn, "the deadline moves on by the wait");
    }

    #[tokio::test]
    async fn a_stop_ends_the_wait_for_a_turn() {
        let stop = CancellationToken::new();
        let mut limits = Limits::new(MINUTE, stop.clone());
        let (turn, ()) = tokio::join!(limits.wait_turn(pending::<()>()), async { stop.cancel() });
        assert_eq!(turn, None);
    }
}
