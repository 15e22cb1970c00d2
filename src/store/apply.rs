//! Makes the database agree with a scan, in one transaction.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};

use super::{
    StoreError,
    ending::{Ending, Writer},
    kept::{Kept, Written},
    ledger::{Advance, Counts, Outcome, Trouble},
    observations::{Noted, Observations, Observed},
    session::TargetSession,
    spool::Spool,
    stager::{Staged, Stager},
};
use crate::{
    clock::Clock,
    inventory::RejectedItem,
    scan::{DeleteLimits, Evidence, Ruling, ScanReport, Tombstones, Verdict},
};

/// What came of a scan.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The scan's number in the ledger.
    pub scan_id: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// What was done.
    pub counts: Counts,
    /// What was seen.
    pub evidence: Evidence,
    /// Why it is not complete; `None` for a complete scan.
    pub trouble: Option<Trouble>,
}

impl<T: Kept> Observations<T> {
    /// Applies the scan and closes its row in the ledger, or does neither.
    ///
    /// Applying the same scan twice changes nothing: the second time every digest is known.
    pub(crate) async fn apply(
        self,
        report: ScanReport,
        limits: DeleteLimits,
        clock: &dyn Clock,
    ) -> Result<Applied, StoreError> {
        match self.finish().await {
            Ok(observed) => observed.apply(report, limits, clock).await,
            Err((session, error)) => session.fail_by(error, clock).await,
        }
    }
}

impl<T: Kept> Observed<T> {
    async fn apply(
        mut self,
        report: ScanReport,
        limits: DeleteLimits,
        clock: &dyn Clock,
    ) -> Result<Applied, StoreError> {
        let store = self.stager.session.store.clone();
        let pid = self.stager.session.conn.pid;
        let written = match store.watch(pid, self.write(report, limits)).await {
            Ok(ending) => Ok(ending.write(&store, clock.now()).await),
            Err(error) => Err(error),
        };
        match written {
            Ok((applied, Ok(()))) => {
                self.stager.session.conn.release().await;
                Ok(applied)
            }
            Ok((applied, Err(error))) if error.is_lost() => {
                self.stager.session.settle_commit(applied, error, clock).await
            }
            Ok((_, Err(error))) | Err(error) => self.stager.session.fail_by(error, clock).await,
        }
    }

    /// Writes everything but the end, in a transaction that is not committed yet; where there is no row to write, in none.
    async fn write(&mut self, report: ScanReport, limits: DeleteLimits) -> Result<Ending<'_>, StoreError> {
        let Self { stager: Stager { session, staged, spool, .. }, digests, has_overdue, noted, rejected } = self;
        let live_count = digests.len() as u64;
        let TargetSession { conn, target, account_name, scan_id, started_at, known, applied_scan_id, .. } = session;
        let ScanReport { evidence, verdict } = report;
        let (pid, scan_id, started_at) = (conn.pid, *scan_id, *started_at);
        let account_id = target.account_id.as_str();

        let mut counts = Counts { unchanged: digests.unchanged_count(), ..Counts::default() };
        let (outcome, trouble, tombstones) = match &verdict {
            Verdict::Complete(complete) => match complete.rule(target, limits, live_count) {
                Ruling::Bury(tombstones) => (Outcome::Complete, None, Some(tombstones)),
                Ruling::Hold { absent_count } => {
                    counts.held = absent_count;
                    let trouble = Trouble::held(account_name, target.source, absent_count, live_count, limits);
                    (Outcome::Held, Some(trouble), None)
                }
                Ruling::Foreign(proven) => {
                    return Err(StoreError::ForeignProof { proven: proven.clone(), target: target.clone() });
                }
            },
            Verdict::Incomplete(why) => (Outcome::Incomplete, Some(Trouble::incomplete(why)), None),
        };

        let has_rows = noted.distinct_count() > 0
            || !rejected.is_empty()
            || tombstones.is_some_and(|tombstones| tombstones.count() > 0 || *has_overdue);
        let writer = if has_rows {
            let mut tx = conn.begin().await?;
            pass_fence(&mut tx, account_id, target.source.name(), *applied_scan_id).await?;
            write_staged::<T>(&mut tx, account_id, scan_id, staged, noted, std::mem::take(spool), &mut counts).await?;
            keep_rejected(&mut tx, account_id, target.source.name(), scan_id, rejected).await?;
            if let Some(tombstones) = tombstones {
                counts.deleted = bury::<T>(&mut tx, scan_id, tombstones, known.complete_started_at).await?;
                counts.transitions += counts.deleted;
                // Only now is every live row known to have been seen by this scan.
                counts.anomalies += T::note_overdue(&mut tx, account_id, scan_id, started_at).await?;
            }
            Writer::Transaction(tx)
        } else {
            Writer::Statement(conn)
        };

        let until = evidence.observed_until.unwrap_or(started_at).max(started_at);
        let advance = Advance { from_scan_id: *applied_scan_id, until };
        let proof = match &verdict {
            Verdict::Complete(complete) => Some(complete.argument().to_owned()),
            Verdict::Incomplete(_) => None,
        };
        let applied = Applied { scan_id, outcome, counts, evidence, trouble };
        Ok(Ending { writer, pid, account_id, advance, proof, applied })
    }
}

/// Writes what was observed to be new or changed.
async fn write_staged<T: Kept>(
    conn: &mut PgConnection,
    account_id: &str,
    scan_id: i64,
    staged: &Staged,
    noted: &Noted,
    spool: Spool,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let mut written = Written::default();
    let mut returned = 0;
    if !staged.is_empty() {
        if staged.is_large() {
            sqlx::query(T::ANALYZE).execute(&mut *conn).await?;
            if staged.contents().nexts {
                // The rows that change were read just now, each by its key: their pages are in memory. The planner thinks
                // that each has to be fetched, and would rather read the whole table.
                sqlx::raw_sql("set local random_page_cost = 1").execute(&mut *conn).await?;
            }
        }
        if !noted.repeated().is_empty() {
            sqlx::query(T::KEEP_LAST).execute(&mut *conn).await?;
        }
        written = T::write_staged(conn, account_id, scan_id, staged.contents()).await?;
        returned = sqlx::query_scalar::<_, i64>(T::COUNT_RETURNED).fetch_one(&mut *conn).await?.unsigned_abs();
    }
    if let Some(baseline) = T::BASELINE.filter(|_| !spool.is_empty()) {
        written.opened += baseline.write(conn, spool, noted.repeated()).await?;
    }
    let touched = written.opened + written.advanced + written.touched;
    let expected = noted.distinct_count();
    if touched != expected {
        return Err(StoreError::Disagreement { statement: "writing current rows", touched, expected });
    }
    counts.new = written.opened + returned;
    counts.changed = written.advanced + written.touched - returned;
    counts.transitions = written.transitions;
    counts.anomalies = written.anomalies;
    Ok(())
}

/// Writes the tombstones that the brake let through; nothing else can.
async fn bury<T: Kept>(
    conn: &mut PgConnection,
    scan_id: i64,
    tombstones: Tombstones<'_>,
    complete_started_at: Option<DateTime<Utc>>,
) -> Result<u64, StoreError> {
    let expected = tombstones.count();
    if expected == 0 {
        return Ok(0);
    }
    let touched = T::bury(conn, scan_id, tombstones, complete_started_at).await?;
    if touched != expected {
        return Err(StoreError::Disagreement { statement: "writing tombstones", touched, expected });
    }
    Ok(touched)
}

/// Locks the target's row, and refuses a scan if another one was applied since it began.
async fn pass_fence(
    conn: &mut PgConnection,
    account_id: &str,
    source: &str,
    applied_scan_id: Option<i64>,
) -> Result<(), StoreError> {
    let newest = sqlx::query_scalar!(
        "select applied_scan_id from inventory.targets where account_id = $1 and source = $2 for update",
        account_id,
        source
    )
    .fetch_one(conn)
    .await?;
    if newest == applied_scan_id { Ok(()) } else { Err(StoreError::Overtaken) }
}

/// Keeps each rejected item once, however many scans meet it.
async fn keep_rejected(
    conn: &mut PgConnection,
    account_id: &str,
    source: &str,
    scan_id: i64,
    rejected: &[(RejectedItem, DateTime<Utc>)],
) -> Result<(), StoreError> {
    for (item, observed_at) in rejected {
        sqlx::query!(
            "insert into inventory.rejected_items (
                 account_id, source, original_hash, reason, original, scan_id, first_seen_at)
             values ($1, $2, md5($4), $3, $4, $5, $6)
             on conflict do nothing",
            account_id,
            source,
            item.reason,
            item.original,
            scan_id,
            observed_at
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}
