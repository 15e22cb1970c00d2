//! Data of one database in another, whose schema is older: what a program of that time would have left.

use super::TestDatabase;

/// Gives `to` the rows of each table that it has. No trigger of `to` runs, and no default of a column fills in.
pub(crate) async fn transplant(from: &TestDatabase, to: &TestDatabase) {
    let tables: Vec<(String, String)> = sqlx::query_as(
        "select c.relname::text, string_agg(quote_ident(a.attname), ', ')
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
         where c.relnamespace = 'inventory'::regnamespace and c.relkind = 'r'
         group by c.relname",
    )
    .fetch_all(&to.pool)
    .await
    .unwrap();
    let mut tx = to.pool.begin().await.unwrap();
    sqlx::raw_sql("set local session_replication_role = replica").execute(&mut *tx).await.unwrap();
    for (table, columns) in tables {
        let select = format!("select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text from inventory.{table} t");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(select)).fetch_one(&from.pool).await.unwrap();
        let insert = format!(
            "insert into inventory.{table} ({columns}) overriding system value
             select {columns} from jsonb_populate_recordset(null::inventory.{table}, $1::jsonb)"
        );
        sqlx::query(sqlx::AssertSqlSafe(insert)).bind(rows).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}
