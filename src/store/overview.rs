//! How the inventory stands: freshness of every target, last scans, deletes that the brake holds.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Store, StoreError};

/// How fresh one target is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// The account.
    pub account_id: String,
    /// The operator's label.
    pub account_name: String,
    /// The listing.
    pub source: String,
    /// `fresh`, `late`, `stale`, `never` or `off`.
    pub state: String,
    /// When the last complete scan began; `None` before the first.
    pub data_as_of_at: Option<DateTime<Utc>>,
    /// Seconds since then.
    pub age_seconds: Option<i64>,
    /// Age from which it is stale; `None` while it is not scheduled.
    pub stale_after_seconds: Option<i64>,
    /// Live objects.
    pub live_count: i64,
    /// Scans that failed since the last complete one.
    pub consecutive_failure_count: i64,
    /// Why the newest scan failed; `None` where it did not.
    pub last_error: Option<String>,
}

/// One scan of the ledger, in short.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecentScan {
    /// Identifies the scan.
    pub scan_id: i64,
    /// The account.
    pub account_id: String,
    /// The operator's label.
    pub account_name: String,
    /// The listing.
    pub source: String,
    /// How it ended, or `running`.
    pub outcome: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; `None` while it runs.
    pub finished_at: Option<DateTime<Utc>>,
    /// Distinct objects seen.
    pub distinct_count: i64,
    /// Objects opened.
    pub new_count: i64,
    /// Objects changed.
    pub changed_count: i64,
    /// Transitions recorded.
    pub transition_count: i64,
    /// Tombstones written.
    pub deleted_count: i64,
    /// Proven absences held back.
    pub held_count: i64,
    /// Anomalies recorded.
    pub anomaly_count: i64,
    /// Why it is not complete.
    pub error_code: Option<String>,
    /// The same in words, with the mend.
    pub error_message: Option<String>,
}

/// Deletes of one target that wait for an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldDeletes {
    /// The account.
    pub account_id: String,
    /// The operator's label.
    pub account_name: String,
    /// The listing.
    pub source: String,
    /// The scan that was held.
    pub scan_id: i64,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// Proven absences that it held back.
    pub held_count: i64,
    /// Why, with the mend.
    pub message: String,
}

impl Store {
    /// How fresh each target is that was ever scanned.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn freshness(&self) -> Result<Vec<Freshness>, StoreError> {
        let targets = sqlx::query_as!(
            Freshness,
            r#"select account_id as "account_id!", coalesce(account_name, account_id) as "account_name!",
                      source as "source!", state as "state!", data_as_of_at, age_seconds, stale_after_seconds,
                      coalesce(live_count, 0) as "live_count!",
                      consecutive_failure_count as "consecutive_failure_count!", last_error
               from reporting.freshness
               order by 2, account_id, source"#
        )
        .fetch_all(self.pool())
        .await?;
        Ok(targets)
    }

    /// The newest `limit` scans of all targets, newest first.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn recent_scans(&self, limit: i64) -> Result<Vec<RecentScan>, StoreError> {
        let scans =
            sqlx::query_file_as!(RecentScan, "src/store/sql/recent_scans.sql", limit).fetch_all(self.pool()).await?;
        Ok(scans)
    }

    /// What the brake holds: targets whose newest proof is a held scan.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn held_deletes(&self) -> Result<Vec<HeldDeletes>, StoreError> {
        let held = sqlx::query_file_as!(HeldDeletes, "src/store/sql/held_deletes.sql").fetch_all(self.pool()).await?;
        Ok(held)
    }
}
