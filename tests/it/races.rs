//! Several programs at one database: whoever comes first, the inventory stays one history.

use std::process::Stdio;

use chrono::TimeDelta;
use stocktake::{
    clock::Clock,
    inventory::Source,
    store::{NewHold, Outcome, Store},
    worker::{ScanRequest, TargetOutcome, TargetReport, Worker},
};

use crate::support::{
    ACCOUNT_ID, Desk, TestDatabase, World, account, applied,
    desk::ended,
    gate::Gate,
    pg_proxy::{CLOSE, PgProxy},
};

/// A world that was scanned, and a proxy between its worker and the database.
async fn behind_a_proxy() -> (World, PgProxy) {
    let world = World::of(account().generated(30, 10), |_| {}).await;
    world.scan_both().await;
    let proxy = PgProxy::start(&world.database.url).await;
    let database = TestDatabase::open(proxy.url().to_owned()).await;
    (world.on(&database), proxy)
}

async fn scan_by(worker: &Worker, source: Source) -> TargetReport {
    worker.scan(&worker.accounts()[0], source, &ScanRequest::default()).await
}

fn remove_codes(world: &World, count: usize) {
    world.edit(|inventory| {
        let ids: Vec<String> = inventory.tokens().map(|code| code.id.clone()).take(count).collect();
        ids.iter().for_each(|id| drop(inventory.remove_token(id)));
    });
}

async fn live_count(world: &World) -> i64 {
    world.database.value("select count(*) from reporting.access_tokens").await
}

async fn ledger(world: &World) -> Vec<String> {
    world
        .database
        .lines("select outcome, error_code from reporting.scans where source = 'access-tokens' order by scan_id")
        .await
}

#[tokio::test]
async fn two_workers_keep_one_history() {
    let world = World::of(account().generated(30, 10), |_| {}).await;
    let other = TestDatabase::open(world.database.url.clone()).await;
    let other = world.another_worker(&other);
    for round in 0..6 {
        remove_codes(&world, 1);
        world.advance(TimeDelta::seconds(1));
        let scans =
            [&world.worker, &other].into_iter().flat_map(|worker| Source::ALL.map(|source| scan_by(worker, source)));
        let reports = futures::future::join_all(scans).await;
        for report in &reports {
            let is_fine = report.is_success() || matches!(report.outcome, TargetOutcome::Busy);
            assert!(is_fine, "round {round}: {:?}", report.failure_line());
        }
        assert!(reports.iter().filter(|report| report.is_success()).count() >= 2, "one of each target at least");
        assert_eq!(live_count(&world).await, 29 - round);
    }
    let deleted = "select count(*) from inventory.access_token_history where close_reason = 'deleted'";
    assert_eq!(world.database.value::<i64>(deleted).await, 5, "the first code went before it was seen");
}

#[tokio::test]
async fn of_two_programs_that_sync_at_once_one_scans_and_the_other_says_busy() {
    let desk = Desk::new().await;
    let proxy = PgProxy::start(&desk.database.url).await;
    let signal = proxy.pause("select array_agg(digest)");
    let mut first = desk.command(&["sync", "--source", "access-tokens"]);
    let first = first.env("DATABASE_URL", proxy.url()).stdout(Stdio::null()).spawn().unwrap();
    proxy.wait_for("select array_agg(digest)", 1).await;
    let second = ended(desk.command(&["sync", "--source", "access-tokens"])).await;
    second.expect_failure(3, &["prod", ACCOUNT_ID, "access-tokens", "busy", "another worker"]);
    signal.notify_one();
    let first = tokio::task::spawn_blocking(move || first.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(first.status.code(), Some(0));
    let outcomes = desk.database.lines("select outcome from reporting.scans").await;
    assert_eq!(outcomes, ["complete"], "one scan was recorded, and applied");
}

#[tokio::test]
async fn a_slow_scan_whose_lock_was_lost_is_not_applied_after_a_newer_one() {
    let world = World::of(account().generated(30, 0), |_| {}).await;
    world.scan_whole(Source::AccessTokens).await;
    // The old scan waits for an answer of the API, which lists all.
    let gate = Gate::start(world.emulator.addr()).await;
    let slow = world.worker_at(&gate.url());
    let newer = async {
        gate.wait_for_request().await;
        let terminate = "select pg_terminate_backend(pid, 10000) from pg_locks
                         where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
        world.database.execute(terminate).await;
        remove_codes(&world, 2);
        let report = world.scan_whole(Source::AccessTokens).await;
        assert_eq!(applied(&report).counts.deleted, 2);
        gate.open();
    };
    let (old, ()) = tokio::join!(scan_by(&slow, Source::AccessTokens), newer);
    assert_eq!(applied(&old).outcome, Outcome::Abandoned, "{:?}", old.failure_line());
    assert!(old.failure_line().unwrap().contains("nothing was changed"), "{:?}", old.failure_line());
    assert_eq!(live_count(&world).await, 28);
    assert_eq!(ledger(&world).await, ["complete | ", "abandoned | worker_died", "complete | "]);
}

#[tokio::test]
async fn a_scan_that_another_one_overtook_is_not_applied() {
    for removed_count in [1, 0] {
        overtake_a_scan_that_misses(removed_count).await;
    }
}

/// Without a row to write the fence is asked by the last statement alone.
async fn overtake_a_scan_that_misses(code_count: usize) {
    let (world, proxy) = behind_a_proxy().await;
    remove_codes(&world, code_count);
    let signal = proxy.pause("select array_agg(digest)");
    // As if the lock had been lost without the connection, and another worker had scanned and applied meanwhile.
    let overtake = async {
        proxy.wait_for("select array_agg(digest)", 1).await;
        world.database.execute("update inventory.targets set applied_scan_id = applied_scan_id + 1000").await;
        signal.notify_one();
    };
    let (report, ()) = tokio::join!(world.scan(Source::AccessTokens), overtake);
    assert_eq!(applied(&report).outcome, Outcome::Abandoned, "{:?}", report.failure_line());
    assert_eq!(live_count(&world).await, 30);
    assert_eq!(ledger(&world).await, ["complete | ", "abandoned | overtaken"]);
}

#[tokio::test]
async fn two_scans_of_one_target_take_turns_and_say_so() {
    let (world, proxy) = behind_a_proxy().await;
    let signal = proxy.pause("select array_agg(digest)");
    let second = async {
        proxy.wait_for("select array_agg(digest)", 1).await;
        let second = world.scan(Source::AccessTokens).await;
        signal.notify_one();
        second
    };
    let (first, second) = tokio::join!(world.scan(Source::AccessTokens), second);
    assert!(first.is_success(), "{:?}", first.failure_line());
    assert!(second.failure_line().unwrap().contains("another worker"), "{:?}", second.failure_line());
}

#[tokio::test]
async fn a_migration_run_and_a_scan_do_not_disturb_each_other() {
    let (world, proxy) = behind_a_proxy().await;
    remove_codes(&world, 1);
    // In mid-transaction, with the fence's row locked and the tombstone about to be written.
    let signal = proxy.pause("with buried as");
    let migrate = async {
        proxy.wait_for("with buried as", 1).await;
        let (one, other) = tokio::join!(world.database.store.migrate(), world.database.store.migrate());
        assert_eq!((one.unwrap().applied_count, other.unwrap().applied_count), (0, 0));
        signal.notify_one();
    };
    let (report, ()) = tokio::join!(world.scan(Source::AccessTokens), migrate);
    assert_eq!(applied(&report).counts.deleted, 1, "{:?}", report.failure_line());
    world.database.store.check_schema().await.unwrap();
}

#[tokio::test]
async fn a_purge_and_a_scan_do_not_disturb_each_other() {
    let (world, proxy) = behind_a_proxy().await;
    remove_codes(&world, 2);
    world.scan_whole(Source::AccessTokens).await;
    world.advance(TimeDelta::days(30));
    remove_codes(&world, 1);
    let history = "select count(*) from inventory.access_token_history where close_reason = 'deleted'";
    assert_eq!(world.database.value::<i64>(history).await, 2);
    let signal = proxy.pause(CLOSE);
    let purge = async {
        proxy.wait_for(CLOSE, 2).await;
        // The second scan has written its third version, and nobody sees it yet.
        let purges = world.database.purge(world.clock.now() - TimeDelta::days(15), false).await;
        let history = purges.iter().find(|purge| purge.dataset == "access_token_history").unwrap();
        assert_eq!(history.deleted_count, 2);
        signal.notify_one();
    };
    let (report, ()) = tokio::join!(world.scan(Source::AccessTokens), purge);
    assert_eq!(applied(&report).counts.deleted, 1, "{:?}", report.failure_line());
    assert_eq!(world.database.value::<i64>(history).await, 1);
}

#[tokio::test]
async fn a_hold_that_is_placed_during_a_purge_or_a_scan_counts_at_once() {
    const BATCH: &str = "select cutoff_at as";
    let (world, proxy) = behind_a_proxy().await;
    remove_codes(&world, 2);
    world.scan_whole(Source::AccessTokens).await;
    world.advance(TimeDelta::days(30));
    remove_codes(&world, 1);
    world.database.let_go_before(world.clock.now() - TimeDelta::days(15)).await;

    let deleted = "select access_token_id from inventory.access_token_history where close_reason = 'deleted' order by valid_to_at";
    let scan_goes_on = proxy.pause("with buried as");
    let others = async {
        proxy.wait_for("with buried as", 2).await;
        let purge_proxy = PgProxy::start(&world.database.url).await;
        let purging = Store::connect(purge_proxy.url(), 2).await.unwrap().with_purge_batches_of(1);
        let purge_goes_on = purge_proxy.pause_nth(2, BATCH);
        let place = async {
            // The purge has counted two and deleted one.
            purge_proxy.wait_for(BATCH, 2).await;
            let left = world.database.lines(deleted).await;
            assert_eq!(left.len(), 1, "{left:?}");
            let hold = NewHold {
                account: ACCOUNT_ID,
                dataset: Some(Source::AccessTokens),
                object_id: Some(&left[0]),
                reason: "case 7",
                placed_by: "auditor",
            };
            world.database.store.add_hold(&hold, &world.clock).await.unwrap();
            purge_goes_on.notify_one();
            left
        };
        let (purges, left) = tokio::join!(purging.purge(false), place);
        let history = &purges.unwrap().unwrap()[0];
        assert_eq!((history.matched_count, history.held_count, history.deleted_count), (2, 0, 1));
        scan_goes_on.notify_one();
        left
    };
    let (report, left) = tokio::join!(world.scan(Source::AccessTokens), others);
    assert!(report.is_success(), "{:?}", report.failure_line());
    let kept = world.database.lines(deleted).await;
    assert_eq!(kept.len(), 2, "what is held, and what the scan closed");
    assert_eq!(kept[0], left[0]);
}
