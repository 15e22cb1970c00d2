//! A scan makes the inventory equal to the cloud, and one that finds nothing new writes nothing.

use chrono::TimeDelta;
use emulator::{AccessKey, AccountOptions, Fault, LifecycleRates};
use stocktake::{config::CredentialsConfig, inventory::Source};

use crate::support::{ACCOUNT_ID, World, account, applied, instant};

async fn lived_in() -> World {
    let world = World::of(account().generated(230, 130).rates(LifecycleRates::lively(230, 130)), |_| {}).await;
    world.scan_both().await;
    world
}

#[tokio::test]
async fn the_inventory_equals_the_cloud_after_every_scan() {
    let world = lived_in().await;
    for _ in 0..12 {
        world.advance(TimeDelta::hours(40));
        world.scan_both().await;
        for source in Source::ALL {
            assert_eq!(world.kept(source).await, world.truth(source));
        }
    }
    let deleted: i64 =
        world.database.value("select count(*) from inventory.access_tokens where deleted_at is not null").await;
    assert!(deleted > 0, "the simulated weeks should have deleted something");
}

#[tokio::test]
async fn a_scan_that_finds_nothing_new_writes_no_row() {
    let world = lived_in().await;
    let before = world.fingerprint().await;
    for source in Source::ALL {
        let report = world.scan_whole(source).await;
        let counts = applied(&report).counts;
        assert_eq!((counts.new, counts.changed, counts.deleted, counts.transitions), (0, 0, 0, 0));
        assert!(counts.unchanged > 100);
    }
    assert_eq!(world.fingerprint().await, before);
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
    let ids: Vec<String> = world.truth(Source::AccessTokens).into_keys().take(3).collect();
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
    let kept = world.kept(Source::AccessTokens).await;
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
    let before = world.kept(Source::AccessTokens).await;

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
    assert_eq!(world.kept(Source::AccessTokens).await, before);
}
