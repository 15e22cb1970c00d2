//! One scan's hold on its target: the lock, the fence, and what was known when it began.

use std::ops::{Deref, DerefMut};

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, Postgres, Transaction};

use super::{
    Store, StoreError,
    diff::Known,
    ledger::{self, Outcome, Trouble},
};
use crate::{clock::Clock, inventory::Target, scan::Evidence};

/// The right to write one target, held by a database session of its own.
///
/// The lock ends with the session, so a killed worker holds nothing.
pub struct TargetSession {
    pub(super) conn: SessionConnection,
    pub(super) target: Target,
    pub(super) account_name: String,
    pub(super) scan_id: i64,
    pub(super) started_at: DateTime<Utc>,
    pub(super) known: Known,
    /// The fence: the last applied scan when this one began.
    pub(super) applied_scan_id: Option<i64>,
}

/// What a scan is, before it begins.
#[derive(Clone, Copy, Debug)]
pub struct ScanStart<'a> {
    /// What will be read.
    pub target: &'a Target,
    /// The operator's label of the account.
    pub account_name: &'a str,
    /// Age in seconds from which the target counts as stale; `None` where it is not scheduled.
    pub stale_after_seconds: Option<i64>,
    /// True for a refresh of selected codes.
    pub is_partial: bool,
    /// The ceiling of `--approve-deletes`.
    pub approved_delete_count: Option<u64>,
    /// True where all that the scan writes, ledger included, is rolled back at its end.
    pub is_rehearsal: bool,
}

impl Store {
    /// Takes the target for one scan and opens its row in the ledger.
    ///
    /// `None` means that another worker is scanning the target right now.
    ///
    /// # Errors
    /// Where the database refuses, or the clock is behind what is already applied.
    pub async fn begin_scan(
        &self,
        start: ScanStart<'_>,
        clock: &dyn Clock,
    ) -> Result<Option<TargetSession>, StoreError> {
        let target = start.target;
        let Some(mut conn) = self.lock(target, start.is_rehearsal).await? else {
            return Ok(None);
        };
        let started_at = clock.now();
        ledger::keep_target(&mut conn, start, started_at).await?;
        let state = ledger::load_target(&mut conn, target).await?;
        ledger::abandon_running(&mut conn, target, started_at).await?;
        let scan_id = ledger::open_scan(&mut conn, start, started_at).await?;
        let mut session = TargetSession {
            conn,
            target: target.clone(),
            account_name: start.account_name.to_owned(),
            scan_id,
            started_at,
            known: Known {
                is_baseline: state.baseline_scan_id.is_none(),
                complete_started_at: state.complete_started_at,
            },
            applied_scan_id: state.applied_scan_id,
        };
        if let Some(applied_until) = state.applied_until_at.filter(|applied_until| started_at <= *applied_until) {
            let error = StoreError::ClockWentBack { now: started_at, applied_until };
            session.fail(Outcome::Failed, Evidence::default(), Trouble::of(&error), clock).await?;
            return Err(error);
        }
        Ok(Some(session))
    }
}

impl Store {
    /// Takes the lock that one writer of a target holds; `None` where another one does.
    async fn lock(&self, target: &Target, is_rehearsal: bool) -> Result<Option<SessionConnection>, StoreError> {
        let key = format!("stocktake/{target}");
        let (conn, is_locked) = if is_rehearsal {
            let mut tx = self.pool().begin().await?;
            let is_locked = sqlx::query_scalar!(
                r#"select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as "is_locked!""#,
                key
            )
            .fetch_one(&mut *tx)
            .await?;
            (SessionConnection::Rehearsal(tx), is_locked)
        } else {
            let mut conn = self.pool().acquire().await?.detach();
            let is_locked =
                sqlx::query_scalar!(r#"select pg_try_advisory_lock(hashtextextended($1, 0)) as "is_locked!""#, key)
                    .fetch_one(&mut conn)
                    .await?;
            (SessionConnection::Own(Box::new(conn)), is_locked)
        };
        Ok(is_locked.then_some(conn))
    }
}

/// The connection of a scan.
pub(super) enum SessionConnection {
    /// Outside the pool: lock and staging table end with it.
    Own(Box<PgConnection>),
    /// All that is written nests inside a transaction that is never committed.
    Rehearsal(Transaction<'static, Postgres>),
}

impl SessionConnection {
    /// Ends the session, and with it the lock and the staging table.
    pub(super) async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Own(conn) => conn.close().await,
            Self::Rehearsal(tx) => tx.rollback().await,
        }
    }
}

impl Deref for SessionConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Own(conn) => conn,
            Self::Rehearsal(tx) => tx,
        }
    }
}

impl DerefMut for SessionConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Own(conn) => conn,
            Self::Rehearsal(tx) => tx,
        }
    }
}
