//! The accounts that the inventory knows, by id or label.

use serde::Serialize;
use sqlx::PgConnection;

use super::{Store, StoreError};

/// An account that was scanned before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownAccount {
    /// The numeric id.
    pub account_id: String,
    /// The operator's label.
    pub account_name: String,
}

impl Store {
    /// Every account of the inventory, by label.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn accounts(&self) -> Result<Vec<KnownAccount>, StoreError> {
        select_accounts(&mut *self.connection().await?).await
    }

    /// The account whose id or label is `wanted`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none, or where two share the label.
    pub async fn account(&self, wanted: &str) -> Result<KnownAccount, StoreError> {
        choose(self.accounts().await?, wanted).map_err(StoreError::NotFound)
    }
}

pub(super) async fn select_accounts(conn: &mut PgConnection) -> Result<Vec<KnownAccount>, StoreError> {
    let accounts = sqlx::query_as!(
        KnownAccount,
        "select account_id, account_name from inventory.accounts order by account_name, account_id"
    )
    .fetch_all(conn)
    .await?;
    Ok(accounts)
}

/// An id is unique; a label is the operator's and may have moved from one account to another.
fn choose(accounts: Vec<KnownAccount>, wanted: &str) -> Result<KnownAccount, String> {
    let listed = |accounts: &[KnownAccount]| {
        let names: Vec<_> =
            accounts.iter().map(|account| format!("{} ({})", account.account_name, account.account_id)).collect();
        names.join(", ")
    };
    if accounts.is_empty() {
        return Err(format!("no account is called `{wanted}`: the inventory has none yet; run `stocktake sync`"));
    }
    if let Some(account) = accounts.iter().find(|account| account.account_id == wanted) {
        return Ok(account.clone());
    }
    let named: Vec<_> = accounts.iter().filter(|account| account.account_name == wanted).cloned().collect();
    match named.as_slice() {
        [account] => Ok(account.clone()),
        [] => Err(format!("no account is called `{wanted}`; the inventory has: {}", listed(&accounts))),
        several => Err(format!("several accounts are called `{wanted}`; say the id of one: {}", listed(several))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_answers_to_its_id_and_to_a_label_of_its_own() {
        let account = |id: &str, name: &str| KnownAccount { account_id: id.into(), account_name: name.into() };
        let accounts = vec![account("1", "prod"), account("2", "prod"), account("3", "test")];
        let chosen = |wanted| choose(accounts.clone(), wanted).map(|account| account.account_id);
        assert_eq!(chosen("2").unwrap(), "2");
        assert_eq!(chosen("test").unwrap(), "3");
        assert!(chosen("prod").unwrap_err().contains("say the id"));
        assert!(chosen("none").unwrap_err().ends_with("prod (1), prod (2), test (3)"));
        assert!(choose(Vec::new(), "prod").unwrap_err().contains("stocktake sync"));
    }
}
