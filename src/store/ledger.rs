//! The ledger of scans and the state of their targets.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, session::ScanStart};
use crate::{
    inventory::{Source, Target},
    scan::{DeleteLimits, Evidence, Incompleteness},
};

/// The version of this program, as the ledger keeps it.
const WORKER_VERSION: &str = env!("CARGO_PKG_VERSION");

/// How a scan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Proven and applied.
    Complete,
    /// Proven and applied but for the deletes, which wait for an approval.
    Held,
    /// Not proven: what was seen is applied, nothing is deleted.
    Incomplete,
    /// Nothing was applied.
    Failed,
    /// Stopped or overtaken: nothing was applied.
    Abandoned,
}

impl Outcome {
    /// The name in the database and in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Held => "held",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// What an apply did, in objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects opened, those that came back included.
    pub new: u64,
    /// Live objects with a new version or a new `RegisteredCount`.
    pub changed: u64,
    /// Objects seen exactly as they are kept.
    pub unchanged: u64,
    /// Transitions recorded.
    pub transitions: u64,
    /// Tombstones written.
    pub deleted: u64,
    /// Proven absences that the brake held back.
    pub held: u64,
    /// Anomalies recorded.
    pub anomalies: u64,
}

/// Why a scan is not complete, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The API's code or one of Stocktake's.
    pub code: String,
    /// What happened.
    pub cause: String,
    /// What the operator can do.
    pub mend: String,
}

impl Trouble {
    /// The trouble of an error of the database.
    pub fn of(error: &StoreError) -> Self {
        let mend = match error {
            StoreError::InDoubt(_) => "see `stocktake status`; the next scan goes on from what is there, either way",
            _ => "nothing was changed; the next scan tries again",
        };
        Self { code: error.code().into(), cause: error.to_string(), mend: mend.into() }
    }

    /// The trouble of a scan that is not complete.
    pub fn incomplete(why: &Incompleteness) -> Self {
        Self { code: why.code(), cause: why.to_string(), mend: why.mend() }
    }

    pub(super) fn held(account_name: &str, source: Source, absent: u64, live: u64, limits: DeleteLimits) -> Self {
        let cause = match limits.approved {
            Some(ceiling) => format!("{absent} of {live} objects are gone, more than the {ceiling} approved"),
            None => format!(
                "{absent} of {live} objects are gone, more than scan.max_delete_count and max_delete_ratio allow"
            ),
        };
        let mend = format!(
            "nothing was deleted; if that is right, run `stocktake sync --account '{account_name}' --source {source} --approve-deletes {absent}`"
        );
        Self { code: "held".into(), cause, mend }
    }

    /// The line for the ledger: cause and mend.
    pub fn message(&self) -> String {
        format!("{}; {}", self.cause, self.mend)
    }
}

/// How a scan's row in the ledger is closed.
#[derive(Clone, Debug)]
pub(super) struct Closing<'a> {
    pub(super) scan_id: i64,
    pub(super) outcome: Outcome,
    pub(super) finished_at: DateTime<Utc>,
    pub(super) is_applied: bool,
    pub(super) evidence: &'a Evidence,
    pub(super) counts: Counts,
    pub(super) proof: Option<&'a str>,
    pub(super) trouble: Option<&'a Trouble>,
}

impl<'a> Closing<'a> {
    /// Of a scan that ended with nothing applied.
    pub(super) fn failed(
        scan_id: i64,
        outcome: Outcome,
        finished_at: DateTime<Utc>,
        evidence: &'a Evidence,
        trouble: &'a Trouble,
    ) -> Self {
        let counts = Counts::default();
        Self { scan_id, outcome, finished_at, is_applied: false, evidence, counts, proof: None, trouble: Some(trouble) }
    }
}

pub(super) struct TargetState {
    pub(super) applied_scan_id: Option<i64>,
    pub(super) applied_until_at: Option<DateTime<Utc>>,
    pub(super) baseline_scan_id: Option<i64>,
    pub(super) complete_started_at: Option<DateTime<Utc>>,
    /// Where people may be named and somebody was erased: what erased ids are hashed with.
    pub(super) erasure_key: Option<Vec<u8>>,
}

/// Makes the account and the target known; label and schedule follow the configuration.
pub(super) async fn keep_target(
    conn: &mut PgConnection,
    start: ScanStart<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Target { account_id, source } = start.target;
    sqlx::query!(
        "insert into inventory.accounts (account_id, account_name, first_seen_at)
         values ($1, $2, $3)
         on conflict do nothing",
        account_id,
        start.account_name,
        now
    )
    .execute(&mut *conn)
    .await?;
    // `on conflict do update` would lock the row even where nothing changes, and the other source's scan wait for it.
    sqlx::query!(
        "update inventory.accounts set account_name = $2 where account_id = $1 and account_name <> $2",
        account_id,
        start.account_name
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into inventory.targets as t (account_id, source, is_scheduled, stale_after_seconds)
         values ($1, $2, $3, $4)
         on conflict (account_id, source) do update
         set is_scheduled = excluded.is_scheduled, stale_after_seconds = excluded.stale_after_seconds
         where (t.is_scheduled, t.stale_after_seconds)
               is distinct from (excluded.is_scheduled, excluded.stale_after_seconds)",
        account_id,
        source.name(),
        start.stale_after_seconds.is_some(),
        start.stale_after_seconds
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn load_target(conn: &mut PgConnection, target: &Target) -> Result<TargetState, StoreError> {
    let state = sqlx::query_as!(
        TargetState,
        r#"select t.applied_scan_id, t.applied_until_at, t.baseline_scan_id, t.complete_started_at,
                  k.key as "erasure_key?"
           from inventory.targets t
           left join inventory.erasure_keys k on k.account_id = t.account_id and t.source = 'mfa-devices'
           where t.account_id = $1 and t.source = $2"#,
        target.account_id,
        target.source.name()
    )
    .fetch_one(conn)
    .await?;
    Ok(state)
}

/// Closes what a killed worker left open; the target's lock proves that nobody is at it.
pub(super) async fn abandon_running(
    conn: &mut PgConnection,
    target: &Target,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update inventory.scans
         set outcome = 'abandoned',
             finished_at = $3,
             error_code = 'worker_died',
             error_message = 'the worker ended before the scan did; nothing to mend, this scan replaces it'
         where account_id = $1 and source = $2 and outcome = 'running'",
        target.account_id,
        target.source.name(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn open_scan(
    conn: &mut PgConnection,
    start: ScanStart<'_>,
    started_at: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let scan_id = sqlx::query_scalar!(
        "insert into inventory.scans (
             account_id, source, is_partial, outcome, started_at, approved_delete_count, worker_version)
         values ($1, $2, $3, 'running', $4, $5, $6)
         returning scan_id",
        start.target.account_id,
        start.target.source.name(),
        start.is_partial,
        started_at,
        start.approved_delete_count.map(signed),
        WORKER_VERSION
    )
    .fetch_one(conn)
    .await?;
    Ok(scan_id)
}

pub(super) async fn close_scan(
    executor: impl PgExecutor<'_>,
    account_id: &str,
    closing: &Closing<'_>,
) -> Result<(), StoreError> {
    let Closing { evidence, counts, .. } = closing;
    let done = sqlx::query_file!(
        "src/store/sql/close_scan.sql",
        account_id,
        closing.scan_id,
        closing.outcome.name(),
        closing.finished_at,
        closing.is_applied,
        signed(evidence.page_count),
        signed(evidence.item_count),
        signed(evidence.distinct_count),
        signed(evidence.rejected_count),
        evidence.total_first.map(signed),
        evidence.total_last.map(signed),
        i32::try_from(evidence.attempt_count).unwrap_or(i32::MAX),
        signed(counts.new),
        signed(counts.changed),
        signed(counts.unchanged),
        signed(counts.transitions),
        signed(counts.deleted),
        signed(counts.held),
        signed(counts.anomalies),
        evidence.skew.map(chrono::TimeDelta::as_seconds_f64),
        closing.proof,
        closing.trouble.map(|trouble| trouble.code.as_str()),
        closing.trouble.map(Trouble::message)
    )
    .execute(executor)
    .await?;
    match done.rows_affected() {
        1 => Ok(()),
        touched => Err(StoreError::Disagreement { statement: "closing the scan", touched, expected: 1 }),
    }
}

/// PostgreSQL has no unsigned numbers; counts stay far below the limit.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
