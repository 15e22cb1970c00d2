//! A baseline goes straight into its table: nothing is there yet that it could be compared with.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection};

use super::{StoreError, copy::CopyRows, spool::Spool};

/// How first versions are copied into the table of current rows.
pub(crate) struct Baseline<T> {
    /// The table, with its schema.
    pub(super) table: &'static str,
    /// Its columns in the order in which [`encode`](Self::encode) writes them.
    pub(super) columns: &'static str,
    /// How many these are.
    pub(super) column_count: i16,
    /// Writes one object, its id before all else: the spool sorts by it.
    pub(super) encode: fn(&T, FirstVersion<'_>, &mut CopyRows),
}

/// What the row of a first version says beside the object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FirstVersion<'a> {
    pub(super) account_id: &'a str,
    pub(super) scan_id: i64,
    pub(super) observed_at: DateTime<Utc>,
    pub(super) digest: i64,
}

impl<T> Baseline<T> {
    /// Writes what `spool` holds, but for `overtaken` objects; returns how many rows that were.
    pub(super) async fn write(
        &self,
        conn: &mut PgConnection,
        spool: Spool,
        overtaken: &HashSet<u64>,
    ) -> Result<u64, StoreError> {
        let Self { table, columns, .. } = self;
        // The trigger that counts by day goes through the rows of each statement once more: they stay in memory so.
        sqlx::raw_sql("set local work_mem = '64MB'").execute(&mut *conn).await?;
        let copy = |table: &str| format!("copy {table} ({columns}) from stdin (format binary)");
        if !is_row_security_active(conn, table).await? {
            return spool.copy_into(conn, &copy(table), overtaken).await;
        }
        // COPY does not take row-level security, INSERT does.
        let create = format!("create temp table copied (like {table}) on commit drop");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut *conn).await?;
        spool.copy_into(conn, &copy("copied"), overtaken).await?;
        let insert = format!("insert into {table} ({columns}) select {columns} from copied");
        Ok(sqlx::raw_sql(AssertSqlSafe(insert)).execute(conn).await?.rows_affected())
    }
}

async fn is_row_security_active(conn: &mut PgConnection, table: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select row_security_active($1)").bind(table).fetch_one(conn).await
}
