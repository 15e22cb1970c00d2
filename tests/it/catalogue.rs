//! The SQL contract, held against the live catalogue: names, types, order, comments, documentation.

use std::{collections::BTreeMap, path::PathBuf};

use embedded_postgres::{Cluster, Options, Search};
use stocktake::store::Store;

use crate::support::{TestDatabase, cluster};

/// The views and functions that readers rely on, column by column, and the contract's version.
const CONTRACT: &str = include_str!("../data/contract.txt");
const VIEWS_PAGE: &str = include_str!("../../docs/views.md");

/// Views that are about no object of an account.
const ABOUT_NO_OBJECT: [&str; 1] = ["reporting.contract"];

/// `relation | column | type | comment` of every view and table-returning function, in the order of columns.
const READABLE_COLUMNS: &str = r"
    select n.nspname || '.' || c.relname,
           a.attname::text,
           replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz'),
           col_description(c.oid, a.attnum)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname in ('reporting', 'reporting_pii')
    order by n.nspname, c.relname, a.attnum";

const FUNCTION_COLUMNS: &str = r"
    select n.nspname || '.' || p.proname || '('
               || replace(pg_get_function_identity_arguments(p.oid), 'timestamp with time zone', 'timestamptz') || ')',
           column_name,
           replace(format_type(column_type, null), 'timestamp with time zone', 'timestamptz')
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    cross join lateral unnest(p.proargnames, p.proargmodes, p.proallargtypes)
        with ordinality as o (column_name, mode, column_type, place)
    where n.nspname in ('reporting', 'reporting_pii')
      and o.mode = 't'
    order by n.nspname, p.proname, o.place";

struct Column {
    relation: String,
    name: String,
    kind: String,
    comment: String,
}

async fn view_columns(database: &TestDatabase) -> Vec<Column> {
    let found = database.store.tabulate(READABLE_COLUMNS).await.unwrap();
    found
        .rows
        .into_iter()
        .map(|row| {
            let [relation, name, kind, comment] = row.try_into().unwrap();
            Column { relation, name, kind, comment }
        })
        .collect()
}

async fn function_columns(database: &TestDatabase) -> Vec<Column> {
    let found = database.store.tabulate(FUNCTION_COLUMNS).await.unwrap();
    found
        .rows
        .into_iter()
        .map(|row| {
            let [relation, name, kind] = row.try_into().unwrap();
            Column { relation, name, kind, comment: String::new() }
        })
        .collect()
}

async fn all_columns(database: &TestDatabase) -> Vec<Column> {
    let mut columns = view_columns(database).await;
    columns.extend(function_columns(database).await);
    columns
}

/// The names of the columns of each relation, in order.
fn by_relation(columns: &[Column]) -> BTreeMap<&str, Vec<&str>> {
    let mut relations = BTreeMap::<_, Vec<_>>::new();
    for column in columns {
        relations.entry(column.relation.as_str()).or_default().push(column.name.as_str());
    }
    relations
}

#[tokio::test]
async fn the_catalogue_is_the_contract() {
    assert_contract(&TestDatabase::create().await).await;
}

#[tokio::test]
async fn the_catalogue_is_the_contract_on_every_server_that_is_here() {
    for programs in other_programs() {
        let options = Options::throwaway().search(Search::Folder(programs.clone()));
        let cluster = tokio::task::spawn_blocking(|| Cluster::start(options)).await.unwrap();
        let cluster = cluster.unwrap_or_else(|error| panic!("{}: {error}", programs.display()));
        let url = cluster.url(Cluster::DATABASE);
        Store::connect(&url, 1).await.unwrap().migrate().await.unwrap();
        let database = TestDatabase::open(url).await;
        assert_contract(&database).await;
        database.pool.close().await;
        println!("PostgreSQL {} holds the contract", cluster.version());
    }
}

/// Folders of server programs beside the one that all tests use: those that Debian keeps side by side, and those that
/// `STOCKTAKE_PG_BINS` lists, separated by colons.
fn other_programs() -> Vec<PathBuf> {
    let side_by_side = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<_> = side_by_side.map(|version| version.path().join("bin")).collect();
    folders.extend(std::env::split_paths(&std::env::var_os("STOCKTAKE_PG_BINS").unwrap_or_default()));
    folders.retain(|folder| folder.join("initdb").is_file() && folder != cluster().bin_dir());
    folders
}

async fn assert_contract(database: &TestDatabase) {
    let mut held =
        vec![format!("version {}", database.value::<String>("select version from reporting.contract").await)];
    held.extend(
        all_columns(database).await.iter().map(|column| format!("{} {} {}", column.relation, column.name, column.kind)),
    );
    let promised: Vec<&str> = CONTRACT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let gone: Vec<_> = promised.iter().filter(|line| !held.iter().any(|other| other == *line)).collect();
    let added: Vec<_> = held.iter().filter(|line| !promised.contains(&line.as_str())).collect();
    assert!(
        gone.is_empty() && added.is_empty(),
        "the catalogue is not tests/data/contract.txt\nmissing: {gone:#?}\nnot promised: {added:#?}"
    );
    assert_eq!(held, promised, "the order differs");
}

#[tokio::test]
async fn readers_find_plain_views_alone() {
    let database = TestDatabase::create().await;
    let others = database
        .rows(
            "select c.oid::regclass, c.relkind from pg_class c
             where c.relnamespace in ('reporting'::regnamespace, 'reporting_pii'::regnamespace) and c.relkind <> 'v'",
        )
        .await;
    assert!(others.is_empty(), "not plain views, so that some tools do not list them: {others:?}");
}

#[tokio::test]
async fn every_type_is_one_that_every_tool_reads() {
    const ALLOWED: [&str; 8] =
        ["text", "integer", "bigint", "numeric", "double precision", "boolean", "date", "timestamptz"];
    let database = TestDatabase::create().await;
    for column in all_columns(&database).await {
        assert!(ALLOWED.contains(&column.kind.as_str()), "{}.{} is {}", column.relation, column.name, column.kind);
    }
}

#[tokio::test]
async fn a_name_tells_the_type() {
    let database = TestDatabase::create().await;
    for Column { relation, name, kind, .. } in all_columns(&database).await {
        let is_instant = kind == "timestamptz";
        let is_flag = kind == "boolean";
        assert_eq!(name.ends_with("_at"), is_instant, "{relation}.{name} is {kind}");
        assert_eq!(name.ends_with("_date"), kind == "date", "{relation}.{name} is {kind}");
        assert_eq!(name.starts_with("is_") || name == "has_virtual_mfa", is_flag, "{relation}.{name} is {kind}");
        let whole = ["integer", "bigint"].contains(&kind.as_str());
        for suffix in ["_count", "_days", "_no", "_key"] {
            assert!(!name.ends_with(suffix) || whole, "{relation}.{name} is {kind}");
        }
        for suffix in ["_seconds", "_ratio"] {
            let number = whole || ["numeric", "double precision"].contains(&kind.as_str());
            assert!(!name.ends_with(suffix) || number, "{relation}.{name} is {kind}");
        }
    }
}

#[tokio::test]
async fn every_name_is_snake_case() {
    let database = TestDatabase::create().await;
    let odd = database
        .rows(
            "with names as (
                 select nspname::text as name from pg_namespace where nspname ~ '^(inventory|reporting)'
                 union all
                 select relname from pg_class where relnamespace::regnamespace::text ~ '^(inventory|reporting)'
                 union all
                 select attname from pg_attribute a join pg_class c on c.oid = a.attrelid
                 where c.relnamespace::regnamespace::text ~ '^(inventory|reporting)' and not a.attisdropped
                 union all
                 select proname from pg_proc where pronamespace::regnamespace::text ~ '^(inventory|reporting)'
                 union all
                 select conname from pg_constraint where connamespace::regnamespace::text ~ '^(inventory|reporting)'
                 union all
                 select tgname from pg_trigger where not tgisinternal
             )
             select distinct name from names where name !~ '^[a-z][a-z0-9]*(_[a-z0-9]+)*$'",
        )
        .await;
    assert!(odd.is_empty(), "not snake_case: {odd:?}");
}

#[tokio::test]
async fn everything_has_a_comment() {
    let database = TestDatabase::create().await;
    let silent = database
        .rows(
            "with ours as (
                 select oid, nspname from pg_namespace where nspname in ('inventory', 'reporting', 'reporting_pii')
             ),
             described as (
                 select n.nspname::text as name, obj_description(n.oid, 'pg_namespace') as comment from ours n
                 union all
                 select c.oid::regclass::text, obj_description(c.oid, 'pg_class')
                 from pg_class c join ours n on n.oid = c.relnamespace
                 where c.relkind in ('r', 'p', 'v', 'm', 'f')
                 union all
                 select c.oid::regclass || '.' || a.attname, col_description(c.oid, a.attnum)
                 from pg_class c join ours n on n.oid = c.relnamespace
                 join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                 where c.relkind in ('r', 'p', 'v', 'm', 'f')
                 union all
                 select p.oid::regprocedure::text, obj_description(p.oid, 'pg_proc')
                 from pg_proc p join ours n on n.oid = p.pronamespace
             )
             select name from described where coalesce(btrim(comment), '') = '' order by name",
        )
        .await;
    assert!(silent.is_empty(), "without a comment: {silent:#?}");
}

#[tokio::test]
async fn every_table_has_a_primary_key_that_begins_with_the_account() {
    let database = TestDatabase::create().await;
    let keys = database
        .lines(
            "select c.relname::text, coalesce(a.attname::text, 'none')
             from pg_class c
             left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
             left join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
             where c.relnamespace = 'inventory'::regnamespace and c.relkind in ('r', 'p')
             order by c.relname",
        )
        .await;
    assert!(keys.len() >= 15, "{keys:?}");
    for key in keys {
        assert!(key.ends_with(" | account_id"), "the primary key of inventory.{key} comes first");
    }
}

#[tokio::test]
async fn every_view_about_objects_begins_with_the_account() {
    let database = TestDatabase::create().await;
    let columns = all_columns(&database).await;
    for (relation, columns) in by_relation(&columns) {
        if ABOUT_NO_OBJECT.contains(&relation) {
            continue;
        }
        // The views of people are joined to the others, which tell the label.
        let first: &[&str] =
            if relation.starts_with("reporting_pii.") { &["account_id"] } else { &["account_id", "account_name"] };
        assert!(columns.starts_with(first), "{relation} begins with {:?}", &columns[..2]);
    }
}

#[tokio::test]
async fn a_reader_needs_no_right_inside_inventory() {
    let database = TestDatabase::create().await;
    let calls = database
        .rows(
            "select r.ev_class::regclass, d.refobjid::regprocedure
             from pg_rewrite r
             join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                             and d.refclassid = 'pg_proc'::regclass
             join pg_proc p on p.oid = d.refobjid
             where p.pronamespace = 'inventory'::regnamespace",
        )
        .await;
    assert!(calls.is_empty(), "a function in a view runs with the reader's rights: {calls:?}");
    let invoker = database
        .rows(
            "select oid::regclass from pg_class
             where relnamespace in ('reporting'::regnamespace, 'reporting_pii'::regnamespace)
               and reloptions::text like '%security_invoker%'",
        )
        .await;
    assert!(invoker.is_empty(), "these would need rights on the tables: {invoker:?}");
}

#[tokio::test]
async fn the_planner_sees_through_the_functions() {
    let database = TestDatabase::create().await;
    let opaque = database
        .rows(
            "select p.oid::regprocedure from pg_proc p join pg_language l on l.oid = p.prolang
             where p.pronamespace = 'reporting'::regnamespace
               and (l.lanname <> 'sql' or p.provolatile <> 's' or p.proisstrict or p.prosecdef
                    or p.proconfig is not null)",
        )
        .await;
    assert!(opaque.is_empty(), "{opaque:?}");
    for (function, filter) in [
        ("access_tokens_as_of", "access_token_id = 'a'"),
        ("mfa_devices_as_of", "device_key = 1"),
        ("access_token_status_at", "access_token_id = 'a'"),
        ("mfa_device_status_at", "device_key = 1"),
    ] {
        let statement =
            format!("explain select * from reporting.{function}(now()) where account_id = '1' and {filter}");
        let mut conn = database.pool.acquire().await.unwrap();
        // Of empty tables, a sequential scan would be the better plan.
        sqlx::raw_sql("set enable_seqscan = off; set enable_bitmapscan = off").execute(&mut *conn).await.unwrap();
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_all(&mut *conn).await.unwrap();
        let plan = plan.join("\n");
        assert!(!plan.contains("Function Scan"), "{plan}");
        // The filter has reached every scan of versions and transitions, and an index finds the account.
        let column = filter.split(' ').next().unwrap();
        let scans: Vec<&str> = plan
            .split("-> ")
            .filter(|node| node.contains(" on access_token") || node.contains(" on mfa_device"))
            .collect();
        assert!(scans.len() >= 2 && scans.iter().all(|scan| scan.contains(column)), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{plan}");
        conn.close().await.unwrap();
    }
}

/// The sections of `docs/views.md` that are named for a view or a function, each with its table of columns.
fn documented() -> BTreeMap<String, Vec<(String, String, String)>> {
    let mut sections = BTreeMap::<_, Vec<_>>::new();
    let mut section: Option<String> = None;
    for line in VIEWS_PAGE.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title
                .strip_prefix('`')
                .and_then(|title| title.strip_suffix('`'))
                .map(|name| if name.contains('.') { name.to_owned() } else { format!("reporting.{name}") });
            if let Some(name) = &section {
                assert!(sections.insert(name.clone(), Vec::new()).is_none(), "{name} has two sections");
            }
        }
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let (Some(name), [column, kind, meaning]) = (&section, cells.as_slice()) else { continue };
        if let Some(column) = column.strip_prefix('`').and_then(|column| column.strip_suffix('`')) {
            let row = (column.to_owned(), (*kind).to_owned(), (*meaning).to_owned());
            sections.get_mut(name).unwrap().push(row);
        }
    }
    sections
}

#[tokio::test]
async fn the_documentation_says_what_the_comments_say() {
    let database = TestDatabase::create().await;
    let mut documented = documented();
    let mut commented = BTreeMap::<String, Vec<_>>::new();
    for column in view_columns(&database).await {
        commented.entry(column.relation).or_default().push((column.name, column.kind, column.comment));
    }
    let functions = function_columns(&database).await;
    for (function, columns) in by_relation(&functions) {
        // Their columns have no comments: those of a view that has its own table are not repeated.
        let name = function.split('(').next().unwrap();
        let told = documented.remove(name).unwrap_or_else(|| panic!("{name} has no section"));
        let names: Vec<_> = told.iter().map(|(column, ..)| column.as_str()).collect();
        assert!(name.ends_with("_as_of") && names.is_empty() || names == columns, "{name}: {names:?}");
        let kinds = functions.iter().filter(|column| column.relation == function).map(|column| column.kind.as_str());
        assert!(told.iter().map(|(_, kind, _)| kind.as_str()).zip(kinds).all(|(told, kind)| told == kind), "{name}");
    }
    assert_eq!(
        documented.keys().collect::<Vec<_>>(),
        commented.keys().collect::<Vec<_>>(),
        "sections of docs/views.md and views"
    );
    for (view, columns) in &commented {
        assert_eq!(&documented[view], columns, "{view}");
    }
}

#[tokio::test]
async fn the_table_of_contents_names_every_view_once() {
    let database = TestDatabase::create().await;
    let contents = VIEWS_PAGE.split("\n## ").next().unwrap();
    let columns = all_columns(&database).await;
    for relation in by_relation(&columns).into_keys() {
        let name = relation.split('(').next().unwrap();
        let name = name.strip_prefix("reporting.").unwrap_or(name);
        let anchor = name.replace('.', "");
        let link = format!("[`{name}`](#{anchor})");
        assert_eq!(contents.matches(&link).count(), 1, "{link}");
    }
}
