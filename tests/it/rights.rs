//! What the program's own roles may do in the database: the work, and nothing that could forge or lose history.

use chrono::TimeDelta;
use stocktake::{
    clock::Clock as _,
    inventory::Source,
    store::{NewHold, StoreError},
};

use crate::support::{ACCOUNT_ID, TestDatabase, World, account};

const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// What neither role may do, in whatever state the rows are.
const FORGERIES: [&str; 18] = [
    "insert into inventory.access_token_history select * from inventory.access_token_history",
    "update inventory.access_token_history set status = 'activated'",
    "update inventory.access_token_transitions set occurred_at = not_after_at",
    "update inventory.access_token_usage set registered_count = 0",
    "update inventory.mfa_device_history set status = 'unbound'",
    "update inventory.mfa_device_transitions set to_status = 'unbound'",
    "update inventory.anomalies set detail = ''",
    "update inventory.rejected_items set original = ''",
    "delete from inventory.access_tokens",
    "delete from inventory.scans",
    "delete from inventory.anomalies",
    "delete from inventory.legal_holds",
    "delete from inventory.retention_log",
    "truncate inventory.access_token_history",
    "alter table inventory.access_token_history disable trigger all",
    "drop trigger keep_history on inventory.access_tokens",
    "set session_replication_role = replica",
    "create or replace function inventory.refuse() returns trigger language plpgsql as 'begin return new; end'",
];

/// Why `role` was refused `statement`.
async fn refusal(database: &TestDatabase, role: &str, statement: &'static str) -> String {
    let mut tx = database.pool.begin().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("set local role {role}"))).execute(&mut *tx).await.unwrap();
    match sqlx::raw_sql(statement).execute(&mut *tx).await {
        Ok(_) => panic!("{role} was not refused: {statement}"),
        Err(error) => error.as_database_error().unwrap().code().unwrap().into_owned(),
    }
}

#[tokio::test]
async fn the_program_gives_up_the_rights_of_its_login_once_the_roles_are_there() {
    let empty = TestDatabase::open(TestDatabase::create_empty().await).await;
    let before = empty.store.server_info().await.unwrap();
    assert_eq!(before.role, before.login);
    let migrated = TestDatabase::open(TestDatabase::create_empty().await).await;
    migrated.store.migrate().await.unwrap();
    let after = migrated.store.server_info().await.unwrap();
    assert_eq!((after.login, after.role.as_str()), (before.login, "stocktake_worker"));
}

#[tokio::test]
async fn neither_role_of_the_program_can_forge_history() {
    let World { database, .. } = World::lived_in().await;
    for role in ["stocktake_worker", "stocktake_retention"] {
        for forgery in FORGERIES {
            assert_eq!(refusal(&database, role, forgery).await, INSUFFICIENT_PRIVILEGE, "{role}: {forgery}");
        }
    }
    for role in ["stocktake_worker", "stocktake_retention"] {
        for purge in [
            "delete from inventory.access_token_history",
            "delete from inventory.access_token_transitions",
            "delete from inventory.access_token_usage",
            "delete from inventory.mfa_device_history",
            "delete from inventory.mfa_device_transitions",
            "insert into inventory.retention_log (account_id, dataset, cutoff_at, is_dry_run, started_at) values ('1', 'access_token_usage', now(), false, now())",
            "update inventory.retention_log set finished_at = null",
            "lock table inventory.access_token_history in share mode",
        ] {
            assert_eq!(refusal(&database, role, purge).await, INSUFFICIENT_PRIVILEGE, "{role}: {purge}");
        }
    }
    for purge in ["select inventory.purge('1', 'access_token_usage')", "select inventory.close_purges()"] {
        assert_eq!(refusal(&database, "stocktake_worker", purge).await, INSUFFICIENT_PRIVILEGE, "{purge}");
    }
    // Who may delete does not say what is old enough, nor reads what is kept.
    for foreign in [
        "update inventory.retention_policies set keep_seconds = 86400",
        "insert into inventory.retention_policies values ('1', 'access_token_usage', 86400, true)",
        "select from inventory.mfa_users",
        "select from inventory.access_tokens",
    ] {
        assert_eq!(refusal(&database, "stocktake_retention", foreign).await, INSUFFICIENT_PRIVILEGE, "{foreign}");
    }
    let work = "insert into inventory.anomalies (account_id, source, object_id, kind, detail, scan_id, detected_at)
                values ('1', 'access-tokens', 'x', 'x', 'x', 1, now())";
    assert_eq!(refusal(&database, "stocktake_retention", work).await, INSUFFICIENT_PRIVILEGE);
}

#[tokio::test]
async fn a_login_with_both_roles_does_the_whole_work_without_owning_anything() {
    let owner = TestDatabase::create().await;
    let database = owner.login("test_whole_worker", "stocktake_worker, stocktake_retention").await;
    let world = World::of(account().generated(30, 10), |_| {}).await.on(&database);
    assert_eq!(database.store.migrate().await.unwrap().roles_refusal, None, "there is nothing to be done");
    world.scan_both().await;
    let gone = world.edit(|inventory| {
        let id = inventory.tokens().next().unwrap().id.clone();
        inventory.remove_token(&id);
        id
    });
    let changed = world.edit(|inventory| inventory.tokens().next().unwrap().id.clone());
    world.edit(|inventory| inventory.token_mut(&changed).unwrap().description = Some("changed".into()));
    world.scan_both().await;
    assert_eq!(owner.value::<i64>("select count(*) from inventory.access_token_history").await, 2);

    let hold = NewHold {
        account: ACCOUNT_ID,
        dataset: Some(Source::AccessTokens),
        object_id: Some(&gone),
        reason: "case 7",
        placed_by: "auditor",
    };
    let held = database.store.add_hold(&hold, &world.clock).await.unwrap();
    world.advance(TimeDelta::days(2));
    let purges = database.purge(world.clock.now(), false).await;
    assert_eq!(purges[0].deleted_count, 1, "the held one stays: {purges:?}");
    database.store.release_hold(held.hold_id, "auditor", &world.clock).await.unwrap();
}

#[tokio::test]
async fn a_login_without_the_retention_role_purges_nothing_and_is_told_what_to_grant() {
    let World { database: owner, clock, .. } = World::lived_in().await;
    let before: i64 = owner.value("select count(*) from inventory.access_token_history").await;
    let database = owner.login("test_worker_alone", "stocktake_worker").await;
    let purge = database.store.purge(false).await.unwrap_err();
    let hold = NewHold { account: ACCOUNT_ID, dataset: None, object_id: None, reason: "r", placed_by: "p" };
    let hold = database.store.add_hold(&hold, &clock).await.unwrap_err();
    for error in [purge, hold] {
        assert!(matches!(error, StoreError::RoleNotGranted { .. }), "{error:?}");
        let line = error.to_string();
        assert!(line.contains("grant stocktake_retention to test_worker_alone"), "{line}");
    }
    assert_eq!(owner.value::<i64>("select count(*) from inventory.access_token_history").await, before);
}

#[tokio::test]
async fn a_login_that_only_works_leaves_migrations_to_the_owner() {
    let owner = TestDatabase::create().await;
    owner.execute("delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)").await;
    let database = owner.login("test_behind", "stocktake_worker").await;
    let error = database.store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::NotMigrated), "{error:?}");
}

#[tokio::test]
async fn the_ledger_is_closed_once_whoever_writes() {
    let World { database, .. } = World::lived_in().await;
    for act in [
        "update inventory.scans set outcome = 'complete', error_message = null where outcome = 'failed'",
        "update inventory.scans set deleted_count = 0",
        "delete from inventory.scans",
        "truncate inventory.scans",
        "update inventory.retention_log set deleted_count = 0",
        "delete from inventory.retention_log",
        "update inventory.legal_holds set object_id = 'another'",
        "update inventory.legal_holds set reason = 'none'",
        "delete from inventory.legal_holds",
        "update inventory.anomalies set detail = ''",
        "delete from inventory.anomalies",
        "update inventory.rejected_items set original = ''",
        "truncate inventory.rejected_items",
    ] {
        let error =
            sqlx::raw_sql(act).execute(&database.pool).await.err().unwrap_or_else(|| panic!("not refused: {act}"));
        assert!(error.to_string().contains("is refused"), "{act}: {error}");
    }
    database.execute("update inventory.legal_holds set released_at = now(), released_by = 'auditor'").await;
    let again = "update inventory.legal_holds set released_by = 'somebody else'";
    let error = sqlx::raw_sql(again).execute(&database.pool).await.unwrap_err();
    assert!(error.to_string().contains("a hold is released once"), "{error}");
}
