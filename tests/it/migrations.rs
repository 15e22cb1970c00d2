//! The schema's way: up from nothing, never over a newer one, together with others, through a dump and back.

use std::process::{Command, Output};

use stocktake::{
    inventory::Source,
    store::{MIGRATOR, Store, StoreError},
};

use crate::support::{TestDatabase, World, cluster};

/// Every object of the database that a migration could touch, and the ledger of migrations.
const EVERYTHING: &str = "
    select format('%s %s %s', relnamespace::regnamespace, relname, relkind) as entry from pg_class
    where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    union all
    select 'schema ' || nspname from pg_namespace where nspname !~ '^pg_(toast_)?temp'
    union all
    select 'function ' || oid::regprocedure from pg_proc
    where pronamespace::regnamespace::text in ('inventory', 'reporting')
    order by entry";

async fn unmigrated() -> TestDatabase {
    TestDatabase::open(TestDatabase::create_empty().await).await
}

fn known_count() -> usize {
    MIGRATOR.iter().count()
}

/// As if a program of a later release had been here.
async fn pretend_newer(database: &TestDatabase) {
    let newer = "
        insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (9999, 'of a later release', true, '\\x00', 0)";
    database.execute(newer).await;
}

#[tokio::test]
async fn an_empty_database_is_migrated_once() {
    let database = unmigrated().await;
    let migrated = database.store.migrate().await.unwrap();
    assert_eq!((migrated.applied_count, migrated.roles_refusal), (known_count(), None));
    database.store.check_schema().await.unwrap();
    let before = database.rows(EVERYTHING).await;
    assert_eq!(database.store.migrate().await.unwrap().applied_count, 0);
    assert_eq!(database.rows(EVERYTHING).await, before);
}

#[tokio::test]
async fn a_look_at_an_empty_database_says_so_and_changes_nothing() {
    let database = unmigrated().await;
    let before = database.rows(EVERYTHING).await;
    let error = database.store.check_schema().await.unwrap_err();
    assert!(matches!(error, StoreError::NotMigrated), "{error:?}");
    assert_eq!(database.rows(EVERYTHING).await, before);
}

#[tokio::test]
async fn a_half_migrated_database_is_not_taken_for_whole_and_is_brought_up() {
    let database = unmigrated().await;
    MIGRATOR.run_to(4, &database.pool).await.unwrap();
    let error = database.store.check_schema().await.unwrap_err();
    assert!(matches!(error, StoreError::NotMigrated), "{error:?}");
    assert_eq!(database.store.migrate().await.unwrap().applied_count, known_count() - 4);
    database.store.check_schema().await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_untouched() {
    let whole = TestDatabase::create().await;
    // A newer program may also have left some of ours out.
    let partial = unmigrated().await;
    MIGRATOR.run_to(4, &partial.pool).await.unwrap();
    for database in [whole, partial] {
        pretend_newer(&database).await;
        let before = database.rows(EVERYTHING).await;
        let ledger = database.rows("select * from _sqlx_migrations order by version").await;
        for error in [database.store.migrate().await.unwrap_err(), database.store.check_schema().await.unwrap_err()] {
            assert!(matches!(error, StoreError::NewerThanProgram { version: 9999 }), "{error:?}");
            assert!(error.to_string().contains("9999"), "{error}");
        }
        assert_eq!(database.rows(EVERYTHING).await, before);
        assert_eq!(database.rows("select * from _sqlx_migrations order by version").await, ledger);
    }
}

#[tokio::test]
async fn a_migration_that_was_edited_after_it_ran_is_refused() {
    let database = TestDatabase::create().await;
    database.execute("update _sqlx_migrations set checksum = '\\x00' where version = 3").await;
    let error = database.store.migrate().await.unwrap_err();
    assert!(matches!(&error, StoreError::Migration(reason) if reason.contains('3')), "{error}");
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_and_can_be_run_again() {
    let database = unmigrated().await;
    // Its first statement passes, its second does not.
    database.execute("create schema reporting_pii").await;
    let error = database.store.migrate().await.unwrap_err();
    assert!(matches!(&error, StoreError::Migration(reason) if reason.contains("reporting_pii")), "{error}");
    let schemas = database.rows("select nspname from pg_namespace where nspname = 'reporting'").await;
    assert!(schemas.is_empty(), "half of a migration stayed");
    let error = database.store.check_schema().await.unwrap_err();
    assert!(matches!(error, StoreError::NotMigrated), "{error:?}");

    database.execute("drop schema reporting_pii").await;
    database.store.migrate().await.unwrap();
    database.store.check_schema().await.unwrap();
}

#[tokio::test]
async fn programs_that_migrate_at_once_all_succeed() {
    for _ in 0..5 {
        let url = TestDatabase::create_empty().await;
        let mut stores = Vec::new();
        for _ in 0..4 {
            stores.push(Store::connect(&url, 2).await.unwrap());
        }
        let runs = stores.iter().map(|store| {
            let store = store.clone();
            tokio::spawn(async move { store.migrate().await })
        });
        for run in runs.collect::<Vec<_>>() {
            let migrated = run.await.unwrap().unwrap();
            assert_eq!(migrated.roles_refusal, None);
        }
        for store in stores {
            store.check_schema().await.unwrap();
        }
    }
}

/// One of PostgreSQL's own programs on the test server; `None` where it is not installed.
fn program(name: &str, arguments: &[&str]) -> Option<Output> {
    let path = cluster().bin_dir().join(name);
    if !path.exists() {
        return None;
    }
    let mut command = Command::new(path);
    if let Some(libraries) = cluster().library_path() {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    Some(command.args(arguments).output().unwrap())
}

/// How many rows each view has, and a digest of them; without the columns that tell the age of something.
async fn answers(database: &TestDatabase) -> Vec<(String, i64, Option<String>)> {
    let views: Vec<(String, String)> = sqlx::query_as(
        "select c.oid::regclass::text, string_agg(quote_ident(a.attname), ', ' order by a.attnum)
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
         where c.relnamespace in ('reporting'::regnamespace, 'reporting_pii'::regnamespace)
           and a.attname not in ('age_seconds')
         group by c.oid
         order by 1",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let mut found = Vec::new();
    for (view, columns) in views {
        let query = format!(
            "select count(*), md5(string_agg(entry, ',' order by entry))
             from (select ({columns})::text as entry from {view}) entries"
        );
        // A view of one column has no parentheses to make a row of.
        let query = query.replace("(version)::text", "version::text");
        let (count, digest) = sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_one(&database.pool).await.unwrap();
        found.push((view, count, digest));
    }
    found
}

#[tokio::test]
async fn a_restored_dump_answers_the_same_and_is_guarded_the_same() {
    let world = World::lived_in().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stocktake.dump");
    let file = file.to_str().unwrap();
    let Some(dumped) = program("pg_dump", &["--format=custom", "--file", file, &world.database.url]) else {
        eprintln!("skipped: pg_dump is not beside the server's programs in {}", cluster().bin_dir().display());
        return;
    };
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));

    let restored = unmigrated().await;
    let Some(loaded) = program("pg_restore", &["--exit-on-error", "--dbname", &restored.url, file]) else {
        eprintln!("skipped: pg_restore is not beside the server's programs in {}", cluster().bin_dir().display());
        return;
    };
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));

    let before = answers(&world.database).await;
    assert!(before.iter().filter(|(_, count, _)| *count > 0).count() > 15, "{before:?}");
    assert_eq!(answers(&restored).await, before);

    restored.store.check_schema().await.unwrap();
    assert_eq!(restored.store.migrate().await.unwrap().applied_count, 0);
    for act in [
        "update inventory.access_token_history set status = 'activated'",
        "delete from inventory.access_token_history",
        "delete from inventory.access_token_transitions",
        "truncate inventory.mfa_device_history",
        "delete from inventory.access_tokens",
        "update inventory.mfa_devices set version_no = version_no + 2",
        "insert into inventory.access_token_history select * from inventory.access_token_history limit 1",
    ] {
        let error = sqlx::raw_sql(act).execute(&restored.pool).await.unwrap_err();
        assert!(error.to_string().contains("refused"), "{act}: {error}");
    }
    let readable: bool =
        restored.value("select has_table_privilege('stocktake_reader', 'reporting.scans', 'select')").await;
    assert!(readable);

    // The worker goes on where the dump ended: numbers of scans and devices do not begin again.
    let last: i64 = world.database.value("select max(scan_id) from inventory.scans").await;
    let world = world.on(&restored);
    let report = world.scan_whole(Source::MfaDevices).await;
    assert!(report.is_success());
    assert!(restored.value::<i64>("select max(scan_id) from inventory.scans").await > last);
}
