//! Purging on a schedule, by the policies of the configuration.

use tracing::{error, info};

use super::Worker;
use crate::{
    config::Config,
    store::{KnownAccount, RetentionPolicy, Store, StoreError},
};

/// Tells the database how long each dataset of each account that it knows is kept.
///
/// # Errors
/// Where the database refuses.
pub async fn keep_policies(config: &Config, store: &Store) -> Result<(), StoreError> {
    let policy_of = |account: &KnownAccount, dataset| {
        let (history, is_enabled) = config.retention_of(&account.account_id, &account.account_name, dataset);
        RetentionPolicy { history, is_enabled }
    };
    store.keep_policies(policy_of).await
}

impl Worker {
    /// Purges what the policies let go, until the worker is stopped.
    pub(super) async fn run_retention(&self) {
        let purge = async {
            keep_policies(&self.config, &self.store).await?;
            self.store.purge(false).await
        };
        let purged = tokio::select! {
            purged = purge => purged,
            () = self.stop.cancelled() => {
                info!("stopped purging; the next purge takes what is left");
                return;
            }
        };
        match purged {
            Ok(Some(purges)) => {
                let deleted_count: u64 = purges.iter().map(|purge| purge.deleted_count).sum();
                info!(deleted.count = deleted_count, "purged {deleted_count} rows that the policies let go");
            }
            Ok(None) => info!("skipped a purge: another one is running"),
            Err(error) => error!(
                "retention failed: {error}; what was purged is in reporting.retention_log, the next tick goes on"
            ),
        }
    }
}
