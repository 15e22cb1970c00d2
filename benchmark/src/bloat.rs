//! What many scans leave behind: the sizes of tables and indexes, dead rows, and how many updates stayed in place.

use serde::Serialize;
use sqlx::{Connection, PgConnection};

use crate::{
    cloud::Cloud,
    ground::Ground,
    table::{bytes, count},
};

const CODE_COUNT: usize = 10_000;
/// Of so many scans one meets an inventory of which one percent has changed.
const CHANGE_EVERY: usize = 10;

/// A relation and what it belongs to, its size, and what happened to a table since the statistics began.
const RELATIONS: &str = "
    select c.relname::text as name, t.relname::text as table_name, pg_relation_size(c.oid) as size_bytes,
           s.n_live_tup as row_count, s.n_dead_tup as dead_count, s.n_tup_upd as update_count,
           s.n_tup_hot_upd as in_place_count, s.autovacuum_count as vacuum_count
    from pg_class t
    left join pg_index i on i.indrelid = t.oid
    join pg_class c on c.oid in (t.oid, i.indexrelid)
    left join pg_stat_user_tables s on s.relid = c.oid
    where t.relnamespace = 'inventory'::regnamespace and t.relkind = 'r'
    group by c.oid, c.relname, t.relname, s.n_live_tup, s.n_dead_tup, s.n_tup_upd, s.n_tup_hot_upd, s.autovacuum_count
    order by t.relname, c.relname <> t.relname, c.relname";

/// Every relation that holds something.
#[derive(Debug, Serialize)]
pub(crate) struct Bloat {
    scan_count: u64,
    grown: Vec<Grown>,
}

#[derive(Debug, Serialize)]
struct Grown {
    /// As the first load left it.
    first_bytes: i64,
    last: Relation,
    /// As it is once it was written anew.
    compact_bytes: i64,
}

#[derive(Debug, Serialize, sqlx::FromRow)]
struct Relation {
    name: String,
    table_name: String,
    size_bytes: i64,
    /// Of tables alone, as are the rest.
    row_count: Option<i64>,
    dead_count: Option<i64>,
    update_count: Option<i64>,
    in_place_count: Option<i64>,
    vacuum_count: Option<i64>,
}

/// Runs `sync` so many times, and writes every table anew at the end to see what it needs.
pub(crate) async fn measure(scan_count: usize) -> anyhow::Result<Bloat> {
    eprintln!("{scan_count} scans of {CODE_COUNT} codes: making the pages ready");
    let ground = Ground::prepare_vacuuming().await?;
    let cloud = Cloud::start(1, CODE_COUNT).await?;
    let database = "bloat";
    let url = ground.fresh_database(database).await?;
    ground.stocktake(&["sync"], database, Some(&cloud))?;
    ground.vacuum(database).await?;
    let first = relations(&url).await?;
    for scan in 1..=scan_count {
        if scan % CHANGE_EVERY == 0 {
            cloud.pass_devices_on(scan / CHANGE_EVERY);
            cloud.change_one_percent(scan / CHANGE_EVERY).await?;
        }
        ground.stocktake(&["sync"], database, Some(&cloud))?;
        if scan % 100 == 0 {
            eprintln!("{scan} of {scan_count} scans");
        }
    }
    let last = relations(&url).await?;
    let mut conn = PgConnection::connect(&url).await?;
    sqlx::raw_sql("vacuum full").execute(&mut conn).await?;
    conn.close().await?;
    let compact = relations(&url).await?;
    let grown = first.into_iter().zip(last).zip(compact).map(|((first, last), compact)| Grown {
        first_bytes: first.size_bytes,
        last,
        compact_bytes: compact.size_bytes,
    });
    Ok(Bloat { scan_count: scan_count as u64, grown: grown.collect() })
}

async fn relations(url: &str) -> anyhow::Result<Vec<Relation>> {
    let mut conn = PgConnection::connect(url).await?;
    let relations = sqlx::query_as(RELATIONS).fetch_all(&mut conn).await?;
    conn.close().await?;
    Ok(relations)
}

impl Bloat {
    /// In Markdown, without what never held a row.
    pub(crate) fn table(&self) -> String {
        let head = format!(
            "After {} scans of {} codes and {} devices.\n\n\
             | table, its indexes | first load | now | written anew | rows | dead | updates | in place | vacuums |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
            count(self.scan_count),
            count(CODE_COUNT as u64),
            count(CODE_COUNT as u64 / 10),
        );
        let is_used = |grown: &&Grown| {
            let table = self.grown.iter().find(|of| of.last.name == grown.last.table_name);
            table.is_some_and(|table| table.last.size_bytes > 0)
        };
        let rows = self.grown.iter().filter(is_used).map(|Grown { first_bytes, last, compact_bytes }| {
            let is_table = last.name == last.table_name;
            let of =
                |number: Option<i64>| number.filter(|_| is_table).map_or(String::new(), |number| number.to_string());
            format!(
                "| {}`{}` | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                if is_table { "" } else { "– " },
                last.name,
                bytes(*first_bytes as f64),
                bytes(last.size_bytes as f64),
                bytes(*compact_bytes as f64),
                of(last.row_count),
                of(last.dead_count),
                of(last.update_count),
                of(last.in_place_count),
                of(last.vacuum_count),
            )
        });
        std::iter::once(head).chain(rows).collect()
    }
}
