//! A scan makes the inventory equal to the cloud, and one that finds nothing new writes nothing.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use emulator::{AccessKey, AccountOptions, Fault, LifecycleRates};
use stocktake::{config::CredentialsConfig, inventory::Source};

use crate::support::{ACCOUNT_ID, World, account, applied, instant};

async fn lived_in() -> World {
    let world = World::of(account().generated(230, 130).rates(LifecycleRates::lively(230, 130)), |_| {}).await;
    world.scan_both().await;
    world
}

/// What the cloud holds, in the form of [`kept_codes`].
fn true_codes(world: &World) -> BTreeMap<String, String> {
    world.edit(|inventory| {
        inventory
            .tokens()
            .map(|code| {
                let facts = format!(
                    "{} {:?} {:?} {} {} {} {}",
                    code.status,
                    code.name,
                    code.description,
                    code.ttl_days,
                    code.count,
                    code.registered_count,
                    code.created_at.timestamp()
                );
                (code.id.clone(), facts)
            })
            .collect()
    })
}

async fn kept_codes(world: &World) -> BTreeMap<String, String> {
    type Row = (String, String, Option<String>, Option<String>, i32, i32, i32, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "select access_token_id, status, token_name, description, ttl_days, max_use_count, registered_count,
                extract(epoch from created_at)::bigint
         from reporting.access_tokens",
    )
    .fetch_all(&world.database.pool)
    .await
    .unwrap();
    rows.into_iter()
        .map(|(id, status, name, description, ttl_days, count, registered_count, created_at)| {
            (id, format!("{status} {name:?} {description:?} {ttl_days} {count} {registered_count} {created_at}"))
        })
        .collect()
}

fn true_devices(world: &World) -> BTreeMap<String, String> {
    world.edit(|inventory| {
        inventory
            .devices()
            .map(|device| {
                let user = device.user.as_ref();
                let facts = format!(
                    "{:?} {:?} {:?}",
                    user.map(|user| user.user_id.clone()),
                    user.map(|user| user.upn.clone()),
                    device.activated_at.map(|at| at.timestamp())
                );
                (device.serial_number.clone(), facts)
            })
            .collect()
    })
}

async fn kept_devices(world: &World) -> BTreeMap<String, String> {
    type Row = (String, Option<String>, Option<String>, Option<i64>);
    let rows: Vec<Row> = sqlx::query_as(
        "select d.serial_number, u.user_id, d.user_principal_name, extract(epoch from d.activated_at)::bigint
         from reporting_pii.mfa_devices d
         left join reporting_pii.mfa_users u using (account_id, user_key)",
    )
    .fetch_all(&world.database.pool)
    .await
    .unwrap();
    rows.into_iter().map(|(serial, user, name, at)| (serial, format!("{user:?} {name:?} {at:?}"))).collect()
}

#[tokio::test]
async fn the_inventory_equals_the_cloud_after_every_scan() {
    let world = lived_in().await;
    for _ in 0..12 {
        world.advance(TimeDelta::hours(40));
        world.scan_both().await;
        assert_eq!(kept_codes(&world).await, true_codes(&world));
        assert_eq!(kept_devices(&world).await, true_devices(&world));
    }
    let deleted: i64 =
        world.database.value("select count(*) from inventory.access_tokens where deleted_at is not null").await;
    assert!(deleted > 0, "the simulated weeks should have deleted something");
}

#[tokio::test]
async fn a_scan_that_finds_nothing_new_writes_no_row() {
    let world = lived_in().await;
    const ROWS: &str = "
        select md5(string_agg(entry, ',' order by entry)) from (
            select 't' || ctid || xmin as entry from inventory.access_tokens
            union all select 'd' || ctid || xmin from inventory.mfa_devices
            union all select 'u' || ctid || xmin from inventory.mfa_users
            union all select 'a' || ctid || xmin from inventory.accounts
            union all select 'h' || count(*) from inventory.access_token_history
            union all select 'H' || count(*) from inventory.mfa_device_history
            union all select 'x' || count(*) from inventory.access_token_transitions
            union all select 'X' || count(*) from inventory.mfa_device_transitions
            union all select 'U' || count(*) from inventory.access_token_usage
            union all select 'o' || count(*) from inventory.anomalies
        ) entries";
    let before: String = world.database.value(ROWS).await;
    for source in Source::ALL {
        let report = world.scan_whole(source).await;
        let counts = applied(&report).counts;
        assert_eq!((counts.new, counts.changed, counts.deleted, counts.transitions), (0, 0, 0, 0));
        assert!(counts.unchanged > 100);
    }
    assert_eq!(world.database.value::<String>(ROWS).await, before);
    // A row that was locked and not written would carry the locker in xmax.
    let locked: i64 = world.database.value("select count(*) from inventory.access_tokens where xmax <> 0").await;
    assert_eq!(locked, 0);
}

#[tokio::test]
async fn a_scan_asks_for_each_page_once_and_for_nothing_more() {
    let world = lived_in().await;
    world.emulator.clear_requests();
    world.scan_both().await;
    let asked = |action| world.emulator.requests().iter().filter(|request| request.action == action).count();
    assert_eq!(asked("ListAccessTokens"), 5, "230 codes in pages of 50");
    assert_eq!(asked("ListVirtualMFADevices"), 2, "130 devices in pages of 100");
    assert_eq!(asked("GetCallerIdentity"), 0, "whose keys they are was asked before");
}

#[tokio::test]
async fn a_refresh_updates_what_it_names_and_deletes_nothing() {
    let world = lived_in().await;
    let ids: Vec<String> = true_codes(&world).into_keys().take(3).collect();
    let (gone, used, unnamed) = (ids[0].clone(), ids[1].clone(), ids[2].clone());
    world.edit(|inventory| {
        inventory.remove_token(&gone);
        inventory.token_mut(&used).unwrap().description = Some("refreshed".into());
        inventory.token_mut(&unnamed).unwrap().description = Some("not asked for".into());
    });
    let refresh = stocktake::scan::Refresh { ids: vec![gone.clone(), used.clone()], ..Default::default() };
    let request = stocktake::worker::ScanRequest { refresh: Some(refresh), ..Default::default() };
    let report = world.scan_with(Source::AccessTokens, &request).await;
    assert!(report.is_success(), "{:?}", report.failure_line());
    assert_eq!(applied(&report).counts.changed, 1);
    let kept = kept_codes(&world).await;
    assert!(kept.contains_key(&gone), "a refresh proves no absence");
    assert!(kept[&used].contains("refreshed") && !kept[&unnamed].contains("not asked for"));
}

#[tokio::test]
async fn a_dry_run_says_what_would_change_and_writes_nothing() {
    let world = lived_in().await;
    world.advance(TimeDelta::days(5));
    const ALL: &str = "
        select format('%s %s %s %s',
            (select count(*) from inventory.scans), (select md5(string_agg(t::text, ',' order by access_token_id)) from inventory.access_tokens t),
            (select count(*) from inventory.access_token_history), (select md5(string_agg(g::text, ',' order by source)) from inventory.targets g))";
    let before: String = world.database.value(ALL).await;
    let request = stocktake::worker::ScanRequest { is_rehearsal: true, ..Default::default() };
    let rehearsed = world.scan_with(Source::AccessTokens, &request).await;
    assert_eq!(world.database.value::<String>(ALL).await, before);
    let done = world.scan_whole(Source::AccessTokens).await;
    assert_eq!(applied(&rehearsed).counts, applied(&done).counts);
    assert!(applied(&done).counts.changed > 0);
}

#[tokio::test]
async fn a_key_of_another_account_changes_nothing() {
    let world =
        World::of(account().generated(10, 10), |config| config.accounts[0].id = Some("1000000000000001".into())).await;
    let report = world.scan(Source::AccessTokens).await;
    let line = report.failure_line().unwrap();
    assert!(line.contains("1000000000000001") && line.contains(ACCOUNT_ID) && line.contains("account.id"), "{line}");
    assert_eq!(world.database.value::<i64>("select count(*) from inventory.scans").await, 0);
    assert_eq!(world.database.value::<i64>("select count(*) from inventory.accounts").await, 0);
}

#[tokio::test]
async fn keys_that_are_exchanged_for_another_accounts_write_nothing() {
    const OTHER_ID: &str = "1999999999990001";
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("credentials.ini");
    let write_keys = |id: &str, secret: &str| {
        let text = format!("[default]\ntype = access_key\naccess_key_id = {id}\naccess_key_secret = {secret}\n");
        std::fs::write(&file, text).unwrap();
    };
    write_keys("LTAI5tTest", "test-secret");
    let other = AccountOptions::new(OTHER_ID).key(AccessKey::new("LTAI5tOther", "other-secret")).generated(3, 3);
    let world = World::of_accounts(instant("2026-06-01T08:00:00Z"), [account().generated(10, 10), other], |config| {
        config.accounts[0].id = None;
        config.accounts[0].credentials = CredentialsConfig::Profile { file: Some(file.clone()), profile: None };
    })
    .await;
    world.scan_both().await;
    let before = kept_codes(&world).await;

    write_keys("LTAI5tOther", "other-secret");
    // The old session ends in the middle of a scan: the request is sent again with the new keys.
    world.emulator.add_fault(
        Fault::error(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
            .account(ACCOUNT_ID)
            .action("ListAccessTokens"),
    );
    let report = world.scan(Source::AccessTokens).await;
    let line = report.failure_line().unwrap();
    assert!(line.contains("exchanged") && line.contains(OTHER_ID), "{line}");
    assert_eq!(kept_codes(&world).await, before);
}
