//! How MFA devices and their users are kept.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::{PgConnection, types::Json};

use super::{
    access_tokens::json_text,
    baseline::Baseline,
    copy::CopyRows,
    diff::{Difference, Known, MfaDeviceRow, compare_mfa_device},
    erasure::Erased,
    kept::{Contents, Kept, Live, Written, run_staged},
};
use crate::{
    inventory::{MfaDevice, RejectedItem},
    scan::Tombstones,
};

impl Kept for MfaDevice {
    type Row = MfaDeviceRow;

    const BASELINE: Option<Baseline<Self>> = None;
    const STAGING: &'static str = include_str!("sql/stage_mfa_devices.sql");
    const COPY: &'static str = "copy staged_mfa_devices from stdin (format binary)";
    const COLUMN_COUNT: i16 = 20;
    const ANALYZE: &'static str = "analyze staged_mfa_devices (serial_number, user_id, write)";
    const KEEP_LAST: &'static str = "
        delete from staged_mfa_devices s
        using staged_mfa_devices later
        where later.serial_number = s.serial_number and later.seq > s.seq";
    const COUNT_RETURNED: &'static str = "select count(*) from staged_mfa_devices where change_kind = 'reappeared'";

    async fn withhold(
        erased: &Erased,
        conn: &mut PgConnection,
        items: &mut [Self],
        rejected: &mut [RejectedItem],
    ) -> Result<(), sqlx::Error> {
        erased.withhold(conn, items, rejected).await
    }

    fn compare(&self, row: Option<&Self::Row>, observed_at: DateTime<Utc>, known: Known) -> Difference {
        compare_mfa_device(row, self, observed_at, known)
    }

    fn digest_of(row: &Self::Row) -> i64 {
        row.digest
    }

    fn encode(&self, rows: &mut CopyRows) {
        let user = self.user.as_ref();
        rows.text(Some(&self.serial_number))
            .text(Some(self.status().name()))
            .text(user.map(|user| user.id.as_str()))
            .text(user.and_then(|user| user.principal_name.as_deref()))
            .text(user.and_then(|user| user.display_name.as_deref()))
            .instant(self.activated_at)
            .jsonb(&json_text(&self.extra));
    }

    async fn load_live(conn: &mut PgConnection, account_id: &str, _: DateTime<Utc>) -> Result<Live, sqlx::Error> {
        let digests = sqlx::query_scalar!(
            "select array_agg(digest) from inventory.mfa_devices where account_id = $1 and deleted_at is null",
            account_id
        )
        .fetch_one(conn)
        .await?;
        Ok(Live { digests, has_overdue: false })
    }

    async fn load_rows(
        conn: &mut PgConnection,
        account_id: &str,
        ids: &[String],
    ) -> Result<HashMap<String, Self::Row>, sqlx::Error> {
        let rows = sqlx::query_as!(
            MfaDeviceRow,
            r#"
            select d.serial_number, s.started_at as seen_since_at, d.deleted_at, d.status, u.user_id as "user_id?", d.activated_at,
                   d.extra as "extra: Json<Map<String, Value>>", d.digest
            from unnest($2::text[]) as wanted (serial_number)
            join inventory.mfa_devices d on d.account_id = $1 and md5(d.serial_number) = md5(wanted.serial_number)
            join inventory.scans s on s.account_id = d.account_id and s.scan_id = coalesce(d.deleted_scan_id, d.scan_id)
            left join inventory.mfa_users u on u.account_id = d.account_id and u.user_key = d.user_key
            "#,
            account_id,
            ids
        )
        .fetch_all(conn)
        .await?;
        Ok(rows.into_iter().map(|row| (row.serial_number.clone(), row)).collect())
    }

    async fn load_vanished(
        conn: &mut PgConnection,
        account_id: &str,
        unseen: &[i64],
    ) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "select d.serial_number
             from inventory.mfa_devices d
             where d.account_id = $1
               and d.deleted_at is null
               and d.digest = any($2)
               and not exists (select from staged_mfa_devices s where s.serial_number = d.serial_number)
             order by d.serial_number",
        )
        .bind(account_id)
        .bind(unseen)
        .fetch_all(conn)
        .await
    }

    async fn write_staged(
        conn: &mut PgConnection,
        account_id: &str,
        scan_id: i64,
        has: Contents,
    ) -> Result<Written, sqlx::Error> {
        let open = include_str!("sql/open_mfa_devices.sql");
        let advance = include_str!("sql/advance_mfa_devices.sql");
        let touch = include_str!("sql/touch_mfa_devices.sql");
        let record_anomalies = include_str!("sql/record_mfa_device_anomalies.sql");

        // Who is new has the newest name already.
        for keep_users in [include_str!("sql/rename_mfa_users.sql"), include_str!("sql/add_mfa_users.sql")] {
            sqlx::query(keep_users).bind(account_id).execute(&mut *conn).await?;
        }
        let mut written = Written::default();
        if has.transitions && has.nexts {
            // A change names the old user, so it is recorded before the row forgets it.
            written.transitions = record_transitions(conn, account_id, scan_id, "next").await?;
        }
        if has.opens {
            written.opened = run_staged(conn, open, account_id, scan_id).await?;
        }
        if has.nexts {
            written.advanced = run_staged(conn, advance, account_id, scan_id).await?;
        }
        if has.touches {
            written.touched = sqlx::query(touch).bind(account_id).execute(&mut *conn).await?.rows_affected();
        }
        if has.anomalies {
            written.anomalies = run_staged(conn, record_anomalies, account_id, scan_id).await?;
        }
        if has.transitions && has.opens {
            written.transitions += record_transitions(conn, account_id, scan_id, "open").await?;
        }
        Ok(written)
    }

    async fn note_overdue(_: &mut PgConnection, _: &str, _: i64, _: DateTime<Utc>) -> Result<u64, sqlx::Error> {
        Ok(0) // nothing about a device becomes odd by waiting
    }

    async fn bury(
        conn: &mut PgConnection,
        scan_id: i64,
        tombstones: Tombstones<'_>,
        complete_started_at: Option<DateTime<Utc>>,
    ) -> Result<u64, sqlx::Error> {
        let done = sqlx::query_file!(
            "src/store/sql/bury_mfa_devices.sql",
            tombstones.account_id(),
            scan_id,
            &tombstones.ids(),
            &tombstones.proven_at(),
            complete_started_at
        )
        .execute(conn)
        .await?;
        Ok(done.rows_affected())
    }
}

async fn record_transitions(
    conn: &mut PgConnection,
    account_id: &str,
    scan_id: i64,
    write: &str,
) -> Result<u64, sqlx::Error> {
    let statement = include_str!("sql/record_mfa_device_transitions.sql");
    let done = sqlx::query(statement).bind(account_id).bind(scan_id).bind(write).execute(conn).await?;
    Ok(done.rows_affected())
}
