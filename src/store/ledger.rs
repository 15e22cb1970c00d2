//! The ledger of scans and the state of their targets.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, session::ScanStart};
use crate::{
    inventory::Source,
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
    /// `None` where nothing was applied.
    pub(super) advance: Option<Advance>,
    pub(super) evidence: &'a Evidence,
    pub(super) counts: Counts,
    pub(super) proof: Option<&'a str>,
    pub(super) trouble: Option<&'a Trouble>,
}

/// How an applied scan takes its target on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Advance {
    /// The fence: the scan that was the last applied one when this one began.
    pub(super) from_scan_id: Option<i64>,
    /// The last instant at which this one observed anything.
    pub(super) until: DateTime<Utc>,
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
        Self { scan_id, outcome, finished_at, advance: None, evidence, counts, proof: None, trouble: Some(trouble) }
    }
}

/// A scan that has begun, and what was known of its target before.
pub(super) struct Opened {
    pub(super) scan_id: i64,
    pub(super) applied_scan_id: Option<i64>,
    pub(super) applied_until_at: Option<DateTime<Utc>>,
    pub(super) baseline_scan_id: Option<i64>,
    pub(super) complete_started_at: Option<DateTime<Utc>>,
    /// Where people may be named and somebody was erased: what erased ids are hashed with.
    pub(super) erasure_key: Option<Vec<u8>>,
}

/// Opens the row of a scan whose target is locked.
pub(super) async fn open_scan(
    conn: &mut PgConnection,
    start: ScanStart<'_>,
    started_at: DateTime<Utc>,
) -> Result<Opened, StoreError> {
    let opened = sqlx::query_file_as!(
        Opened,
        "src/store/sql/open_scan.sql",
        start.target.account_id,
        start.account_name,
        started_at,
        start.target.source.name(),
        start.stale_after_seconds,
        start.is_partial,
        start.approved_delete_count.map(signed),
        WORKER_VERSION
    )
    .fetch_one(conn)
    .await?;
    Ok(opened)
}

/// Closes the row of a scan and, if it was applied, takes its target on; or does neither.
///
/// # Errors
/// [`StoreError::Overtaken`] where another scan was applied since this one began.
pub(super) async fn close_scan(
    executor: impl PgExecutor<'_>,
    account_id: &str,
    closing: &Closing<'_>,
) -> Result<(), StoreError> {
    let Closing { evidence, counts, advance, .. } = closing;
    let ended = sqlx::query_file!(
        "src/store/sql/close_scan.sql",
        account_id,
        closing.scan_id,
        closing.outcome.name(),
        closing.finished_at,
        advance.is_some(),
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
        closing.trouble.map(Trouble::message),
        advance.and_then(|advance| advance.from_scan_id),
        advance.map(|advance| advance.until)
    )
    .fetch_one(executor)
    .await?;
    match (ended.was_running, ended.is_closed) {
        (_, true) => Ok(()),
        (true, false) => Err(StoreError::Overtaken),
        (false, false) => Err(StoreError::Disagreement { statement: "closing the scan", touched: 0, expected: 1 }),
    }
}

/// PostgreSQL has no unsigned numbers; counts stay far below the limit.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
