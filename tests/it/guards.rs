//! Raw SQL of the database's owner against the history: each forbidden act is refused.

use chrono::TimeDelta;
use sqlx::AssertSqlSafe;
use stocktake::inventory::Source;

use crate::support::{TestDatabase, World, account};

/// A world whose first code has two closed versions, and another one that was deleted.
async fn with_history() -> World {
    let world = World::of(account().generated(3, 3), |_| {}).await;
    world.scan_both().await;
    let mut ids: Vec<String> = world.edit(|inventory| inventory.tokens().map(|code| code.id.clone()).collect());
    ids.sort();
    let mut serials: Vec<String> =
        world.edit(|inventory| inventory.devices().map(|device| device.serial_number.clone()).collect());
    serials.sort();
    for round in 0..2 {
        world.advance(TimeDelta::hours(1));
        world.edit(|inventory| inventory.token_mut(&ids[0]).unwrap().description = Some(format!("round {round}")));
        world.edit(|inventory| {
            let device = inventory.device_mut(&serials[0]).unwrap();
            device.user = match device.user.take() {
                Some(_) => None,
                None => Some(emulator::User {
                    user_id: "200000000000000009".into(),
                    upn: "eve@example".into(),
                    display_name: "eve".into(),
                }),
            };
            device.activated_at = None;
        });
        world.scan_both().await;
    }
    world.edit(|inventory| inventory.remove_token(&ids[1]));
    world.scan_whole(Source::AccessTokens).await;
    world
}

async fn refusal(world: &World, statement: &str) -> String {
    match sqlx::raw_sql(AssertSqlSafe(statement)).execute(&world.database.pool).await {
        Ok(_) => panic!("not refused: {statement}"),
        Err(error) => error.as_database_error().map_or(error.to_string(), |refusal| refusal.message().to_owned()),
    }
}

#[tokio::test]
async fn raw_sql_cannot_forge_history() {
    let world = with_history().await;
    let acts = [
        // Overlapping and duplicated versions, written straight into history.
        "insert into inventory.access_token_history select * from inventory.access_token_history limit 1",
        "insert into inventory.mfa_device_history select * from inventory.mfa_device_history limit 1",
        // Rewriting and reopening closed versions.
        "update inventory.access_token_history set status = 'activated'",
        "update inventory.access_token_history set valid_to_at = null",
        "update inventory.access_token_history set valid_to_at = valid_to_at + interval '1 day'",
        "update inventory.mfa_device_history set status = 'unbound'",
        // Deleting history.
        "delete from inventory.access_token_history",
        "delete from inventory.mfa_device_history",
        "truncate inventory.access_token_history",
        "truncate inventory.mfa_device_history",
        // The same for transitions and samples.
        "update inventory.access_token_transitions set occurred_at = not_after_at",
        "delete from inventory.access_token_transitions",
        "truncate inventory.access_token_transitions",
        "update inventory.mfa_device_transitions set to_status = 'bound'",
        "delete from inventory.mfa_device_transitions",
        "truncate inventory.access_token_usage",
        // The open version: no rewriting, no removing, no skipping, no going back in time.
        "update inventory.access_tokens set token_name = 'forged' where deleted_at is null",
        "update inventory.access_tokens set status = 'forged' where deleted_at is null",
        "update inventory.access_tokens set valid_from_at = valid_from_at - interval '1 day' where deleted_at is null",
        "update inventory.access_tokens set version_no = version_no + 2, valid_from_at = now() where deleted_at is null",
        "update inventory.access_tokens set version_no = version_no + 1 where deleted_at is null",
        "update inventory.access_tokens set version_no = version_no + 1, valid_from_at = valid_from_at - interval '1 s' where deleted_at is null",
        "update inventory.access_tokens set version_no = version_no + 1, valid_from_at = now(), first_seen_at = now() where deleted_at is null",
        "update inventory.access_tokens set access_token_id = access_token_id || 'x'",
        "delete from inventory.access_tokens",
        "truncate inventory.access_tokens",
        "insert into inventory.access_tokens (account_id, access_token_id, version_no, valid_from_at, first_seen_at, status, status_since_at, extra, digest, change_kind, changed_columns, scan_id) values ('1', 'at-x', 2, now(), now(), 's', now(), '{}', 0, 'changed', '{}', 1)",
        "update inventory.mfa_devices set status = 'unbound', user_key = null where status = 'bound'",
        "update inventory.mfa_devices set serial_number = serial_number || 'x'",
        "delete from inventory.mfa_devices",
        "truncate inventory.mfa_devices",
        // A tombstone: no waking without a new version after it, no second death, no end before its begin.
        "update inventory.access_tokens set deleted_at = null, deleted_scan_id = null where deleted_at is not null",
        "update inventory.access_tokens set deleted_at = deleted_at + interval '1 h' where deleted_at is not null",
        "update inventory.access_tokens set registered_count = 0, digest = 1 where deleted_at is not null",
        "update inventory.access_tokens set deleted_at = null, deleted_scan_id = null, version_no = version_no + 1, valid_from_at = valid_from_at + interval '1 microsecond' where deleted_at is not null",
        "update inventory.access_tokens set deleted_at = valid_from_at, deleted_scan_id = 1 where deleted_at is null",
    ];
    const ALL: &str = "
        select md5(string_agg(entry, ',' order by entry)) from (
            select t::text as entry from inventory.access_tokens t
            union all select t::text from inventory.access_token_history t
            union all select t::text from inventory.access_token_transitions t
            union all select t::text from inventory.mfa_devices t
            union all select t::text from inventory.mfa_device_history t
            union all select t::text from inventory.mfa_device_transitions t) entries";
    let before: String = world.database.value(ALL).await;
    for act in acts {
        let refusal = refusal(&world, act).await;
        assert!(
            refusal.contains("refused") || refusal.contains("violates"),
            "refused for another reason: {act}: {refusal}"
        );
    }
    assert_eq!(world.database.value::<String>(ALL).await, before);
}

#[tokio::test]
async fn no_column_of_a_version_is_rewritten() {
    const NEXT: &str = "version_no = version_no + 1, valid_from_at = now()";
    let world = with_history().await;
    let both = [
        "valid_from_at = valid_from_at - interval '1 s'",
        "first_seen_at = first_seen_at - interval '1 s'",
        "status_since_at = status_since_at - interval '1 s'",
        "extra = '{\"forged\": true}'",
        "change_kind = 'reappeared'",
        "changed_columns = '{extra}'",
        "scan_id = scan_id - 1",
        &format!("{NEXT}, first_seen_at = first_seen_at - interval '1 s'"),
        &format!("{NEXT}, deleted_at = now() + interval '1 s', deleted_scan_id = scan_id"),
    ];
    let codes = [
        "access_token_id = access_token_id || 'x'",
        "status = 'forged'",
        "token_name = 'forged'",
        "description = 'forged'",
        "ttl_days = 7",
        "max_use_count = 7",
        "created_at = created_at - interval '1 s'",
    ];
    let devices =
        ["serial_number = serial_number || 'x'", "status = 'unbound', user_key = null", "activated_at = now()"];
    for (table, own) in [("access_tokens", &codes[..]), ("mfa_devices", &devices[..])] {
        for change in both.iter().chain(own) {
            let act = format!("update inventory.{table} set {change} where deleted_at is null");
            let refusal = refusal(&world, &act).await;
            assert!(refusal.contains("a version is never rewritten"), "refused for another reason: {act}: {refusal}");
        }
    }
}

#[tokio::test]
async fn the_database_itself_refuses_overlapping_and_empty_periods() {
    let world = with_history().await;
    // With the guard of the writer switched off, the constraints still stand.
    let forge = |statement: &str| format!("begin; set local session_replication_role = replica; {statement}; commit");
    for (statement, constraint) in [
        (
            "insert into inventory.access_token_history select account_id, access_token_id, version_no + 100,
             valid_from_at, valid_to_at, status, token_name, description, ttl_days, max_use_count, created_at, expires_at,
             extra, change_kind, changed_columns, close_reason, scan_id, closed_scan_id
             from inventory.access_token_history limit 1",
            "access_token_history_no_overlap",
        ),
        (
            "update inventory.access_token_history set valid_to_at = valid_from_at",
            "access_token_history_period_not_empty",
        ),
        (
            "insert into inventory.mfa_device_history select account_id, device_key, version_no + 100, valid_from_at,
             valid_to_at, status, user_key, activated_at, extra, change_kind, changed_columns, close_reason, scan_id,
             closed_scan_id from inventory.mfa_device_history limit 1",
            "mfa_device_history_no_overlap",
        ),
    ] {
        let mut conn = world.database.pool.acquire().await.unwrap();
        let error = sqlx::raw_sql(sqlx::AssertSqlSafe(forge(statement))).execute(&mut *conn).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().constraint(), Some(constraint), "{error}");
        conn.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_purge_takes_old_closed_rows_only_and_leaves_what_is_held() {
    let world = with_history().await;
    let held: String =
        world.database.value("select access_token_id from inventory.access_token_history order by 1 limit 1").await;
    sqlx::query(
        "insert into inventory.legal_holds (account_id, dataset, object_id, reason, placed_by, placed_at)
         select account_id, 'access-tokens', $1, 'case 7', 'auditor', now() from inventory.accounts",
    )
    .bind(&held)
    .execute(&world.database.pool)
    .await
    .unwrap();
    let open: i64 = world.database.value("select count(*) from inventory.access_tokens").await;
    let cutoff = world.emulator.now() + TimeDelta::days(1);
    let done = world.database.purge(cutoff, false).await;
    assert!(done.iter().any(|purge| purge.deleted_count > 0 && purge.held_count > 0), "{done:?}");
    let left = world.database.lines("select distinct access_token_id from inventory.access_token_history").await;
    assert_eq!(left, [held]);
    assert_eq!(world.database.value::<i64>("select count(*) from inventory.access_tokens").await, open);
    // A purge by hand, of what the policy lets go: the hold stands.
    let by_hand = refusal(
        &world,
        "begin;
         insert into inventory.retention_log (account_id, dataset, cutoff_at, is_dry_run, started_at, transaction_id)
         select account_id, dataset, now() - keep_seconds * interval '1 second', false, now(), '0'
         from inventory.retention_policies where dataset = 'access_token_history';
         delete from inventory.access_token_history;
         commit",
    )
    .await;
    assert!(by_hand.contains("legal hold"), "{by_hand}");
}

#[tokio::test]
async fn no_trigger_joins_the_rows_of_a_statement_one_by_one() {
    let joining = "
        select p.proname || ': ' || coalesce('enable_nestloop=off' = any(p.proconfig), false)
        from pg_proc p
        where p.pronamespace = 'inventory'::regnamespace
          and p.prorettype = 'trigger'::regtype
          and p.prosrc ~ 'join new_rows'
          and p.prosrc !~ 'execute' -- planned each time
        order by 1";
    let joining = TestDatabase::create().await.lines(joining).await;
    assert_eq!(joining, ["keep_access_token_history: true", "keep_mfa_device_history: true"]);
}
