//! Connections to the database: each is had within a limit of time, serves one operation, and is never given back.
//!
//! There is no pool. sqlx's own asks a connection that comes back whether it is alive, waits for ever for a peer that
//! died silently, and has a place less from then on (sqlx issue 4349). A new connection costs some 10 ms; a scan
//! needs one of its own anyway, and all else asks a few questions now and then.

use std::{
    io,
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{Connection, PgConnection};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{
    Store, StoreError,
    error::describe,
    role::{Duty, assume},
};

/// How long a connection, or a question that costs the server nothing, may take before it counts as unreachable.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// How long a farewell may take; nothing depends on it.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// A connection of its own. Dropping it ends the session, whether or not anybody is there to hear of it.
#[derive(Debug)]
pub(crate) struct Session {
    conn: PgConnection,
    /// The server process behind it.
    pub(super) pid: i32,
    /// Its place among the connections that the program may have at once, if it counts.
    _place: Option<OwnedSemaphorePermit>,
}

impl Store {
    /// A connection for one operation.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] where none is to be had in time.
    pub(crate) async fn connection(&self) -> Result<Session, StoreError> {
        let place = timeout(self.answer_limit(), self.places.clone().acquire_owned())
            .await
            .map_err(|_| StoreError::Unreachable("all connections of this program are in use".into()))?
            .expect("nobody closes the semaphore");
        Ok(Session { _place: Some(place), ..self.own_connection().await? })
    }

    /// A connection beside those, for a whole scan or purge.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] where none is to be had in time.
    pub(super) async fn own_connection(&self) -> Result<Session, StoreError> {
        self.connect_for(Some(Duty::Work)).await.map_err(|error| StoreError::Unreachable(describe(&error)))
    }

    /// A connection with the login's own rights: to migrate, or to see after another session of the login.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] where none is to be had in time.
    pub(super) async fn login_connection(&self) -> Result<Session, StoreError> {
        self.try_connect().await.map_err(|error| StoreError::Unreachable(describe(&error)))
    }

    /// As [`Store::login_connection`], with what sqlx says.
    pub(super) async fn try_connect(&self) -> Result<Session, sqlx::Error> {
        self.connect_for(None).await
    }

    async fn connect_for(&self, duty: Option<Duty>) -> Result<Session, sqlx::Error> {
        let limit = self.answer_limit();
        let connecting = timeout(limit, async {
            let mut conn = PgConnection::connect_with(&self.options).await?;
            let pid = assume(&mut conn, duty).await?.pid;
            Ok(Session { conn, pid, _place: None })
        });
        let too_late =
            || io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs_f64()));
        connecting.await.unwrap_or_else(|_| Err(too_late().into()))
    }

    /// Ten seconds; less for a store of little patience, which is one under test.
    pub(super) fn answer_limit(&self) -> Duration {
        ANSWER_LIMIT.min(self.patience * 5)
    }
}

impl Session {
    /// Ends the session in good order, where somebody is there to hear of it. Its locks are given back first: the server
    /// may take its time to end a session, and whoever comes next would find the target taken.
    pub(super) async fn close(mut self) {
        let closing = async {
            sqlx::query!("select pg_advisory_unlock_all()").execute(&mut self.conn).await?;
            self.conn.close().await
        };
        match timeout(CLOSE_LIMIT, closing).await {
            Ok(Ok(())) => {}
            // The server ends the session when the connection breaks, too.
            Ok(Err(error)) => tracing::debug!(%error, "a connection did not close cleanly"),
            Err(_) => tracing::debug!("a connection did not close in time"),
        }
    }
}

impl Deref for Session {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.conn
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}
