//! What the cloud holds beside what is kept of it, in a form that can be compared.

use std::collections::BTreeMap;

use emulator::{AccessToken, MfaDevice};
use stocktake::inventory::Source;

use super::World;

/// The facts of each live object, by its id.
pub(crate) type Objects = BTreeMap<String, String>;

impl World {
    /// What the cloud holds.
    pub(crate) fn truth(&self, source: Source) -> Objects {
        self.edit(|inventory| match source {
            Source::AccessTokens => inventory.tokens().map(|code| (code.id.clone(), code_facts(code))).collect(),
            Source::MfaDevices => {
                inventory.devices().map(|device| (device.serial_number.clone(), device_facts(device))).collect()
            }
        })
    }

    /// What is kept as live.
    pub(crate) async fn kept(&self, source: Source) -> Objects {
        match source {
            Source::AccessTokens => self.kept_codes().await,
            Source::MfaDevices => self.kept_devices().await,
        }
    }

    /// The place and the last writer of every current row, and how many rows of history there are: a row that
    /// is written in any way changes it.
    pub(crate) async fn fingerprint(&self) -> String {
        let rows = "
            select md5(string_agg(entry, ',' order by entry)) from (
                select 't' || ctid || xmin as entry from inventory.access_tokens
                union all select 'd' || ctid || xmin from inventory.mfa_devices
                union all select 'u' || ctid || xmin from inventory.mfa_users
                union all select 'a' || ctid || xmin from inventory.accounts
                union all select 'h' || count(*) from inventory.access_token_history
                union all select 'H' || count(*) from inventory.mfa_device_history
                union all select 'x' || count(*) from inventory.access_token_transitions
                union all select 'X' || count(*) from inventory.mfa_device_transitions
                union all select 'U' || count(*) from inventory.access_token_usage
                union all select 'o' || count(*) from inventory.anomalies
            ) entries";
        self.database.value(rows).await
    }

    async fn kept_codes(&self) -> Objects {
        type Row = (String, String, Option<String>, Option<String>, i32, i32, i32, i64);
        let rows: Vec<Row> = sqlx::query_as(
            "select access_token_id, status, token_name, description, ttl_days, max_use_count, registered_count,
                    extract(epoch from created_at)::bigint
             from reporting.access_tokens",
        )
        .fetch_all(&self.database.pool)
        .await
        .unwrap();
        rows.into_iter()
            .map(|(id, status, name, description, ttl_days, count, registered_count, created_at)| {
                (id, format!("{status} {name:?} {description:?} {ttl_days} {count} {registered_count} {created_at}"))
            })
            .collect()
    }

    async fn kept_devices(&self) -> Objects {
        type Row = (String, Option<String>, Option<String>, Option<i64>);
        let rows: Vec<Row> = sqlx::query_as(
            "select d.serial_number, u.user_id, d.user_principal_name, extract(epoch from d.activated_at)::bigint
             from reporting_pii.mfa_devices d
             left join reporting_pii.mfa_users u using (account_id, user_key)",
        )
        .fetch_all(&self.database.pool)
        .await
        .unwrap();
        rows.into_iter().map(|(serial, user, name, at)| (serial, format!("{user:?} {name:?} {at:?}"))).collect()
    }
}

fn code_facts(code: &AccessToken) -> String {
    let AccessToken { status, name, description, ttl_days, count, registered_count, created_at, .. } = code;
    let created_at = created_at.timestamp();
    format!("{status} {name:?} {description:?} {ttl_days} {count} {registered_count} {created_at}")
}

fn device_facts(device: &MfaDevice) -> String {
    let (user_id, upn) = device.user.as_ref().map(|user| (user.user_id.clone(), user.upn.clone())).unzip();
    format!("{user_id:?} {upn:?} {:?}", device.activated_at.map(|at| at.timestamp()))
}
