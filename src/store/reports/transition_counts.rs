//! How many activation codes changed their status on which day.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgExecutor;

use crate::store::StoreError;

/// Transitions of activation codes on one UTC day, all accounts together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionCount {
    /// The day of the estimated instant: for charts, not for evidence.
    pub date: NaiveDate,
    /// The new status, `deleted` for a tombstone.
    pub to_status: String,
    /// How many.
    pub transition_count: i64,
}

pub(super) async fn select_transition_counts(
    executor: impl PgExecutor<'_>,
    since: DateTime<Utc>,
) -> Result<Vec<TransitionCount>, StoreError> {
    let counts = sqlx::query_file_as!(TransitionCount, "src/store/sql/select_transition_counts.sql", since)
        .fetch_all(executor)
        .await?;
    Ok(counts)
}
