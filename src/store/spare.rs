//! Connections that have done their work in good order, kept for a moment for whoever asks next.
//!
//! Scans that follow each other would pay more for the login, a fresh server process and its empty caches than for their
//! work. A moment, not for ever: nothing watches over a connection that rests, and a program that has nothing to ask
//! should hold none.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::PgConnection;
use tokio::time::sleep;

/// How long a connection is kept.
const KEEP: Duration = Duration::from_secs(1);

/// The connections at rest, the newest last.
#[derive(Debug, Default)]
pub(super) struct Spares(Mutex<Vec<Spare>>);

#[derive(Debug)]
struct Spare {
    conn: PgConnection,
    since: Instant,
}

impl Spares {
    /// The connection that came to rest last; `None` where there is none.
    pub(super) fn take(&self) -> Option<PgConnection> {
        self.lock().pop().map(|spare| spare.conn)
    }

    /// Keeps a connection, and ends it if nobody takes it.
    pub(super) fn keep(self: &Arc<Self>, conn: PgConnection) {
        self.lock().push(Spare { conn, since: Instant::now() });
        let spares = Arc::downgrade(self);
        tokio::spawn(async move {
            sleep(KEEP).await;
            if let Some(spares) = spares.upgrade() {
                spares.lock().retain(|spare| spare.since.elapsed() < KEEP);
            }
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Spare>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
