//! How activation codes are kept.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::{PgConnection, types::Json};

use super::{
    baseline::{Baseline, FirstVersion},
    copy::CopyRows,
    diff::{AccessTokenRow, Difference, Known, compare_access_token},
    kept::{Contents, Kept, Live, Written, run_staged},
};
use crate::{inventory::AccessToken, scan::Tombstones};

impl Kept for AccessToken {
    type Row = AccessTokenRow;

    const BASELINE: Option<Baseline<Self>> = Some(Baseline {
        table: "inventory.access_tokens",
        columns: "access_token_id, status, token_name, description, ttl_days, max_use_count, registered_count,
                  created_at, extra, account_id, scan_id, valid_from_at, first_seen_at, status_since_at, digest,
                  version_no, change_kind, changed_columns",
        column_count: 18,
        encode: encode_first_version,
    });
    const STAGING: &'static str = include_str!("sql/stage_access_tokens.sql");
    const COPY: &'static str = "copy staged_access_tokens from stdin (format binary)";
    const COLUMN_COUNT: i16 = 22;
    const ANALYZE: &'static str = "analyze staged_access_tokens (access_token_id, write)";
    const KEEP_LAST: &'static str = "
        delete from staged_access_tokens s
        using staged_access_tokens later
        where later.access_token_id = s.access_token_id and later.seq > s.seq";
    const COUNT_RETURNED: &'static str = "select count(*) from staged_access_tokens where change_kind = 'reappeared'";

    fn compare(&self, row: Option<&Self::Row>, observed_at: DateTime<Utc>, known: Known) -> Difference {
        compare_access_token(row, self, observed_at, known)
    }

    fn digest_of(row: &Self::Row) -> i64 {
        row.digest
    }

    fn encode(&self, rows: &mut CopyRows) {
        rows.text(Some(&self.id))
            .text(Some(&self.status))
            .text(self.name.as_deref())
            .text(self.description.as_deref())
            .i32(self.ttl_days)
            .i32(self.max_use_count)
            .i32(self.registered_count)
            .instant(self.created_at)
            .jsonb(&json_text(&self.extra));
    }

    async fn load_live(
        conn: &mut PgConnection,
        account_id: &str,
        started_at: DateTime<Utc>,
    ) -> Result<Live, sqlx::Error> {
        sqlx::query_file_as!(Live, "src/store/sql/load_live_access_tokens.sql", account_id, started_at)
            .fetch_one(conn)
            .await
    }

    async fn load_rows(
        conn: &mut PgConnection,
        account_id: &str,
        ids: &[String],
    ) -> Result<HashMap<String, Self::Row>, sqlx::Error> {
        let rows = sqlx::query_as!(
            AccessTokenRow,
            r#"
            select t.access_token_id as id, s.started_at as seen_since_at, t.deleted_at, t.status, t.token_name as name,
                   t.description, t.ttl_days, t.max_use_count, t.registered_count, t.created_at,
                   t.extra as "extra: Json<Map<String, Value>>",
                   t.digest
            from inventory.access_tokens t
            join inventory.scans s on s.account_id = t.account_id and s.scan_id = coalesce(t.deleted_scan_id, t.scan_id)
            where t.account_id = $1 and t.access_token_id = any($2)
            "#,
            account_id,
            ids
        )
        .fetch_all(conn)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
    }

    async fn load_vanished(
        conn: &mut PgConnection,
        account_id: &str,
        unseen: &[i64],
    ) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "select t.access_token_id
             from inventory.access_tokens t
             where t.account_id = $1
               and t.deleted_at is null
               and t.digest = any($2)
               and not exists (select from staged_access_tokens s where s.access_token_id = t.access_token_id)
             order by t.access_token_id",
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
        let sample_usage = include_str!("sql/sample_access_token_usage.sql");
        let open = include_str!("sql/open_access_tokens.sql");
        let advance = include_str!("sql/advance_access_tokens.sql");
        let touch = include_str!("sql/touch_access_tokens.sql");
        let record_transitions = include_str!("sql/record_access_token_transitions.sql");
        let record_anomalies = include_str!("sql/record_access_token_anomalies.sql");

        let mut written = Written::default();
        if has.samples {
            run_staged(conn, sample_usage, account_id, scan_id).await?;
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
        if has.transitions {
            written.transitions = run_staged(conn, record_transitions, account_id, scan_id).await?;
        }
        if has.anomalies {
            written.anomalies = run_staged(conn, record_anomalies, account_id, scan_id).await?;
        }
        Ok(written)
    }

    async fn note_overdue(
        conn: &mut PgConnection,
        account_id: &str,
        scan_id: i64,
        started_at: DateTime<Utc>,
    ) -> Result<u64, sqlx::Error> {
        let done = sqlx::query_file!("src/store/sql/note_live_after_expiry.sql", account_id, scan_id, started_at)
            .execute(conn)
            .await?;
        Ok(done.rows_affected())
    }

    async fn bury(
        conn: &mut PgConnection,
        scan_id: i64,
        tombstones: Tombstones<'_>,
        complete_started_at: Option<DateTime<Utc>>,
    ) -> Result<u64, sqlx::Error> {
        let done = sqlx::query_file!(
            "src/store/sql/bury_access_tokens.sql",
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

fn encode_first_version(token: &AccessToken, version: FirstVersion<'_>, rows: &mut CopyRows) {
    let observed_at = Some(version.observed_at);
    token.encode(rows);
    rows.text(Some(version.account_id))
        .i64(Some(version.scan_id))
        .instant(observed_at)
        .instant(observed_at)
        .instant(observed_at)
        .i64(Some(version.digest))
        .i32(Some(1))
        .text(Some("baseline"))
        .no_texts();
}

/// The text of a JSON object, without the copy that `Value::to_string` would need.
pub(super) fn json_text(extra: &Map<String, Value>) -> String {
    serde_json::to_string(extra).expect("a map of JSON values is always JSON")
}
