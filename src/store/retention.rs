//! Purges closed history past its age; open versions and what a legal hold keeps stay.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};

use super::{Store, StoreError, role::assume_retention};
use crate::clock::Clock;

/// What one purge of one dataset of one account did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Purge {
    /// The account.
    pub account_id: String,
    /// The table.
    pub dataset: String,
    /// Rows that ended before the cutoff.
    pub matched_count: u64,
    /// Those of them that a legal hold keeps.
    pub held_count: u64,
    /// Rows that were deleted, or would be.
    pub deleted_count: u64,
}

/// The purge of one table: its name, its counting and its deleting statement.
struct Dataset {
    name: &'static str,
    count: &'static str,
    delete: &'static str,
}

macro_rules! dataset {
    ($table:literal, $source:literal, $object:literal, $ended:literal) => {
        Dataset {
            name: $table,
            count: concat!(
                "select count(*), count(*) filter (where inventory.is_held(account_id, '",
                $source,
                "', ",
                $object,
                "::text)) from inventory.",
                $table,
                " where account_id = $1 and ",
                $ended,
                " < $2"
            ),
            delete: concat!(
                "delete from inventory.",
                $table,
                " where account_id = $1 and ",
                $ended,
                " < $2 and not inventory.is_held(account_id, '",
                $source,
                "', ",
                $object,
                "::text)"
            ),
        }
    };
}

const DATASETS: [Dataset; 5] = [
    dataset!("access_token_history", "access-tokens", "access_token_id", "valid_to_at"),
    dataset!("access_token_transitions", "access-tokens", "access_token_id", "not_after_at"),
    dataset!("access_token_usage", "access-tokens", "access_token_id", "seen_at"),
    dataset!("mfa_device_history", "mfa-devices", "device_key", "valid_to_at"),
    dataset!("mfa_device_transitions", "mfa-devices", "device_key", "not_after_at"),
];

impl Store {
    /// Deletes closed versions, transitions and samples that ended before `cutoff`, each dataset of each
    /// account in a transaction of its own that also logs it; with `is_dry_run` only counts and logs.
    ///
    /// # Errors
    /// Where the database refuses; what was purged before stays purged and logged.
    pub async fn purge(
        &self,
        cutoff: DateTime<Utc>,
        is_dry_run: bool,
        clock: &dyn Clock,
    ) -> Result<Vec<Purge>, StoreError> {
        let mut session = self.own_connection().await?;
        self.watch(session.pid, purge_all(&mut session, cutoff, is_dry_run, clock)).await
    }
}

async fn purge_all(
    conn: &mut PgConnection,
    cutoff: DateTime<Utc>,
    is_dry_run: bool,
    clock: &dyn Clock,
) -> Result<Vec<Purge>, StoreError> {
    let accounts = sqlx::query_scalar!("select account_id from inventory.accounts order by account_id")
        .fetch_all(&mut *conn)
        .await?;
    let mut purges = Vec::new();
    for account_id in &accounts {
        for dataset in &DATASETS {
            purges.push(purge_dataset(conn, account_id, dataset, cutoff, is_dry_run, clock).await?);
        }
    }
    Ok(purges)
}

async fn purge_dataset(
    conn: &mut PgConnection,
    account_id: &str,
    dataset: &Dataset,
    cutoff: DateTime<Utc>,
    is_dry_run: bool,
    clock: &dyn Clock,
) -> Result<Purge, StoreError> {
    let started_at = clock.now();
    let mut tx = conn.begin().await?;
    assume_retention(&mut tx).await?;
    let (matched, held): (i64, i64) =
        sqlx::query_as(dataset.count).bind(account_id).bind(cutoff).fetch_one(&mut *tx).await?;
    // The guard lets deletes pass only in the transaction of this row.
    let purge_id = sqlx::query_scalar!(
        "insert into inventory.retention_log (
                 account_id, dataset, cutoff_at, is_dry_run, matched_count, held_count, started_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             returning purge_id",
        account_id,
        dataset.name,
        cutoff,
        is_dry_run,
        matched,
        held,
        started_at
    )
    .fetch_one(&mut *tx)
    .await?;
    let deleted_count = if is_dry_run {
        0
    } else {
        sqlx::query(dataset.delete).bind(account_id).bind(cutoff).execute(&mut *tx).await?.rows_affected()
    };
    sqlx::query!(
        "update inventory.retention_log set deleted_count = $3, finished_at = $4
             where account_id = $1 and purge_id = $2",
        account_id,
        purge_id,
        i64::try_from(deleted_count).unwrap_or(i64::MAX),
        clock.now()
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    let [matched_count, held_count] = [matched, held].map(i64::unsigned_abs);
    Ok(Purge {
        account_id: account_id.to_owned(),
        dataset: dataset.name.to_owned(),
        matched_count,
        held_count,
        deleted_count: if is_dry_run { matched_count - held_count } else { deleted_count },
    })
}
