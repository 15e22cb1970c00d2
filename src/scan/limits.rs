//! When a scan must end although its listing has not.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Evidence, Halt, Incompleteness};
use crate::source::SourceError;

/// Items that one scan may read, repeats, look-ups and further attempts included: far more than any account has, so
/// that a listing without end ends while its ids still fit into memory.
const ITEMS_MAX: u64 = 10_000_000;

/// The deadline of a scan, the worker's wish to stop, and how much there may be to read.
///
/// All are looked at while the scan waits for the API, never while it writes,
/// so that what was seen can still be kept.
#[derive(Clone, Debug)]
pub struct Limits {
    deadline: Instant,
    allowed: Duration,
    stop: CancellationToken,
    items_max: u64,
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

    /// Waits for an answer of the API, within the limits.
    pub(super) async fn answer<T, E>(&self, call: impl Future<Output = Result<T, SourceError>>) -> Result<T, Halt<E>> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Halt::Stopped),
            answer = call => answer.map_err(|error| Incompleteness::Source(error).into()),
            () = tokio::time::sleep_until(self.deadline) => Err(Incompleteness::Deadline(self.allowed).into()),
        }
    }
}
