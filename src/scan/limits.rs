//! When a scan must end although its listing has not.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Halt, Incompleteness};
use crate::source::SourceError;

/// The deadline of a scan and the worker's wish to stop.
///
/// Both are looked at while the scan waits for the API, never while it writes,
/// so that what was seen can still be kept.
#[derive(Clone, Debug)]
pub struct Limits {
    deadline: Instant,
    allowed: Duration,
    stop: CancellationToken,
}

impl Limits {
    /// A scan that begins now and may take `allowed`, unless `stop` is cancelled before.
    pub fn new(allowed: Duration, stop: CancellationToken) -> Self {
        Self { deadline: Instant::now() + allowed, allowed, stop }
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
