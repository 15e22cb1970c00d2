//! The database as it is, read by the simulation's own SQL: one shape for both sources.

use std::collections::BTreeMap;

use sqlx::{FromRow, PgPool};
use stocktake::inventory::Source;

use crate::{life::State, time::At};

/// A current row: the open version or a tombstone.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) version_no: i32,
    pub(crate) valid_from_at: At,
    pub(crate) first_seen_at: At,
    pub(crate) status_since_at: At,
    pub(crate) change_kind: String,
    pub(crate) changed_columns: Vec<String>,
    pub(crate) scan_id: i64,
    pub(crate) deleted_at: Option<At>,
    pub(crate) deleted_scan_id: Option<i64>,
    #[sqlx(flatten)]
    pub(crate) state: State,
}

/// A closed version.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Closed {
    pub(crate) id: String,
    pub(crate) version_no: i32,
    pub(crate) valid_from_at: At,
    pub(crate) valid_to_at: At,
    pub(crate) change_kind: String,
    pub(crate) changed_columns: Vec<String>,
    pub(crate) close_reason: String,
    pub(crate) scan_id: i64,
    pub(crate) closed_scan_id: i64,
    #[sqlx(flatten)]
    pub(crate) state: State,
}

/// A transition.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Transition {
    pub(crate) id: String,
    pub(crate) not_before_at: At,
    pub(crate) not_after_at: At,
    pub(crate) from_status: Option<String>,
    pub(crate) to_status: String,
    pub(crate) from_user_id: Option<String>,
    pub(crate) to_user_id: Option<String>,
    pub(crate) occurred_at: Option<At>,
    pub(crate) time_basis: String,
    pub(crate) is_expected: bool,
    pub(crate) anomaly: Option<String>,
    pub(crate) scan_id: i64,
}

/// A sample of `RegisteredCount`.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Usage {
    pub(crate) id: String,
    pub(crate) seen_at: At,
    pub(crate) registered_count: i32,
    pub(crate) previous_count: Option<i32>,
    pub(crate) scan_id: i64,
}

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub(crate) struct Scan {
    pub(crate) scan_id: i64,
    pub(crate) is_partial: bool,
    pub(crate) outcome: String,
    pub(crate) started_at: At,
    pub(crate) finished_at: Option<At>,
    pub(crate) applied_at: Option<At>,
    pub(crate) new_count: i64,
    pub(crate) changed_count: i64,
    pub(crate) unchanged_count: i64,
    pub(crate) transition_count: i64,
    pub(crate) deleted_count: i64,
    pub(crate) held_count: i64,
    pub(crate) anomaly_count: i64,
    pub(crate) attempt_count: i32,
    pub(crate) skew_seconds: Option<f64>,
    pub(crate) approved_delete_count: Option<i64>,
    pub(crate) error_code: Option<String>,
    pub(crate) error_message: Option<String>,
}

/// Where a target stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub(crate) struct TargetRow {
    pub(crate) applied_scan_id: Option<i64>,
    pub(crate) applied_until_at: Option<At>,
    pub(crate) baseline_scan_id: Option<i64>,
    pub(crate) complete_scan_id: Option<i64>,
    pub(crate) complete_started_at: Option<At>,
}

/// What one source has gathered that only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Records {
    pub(crate) history: BTreeMap<(String, i32), Closed>,
    pub(crate) transitions: BTreeMap<(String, At), Transition>,
    pub(crate) usage: BTreeMap<(String, At), Usage>,
}

/// The statements of one source.
struct Statements {
    rows: &'static str,
    history: &'static str,
    transitions: &'static str,
    usage: Option<&'static str>,
}

const CODES: Statements = Statements {
    rows: "select access_token_id as id, version_no, valid_from_at, first_seen_at, status_since_at, change_kind,
                  changed_columns, scan_id, deleted_at, deleted_scan_id, status, null as user_id,
                  created_at as stated_at, token_name, description, ttl_days, max_use_count, extra ->> 'Owner' as owner,
                  registered_count as used
           from inventory.access_tokens",
    history: "select access_token_id as id, version_no, valid_from_at, valid_to_at, change_kind, changed_columns,
                     close_reason, scan_id, closed_scan_id, status, null as user_id, created_at as stated_at, token_name,
                     description, ttl_days, max_use_count, extra ->> 'Owner' as owner, null::integer as used
              from inventory.access_token_history where $1::bigint[] is null or closed_scan_id = any ($1)",
    transitions: "select access_token_id as id, not_before_at, not_after_at, from_status, to_status,
                         null as from_user_id, null as to_user_id, occurred_at, time_basis, is_expected, anomaly, scan_id
                  from inventory.access_token_transitions where $1::bigint[] is null or scan_id = any ($1)",
    usage: Some(
        "select access_token_id as id, seen_at, registered_count, previous_count, scan_id
         from inventory.access_token_usage where $1::bigint[] is null or scan_id = any ($1)",
    ),
};

const DEVICES: Statements = Statements {
    rows: "select d.serial_number as id, d.version_no, d.valid_from_at, d.first_seen_at, d.status_since_at,
                  d.change_kind, d.changed_columns, d.scan_id, d.deleted_at, d.deleted_scan_id, d.status, u.user_id,
                  d.activated_at as stated_at, null as token_name, null as description, null::integer as ttl_days,
                  null::integer as max_use_count, d.extra ->> 'Owner' as owner, null::integer as used
           from inventory.mfa_devices d
           left join inventory.mfa_users u using (account_id, user_key)",
    history: "select d.serial_number as id, h.version_no, h.valid_from_at, h.valid_to_at, h.change_kind,
                     h.changed_columns, h.close_reason, h.scan_id, h.closed_scan_id, h.status, u.user_id,
                     h.activated_at as stated_at, null as token_name, null as description, null::integer as ttl_days,
                     null::integer as max_use_count, h.extra ->> 'Owner' as owner, null::integer as used
              from inventory.mfa_device_history h
              join inventory.mfa_devices d using (account_id, device_key)
              left join inventory.mfa_users u on u.account_id = h.account_id and u.user_key = h.user_key
              where $1::bigint[] is null or h.closed_scan_id = any ($1)",
    transitions: "select d.serial_number as id, x.not_before_at, x.not_after_at, x.from_status, x.to_status,
                         f.user_id as from_user_id, t.user_id as to_user_id, x.occurred_at, x.time_basis,
                         x.is_expected, x.anomaly, x.scan_id
                  from inventory.mfa_device_transitions x
                  join inventory.mfa_devices d using (account_id, device_key)
                  left join inventory.mfa_users f on f.account_id = x.account_id and f.user_key = x.from_user_key
                  left join inventory.mfa_users t on t.account_id = x.account_id and t.user_key = x.to_user_key
                  where $1::bigint[] is null or x.scan_id = any ($1)",
    usage: None,
};

fn statements(source: Source) -> &'static Statements {
    match source {
        Source::AccessTokens => &CODES,
        Source::MfaDevices => &DEVICES,
    }
}

/// All current rows, tombstones included.
pub(crate) async fn load_rows(pool: &PgPool, source: Source) -> Result<BTreeMap<String, Row>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(statements(source).rows).fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}

/// What these scans have recorded; all that is there for `None`.
pub(crate) async fn load_records(
    pool: &PgPool,
    source: Source,
    scan_ids: Option<&[i64]>,
) -> Result<Records, sqlx::Error> {
    let Statements { history, transitions, usage, .. } = statements(source);
    let history: Vec<Closed> = sqlx::query_as(*history).bind(scan_ids).fetch_all(pool).await?;
    let transitions: Vec<Transition> = sqlx::query_as(*transitions).bind(scan_ids).fetch_all(pool).await?;
    let usage: Vec<Usage> = match usage {
        Some(usage) => sqlx::query_as(*usage).bind(scan_ids).fetch_all(pool).await?,
        None => Vec::new(),
    };
    Ok(Records {
        history: history.into_iter().map(|row| ((row.id.clone(), row.version_no), row)).collect(),
        transitions: transitions.into_iter().map(|row| ((row.id.clone(), row.not_after_at), row)).collect(),
        usage: usage.into_iter().map(|row| ((row.id.clone(), row.seen_at), row)).collect(),
    })
}

/// The ledger after `scan_id`, and the lines of it that were open.
pub(crate) async fn load_scans(
    pool: &PgPool,
    source: Source,
    scan_id: i64,
    open: &[i64],
) -> Result<Vec<Scan>, sqlx::Error> {
    let statement = "
        select * from inventory.scans
        where source = $1 and (scan_id > $2 or scan_id = any ($3))
        order by scan_id";
    sqlx::query_as(statement).bind(source.name()).bind(scan_id).bind(open).fetch_all(pool).await
}

pub(crate) async fn load_target(pool: &PgPool, source: Source) -> Result<TargetRow, sqlx::Error> {
    let target: Option<TargetRow> = sqlx::query_as(
        "select applied_scan_id, applied_until_at, baseline_scan_id, complete_scan_id, complete_started_at
         from inventory.targets where source = $1",
    )
    .bind(source.name())
    .fetch_optional(pool)
    .await?;
    Ok(target.unwrap_or_default())
}

/// How many anomalies a scan recorded.
pub(crate) async fn count_anomalies(pool: &PgPool, scan_id: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from inventory.anomalies where scan_id = $1")
        .bind(scan_id)
        .fetch_one(pool)
        .await
}

/// The names that are kept of the users who hold a live device, by user id.
pub(crate) async fn load_holders(pool: &PgPool) -> Result<Vec<(String, String, String)>, sqlx::Error> {
    sqlx::query_as(
        "select distinct u.user_id, coalesce(u.user_principal_name, ''), coalesce(u.display_name, '')
         from inventory.mfa_users u
         join inventory.mfa_devices d using (account_id, user_key)
         where d.deleted_at is null",
    )
    .fetch_all(pool)
    .await
}
