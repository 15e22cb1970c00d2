//! The schema's way: up from nothing, never over a newer one, together with others.

use stocktake::store::{MIGRATOR, Store, StoreError};

use crate::support::TestDatabase;

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
