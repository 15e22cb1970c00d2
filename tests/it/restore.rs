//! A backup keeps everything: what is kept, what guards it and who may do what; and the program goes on from it.

use std::process::Command;

use chrono::TimeDelta;

use crate::support::{Relation, TestDatabase, World, cluster, present, snapshot};

/// What the database is made of, beside its rows: one line a thing, which any other database of the schema has too.
/// PostgreSQL writes queries with brackets and names of its own, others the second time than the first.
const DEFINITIONS: &str = r#"
    with named as (
        select oid from pg_namespace where nspname in ('inventory', 'reporting', 'reporting_pii')
    )
    select kind, name, regexp_replace(definition, ' AS "?[a-z0-9_]+"?|[(),]', '', 'g') from (
    select 'comment on schema' as kind, nspname::text as name, coalesce(obj_description(oid, 'pg_namespace'), '') as definition
    from pg_namespace where oid in (table named)
    union all
    select 'view', c.oid::regclass::text, pg_get_viewdef(c.oid)
    from pg_class c where c.relnamespace in (table named) and c.relkind = 'v'
    union all
    select 'column ' || a.attname, c.oid::regclass::text, concat(a.attnotnull, a.attidentity, col_description(c.oid, a.attnum))
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relnamespace in (table named) and c.relkind in ('r', 'v')
    union all
    select 'comment on relation', c.oid::regclass::text, coalesce(obj_description(c.oid, 'pg_class'), '')
    from pg_class c where c.relnamespace in (table named) and c.relkind in ('r', 'v')
    union all
    select 'index', c.oid::regclass::text, pg_get_indexdef(c.oid)
    from pg_class c where c.relnamespace in (table named) and c.relkind = 'i'
    union all
    select 'constraint ' || conname, conrelid::regclass::text, pg_get_constraintdef(oid)
    from pg_constraint where connamespace in (table named)
    union all
    select 'trigger ' || t.tgname, t.tgrelid::regclass::text, t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace in (table named) and not t.tgisinternal
    union all
    select 'default', adrelid::regclass || '.' || adnum, pg_get_expr(adbin, adrelid)
    from pg_attrdef d join pg_class c on c.oid = d.adrelid where c.relnamespace in (table named)
    union all
    select 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid) || coalesce(obj_description(p.oid, 'pg_proc'), '')
    from pg_proc p where p.pronamespace in (table named)
    union all
    select 'sequence', schemaname || '.' || sequencename, last_value::text
    from pg_sequences where schemaname in ('inventory', 'reporting')
    ) things
    order by 1, 2, 3"#;

/// Who may do what.
const RIGHTS: &str = "
    select 'schema ' || n.nspname as thing, acl.privilege_type, acl.grantee::regrole, acl.is_grantable
    from pg_namespace n, aclexplode(n.nspacl) acl
    where n.nspname in ('inventory', 'reporting', 'reporting_pii')
    union all
    select c.oid::regclass::text, acl.privilege_type, acl.grantee::regrole, acl.is_grantable
    from pg_class c, aclexplode(c.relacl) acl
    where c.relnamespace::regnamespace::text in ('inventory', 'reporting', 'reporting_pii') or c.relname = '_sqlx_migrations'
    union all
    select a.attrelid::regclass || '.' || a.attname, acl.privilege_type, acl.grantee::regrole, acl.is_grantable
    from pg_attribute a, aclexplode(a.attacl) acl
    where a.attrelid in (select oid from pg_class where relnamespace = 'inventory'::regnamespace)
    union all
    select p.oid::regprocedure::text, acl.privilege_type, acl.grantee::regrole, acl.is_grantable
    from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
    where p.pronamespace::regnamespace::text in ('inventory', 'reporting')
    union all
    select format('later in %s: %s', d.defaclnamespace::regnamespace, d.defaclobjtype),
           acl.privilege_type, acl.grantee::regrole, acl.is_grantable
    from pg_default_acl d, aclexplode(d.defaclacl) acl
    order by 1, 2, 3";

/// Runs one of PostgreSQL's own programs on the test server; `false` where it is not installed.
fn run(name: &str, arguments: &[&str]) -> bool {
    let path = cluster().bin_dir().join(name);
    if !path.exists() {
        eprintln!("skipped: {name} is not beside the server's programs in {}", cluster().bin_dir().display());
        return false;
    }
    let mut command = Command::new(path);
    if let Some(libraries) = cluster().library_path() {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    true
}

/// A copy of `database` by dump and restore, as the runbook tells; `None` where PostgreSQL's programs are not here.
async fn restore(database: &TestDatabase) -> Option<TestDatabase> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stocktake.dump");
    let file = file.to_str().unwrap();
    let bare = ["--no-owner", "--no-privileges"];
    let dump = [&["--format=custom", "--file", file], &bare[..], &["--dbname", &database.url]].concat();
    if !run("pg_dump", &dump) {
        return None;
    }
    let restored = TestDatabase::open(TestDatabase::create_empty().await).await;
    let load = [&["--exit-on-error"], &bare[..], &["--dbname", &restored.url, file]].concat();
    run("pg_restore", &load).then_some(restored)
}

/// Columns and rows of everything; the numbers by which a database knows them are its own.
async fn contents(database: &TestDatabase) -> Vec<String> {
    let relations = snapshot(database).await.into_iter();
    relations.map(|(name, Relation { columns, rows, .. })| format!("{name} {columns:?} {rows:?}")).collect()
}

fn assert_same(found: &[String], wanted: &[String], what: &str) {
    let differing = |one: &[String], other: &[String]| {
        one.iter().filter(|line| !other.contains(line)).cloned().collect::<Vec<_>>().join("\n  ")
    };
    let (added, lost) = (differing(found, wanted), differing(wanted, found));
    assert!(found == wanted, "{what} of the restored database\nadded:\n  {added}\nlost:\n  {lost}");
}

#[tokio::test]
async fn a_restored_backup_is_the_database_that_it_was_made_of() {
    let world = World::with_everything().await;
    let Some(restored) = restore(&world.database).await else { return };
    assert_same(&contents(&restored).await, &contents(&world.database).await, "rows");
    assert_same(&restored.rows(DEFINITIONS).await, &world.database.rows(DEFINITIONS).await, "definitions");
    restored.store.check_schema().await.unwrap();
    let migrated = restored.store.migrate().await.unwrap();
    assert_eq!((migrated.applied_count, migrated.roles_refusal), (0, None));
    let rights = restored.rows(RIGHTS).await;
    assert_same(&rights, &world.database.rows(RIGHTS).await, "rights");
    assert!(rights.len() > 100, "{rights:?}");

    for act in [
        "update inventory.access_token_history set status = 'activated'",
        "delete from inventory.access_token_history",
        "delete from inventory.access_token_transitions",
        "truncate inventory.mfa_device_history",
        "delete from inventory.access_tokens",
        "update inventory.mfa_devices set version_no = version_no + 2",
        "insert into inventory.access_token_history select * from inventory.access_token_history limit 1",
        "update inventory.scans set outcome = 'complete'",
        "delete from inventory.legal_holds",
        "update inventory.legal_holds set reason = 'another'",
        "update inventory.daily_changes set change_count = 0",
        "delete from inventory.erasures",
    ] {
        let error = sqlx::raw_sql(act).execute(&restored.pool).await.unwrap_err();
        assert!(error.to_string().contains(" is refused: "), "{act}: {error}");
    }

    // The worker goes on where the backup ended: numbers of scans and devices do not begin again.
    let last: i64 = world.database.value("select max(scan_id) from inventory.scans").await;
    let world = world.on(&restored);
    world.advance(TimeDelta::hours(5));
    world.scan_both().await;
    assert_eq!(restored.value::<i64>("select max(scan_id) from inventory.scans").await, last + 2);

    // And the hold still keeps what it kept, whatever else goes.
    let days = "select status_date, status, token_count from reporting.access_token_daily_status order by 1, 2";
    let before = restored.rows(days).await;
    let held = "
        select h.access_token_id, h.version_no from inventory.access_token_history h
        join inventory.legal_holds l on l.object_id = h.access_token_id
        order by 1, 2";
    let kept = restored.rows(held).await;
    let purges = restored.purge(present() - TimeDelta::days(1), false).await;
    let history = purges.iter().find(|purge| purge.dataset == "access_token_history").unwrap();
    let kept_count = 1..=kept.len() as u64; // those that are younger need no hold
    assert!(history.deleted_count > 0 && kept_count.contains(&history.held_count), "{history:?}");
    assert_eq!(restored.rows(held).await, kept);
    assert_eq!(restored.rows(days).await, before);
}
