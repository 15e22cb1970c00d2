//! Whatever the database does in mid-scan: nothing is half applied, and what is said of it is true.

mod outage;
mod refusals;
mod silence;

use std::time::Duration;

use emulator::AccountOptions;
use stocktake::{inventory::Source, store::Store, worker::TargetReport};
use tokio::time::timeout;

use crate::support::{TestDatabase, World, account, applied, pg_proxy::PgProxy};

/// Short enough to test: a server that works, however slowly, is waited for all the same.
const PATIENCE: Duration = Duration::from_millis(200);

/// A world of some codes and devices, scanned once, from which then a code is taken; its worker reaches the database
/// through a proxy.
/// The store ends what hangs by itself, and long before this.
const HANGS: Duration = Duration::from_secs(60);

async fn behind_a_proxy() -> (World, PgProxy) {
    let world = World::of(stock(), |_| {}).await;
    world.scan_both().await;
    change(&world);
    let proxy = PgProxy::start(&world.database.url).await;
    let database = TestDatabase::open(proxy.url().to_owned()).await;
    let database = TestDatabase { store: database.store.with_patience(PATIENCE), ..database };
    (world.on(&database), proxy)
}

fn stock() -> AccountOptions {
    account().generated(20, 5)
}

/// Scans the codes.
async fn scan(world: &World) -> TargetReport {
    timeout(HANGS, world.scan(Source::AccessTokens)).await.expect("the scan hangs")
}

/// Lets one code vanish and another change: its version is closed before the tombstone is written, so that half a scan
/// would show.
fn change(world: &World) {
    world.edit(|inventory| {
        let ids: Vec<_> = inventory.tokens().take(2).map(|code| code.id.clone()).collect();
        inventory.remove_token(&ids[0]);
        inventory.token_mut(&ids[1]).unwrap().description = Some("changed".into());
    });
}

async fn live_count(world: &World) -> i64 {
    world.database.value("select count(*) from reporting.access_tokens").await
}

async fn closed_count(world: &World) -> i64 {
    world.database.value("select count(*) from inventory.access_token_history").await
}

/// The last entry of the ledger for the codes.
async fn recorded(world: &World) -> String {
    let mut lines = world
        .database
        .lines(
            "select outcome, error_code, coalesce(error_message, '') from reporting.scans
             where source = 'access-tokens' order by scan_id desc limit 1",
        )
        .await;
    lines.remove(0)
}

/// Expects that nothing of the scan was applied, that its line says so with `words`, and that the next scan is whole.
async fn expect_nothing_changed(world: &World, report: &TargetReport, words: &[&str]) {
    let line = report.failure_line().expect("a failure");
    assert_eq!(line.lines().count(), 1, "{line}");
    for word in words.iter().chain(&["nothing was changed"]) {
        assert!(line.contains(word), "`{word}` is not in: {line}");
    }
    assert_eq!((live_count(world).await, closed_count(world).await), (20, 0), "{line}");
    expect_recovery(world).await;
}

async fn expect_recovery(world: &World) {
    let report = world.scan_whole(Source::AccessTokens).await;
    assert_eq!(applied(&report).counts.deleted, 1);
    assert_eq!((live_count(world).await, closed_count(world).await), (19, 2));
    let running: i64 = world.database.value("select count(*) from inventory.scans where outcome = 'running'").await;
    assert_eq!(running, 0);
}

/// A store through the proxy with so many connections.
async fn store_behind(proxy: &PgProxy, connection_count: usize) -> Store {
    Store::connect(proxy.url(), connection_count).await.unwrap().with_patience(PATIENCE)
}
