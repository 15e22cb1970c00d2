//! A database of every version before is brought up to this one: nothing that it holds, and nothing that others built
//! on it, is lost on the way.

use std::collections::BTreeMap;

use stocktake::{inventory::Source, store::MIGRATOR};

use crate::support::{Relation, TestDatabase, World, rows_of, snapshot, transplant};

/// Functions that others may call, and what makes each the same one.
const FUNCTIONS: &str = "
    select p.oid, p.oid::regprocedure from pg_proc p
    where p.pronamespace::regnamespace::text in ('inventory', 'reporting')";

/// What somebody else makes of each view and function of the contract as soon as it is there: a view, a materialised
/// view and a grant of its own.
const BUILD_ON: &str = "
    do $$
    declare
        found record;
    begin
        for found in
            select c.oid::regclass::text as source, replace(c.oid::regclass::text, '.', '_') as name, 'select on ' as granted,
                   c.oid::regclass::text as grantable
            from pg_class c
            where c.relnamespace::regnamespace::text in ('reporting', 'reporting_pii')
            union all
            select p.oid::regproc || '(now())', 'call_of_' || p.proname, 'execute on function ', p.oid::regprocedure::text
            from pg_proc p
            where p.pronamespace::regnamespace::text = 'reporting'
        loop
            if to_regclass('others.view_' || found.name) is null then
                execute format('create view others.%I as select * from %s', 'view_' || found.name, found.source);
                execute format('create materialized view others.%I as select * from %s', 'kept_' || found.name, found.source);
                execute format('grant %s %s to others_reader', found.granted, found.grantable);
            end if;
        end loop;
    end $$";

/// What the migration `version` may not have done to what was there before it.
async fn check_kept(walked: &TestDatabase, version: i64, before: &BTreeMap<String, Relation>, functions: &[String]) {
    let after = snapshot(walked).await;
    for (name, old) in before {
        let new = after.get(name).unwrap_or_else(|| panic!("migration {version} took {name} away"));
        assert_eq!(new.oid, old.oid, "migration {version} made {name} anew, and with it went what others built on it");
        assert!(
            new.columns.starts_with(&old.columns),
            "migration {version} dropped, renamed, retyped or moved a column of {name}: {:?} became {:?}",
            old.columns,
            new.columns
        );
        let demanded: Vec<_> = new.required.iter().filter(|column| !old.required.contains(column)).collect();
        assert!(demanded.is_empty(), "migration {version}: the release before cannot insert into {name}: {demanded:?}");
        if name == "reporting.contract" {
            continue; // its version says what a migration added
        }
        let rows = rows_of(walked, name, &old.columns).await;
        assert_eq!(rows, old.rows, "migration {version} changed what {name} holds");
    }
    let here = walked.rows(FUNCTIONS).await;
    let gone: Vec<_> = functions.iter().filter(|function| !here.contains(function)).collect();
    assert!(gone.is_empty(), "migration {version} took these away, or made them anew: {gone:?}");
}

#[tokio::test]
async fn no_migration_loses_what_the_version_before_held_or_what_others_built_on_it() {
    let world = World::with_everything().await;
    let walked = TestDatabase::open(TestDatabase::create_empty().await).await;
    walked.execute("create schema others; create role others_reader nologin").await;
    let mut before = BTreeMap::new();
    let mut functions = Vec::new();
    for migration in MIGRATOR.iter() {
        MIGRATOR.run_to(migration.version, &walked.pool).await.unwrap();
        check_kept(&walked, migration.version, &before, &functions).await;
        // What the program of this version would have left in the tables that are new.
        transplant(&world.database, &walked).await;
        walked.execute(BUILD_ON).await;
        before = snapshot(&walked).await;
        functions = walked.rows(FUNCTIONS).await;
        let empty: Vec<_> =
            before.iter().filter(|(name, table)| name.starts_with("inventory.") && table.rows.0 == 0).collect();
        assert!(empty.is_empty(), "the next migration would have nothing to keep in {empty:?}");
    }

    // The roles come after the migrations, and the program goes on where the one before stopped.
    assert_eq!(walked.store.migrate().await.unwrap().roles_refusal, None);
    check_kept(&walked, i64::MAX, &before, &functions).await;
    let built = "select c.oid::regclass::text from pg_class c where c.relnamespace = 'others'::regnamespace order by 1";
    let built: Vec<String> = sqlx::query_scalar(built).fetch_all(&walked.pool).await.unwrap();
    let contract = before.keys().filter(|name| name.starts_with("reporting")).count();
    assert!(built.len() > 2 * contract, "a view and a materialised one of each: {built:?}");
    for relation in built {
        if relation.starts_with("others.kept_") {
            walked.execute(&format!("refresh materialized view {relation}")).await;
        }
        let is_filled: bool = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) >= 0 from {relation}")))
            .fetch_one(&walked.pool)
            .await
            .unwrap();
        assert!(is_filled);
    }
    let withheld = "
        select c.oid::regclass::text from pg_class c
        where c.relnamespace::regnamespace::text in ('reporting', 'reporting_pii')
          and not has_table_privilege('others_reader', c.oid, 'select')
        union all
        select p.oid::regprocedure::text from pg_proc p
        where p.pronamespace = 'reporting'::regnamespace and not has_function_privilege('others_reader', p.oid, 'execute')";
    assert_eq!(walked.rows(withheld).await, [""; 0], "these grants of others are gone");
    let world = world.on(&walked);
    for source in Source::ALL {
        world.scan_whole(source).await;
    }
}
