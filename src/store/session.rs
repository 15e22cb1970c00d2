//! One scan's hold on its target: the lock, the fence, and what was known when it began.

use chrono::{DateTime, Utc};
use sqlx::{Database, PgConnection, Postgres, TransactionManager};

use super::{Store, StoreError, diff::Known, ledger};
use crate::{clock::Clock, inventory::Target};

/// The right to write one target, held by a database session of its own.
///
/// The lock ends with the session, so a killed worker holds nothing.
pub struct TargetSession {
    pub(super) conn: PgConnection,
    pub(super) target: Target,
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
        let mut conn = self.pool().acquire().await?.detach();
        if !try_lock(&mut conn, target).await? {
            return Ok(None);
        }
        if start.is_rehearsal {
            // Never committed: what follows nests inside as savepoints and goes with the connection.
            <Postgres as Database>::TransactionManager::begin(&mut conn, None).await?;
        }
        let started_at = clock.now();
        ledger::keep_target(&mut conn, target, start.account_name, started_at).await?;
        let state = ledger::load_target(&mut conn, target).await?;
        if let Some(applied_until) = state.applied_until_at.filter(|applied_until| started_at <= *applied_until) {
            return Err(StoreError::ClockWentBack { now: started_at, applied_until });
        }
        ledger::abandon_running(&mut conn, target, started_at).await?;
        let scan_id = ledger::open_scan(&mut conn, start, started_at).await?;
        Ok(Some(TargetSession {
            conn,
            target: target.clone(),
            scan_id,
            started_at,
            known: Known {
                is_baseline: state.baseline_scan_id.is_none(),
                complete_started_at: state.complete_started_at,
            },
            applied_scan_id: state.applied_scan_id,
        }))
    }
}

impl TargetSession {
    /// The scan's number in the ledger.
    pub fn scan_id(&self) -> i64 {
        self.scan_id
    }
}

async fn try_lock(conn: &mut PgConnection, target: &Target) -> Result<bool, StoreError> {
    let key = format!("stocktake/{target}");
    let is_locked =
        sqlx::query_scalar!(r#"select pg_try_advisory_lock(hashtextextended($1, 0)) as "is_locked!""#, key)
            .fetch_one(conn)
            .await?;
    Ok(is_locked)
}
