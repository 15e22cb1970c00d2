//! How fresh each target is, counting complete scans only.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgExecutor;

use crate::store::{Store, StoreError};

/// One row of `reporting.freshness`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// The numeric account id.
    pub account_id: String,
    /// The operator's label of the account.
    pub account_name: String,
    /// The listing, by name.
    pub source: String,
    /// When the last complete scan began; `None` before the first.
    pub data_as_of_at: Option<DateTime<Utc>>,
    /// Whole seconds since then.
    pub age_seconds: Option<i64>,
    /// The age from which it is stale; `None` while it is not scheduled.
    pub stale_after_seconds: Option<i64>,
    /// `fresh`, `late`, `stale`, `never` or `off`.
    pub state: String,
    /// Live objects.
    pub live_count: i64,
    /// Scans since the last complete one that did not end so.
    pub consecutive_failure_count: i64,
    /// What the newest finished scan says went wrong.
    pub last_error: Option<String>,
}

impl Store {
    /// Every target, by account and source.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn freshness(&self) -> Result<Vec<Freshness>, StoreError> {
        select_freshness(&mut *self.connection().await?).await
    }
}

pub(super) async fn select_freshness(executor: impl PgExecutor<'_>) -> Result<Vec<Freshness>, StoreError> {
    let targets = sqlx::query_as!(
        Freshness,
        r#"select account_id as "account_id!",
                  coalesce(account_name, '') as "account_name!",
                  source as "source!",
                  data_as_of_at,
                  age_seconds,
                  stale_after_seconds,
                  state as "state!",
                  coalesce(live_count, 0) as "live_count!",
                  consecutive_failure_count as "consecutive_failure_count!",
                  last_error
           from reporting.freshness
           order by account_name, account_id, source"#
    )
    .fetch_all(executor)
    .await?;
    Ok(targets)
}
