//! Purges closed history past its age, batch by batch; open versions and what a legal hold keeps stay.
//!
//! What goes and what stays is decided in the database, by `inventory.purge` and the guards beneath it, which
//! other retention jobs call too.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
use tracing::{debug, info};

use super::{Store, StoreError, connection::Session, role::assume_retention};

/// Rows that one transaction of a purge deletes at most: some tens of milliseconds.
pub(super) const BATCH_SIZE: i32 = 1000;

/// The lock of whoever purges.
const LOCK: &str = "stocktake/retention";

/// What one purge of one dataset of one account did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Purge {
    /// The account.
    pub account_id: String,
    /// The table.
    pub dataset: String,
    /// False where the policy is off, so that nothing is purged.
    pub is_enabled: bool,
    /// How long its rows are kept after they ended.
    pub keep_seconds: u64,
    /// Rows that ended before this instant may go; `None` where the policy is off.
    pub cutoff_at: Option<DateTime<Utc>>,
    /// Rows that ended before the cutoff.
    pub matched_count: u64,
    /// Those of them that a legal hold keeps.
    pub held_count: u64,
    /// Rows that were deleted, or would be.
    pub deleted_count: u64,
}

impl Store {
    /// Deletes what the policies in the database let go, each dataset of each account in batches that are
    /// transactions of their own; with `is_dry_run` only counts. Both are logged.
    ///
    /// `None` means that another purge is running. One that was interrupted is closed as it stands, and what it
    /// left is purged now.
    ///
    /// # Errors
    /// Where the database refuses; what was purged before stays purged and logged.
    pub async fn purge(&self, is_dry_run: bool) -> Result<Option<Vec<Purge>>, StoreError> {
        let Some(mut session) = self.locked_connection(LOCK).await? else {
            return Ok(None);
        };
        let pid = session.pid;
        if !is_dry_run {
            self.watch(pid, close_purges(&mut session)).await?;
        }
        let mut purges = self.watch(pid, select_policies(&mut session)).await?;
        for purge in purges.iter_mut().filter(|purge| purge.is_enabled) {
            self.purge_dataset(&mut session, purge, is_dry_run).await?;
        }
        session.release().await;
        Ok(Some(purges))
    }

    async fn purge_dataset(
        &self,
        session: &mut Session,
        purge: &mut Purge,
        is_dry_run: bool,
    ) -> Result<(), StoreError> {
        let pid = session.pid;
        while !self.watch(pid, purge_batch(session, purge, self.purge_batch_size, is_dry_run)).await? {
            debug!(
                "purging {} of {}: {} of {} rows are deleted",
                purge.dataset, purge.account_id, purge.deleted_count, purge.matched_count
            );
        }
        if !is_dry_run && purge.matched_count > 0 {
            info!(
                deleted.count = purge.deleted_count,
                held.count = purge.held_count,
                "purged {} of {}",
                purge.dataset,
                purge.account_id
            );
        }
        Ok(())
    }
}

async fn close_purges(conn: &mut PgConnection) -> Result<(), StoreError> {
    let mut tx = conn.begin().await?;
    assume_retention(&mut tx).await?;
    let closed_count =
        sqlx::query_scalar!(r#"select inventory.close_purges() as "closed_count!""#).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    if closed_count > 0 {
        info!("{closed_count} purges were interrupted; what they left is purged now");
    }
    Ok(())
}

/// What is to be purged, by account and dataset, with nothing done yet.
async fn select_policies(conn: &mut PgConnection) -> Result<Vec<Purge>, StoreError> {
    let policies = sqlx::query!(
        "select account_id, dataset, keep_seconds, is_enabled
         from inventory.retention_policies
         order by account_id, dataset"
    )
    .fetch_all(conn)
    .await?;
    let purges = policies.into_iter().map(|policy| Purge {
        account_id: policy.account_id,
        dataset: policy.dataset,
        is_enabled: policy.is_enabled,
        keep_seconds: policy.keep_seconds.unsigned_abs(),
        cutoff_at: None,
        matched_count: 0,
        held_count: 0,
        deleted_count: 0,
    });
    Ok(purges.collect())
}

/// Purges the next batch and adds it to `purge`; true where it was the last one.
async fn purge_batch(
    conn: &mut PgConnection,
    purge: &mut Purge,
    batch_size: i32,
    is_dry_run: bool,
) -> Result<bool, StoreError> {
    let mut tx = conn.begin().await?;
    assume_retention(&mut tx).await?;
    let batch = sqlx::query!(
        r#"select cutoff_at as "cutoff_at!", matched_count as "matched_count!", held_count as "held_count!",
                  deleted_count as "deleted_count!", is_finished as "is_finished!"
           from inventory.purge($1, $2, $3, $4)"#,
        purge.account_id,
        purge.dataset,
        batch_size,
        is_dry_run
    )
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    purge.cutoff_at = Some(batch.cutoff_at);
    [purge.matched_count, purge.held_count, purge.deleted_count] =
        [batch.matched_count, batch.held_count, batch.deleted_count].map(i64::unsigned_abs);
    Ok(batch.is_finished)
}
