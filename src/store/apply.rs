//! Makes the database agree with a scan, in one transaction.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, Postgres, Transaction};

use super::{
    StoreError,
    kept::{Kept, Written},
    ledger::{self, Closing, Counts, Outcome, Trouble},
    observations::Observations,
    session::TargetSession,
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
        mut self,
        report: ScanReport,
        limits: DeleteLimits,
        clock: &dyn Clock,
    ) -> Result<Applied, StoreError> {
        let store = self.session.store.clone();
        let pid = self.session.conn.pid;
        let written = match store.watch(pid, self.write(report, limits, clock)).await {
            Ok((tx, applied)) => Ok((applied, store.watch(pid, tx.commit()).await)),
            Err(error) => Err(error),
        };
        match written {
            Ok((applied, Ok(()))) => {
                self.session.conn.release().await;
                Ok(applied)
            }
            Ok((applied, Err(error))) if error.is_lost() => self.session.settle_commit(applied, error, clock).await,
            Ok((_, Err(error))) | Err(error) => self.session.fail_by(error, clock).await,
        }
    }

    /// Writes everything, ledger included, in a transaction that is not committed yet.
    async fn write(
        &mut self,
        report: ScanReport,
        limits: DeleteLimits,
        clock: &dyn Clock,
    ) -> Result<(Transaction<'_, Postgres>, Applied), StoreError> {
        self.flush().await?;
        let live_count = self.live_count();
        let unchanged_count = self.digests.unchanged_count();
        let TargetSession { conn, target, account_name, scan_id, started_at, known, applied_scan_id, .. } =
            &mut self.session;
        let ScanReport { evidence, verdict } = report;
        let scan_id = *scan_id;
        let account_id = target.account_id.as_str();

        let mut tx = conn.begin().await?;
        pass_fence(&mut tx, account_id, target.source.name(), *applied_scan_id).await?;

        let mut written = Written::default();
        let mut returned = 0;
        if !self.staged.is_empty() {
            if self.staged.is_large() {
                sqlx::query(T::ANALYZE).execute(&mut *tx).await?;
            }
            if !self.staged.repeated().is_empty() {
                sqlx::query(T::KEEP_LAST).execute(&mut *tx).await?;
            }
            written = T::write_staged(&mut tx, account_id, scan_id, self.staged.contents()).await?;
            returned = sqlx::query_scalar::<_, i64>(T::COUNT_RETURNED).fetch_one(&mut *tx).await?.unsigned_abs();
        }
        let spool = std::mem::take(&mut self.spool);
        if let Some(baseline) = T::BASELINE.filter(|_| !spool.is_empty()) {
            written.opened += baseline.write(&mut tx, spool, self.staged.repeated()).await?;
        }
        let touched = written.opened + written.advanced + written.touched;
        let expected = self.staged.distinct_count();
        if touched != expected {
            return Err(StoreError::Disagreement { statement: "writing current rows", touched, expected });
        }
        let mut counts = Counts {
            new: written.opened + returned,
            changed: written.advanced + written.touched - returned,
            unchanged: unchanged_count,
            transitions: written.transitions,
            anomalies: written.anomalies,
            ..Counts::default()
        };
        keep_rejected(&mut tx, account_id, target.source.name(), scan_id, &self.rejected).await?;

        let (outcome, proof, trouble) = match &verdict {
            Verdict::Complete(complete) => match complete.rule(target, limits, live_count) {
                Ruling::Bury(tombstones) => {
                    counts.deleted = bury::<T>(&mut tx, scan_id, tombstones, known.complete_started_at).await?;
                    counts.transitions += counts.deleted;
                    // Only now is every live row known to have been seen by this scan.
                    counts.anomalies += T::note_overdue(&mut tx, account_id, scan_id, *started_at).await?;
                    (Outcome::Complete, Some(complete.argument()), None)
                }
                Ruling::Hold { absent_count } => {
                    counts.held = absent_count;
                    let trouble = Trouble::held(account_name, target.source, absent_count, live_count, limits);
                    (Outcome::Held, Some(complete.argument()), Some(trouble))
                }
                Ruling::Foreign(proven) => {
                    return Err(StoreError::ForeignProof { proven: proven.clone(), target: target.clone() });
                }
            },
            Verdict::Incomplete(why) => (Outcome::Incomplete, None, Some(Trouble::incomplete(why))),
        };

        let applied_until = evidence.observed_until.unwrap_or(*started_at).max(*started_at);
        advance_target(&mut tx, account_id, target.source.name(), scan_id, applied_until).await?;
        if outcome == Outcome::Complete {
            complete_target(&mut tx, account_id, target.source.name(), scan_id, *started_at).await?;
        }
        let closing = Closing {
            scan_id,
            outcome,
            finished_at: clock.now(),
            is_applied: true,
            evidence: &evidence,
            counts,
            proof,
            trouble: trouble.as_ref(),
        };
        ledger::close_scan(&mut *tx, account_id, &closing).await?;
        Ok((tx, Applied { scan_id, outcome, counts, evidence, trouble }))
    }
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

async fn advance_target(
    conn: &mut PgConnection,
    account_id: &str,
    source: &str,
    scan_id: i64,
    applied_until: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update inventory.targets
         set applied_scan_id = $3, applied_until_at = $4
         where account_id = $1 and source = $2",
        account_id,
        source,
        scan_id,
        applied_until
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn complete_target(
    conn: &mut PgConnection,
    account_id: &str,
    source: &str,
    scan_id: i64,
    started_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update inventory.targets
         set baseline_scan_id = coalesce(baseline_scan_id, $3), complete_scan_id = $3, complete_started_at = $4
         where account_id = $1 and source = $2",
        account_id,
        source,
        scan_id,
        started_at
    )
    .execute(conn)
    .await?;
    Ok(())
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
