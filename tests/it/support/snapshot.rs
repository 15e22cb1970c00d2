//! The tables and views of a database: what they are made of, and what they hold.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::TestDatabase;

/// A table or a view, and its rows by a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    /// Made anew under the same name, it has another one.
    pub(crate) oid: i64,
    /// Name and type of each column, in order.
    pub(crate) columns: Vec<String>,
    /// The columns that an insert has to name.
    pub(crate) required: Vec<String>,
    pub(crate) rows: Rows,
}

/// How many there are, and a digest of them.
pub(crate) type Rows = (i64, Option<String>);

/// Every table and view of the product, by its name with the schema.
pub(crate) async fn snapshot(database: &TestDatabase) -> BTreeMap<String, Relation> {
    type Row = (String, i64, Vec<String>, Vec<String>);
    let found: Vec<Row> = sqlx::query_as(
        "select c.relnamespace::regnamespace || '.' || c.relname,
                c.oid::bigint,
                array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) order by a.attnum),
                array_remove(array_agg(
                    case when c.relkind = 'r' and a.attnotnull and not a.atthasdef and a.attidentity = ''
                         then a.attname::text end order by a.attnum), null)
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relnamespace::regnamespace::text in ('inventory', 'reporting', 'reporting_pii') and c.relkind in ('r', 'v')
         group by c.oid
         order by 1",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let mut relations = BTreeMap::new();
    for (name, oid, columns, required) in found {
        let rows = rows_of(database, &name, &columns).await;
        relations.insert(name, Relation { oid, columns, required, rows });
    }
    relations
}

/// What a relation holds in some of its columns; those that tell the age of something are left out.
pub(crate) async fn rows_of(database: &TestDatabase, relation: &str, columns: &[String]) -> Rows {
    let names = columns.iter().map(|column| column.split(' ').next().unwrap());
    let names: Vec<&str> = names.filter(|name| *name != "age_seconds").collect();
    let query = format!(
        "select count(*), md5(string_agg(entry, ',' order by entry))
         from (select row({})::text as entry from {relation}) entries",
        names.join(", ")
    );
    sqlx::query_as(AssertSqlSafe(query)).fetch_one(&database.pool).await.unwrap()
}
