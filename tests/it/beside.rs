//! The database works beside the reading: neither waits for the other, and what comes of it is the same.

use std::time::Duration;

use stocktake::{inventory::Source, store::Counts};

use crate::support::{TestDatabase, World, account, applied, pg_proxy::PgProxy, stock};

/// Pages of codes, more than are read ahead of a reader that stands still.
const PAGES: u64 = 30;

/// A world that knows 1,500 codes, of which since then some were changed, one deleted and one added; and its database
/// behind a proxy.
async fn changed(is_changed: fn(usize) -> bool) -> (World, PgProxy) {
    let world = World::of(account().inventory(stock(1_500, 10)), |config| config.api.requests_per_second = 1_000).await;
    world.scan_both().await;
    world.edit(|inventory| {
        let ids: Vec<String> = inventory.tokens().map(|token| token.id.clone()).collect();
        for (_, id) in ids.iter().enumerate().filter(|(number, _)| is_changed(*number)) {
            inventory.token_mut(id).unwrap().description = Some("changed".into());
        }
        let mut added = inventory.remove_token(&ids[1_499]).unwrap();
        added.id = "at-added".into();
        assert!(inventory.insert_token(added).is_none());
    });
    let proxy = PgProxy::start(&world.database.url).await;
    let world = world.on(&TestDatabase::open(proxy.url().to_owned()).await);
    world.emulator.clear_requests();
    (world, proxy)
}

/// Scans the codes, whose first `statement` is kept waiting until so many pages were read.
async fn scan_while(world: &World, proxy: &PgProxy, statement: &'static str, page_count: u64) -> Counts {
    let go_on = proxy.pause(statement);
    let reading = async {
        proxy.wait_for(statement, 1).await;
        while world.emulator.request_count_of("ListAccessTokens") < page_count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        go_on.notify_one();
    };
    let scanning = async { tokio::join!(world.scan_whole(Source::AccessTokens), reading).0 };
    let report = tokio::time::timeout(Duration::from_secs(60), scanning).await.expect("the pages are read meanwhile");
    applied(&report).counts
}

#[tokio::test]
async fn pages_are_read_while_the_digests_are_loaded() {
    let (world, proxy) = changed(|number| number % 15 == 0).await;
    let counts = scan_while(&world, &proxy, "select array_agg(digest)", PAGES).await;
    assert_eq!((counts.new, counts.changed, counts.deleted, counts.unchanged), (1, 100, 1, 1_399));
    let again = world.scan_whole(Source::AccessTokens).await;
    assert_eq!(applied(&again).counts.unchanged, 1_500);
}

#[tokio::test]
async fn pages_are_read_while_changes_are_compared_and_staged() {
    for statement in ["select t.access_token_id as id", "copy staged_access_tokens"] {
        let (world, proxy) = changed(|number| number < 600).await;
        let counts = scan_while(&world, &proxy, statement, PAGES).await;
        assert_eq!((counts.new, counts.changed, counts.deleted, counts.unchanged), (1, 600, 1, 899), "{statement}");
        let again = world.scan_whole(Source::AccessTokens).await;
        assert_eq!(applied(&again).counts.unchanged, 1_500, "{statement}");
    }
}
