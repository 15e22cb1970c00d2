//! The life of an activation code.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::PgConnection;

use super::{
    super::{KnownAccount, StoreError},
    AccessTokenNow, Life, Now, StatusChange, UsageSample, Version, load_oddities,
    record::split_list,
};
use crate::inventory::Source;

/// The life of a code of `account`; `None` where it has no such code.
pub(super) async fn load_life(
    conn: &mut PgConnection,
    account: &KnownAccount,
    id: &str,
) -> Result<Option<Life>, StoreError> {
    let Some(now) = load_now(conn, account, id).await? else { return Ok(None) };
    Ok(Some(Life {
        account_id: account.account_id.clone(),
        account_name: account.account_name.clone(),
        source: Source::AccessTokens,
        object_id: id.to_owned(),
        now: Now::AccessToken(now),
        versions: load_versions(conn, account, id).await?,
        transitions: load_transitions(conn, account, id).await?,
        samples: load_samples(conn, account, id).await?,
        anomalies: load_oddities(conn, account, Source::AccessTokens, id).await?,
        user_names: BTreeMap::new(),
    }))
}

async fn load_now(
    conn: &mut PgConnection,
    account: &KnownAccount,
    id: &str,
) -> Result<Option<AccessTokenNow>, StoreError> {
    let now = sqlx::query_as!(
        AccessTokenNow,
        r#"select token_name, status as "status!", effective_status as "effective_status!",
                  status_since_at as "status_since_at!", created_at, expires_at, max_use_count, registered_count,
                  remaining_use_count, first_seen_at as "first_seen_at!", last_seen_at, deleted_at
           from reporting.access_tokens_all
           where account_id = $1 and access_token_id = $2"#,
        account.account_id,
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(now)
}

async fn load_versions(conn: &mut PgConnection, account: &KnownAccount, id: &str) -> Result<Vec<Version>, StoreError> {
    let rows = sqlx::query!(
        r#"select version_no as "version_no!", valid_from_at as "valid_from_at!", valid_to_at, status as "status!",
                  token_name, description, ttl_days, max_use_count, created_at, expires_at,
                  change_kind as "change_kind!", changed_columns, close_reason, scan_id as "scan_id!"
           from reporting.access_token_history
           where account_id = $1 and access_token_id = $2
           order by version_no"#,
        account.account_id,
        id
    )
    .fetch_all(conn)
    .await?;
    let versions = rows.into_iter().map(|row| Version {
        version_no: row.version_no,
        valid_from_at: row.valid_from_at,
        valid_to_at: row.valid_to_at,
        status: row.status,
        fields: BTreeMap::from([
            ("token_name", json!(row.token_name)),
            ("description", json!(row.description)),
            ("ttl_days", json!(row.ttl_days)),
            ("max_use_count", json!(row.max_use_count)),
            ("created_at", json!(row.created_at)),
            ("expires_at", json!(row.expires_at)),
        ]),
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
    id: &str,
) -> Result<Vec<StatusChange>, StoreError> {
    let transitions = sqlx::query_as!(
        StatusChange,
        r#"select from_status, to_status as "to_status!", null::bigint as from_user_key, null::bigint as to_user_key,
                  not_before_at as "not_before_at!", not_after_at as "not_after_at!", occurred_at,
                  time_basis as "time_basis!", is_expected as "is_expected!", anomaly, scan_id as "scan_id!"
           from reporting.access_token_transitions
           where account_id = $1 and access_token_id = $2
           order by not_after_at"#,
        account.account_id,
        id
    )
    .fetch_all(conn)
    .await?;
    Ok(transitions)
}

async fn load_samples(
    conn: &mut PgConnection,
    account: &KnownAccount,
    id: &str,
) -> Result<Vec<UsageSample>, StoreError> {
    let samples = sqlx::query_as!(
        UsageSample,
        r#"select seen_at as "seen_at!", registered_count as "registered_count!", previous_count
           from reporting.access_token_usage
           where account_id = $1 and access_token_id = $2
           order by seen_at"#,
        account.account_id,
        id
    )
    .fetch_all(conn)
    .await?;
    Ok(samples)
}
