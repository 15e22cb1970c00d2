//! The life of an MFA device.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::PgConnection;

use super::{
    super::{KnownAccount, StoreError},
    Life, MfaDeviceNow, Now, StatusChange, Version, load_oddities,
    record::split_list,
};
use crate::inventory::Source;

/// The devices of `account` whose key or serial is `id`, deleted ones too.
///
/// From the table: the views name the serial of live devices only.
pub(super) async fn find_keys(
    conn: &mut PgConnection,
    account: &KnownAccount,
    id: &str,
) -> Result<Vec<i64>, StoreError> {
    let keys = sqlx::query_scalar!(
        "select device_key from inventory.mfa_devices
         where account_id = $1
           and (device_key = $2 or (md5(serial_number) = md5($3) and serial_number = $3))
         order by device_key",
        account.account_id,
        id.parse::<i64>().ok(),
        id
    )
    .fetch_all(conn)
    .await?;
    Ok(keys)
}

/// The life of a device that is there.
pub(super) async fn load_life(
    conn: &mut PgConnection,
    account: &KnownAccount,
    device_key: i64,
    with_names: bool,
) -> Result<Life, StoreError> {
    let object_id = device_key.to_string();
    let versions = load_versions(conn, account, device_key).await?;
    let transitions = load_transitions(conn, account, device_key).await?;
    let user_names = if with_names { load_user_names(conn, account, device_key).await? } else { BTreeMap::new() };
    Ok(Life {
        account_id: account.account_id.clone(),
        account_name: account.account_name.clone(),
        source: Source::MfaDevices,
        now: Now::MfaDevice(load_now(conn, account, device_key).await?),
        versions,
        transitions,
        samples: Vec::new(),
        anomalies: load_oddities(conn, account, Source::MfaDevices, &object_id).await?,
        object_id,
        user_names,
    })
}

async fn load_now(
    conn: &mut PgConnection,
    account: &KnownAccount,
    device_key: i64,
) -> Result<MfaDeviceNow, StoreError> {
    let now = sqlx::query_file_as!(MfaDeviceNow, "src/store/sql/mfa_device_now.sql", account.account_id, device_key)
        .fetch_one(conn)
        .await?;
    Ok(now)
}

async fn load_versions(
    conn: &mut PgConnection,
    account: &KnownAccount,
    device_key: i64,
) -> Result<Vec<Version>, StoreError> {
    let rows = sqlx::query!(
        r#"select version_no as "version_no!", valid_from_at as "valid_from_at!", valid_to_at, status as "status!",
                  user_key, activated_at, change_kind as "change_kind!", changed_columns, close_reason,
                  scan_id as "scan_id!"
           from reporting.mfa_device_history
           where account_id = $1 and device_key = $2
           order by version_no"#,
        account.account_id,
        device_key
    )
    .fetch_all(conn)
    .await?;
    let versions = rows.into_iter().map(|row| Version {
        version_no: row.version_no,
        valid_from_at: row.valid_from_at,
        valid_to_at: row.valid_to_at,
        status: row.status,
        fields: BTreeMap::from([("user_key", json!(row.user_key)), ("activated_at", json!(row.activated_at))]),
        change_kind: row.change_kind,
        changed_columns: split_list(row.changed_columns),
        close_reason: row.close_reason,
        scan_id: row.scan_id,
    });
    Ok(versions.collect())
}

async fn load_transitions(
    conn: &mut PgConnection,
    account: &KnownAccount,
    device_key: i64,
) -> Result<Vec<StatusChange>, StoreError> {
    let transitions = sqlx::query_as!(
        StatusChange,
        r#"select from_status, to_status as "to_status!", from_user_key, to_user_key,
                  not_before_at as "not_before_at!", not_after_at as "not_after_at!", occurred_at,
                  time_basis as "time_basis!", is_expected as "is_expected!", anomaly, scan_id as "scan_id!"
           from reporting.mfa_device_transitions
           where account_id = $1 and device_key = $2
           order by not_after_at"#,
        account.account_id,
        device_key
    )
    .fetch_all(conn)
    .await?;
    Ok(transitions)
}

/// Who ever held the device, as far as history is kept.
async fn load_user_names(
    conn: &mut PgConnection,
    account: &KnownAccount,
    device_key: i64,
) -> Result<BTreeMap<i64, String>, StoreError> {
    let users = sqlx::query!(
        r#"select u.user_key as "user_key!", coalesce(u.user_principal_name, u.user_id) as "name!"
           from reporting_pii.mfa_users u
           where u.account_id = $1
             and u.user_key in (
                 select h.user_key from reporting.mfa_device_history h
                 where h.account_id = $1 and h.device_key = $2
                 union all
                 select t.from_user_key from reporting.mfa_device_transitions t
                 where t.account_id = $1 and t.device_key = $2
             )"#,
        account.account_id,
        device_key
    )
    .fetch_all(conn)
    .await?;
    Ok(users.into_iter().map(|user| (user.user_key, user.name)).collect())
}
