//! Work in a task of its own, for as long as somebody waits for it.

use std::{future::pending, panic::resume_unwind};

use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

/// A task that ends when it is dropped.
pub(crate) struct Task<T>(AbortOnDropHandle<T>);

impl<T: Send + 'static> Task<T> {
    /// Begins `work`, for the log within the span that is current here; whoever awaits something else meanwhile does not
    /// hold it up.
    pub(crate) fn spawn(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(AbortOnDropHandle::new(tokio::spawn(work.in_current_span())))
    }

    /// Whether the work is done.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for what comes of the work. Its panic goes on here.
    pub(crate) async fn join(&mut self) -> T {
        match (&mut self.0).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime ends, and whoever waits here with it.
                Err(_) => pending().await,
            },
        }
    }
}
