//! How many live objects are in which status.

use sqlx::PgExecutor;

use crate::store::StoreError;

/// Live objects of one target in one status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCount {
    /// The numeric account id.
    pub account_id: String,
    /// The operator's label of the account.
    pub account_name: String,
    /// The listing, by name.
    pub source: String,
    /// The status as the API reports it.
    pub status: String,
    /// How many are in it.
    pub object_count: i64,
    /// Those of them that have expired by their own dates although the API says otherwise.
    pub overdue_count: i64,
}

pub(super) async fn select_status_counts(executor: impl PgExecutor<'_>) -> Result<Vec<StatusCount>, StoreError> {
    let counts =
        sqlx::query_file_as!(StatusCount, "src/store/sql/select_status_counts.sql").fetch_all(executor).await?;
    Ok(counts)
}
