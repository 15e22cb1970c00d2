//! One scan's hold on its target: the lock, the fence, and what was known when it began.

use chrono::{DateTime, Utc};
use sqlx::Connection;

use super::{
    Store, StoreError,
    connection::Session,
    diff::Known,
    ledger::{self, Outcome, Trouble},
};
use crate::{clock::Clock, inventory::Target, scan::Evidence};

/// The right to write one target, held by a database session of its own.
///
/// The lock ends with the session, so a killed worker holds nothing.
pub struct TargetSession {
    pub(super) store: Store,
    pub(super) conn: Session,
    pub(super) is_rehearsal: bool,
    pub(super) target: Target,
    pub(super) account_name: String,
    pub(super) scan_id: i64,
    pub(super) started_at: DateTime<Utc>,
    pub(super) known: Known,
    /// The fence: the last applied scan when this one began.
    pub(super) applied_scan_id: Option<i64>,
    /// Where people may be named and somebody was erased: what erased ids are hashed with.
    pub(super) erasure_key: Option<Vec<u8>>,
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
        let Some(mut conn) = self.locked_connection(&lock_name(target)).await? else {
            return Ok(None);
        };
        let pid = conn.pid;
        if start.is_rehearsal {
            // Neither committed nor rolled back: all that is written nests inside, and goes with the session.
            std::mem::forget(self.watch(pid, conn.begin()).await?);
            conn.spares = None;
        }
        let started_at = clock.now();
        let opened = self.watch(pid, ledger::open_scan(&mut conn, start, started_at)).await?;
        let session = TargetSession {
            store: self.clone(),
            conn,
            is_rehearsal: start.is_rehearsal,
            target: target.clone(),
            account_name: start.account_name.to_owned(),
            scan_id: opened.scan_id,
            started_at,
            known: Known {
                is_baseline: opened.baseline_scan_id.is_none(),
                complete_started_at: opened.complete_started_at,
            },
            applied_scan_id: opened.applied_scan_id,
            erasure_key: opened.erasure_key,
        };
        if let Some(applied_until) = opened.applied_until_at.filter(|applied_until| started_at <= *applied_until) {
            let error = StoreError::ClockWentBack { now: started_at, applied_until };
            session.fail(Outcome::Failed, Evidence::default(), Trouble::of(&error), clock).await?;
            return Err(error);
        }
        Ok(Some(session))
    }
}

/// What the lock of a target is made from.
pub(super) fn lock_name(target: &Target) -> String {
    format!("stocktake/{target}")
}
