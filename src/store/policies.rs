//! How long each dataset of each account is kept: the configuration's word, where the database can read it.

use std::time::Duration;

use super::{KnownAccount, Store, StoreError, accounts::select_accounts};
use crate::inventory::Dataset;

/// How long a dataset is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// How long a row is kept after it ended, in whole seconds.
    pub history: Duration,
    /// False where nothing is purged.
    pub is_enabled: bool,
}

impl Store {
    /// Makes `policy_of` the policies of every account that the inventory knows; a row that says so already is not
    /// touched.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn keep_policies(
        &self,
        mut policy_of: impl FnMut(&KnownAccount, Dataset) -> RetentionPolicy,
    ) -> Result<(), StoreError> {
        let mut conn = self.connection().await?;
        let (mut account_ids, mut datasets, mut ages, mut flags) = (vec![], vec![], vec![], vec![]);
        for account in select_accounts(&mut conn).await? {
            for dataset in Dataset::ALL {
                let RetentionPolicy { history, is_enabled } = policy_of(&account, dataset);
                account_ids.push(account.account_id.clone());
                datasets.push(dataset.name().to_owned());
                ages.push(i64::try_from(history.as_secs()).unwrap_or(i64::MAX));
                flags.push(is_enabled);
            }
        }
        sqlx::query!(
            "insert into inventory.retention_policies (account_id, dataset, keep_seconds, is_enabled)
             select * from unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[])
             except
             select account_id, dataset, keep_seconds, is_enabled from inventory.retention_policies
             on conflict (account_id, dataset) do update
             set keep_seconds = excluded.keep_seconds, is_enabled = excluded.is_enabled",
            &account_ids,
            &datasets,
            &ages,
            &flags
        )
        .execute(&mut *conn)
        .await?;
        conn.release().await;
        Ok(())
    }
}
