//! Data of one database in another, whose schema is older: what a program of that time would have left.

use super::TestDatabase;

/// Gives each table of `to` that is empty the rows that `from` has of it. No trigger of `to` runs.
pub(crate) async fn transplant(from: &TestDatabase, to: &TestDatabase) {
    let tables: Vec<(String, String, String, Option<String>)> = sqlx::query_as(
        "select c.relname::text,
                string_agg(quote_ident(a.attname), ', ' order by a.attnum),
                -- What may be null by now had a default when it might not.
                string_agg(
                    case when a.attnotnull and d.oid is not null
                         then format('coalesce(%I, %s)', a.attname, pg_get_expr(d.adbin, d.adrelid))
                         else quote_ident(a.attname) end,
                    ', ' order by a.attnum),
                max(quote_ident(a.attname)) filter (where a.attidentity <> '')
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
         left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
         where c.relnamespace = 'inventory'::regnamespace and c.relkind = 'r'
         group by c.relname",
    )
    .fetch_all(&to.pool)
    .await
    .unwrap();
    let mut tx = to.pool.begin().await.unwrap();
    sqlx::raw_sql("set local session_replication_role = replica").execute(&mut *tx).await.unwrap();
    for (table, columns, values, identity) in tables {
        let select = format!("select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text from inventory.{table} t");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(select)).fetch_one(&from.pool).await.unwrap();
        let insert = format!(
            "insert into inventory.{table} ({columns}) overriding system value
             select {values} from jsonb_populate_recordset(null::inventory.{table}, $1::jsonb)
             where not exists (select from inventory.{table})"
        );
        sqlx::query(sqlx::AssertSqlSafe(insert)).bind(rows).execute(&mut *tx).await.unwrap();
        if let Some(column) = identity {
            let go_on = format!(
                "select setval(pg_get_serial_sequence('inventory.{table}', '{column}'), max({column}))
                 from inventory.{table}"
            );
            sqlx::query(sqlx::AssertSqlSafe(go_on)).execute(&mut *tx).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}
