//! Who may read what. Roles belong to the whole server, which the tests share: what must not meet theirs
//! has a server or a role of its own.

use embedded_postgres::{Cluster, Options};
use sqlx::{Connection, PgConnection};
use stocktake::store::Store;

use crate::support::{TestDatabase, World, cluster};

const READER: &str = "stocktake_reader";
const PII_READER: &str = "stocktake_pii_reader";
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// The tables and views of `schema`, with their schema.
async fn relations(database: &TestDatabase, schema: &str) -> Vec<String> {
    let query = format!(
        "select '{schema}.' || relname as name from pg_class
         where relnamespace = '{schema}'::regnamespace and relkind in ('r', 'v') order by 1"
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&database.pool).await.unwrap()
}

/// What `role` reads of `relation`: the number of rows, or the code of the refusal.
async fn count_as(database: &TestDatabase, role: &str, relation: &str) -> Result<i64, String> {
    let mut tx = database.pool.begin().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("set local role {role}"))).execute(&mut *tx).await.unwrap();
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {relation}")))
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| error.as_database_error().unwrap().code().unwrap().into_owned())
}

async fn count(database: &TestDatabase, relation: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {relation}")))
        .fetch_one(&database.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_reader_reads_every_view_and_no_table() {
    let World { database, .. } = World::lived_in().await;
    let views = relations(&database, "reporting").await;
    let people = relations(&database, "reporting_pii").await;
    let tables = relations(&database, "inventory").await;
    assert!(views.len() > 15 && people.len() == 2 && tables.len() > 10);
    for view in &views {
        let all = count(&database, view).await;
        for role in [READER, PII_READER] {
            assert_eq!(count_as(&database, role, view).await, Ok(all), "{role} reads {view}");
        }
    }
    for view in &people {
        let all = count(&database, view).await;
        assert!(all > 0, "{view} is empty");
        assert_eq!(count_as(&database, PII_READER, view).await, Ok(all), "{view}");
        assert_eq!(count_as(&database, READER, view).await, Err(INSUFFICIENT_PRIVILEGE.into()), "{view}");
    }
    for table in &tables {
        for role in [READER, PII_READER] {
            assert_eq!(
                count_as(&database, role, table).await,
                Err(INSUFFICIENT_PRIVILEGE.into()),
                "{role} reads {table}"
            );
        }
    }
}

#[tokio::test]
async fn a_reader_calls_the_functions_of_the_contract_and_none_of_inventory() {
    let World { database, .. } = World::lived_in().await;
    for function in ["access_tokens_as_of", "mfa_devices_as_of"] {
        let call = format!("reporting.{function}(now())");
        let all = count(&database, &call).await;
        assert!(all > 0, "{function}");
        for role in [READER, PII_READER] {
            assert_eq!(count_as(&database, role, &call).await, Ok(all), "{role} calls {function}");
        }
    }
    let open = database
        .rows(
            "select p.oid::regprocedure, r.name
             from pg_proc p
             cross join (values ('public'), ('stocktake_reader'), ('stocktake_pii_reader')) as r (name)
             where p.pronamespace = 'inventory'::regnamespace
               and has_function_privilege(r.name, p.oid, 'execute')",
        )
        .await;
    assert!(open.is_empty(), "{open:?}");
}

#[tokio::test]
async fn a_reader_writes_nothing_and_everyone_else_sees_nothing() {
    let database = TestDatabase::create().await;
    let rights = database
        .rows(
            "select c.oid::regclass, r.name, p.name
             from pg_class c
             cross join (values ('public'), ('stocktake_reader'), ('stocktake_pii_reader')) as r (name)
             cross join (values ('insert'), ('update'), ('delete'), ('truncate'), ('references'), ('trigger'))
                 as p (name)
             where c.relnamespace::regnamespace::text in ('inventory', 'reporting', 'reporting_pii')
               and c.relkind in ('r', 'v')
               and has_table_privilege(r.name, c.oid, p.name)",
        )
        .await;
    assert!(rights.is_empty(), "{rights:?}");
    let others = database
        .rows(
            "select n.nspname, p.name
             from pg_namespace n
             cross join (values ('usage'), ('create')) as p (name)
             where n.nspname in ('inventory', 'reporting', 'reporting_pii')
               and has_schema_privilege('public', n.oid, p.name)",
        )
        .await;
    assert!(others.is_empty(), "{others:?}");
    let create = database
        .rows(
            "select n.nspname, r.name
             from pg_namespace n
             cross join (values ('stocktake_reader'), ('stocktake_pii_reader')) as r (name)
             where n.nspname in ('inventory', 'reporting', 'reporting_pii', 'public')
               and has_schema_privilege(r.name, n.oid, 'create')",
        )
        .await;
    assert!(create.is_empty(), "{create:?}");
}

#[tokio::test]
async fn the_roles_cannot_log_in_and_a_login_that_is_granted_one_reads_at_once() {
    let World { database, .. } = World::lived_in().await;
    let logins = database
        .rows(
            "select rolname from pg_roles where rolname ~ '^stocktake_'
               and (rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls)",
        )
        .await;
    assert!(logins.is_empty(), "{logins:?}");

    database.execute("create role test_analyst login password 'analyst' in role stocktake_reader").await;
    let name = database.value::<String>("select current_database()::text").await;
    let url = format!("postgres://test_analyst:analyst@127.0.0.1:{}/{name}", cluster().port());
    let mut analyst = PgConnection::connect(&url).await.unwrap();
    let seen: i64 =
        sqlx::query_scalar("select count(*) from reporting.access_tokens").fetch_one(&mut analyst).await.unwrap();
    assert!(seen > 0);
    sqlx::query("select from reporting_pii.mfa_users").fetch_all(&mut analyst).await.unwrap_err();
    analyst.close().await.unwrap();
}

#[tokio::test]
async fn a_view_that_comes_later_is_readable_too() {
    let database = TestDatabase::create().await;
    let later = "
        create view reporting.later as select 1 as one;
        create view reporting_pii.later as select 1 as one";
    database.execute(later).await;
    assert_eq!(count_as(&database, READER, "reporting.later").await, Ok(1));
    assert_eq!(count_as(&database, READER, "reporting_pii.later").await, Err(INSUFFICIENT_PRIVILEGE.into()));
    assert_eq!(count_as(&database, PII_READER, "reporting_pii.later").await, Ok(1));
}

#[tokio::test]
async fn a_second_migration_gives_back_what_was_revoked() {
    let database = TestDatabase::create().await;
    database.execute("revoke select on reporting.scans from stocktake_reader").await;
    assert_eq!(count_as(&database, READER, "reporting.scans").await, Err(INSUFFICIENT_PRIVILEGE.into()));
    let migrated = database.store.migrate().await.unwrap();
    assert_eq!((migrated.applied_count, migrated.roles_refusal), (0, None));
    assert_eq!(count_as(&database, READER, "reporting.scans").await, Ok(0));
}

#[tokio::test]
async fn a_start_of_the_program_grants_what_is_missing_and_else_writes_nothing() {
    let database = TestDatabase::create().await;
    let written = "select xmin::text from pg_class where oid = 'reporting.scans'::regclass";
    let before: String = database.value(written).await;
    assert_eq!(database.store.migrate_if_needed().await.unwrap().applied_count, 0);
    assert_eq!(database.value::<String>(written).await, before);
    database.execute("revoke usage on schema reporting from stocktake_reader").await;
    database.store.migrate_if_needed().await.unwrap();
    assert_eq!(count_as(&database, READER, "reporting.scans").await, Ok(0));
    assert_ne!(database.value::<String>(written).await, before, "to grant is to write");
}

/// The server refuses roles to an owner who may not create any: a server of its own, without our roles.
#[tokio::test]
async fn migrate_goes_on_where_roles_are_refused_and_says_so() {
    let server =
        tokio::task::spawn_blocking(|| Cluster::start(Options::throwaway()).expect("PostgreSQL's programs are here"))
            .await
            .unwrap();
    let mut admin = PgConnection::connect(&server.url(Cluster::DATABASE)).await.unwrap();
    for statement in ["create role owner login password 'owner'", "create database owned owner owner"] {
        sqlx::raw_sql(statement).execute(&mut admin).await.unwrap();
    }
    let url = format!("postgres://owner:owner@127.0.0.1:{}/owned", server.port());
    let store = Store::connect(&url, 2).await.unwrap();

    let migrated = store.migrate().await.unwrap();
    assert!(migrated.applied_count > 0);
    let refusal = migrated.roles_refusal.expect("the server refuses to create roles");
    assert!(refusal.contains("permission denied to create role"), "{refusal}");
    store.check_schema().await.unwrap();
    assert_eq!(store.tabulate("select version from reporting.contract").await.unwrap().rows.len(), 1);
    assert!(store.migrate().await.unwrap().roles_refusal.is_some(), "it is said each time");
    let database = TestDatabase::open(url.clone()).await;
    let name_reader = "insert into inventory.reader_accounts values ('1', 'analyst')";
    sqlx::raw_sql("create role analyst login").execute(&mut admin).await.unwrap();
    let refused = sqlx::raw_sql(name_reader).execute(&database.pool).await.unwrap_err().to_string();
    assert!(refused.contains("no role stocktake_views") && refused.contains("stocktake migrate"), "{refused}");
    assert!(database.rows("select from inventory.reader_accounts").await.is_empty());

    // An administrator runs the file, as the documentation says.
    database.pool.close().await;
    let database = TestDatabase::open(server.url("owned")).await;
    database.execute(include_str!("../../src/store/sql/roles.sql")).await;
    assert_eq!(count_as(&database, READER, "reporting.scans").await, Ok(0));
    assert_eq!(store.migrate().await.unwrap().roles_refusal, None);

    // The owner was granted what it takes to restrict a login, and to replace the views afterwards.
    let owned = TestDatabase::open(url).await;
    owned.execute(name_reader).await;
    let replaced = "create or replace view reporting.contract as select text '1.0.0' as version";
    owned.execute(replaced).await;
    assert_eq!(store.migrate().await.unwrap().roles_refusal, None);
    let owner = "select relowner::regrole::text from pg_class where oid = 'reporting.contract'::regclass";
    assert_eq!(owned.value::<String>(owner).await, "stocktake_views");

    owned.pool.close().await;
    database.pool.close().await;
    admin.close().await.unwrap();
    tokio::task::spawn_blocking(move || server.stop()).await.unwrap().unwrap();
}
