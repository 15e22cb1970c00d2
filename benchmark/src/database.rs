//! What the database counts: WAL, rows written, rows locked.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

/// Tables that must cost nothing where nothing changes; the ledger's few rows are beside them.
const DATA_TABLES: &str = "'access_tokens', 'access_token_history', 'access_token_transitions', 'access_token_usage',
    'daily_changes', 'access_token_daily_transitions', 'mfa_users', 'mfa_devices', 'mfa_device_history',
    'mfa_device_transitions', 'anomalies'";

/// Counters of one database at one instant.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    lsn: String,
    rows_written: i64,
    ledger_rows_written: i64,
    rows_locked: i64,
}

/// What happened between two instants.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, serde::Serialize)]
pub(crate) struct Spent {
    /// All of the write-ahead log.
    pub(crate) wal_bytes: i64,
    /// Its records of data tables and their indexes; not known where the server has no `pg_walinspect`.
    pub(crate) data_wal_bytes: Option<i64>,
    /// Rows inserted, updated or deleted in data tables.
    pub(crate) rows_written: i64,
    /// The same in all other tables.
    pub(crate) ledger_rows_written: i64,
    /// Rows of data tables that somebody has locked or updated in vain.
    pub(crate) rows_locked: i64,
}

/// Reads the counters once every session of the program has ended.
pub(crate) async fn counters(url: &str) -> anyhow::Result<Counters> {
    let mut conn = PgConnection::connect(url).await?;
    // A session tells what it did when it ends.
    while sqlx::query_scalar::<_, bool>(
        "select exists (
             select from pg_stat_activity
             where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid())",
    )
    .fetch_one(&mut conn)
    .await?
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let statement = format!(
        "select pg_current_wal_flush_lsn()::text,
                sum(n_tup_ins + n_tup_upd + n_tup_del) filter (where relname in ({DATA_TABLES}))::bigint,
                sum(n_tup_ins + n_tup_upd + n_tup_del) filter (where relname not in ({DATA_TABLES}))::bigint
         from pg_stat_user_tables where schemaname = 'inventory'"
    );
    let row = sqlx::query(AssertSqlSafe(statement)).fetch_one(&mut conn).await?;
    let rows_locked = sqlx::query_scalar(
        "select (select count(*) from inventory.access_tokens where xmax <> 0)
              + (select count(*) from inventory.mfa_devices where xmax <> 0)",
    )
    .fetch_one(&mut conn)
    .await?;
    Ok(Counters {
        lsn: row.get(0),
        rows_written: row.get::<Option<i64>, _>(1).unwrap_or(0),
        ledger_rows_written: row.get::<Option<i64>, _>(2).unwrap_or(0),
        rows_locked,
    })
}

/// What happened since `before`.
pub(crate) async fn spent_since(before: &Counters, url: &str) -> anyhow::Result<Spent> {
    let after = counters(url).await?;
    let mut conn = PgConnection::connect(url).await?;
    let wal_bytes = sqlx::query_scalar("select ($2::pg_lsn - $1::pg_lsn)::bigint")
        .bind(&before.lsn)
        .bind(&after.lsn)
        .fetch_one(&mut conn)
        .await?;
    // A record names the files it touches; those of an index count for its table.
    let statement = format!(
        "with files as (
             select '/' || d.oid || '/' || pg_relation_filenode(c.oid) || ' ' as file
             from pg_class t
             join pg_database d on d.datname = current_database()
             left join pg_index i on i.indrelid = t.oid
             join pg_class c on c.oid = i.indexrelid or c.oid = t.oid or c.oid = t.reltoastrelid
             where t.relnamespace = 'inventory'::regnamespace and t.relkind = 'r' and t.relname in ({DATA_TABLES})
             group by d.oid, c.oid
         )
         select coalesce(sum(w.record_length), 0)::bigint
         from pg_get_wal_records_info($1::pg_lsn, $2::pg_lsn) w
         where exists (select from files f where strpos(w.block_ref, f.file) > 0)"
    );
    let inspects: bool = sqlx::query_scalar("select exists (select from pg_extension where extname = 'pg_walinspect')")
        .fetch_one(&mut conn)
        .await?;
    let data_wal_bytes = match (inspects, wal_bytes) {
        (false, _) => None,
        (true, 0) => Some(0),
        _ => Some(
            sqlx::query_scalar(AssertSqlSafe(statement))
                .bind(&before.lsn)
                .bind(&after.lsn)
                .fetch_one(&mut conn)
                .await?,
        ),
    };
    Ok(Spent {
        wal_bytes,
        data_wal_bytes,
        rows_written: after.rows_written - before.rows_written,
        ledger_rows_written: after.ledger_rows_written - before.ledger_rows_written,
        rows_locked: after.rows_locked - before.rows_locked,
    })
}
