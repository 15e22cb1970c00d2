//! Connections to the database: each is had within a limit of time, and serves one operation.
//!
//! There is no pool. sqlx's own asks a connection that comes back whether it is alive, waits for ever for a peer that
//! died silently, and has a place less from then on (sqlx issue 4349). Operations that follow each other at once
//! hand their connection on (`spare`).

use std::{
    io,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use sqlx::{Connection, PgConnection};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{
    Store, StoreError,
    error::describe,
    nodelay::send_at_once,
    role::{Duty, Standing, assume},
    spare::Spares,
};

/// How long a connection, or a question that costs the server nothing, may take before it counts as unreachable.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// How long a farewell may take, and how long a connection at rest to answer; nothing depends on either.
const COURTESY_LIMIT: Duration = Duration::from_secs(2);

/// A connection of its own. Dropping it ends the session, whether or not anybody is there to hear of it.
#[derive(Debug)]
pub(crate) struct Session {
    conn: PgConnection,
    /// The server process behind it.
    pub(super) pid: i32,
    /// Where it goes when its work is done; nowhere where it has the login's own rights, or a transaction that stays open.
    pub(super) spares: Option<Arc<Spares>>,
    /// Whoever gets the connection next must not find them.
    pub(super) has_temporary_tables: bool,
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
        Ok(self.connect_for(Some(Duty::Work), None).await.map_err(unreachable)?.0)
    }

    /// The same, if the lock that is called `lock` is free: it is held until the session ends or is released.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] where none is to be had in time.
    pub(super) async fn locked_connection(&self, lock: &str) -> Result<Option<Session>, StoreError> {
        let (session, is_locked) = self.connect_for(Some(Duty::Work), Some(lock)).await.map_err(unreachable)?;
        if is_locked {
            return Ok(Some(session));
        }
        session.release().await;
        Ok(None)
    }

    /// A connection with the login's own rights: to migrate, or to see after another session of the login.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] where none is to be had in time.
    pub(super) async fn login_connection(&self) -> Result<Session, StoreError> {
        self.try_connect().await.map_err(unreachable)
    }

    /// As [`Store::login_connection`], with what sqlx says.
    pub(super) async fn try_connect(&self) -> Result<Session, sqlx::Error> {
        Ok(self.connect_for(None, None).await?.0)
    }

    /// A session, and whether it has the `lock` that it should have.
    async fn connect_for(&self, duty: Option<Duty>, lock: Option<&str>) -> Result<(Session, bool), sqlx::Error> {
        if duty.is_some()
            && let Some(spare) = self.spare_for(duty, lock).await
        {
            return Ok(spare);
        }
        let limit = self.answer_limit();
        let connecting = timeout(limit, async {
            let mut conn = PgConnection::connect_with(&self.options).await?;
            send_at_once(self.options.get_port());
            let Standing { pid, is_locked, .. } = assume(&mut conn, duty, lock).await?;
            let spares = duty.map(|_| Arc::clone(&self.spares));
            Ok((Session { conn, pid, spares, has_temporary_tables: false, _place: None }, is_locked == Some(true)))
        });
        let too_late =
            || io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs_f64()));
        connecting.await.unwrap_or_else(|_| Err(too_late().into()))
    }

    /// A connection at rest that still answers; rights may have changed meanwhile, so they are taken anew.
    async fn spare_for(&self, duty: Option<Duty>, lock: Option<&str>) -> Option<(Session, bool)> {
        while let Some(mut conn) = self.spares.take() {
            let answer = timeout(COURTESY_LIMIT, assume(&mut conn, duty, lock)).await;
            if let Ok(Ok(Standing { pid, is_locked, .. })) = answer {
                let spares = Some(Arc::clone(&self.spares));
                return Some((
                    Session { conn, pid, spares, has_temporary_tables: false, _place: None },
                    is_locked == Some(true),
                ));
            }
        }
        None
    }

    /// Ten seconds; less for a store of little patience, which is one under test.
    pub(super) fn answer_limit(&self) -> Duration {
        ANSWER_LIMIT.min(self.patience * 5)
    }
}

impl Session {
    /// Ends the operation in good order, where somebody is there to hear of it. Its locks are given back first: whoever
    /// comes next would find the target taken.
    pub(super) async fn release(mut self) {
        let releasing = async {
            sqlx::query!("select pg_advisory_unlock_all()").execute(&mut self.conn).await?;
            if self.has_temporary_tables {
                sqlx::raw_sql("discard temp").execute(&mut self.conn).await?;
            }
            match self.spares {
                Some(spares) => spares.keep(self.conn),
                None => self.conn.close().await?,
            }
            Ok::<_, sqlx::Error>(())
        };
        match timeout(COURTESY_LIMIT, releasing).await {
            Ok(Ok(())) => {}
            // The server ends the session when the connection breaks, too.
            Ok(Err(error)) => tracing::debug!(%error, "a connection was not released cleanly"),
            Err(_) => tracing::debug!("a connection was not released in time"),
        }
    }
}

fn unreachable(error: sqlx::Error) -> StoreError {
    StoreError::Unreachable(describe(&error))
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
