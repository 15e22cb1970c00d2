//! The load floor: binary COPY of the final rows into identical tables with the same keys and constraints.

use std::time::Instant;

use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, postgres::PgConnectOptions};
use stocktake::store::send_at_once;

const TABLES: [&str; 3] = ["access_tokens", "mfa_users", "mfa_devices"];

/// The rows of a loaded database, as COPY gives them.
pub(crate) struct Load {
    /// Table, columns, bytes.
    parts: Vec<(&'static str, String, Vec<u8>)>,
}

impl Load {
    /// Reads the rows that a first load has left.
    pub(crate) async fn of(url: &str) -> anyhow::Result<Self> {
        let mut conn = PgConnection::connect(url).await?;
        let mut parts = Vec::new();
        for table in TABLES {
            let columns: String = sqlx::query_scalar(
                "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
                 where attrelid = ('inventory.' || $1)::regclass and attnum > 0 and not attisdropped and attgenerated = ''",
            )
            .bind(table)
            .fetch_one(&mut conn)
            .await?;
            let statement = format!("copy (select {columns} from inventory.{table}) to stdout (format binary)");
            let mut bytes = Vec::new();
            let mut stream = conn.copy_out_raw(&statement).await?;
            while let Some(chunk) = stream.try_next().await? {
                bytes.extend_from_slice(&chunk);
            }
            drop(stream);
            parts.push((table, columns, bytes));
        }
        Ok(Self { parts })
    }

    /// Loads them into empty twins of their tables in one transaction; returns the seconds that it took.
    pub(crate) async fn run(&self, url: &str) -> anyhow::Result<f64> {
        let options: PgConnectOptions = url.parse()?;
        let mut conn = PgConnection::connect_with(&options).await?;
        // As the program does: a floor should not wait either.
        send_at_once(options.get_port());
        sqlx::raw_sql("drop schema if exists floor cascade; create schema floor").execute(&mut conn).await?;
        for (table, ..) in &self.parts {
            let statement = format!("create table floor.{table} (like inventory.{table} including all)");
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut conn).await?;
        }
        sqlx::raw_sql("checkpoint").execute(&mut conn).await?;
        let begun = Instant::now();
        let mut tx = conn.begin().await?;
        for (table, columns, bytes) in &self.parts {
            let statement = format!("copy floor.{table} ({columns}) from stdin (format binary)");
            let mut copy = tx.copy_in_raw(&statement).await?;
            for chunk in bytes.chunks(1 << 20) {
                copy.send(chunk).await?;
            }
            copy.finish().await?;
        }
        tx.commit().await?;
        let seconds = begun.elapsed().as_secs_f64();
        sqlx::raw_sql("drop schema floor cascade").execute(&mut conn).await?;
        Ok(seconds)
    }
}

/// Seconds that one read of the digests takes.
pub(crate) async fn read_digests(url: &str) -> anyhow::Result<f64> {
    let mut conn = PgConnection::connect(url).await?;
    let begun = Instant::now();
    for table in ["access_tokens", "mfa_devices"] {
        let statement = format!("select digest from inventory.{table} where deleted_at is null");
        let mut rows = sqlx::query(AssertSqlSafe(statement)).fetch(&mut conn);
        let mut sum = 0_i64;
        while let Some(row) = rows.try_next().await? {
            sum = sum.wrapping_add(row.get::<i64, _>(0));
        }
        std::hint::black_box(sum);
    }
    Ok(begun.elapsed().as_secs_f64())
}
