//! Connections to the database: handed on while there is work, and ended when there is none.

use std::time::Duration;

use stocktake::{inventory::Source, worker::ScanRequest};

use crate::support::{
    TestDatabase, World, account,
    pg_proxy::{CLOSE, OPEN, PgProxy},
    stock,
};

const SESSIONS: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'stocktake'";

fn connect_count(proxy: &PgProxy) -> usize {
    proxy.seen().iter().filter(|trip| trip.statement == "connect").count()
}

#[tokio::test]
async fn scans_that_follow_each_other_share_a_connection_which_ends_when_nobody_asks_for_it() {
    let world = World::of(account().inventory(stock(30, 10)), |_| {}).await;
    let proxy = PgProxy::start(&world.database.url).await;
    let world = world.on(&TestDatabase::open(proxy.url().to_owned()).await);
    let before = connect_count(&proxy);
    for _ in 0..3 {
        world.scan_both().await;
    }
    assert!(connect_count(&proxy) - before <= 1, "six scans: {:?}", proxy.seen());
    for _ in 0..300 {
        if world.database.value::<i64>(SESSIONS).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("connections are open half a minute after the last scan");
}

#[tokio::test]
async fn a_scan_that_finds_nothing_new_asks_the_database_five_questions() {
    let world = World::of(account().inventory(stock(30, 10)), |_| {}).await;
    world.scan_both().await;
    let proxy = PgProxy::start(&world.database.url).await;
    let world = world.on(&TestDatabase::open(proxy.url().to_owned()).await);
    for source in Source::ALL {
        // The first time each statement has to be prepared.
        world.scan_whole(source).await;
        let before = proxy.seen().len();
        world.scan_whole(source).await;
        let asked: Vec<_> = proxy.seen().into_iter().skip(before).map(|trip| trip.statement).collect();
        let beginnings =
            ["select pg_backend_pid()", OPEN, "select array_agg(digest)", CLOSE, "select pg_advisory_unlock_all()"];
        assert_eq!(asked.len(), beginnings.len(), "{asked:#?}");
        for (statement, beginning) in asked.iter().zip(beginnings) {
            assert!(statement.starts_with(beginning), "not {beginning}: {statement}");
        }
    }
}

#[tokio::test]
async fn what_a_rehearsal_leaves_open_is_handed_to_nobody() {
    let world = World::of(account().inventory(stock(30, 10)), |_| {}).await;
    let rehearsal = ScanRequest { is_rehearsal: true, ..ScanRequest::default() };
    assert!(world.scan_with(Source::AccessTokens, &rehearsal).await.is_success());
    world.scan_whole(Source::AccessTokens).await;
    assert_eq!(world.database.value::<i64>("select count(*) from reporting.access_tokens").await, 30);
}
