//! One instant of the database, for a reader who asks several questions.

use sqlx::{Connection, PgConnection, Postgres, Transaction};

use crate::store::StoreError;

/// Opens it: a scan that is applied meanwhile is seen whole or not at all.
///
/// Each question may take five seconds: nobody waits longer for a page or a scrape, and the next one asks again.
pub(super) async fn begin_snapshot(conn: &mut PgConnection) -> Result<Transaction<'_, Postgres>, StoreError> {
    let mut tx = conn.begin_with("begin isolation level repeatable read, read only").await?;
    sqlx::query!("set local statement_timeout = '5s'").execute(&mut *tx).await?;
    Ok(tx)
}
