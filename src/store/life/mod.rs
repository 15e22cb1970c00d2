//! The life of one object: every version, transition, sample and oddity, and how it stands now.

mod access_tokens;
mod mfa_devices;
mod now;
mod record;

pub use now::{AccessTokenNow, MfaDeviceNow, Now};
pub use record::{Life, Oddity, StatusChange, UsageSample, Version};

use sqlx::{Connection, PgConnection};

use super::{KnownAccount, Store, StoreError};
use crate::inventory::Source;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct LifeQuery<'a> {
    /// An `access_token_id`, a `device_key` or a serial number.
    pub id: &'a str,
    /// Only this account, by id or label.
    pub account: Option<&'a str>,
    /// Whether to read the names of a device's users.
    pub with_names: bool,
}

impl Store {
    /// The lives of all objects that answer to an id, codes first; none where nothing does.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the account is not known.
    pub async fn lives(&self, query: LifeQuery<'_>) -> Result<Vec<Life>, StoreError> {
        let accounts = match query.account {
            Some(wanted) => vec![self.account(wanted).await?],
            None => self.accounts().await?,
        };
        // One snapshot: a scan that is applied meanwhile is seen whole or not at all.
        let mut conn = self.connection().await?;
        let mut tx = conn.begin_with("begin isolation level repeatable read read only").await?;
        let mut lives = Vec::new();
        for account in &accounts {
            lives.extend(access_tokens::load_life(&mut tx, account, query.id).await?);
        }
        for account in &accounts {
            for device_key in mfa_devices::find_keys(&mut tx, account, query.id).await? {
                lives.push(mfa_devices::load_life(&mut tx, account, device_key, query.with_names).await?);
            }
        }
        tx.commit().await?;
        Ok(lives)
    }
}

async fn load_oddities(
    conn: &mut PgConnection,
    account: &KnownAccount,
    source: Source,
    object_id: &str,
) -> Result<Vec<Oddity>, StoreError> {
    let oddities = sqlx::query_as!(
        Oddity,
        r#"select kind as "kind!", detail as "detail!", detected_at as "detected_at!", scan_id as "scan_id!"
           from reporting.anomalies
           where account_id = $1
             and source = $2
             and md5(object_id) = md5($3) -- as the index has it
             and object_id = $3
           order by detected_at, anomaly_id"#,
        account.account_id,
        source.name(),
        object_id
    )
    .fetch_all(conn)
    .await?;
    Ok(oddities)
}
