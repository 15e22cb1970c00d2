//! The ledger as people read it: the newest scans, what is held, and how scans ended.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgExecutor;

use crate::store::{Store, StoreError};

/// One scan in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScanLine {
    /// The numeric account id.
    pub account_id: String,
    /// The operator's label of the account.
    pub account_name: String,
    /// Identifies the scan.
    pub scan_id: i64,
    /// The listing, by name.
    pub source: String,
    /// How it ended, or `running`.
    pub outcome: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; `None` while it runs.
    pub finished_at: Option<DateTime<Utc>>,
    /// Distinct objects that its last attempt saw.
    pub distinct_count: i64,
    /// Objects opened.
    pub new_count: i64,
    /// Objects changed.
    pub changed_count: i64,
    /// Tombstones written.
    pub deleted_count: i64,
    /// Transitions recorded.
    pub transition_count: i64,
    /// Proven absences that the brake held back.
    pub held_count: i64,
    /// Anomalies recorded.
    pub anomaly_count: i64,
    /// Why it is not complete: the API's code or one of Stocktake's.
    pub error_code: Option<String>,
    /// The same in words, and the mend.
    pub error_message: Option<String>,
}

/// A target whose deletes wait for an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldScan {
    /// The numeric account id.
    pub account_id: String,
    /// The operator's label of the account.
    pub account_name: String,
    /// The listing, by name.
    pub source: String,
    /// The scan that was held.
    pub scan_id: i64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Deletes that wait.
    pub held_count: i64,
    /// Why, and the mend.
    pub error_message: String,
}

/// How many scans of a target ended in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanCount {
    /// The numeric account id.
    pub account_id: String,
    /// The operator's label of the account.
    pub account_name: String,
    /// The listing, by name.
    pub source: String,
    /// How they ended.
    pub outcome: String,
    /// How many.
    pub scan_count: i64,
}

impl Store {
    /// The newest scans of all targets, newest first.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn newest_scans(&self, limit: i64) -> Result<Vec<ScanLine>, StoreError> {
        select_newest_scans(&mut *self.connection().await?, limit).await
    }

    /// What is held: targets whose newest proven scan was, whatever failed after it.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn held_scans(&self) -> Result<Vec<HeldScan>, StoreError> {
        select_held_scans(&mut *self.connection().await?).await
    }
}

pub(super) async fn select_newest_scans(
    executor: impl PgExecutor<'_>,
    limit: i64,
) -> Result<Vec<ScanLine>, StoreError> {
    let scans =
        sqlx::query_file_as!(ScanLine, "src/store/sql/select_newest_scans.sql", limit).fetch_all(executor).await?;
    Ok(scans)
}

pub(super) async fn select_held_scans(executor: impl PgExecutor<'_>) -> Result<Vec<HeldScan>, StoreError> {
    let held = sqlx::query_file_as!(HeldScan, "src/store/sql/select_held_scans.sql").fetch_all(executor).await?;
    Ok(held)
}

pub(super) async fn select_scan_counts(executor: impl PgExecutor<'_>) -> Result<Vec<ScanCount>, StoreError> {
    let counts = sqlx::query_file_as!(ScanCount, "src/store/sql/select_scan_counts.sql").fetch_all(executor).await?;
    Ok(counts)
}
