//! Erases what names one person; the numbers that stand for the person, and all history, stay.

mod erased;

pub(super) use erased::Erased;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{Connection, PgConnection};

use super::{KnownAccount, Store, StoreError, error::has_code, role::assume_retention};
use crate::{
    clock::Clock,
    inventory::{Source, Target},
};

/// How long a scan of the account's devices may still take before the erasure gives up.
const SCAN_LIMIT: Duration = Duration::from_secs(60);

const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Whom to erase, and why.
#[derive(Clone, Copy, Debug)]
pub struct NewErasure<'a> {
    /// The account, by id or label.
    pub account: &'a str,
    /// The `user_key`, `UserId` or `UserPrincipalName`.
    pub user: &'a str,
    /// Why; may not name the person.
    pub reason: &'a str,
    /// Who says so.
    pub erased_by: &'a str,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Erasure {
    /// The account.
    pub account_id: String,
    /// The operator's label.
    pub account_name: String,
    /// Who was erased.
    pub user_key: i64,
    /// False where that was done before, and nothing was changed now.
    pub is_new: bool,
    /// What the ledger says; `None` for a user who came after an erasure and was never named.
    pub record: Option<ErasureRecord>,
}

/// An erasure in the ledger, without what was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErasureRecord {
    /// Identifies the erasure.
    pub erasure_id: i64,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub erased_by: String,
    /// When.
    pub erased_at: DateTime<Utc>,
    /// Devices whose serial or extra fields were erased.
    pub device_count: i64,
    /// Closed versions whose extra fields were erased.
    pub version_count: i64,
    /// Anomalies whose detail was erased.
    pub anomaly_count: i64,
    /// Rejected items whose original was erased.
    pub rejected_count: i64,
}

impl Store {
    /// Erases a person, in one transaction; no scan of the account's devices is under way meanwhile.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where account or user is not known or several users are meant, [`StoreError::Busy`]
    /// where a scan does not end, and where the database refuses, as for a legal hold; nothing was changed.
    pub async fn erase(&self, erasure: &NewErasure<'_>, clock: &dyn Clock) -> Result<Erasure, StoreError> {
        let account = self.account(erasure.account).await?;
        let mut session = self.own_connection().await?;
        let pid = session.pid;
        let lock_limit = SCAN_LIMIT.min(self.patience);
        let erased = self.watch(pid, erase(&mut session, &account, erasure, clock.now(), lock_limit)).await?;
        session.release().await;
        Ok(erased)
    }
}

async fn erase(
    conn: &mut PgConnection,
    account: &KnownAccount,
    erasure: &NewErasure<'_>,
    now: DateTime<Utc>,
    lock_limit: Duration,
) -> Result<Erasure, StoreError> {
    let mut tx = conn.begin().await?;
    assume_retention(&mut tx).await?;
    let user_key = find_user(&mut tx, account, erasure.user).await?;
    sqlx::query!("select set_config('lock_timeout', $1, true)", format!("{}ms", lock_limit.as_millis()))
        .fetch_one(&mut *tx)
        .await?;
    let done = sqlx::query_scalar!(
        r#"select erasure_id as "erasure_id!" from inventory.erase_user($1, $2, $3, $4, $5)"#,
        account.account_id,
        user_key,
        erasure.reason,
        erasure.erased_by,
        now
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(|error| {
        if has_code(&error, LOCK_NOT_AVAILABLE) {
            StoreError::Busy(Target { account_id: account.account_id.clone(), source: Source::MfaDevices })
        } else {
            error.into()
        }
    })?;
    let record = sqlx::query_as!(
        ErasureRecord,
        r#"select erasure_id, reason, erased_by, erased_at as "erased_at!", device_count, version_count, anomaly_count,
                  rejected_count
           from inventory.erasures
           where account_id = $1 and user_key = $2"#,
        account.account_id,
        user_key
    )
    .fetch_optional(&mut *tx)
    .await?;
    tx.commit().await?;
    let KnownAccount { account_id, account_name } = account.clone();
    Ok(Erasure { account_id, account_name, user_key, is_new: done.is_some(), record })
}

/// The one user who is meant. What was asked for is not repeated: it may be a name.
async fn find_user(conn: &mut PgConnection, account: &KnownAccount, wanted: &str) -> Result<i64, StoreError> {
    let users = sqlx::query_scalar!(
        r#"select user_key as "user_key!" from inventory.users_called($1, $2)"#,
        account.account_id,
        wanted
    )
    .fetch_all(conn)
    .await?;
    let KnownAccount { account_id, account_name } = account;
    match users.as_slice() {
        [user_key] => Ok(*user_key),
        [] => Err(StoreError::NotFound(format!(
            "account {account_name} ({account_id}) has no user of that user_key, UserId or UserPrincipalName; nothing was changed"
        ))),
        several => {
            let keys: Vec<_> = several.iter().map(i64::to_string).collect();
            Err(StoreError::NotFound(format!(
                "account {account_name} ({account_id}) has several users of that user_key, UserId or UserPrincipalName, \
                 with the user_keys {}; say another of the three; nothing was changed",
                keys.join(", ")
            )))
        }
    }
}
