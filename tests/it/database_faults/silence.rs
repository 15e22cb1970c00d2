//! Connections that break or fall silent, at the commit above all.

use std::{future::pending, sync::Arc};

use stocktake::{
    inventory::Source,
    store::Outcome,
    worker::{ScanRequest, TargetOutcome},
};
use tokio::{sync::Notify, time::timeout};

use super::{HANGS, PATIENCE, behind_a_proxy, expect_nothing_changed, live_count, recorded, scan, store_behind};
use crate::support::{
    applied,
    pg_proxy::{CLOSE, Moment, OPEN, Then},
};

/// What the store asks of a session that has not answered for long.
const LOOK: &str = "select (state = 'active'";

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_reported_as_it_is() {
    for then in [|| Then::Cut, || Then::Hold] {
        let (world, proxy) = behind_a_proxy().await;
        proxy.at("commit", Moment::After, then);
        let report = scan(&world).await;
        assert!(report.is_success(), "it was applied: {:?}", report.failure_line());
        assert_eq!((applied(&report).counts.deleted, live_count(&world).await), (1, 19));
        assert_eq!(recorded(&world).await, "complete |  | ");
        proxy.pass();
        let report = world.scan_whole(Source::AccessTokens).await;
        assert_eq!(applied(&report).counts.deleted, 0);
    }
}

#[tokio::test]
async fn a_commit_that_did_not_arrive_is_a_failure() {
    for then in [|| Then::Cut, || Then::Hold] {
        let (world, proxy) = behind_a_proxy().await;
        proxy.at("commit", Moment::Before, then);
        let report = scan(&world).await;
        assert_eq!(applied(&report).outcome, Outcome::Failed);
        assert!(recorded(&world).await.starts_with("failed | "), "{}", recorded(&world).await);
        proxy.pass();
        expect_nothing_changed(&world, &report, &["database"]).await;
    }
}

#[tokio::test]
async fn the_end_of_a_scan_that_writes_no_row_is_a_commit_by_itself() {
    for then in [|| Then::Cut, || Then::Hold] {
        for (moment, outcome, entries) in [
            (Moment::Before, Outcome::Failed, ["complete", "failed"]),
            (Moment::After, Outcome::Complete, ["complete", "complete"]),
        ] {
            let (world, proxy) = behind_a_proxy().await;
            proxy.at(CLOSE, moment, then);
            let report = timeout(HANGS, world.scan(Source::MfaDevices)).await.expect("the scan hangs");
            assert_eq!(applied(&report).outcome, outcome, "{:?}", report.failure_line());
            assert!(proxy.seen().iter().all(|trip| trip.statement != "begin"), "{:?}", proxy.seen());
            let ledger = "select outcome from reporting.scans where source = 'mfa-devices' order by scan_id";
            assert_eq!(world.database.lines(ledger).await, entries);
            let newest =
                "select case when max(s.scan_id) filter (where s.outcome = 'complete') = min(t.complete_scan_id)
                                      then 'taken on' end
                          from inventory.scans s join inventory.targets t using (account_id, source)
                          where source = 'mfa-devices'";
            assert_eq!(world.database.lines(newest).await, ["taken on"]);
            proxy.pass();
        }
    }
}

#[tokio::test]
async fn a_commit_that_nobody_can_be_asked_about_is_said_to_be_in_doubt() {
    let (world, proxy) = behind_a_proxy().await;
    let is_over = std::sync::atomic::AtomicBool::new(false);
    proxy.script(move |trip, moment| {
        let is_commit = trip.statement == "commit" && moment == Moment::After;
        if is_over.fetch_or(is_commit, std::sync::atomic::Ordering::SeqCst) || is_commit {
            return Then::Cut;
        }
        Then::Pass
    });
    let report = scan(&world).await;
    let line = report.failure_line().unwrap();
    assert!(matches!(&report.outcome, TargetOutcome::Unrecorded(trouble) if trouble.code == "in_doubt"), "{line}");
    assert!(line.contains("stocktake status") && !line.contains("nothing was changed"), "{line}");
    proxy.pass();
    assert_eq!(live_count(&world).await, 19, "it was applied");
    world.scan_whole(Source::AccessTokens).await;
}

#[tokio::test]
async fn a_connection_that_is_cut_in_mid_scan_changes_nothing_and_is_recorded() {
    for statement in ["select array_agg(digest)", "create temp", "begin", "with buried as", CLOSE] {
        let (world, proxy) = behind_a_proxy().await;
        proxy.at(statement, Moment::Before, || Then::Cut);
        let report = scan(&world).await;
        assert_eq!(applied(&report).outcome, Outcome::Failed, "{statement}");
        let entry = recorded(&world).await;
        assert!(entry.starts_with("failed | connection_lost | "), "{statement}: {entry}");
        proxy.pass();
        expect_nothing_changed(&world, &report, &["the connection to the database broke"]).await;
    }
}

#[tokio::test]
async fn a_silent_connection_ends_its_scan_and_harms_no_other() {
    for statement in [OPEN, "select array_agg(digest)", "with buried as", CLOSE] {
        let (world, proxy) = behind_a_proxy().await;
        let silent = Arc::new(std::sync::OnceLock::new());
        proxy.script(move |trip, moment| {
            if moment == Moment::Before && trip.statement.starts_with(statement) {
                silent.get_or_init(|| trip.connection);
            }
            if silent.get() == Some(&trip.connection) { Then::Hold } else { Then::Pass }
        });
        let report = scan(&world).await;
        assert!(world.scan(Source::MfaDevices).await.is_success(), "{statement}");
        proxy.pass();
        world.database.end_sessions().await;
        expect_nothing_changed(&world, &report, &["silent for", "not at work"]).await;
    }
}

#[tokio::test]
async fn a_database_that_never_says_whether_the_target_is_free_changes_nothing() {
    let (world, proxy) = behind_a_proxy().await;
    proxy.script(|trip, moment| {
        let asks = moment == Moment::Before && trip.statement.starts_with("select pg_backend_pid()");
        if asks { Then::Hold } else { Then::Pass }
    });
    let report = scan(&world).await;
    proxy.pass();
    world.database.end_sessions().await;
    expect_nothing_changed(&world, &report, &["cannot be reached", "no answer within"]).await;
}

#[tokio::test]
async fn a_database_that_falls_silent_ends_all_scans_and_the_next_ones_work() {
    let (world, proxy) = behind_a_proxy().await;
    let is_over = std::sync::atomic::AtomicBool::new(false);
    proxy.script(move |trip, _| {
        let begins = trip.statement.starts_with("select array_agg(digest)");
        if is_over.fetch_or(begins, std::sync::atomic::Ordering::SeqCst) || begins { Then::Hold } else { Then::Pass }
    });
    let reports = world.worker.scan_all(None, None, &ScanRequest::default()).await;
    for report in &reports {
        let line = report.failure_line().unwrap();
        assert!(line.contains("silent") || line.contains("cannot be reached"), "{line}");
    }
    proxy.pass();
    world.database.end_sessions().await;
    world.scan_whole(Source::MfaDevices).await;
    expect_nothing_changed(&world, &reports[0], &[]).await;
}

#[tokio::test]
async fn a_long_honest_apply_is_not_cut() {
    let (world, proxy) = behind_a_proxy().await;
    world
        .database
        .execute(
            "create function public.dawdle() returns trigger language plpgsql security definer as
             $$ begin perform pg_advisory_xact_lock(4711); return null; end $$;
             create constraint trigger dawdle after update on inventory.access_tokens
                 deferrable initially deferred for each row execute function public.dawdle()",
        )
        .await;
    // The commit waits for this lock; the store asks after it again and again.
    let mut holder = world.database.pool.acquire().await.unwrap();
    sqlx::query("select pg_advisory_lock(4711)").execute(&mut *holder).await.unwrap();
    let release = async {
        proxy.wait_for(LOOK, 4).await;
        sqlx::query("select pg_advisory_unlock(4711)").execute(&mut *holder).await.unwrap();
        pending().await
    };
    let report = tokio::select! { report = scan(&world) => report, report = release => report };
    assert!(report.is_success(), "{:?}", report.failure_line());
    assert_eq!(live_count(&world).await, 19);
}

#[tokio::test]
async fn an_answer_that_comes_late_is_taken() {
    let (world, proxy) = behind_a_proxy().await;
    let signal = Arc::new(Notify::new());
    let late = Arc::clone(&signal);
    proxy.at("commit", Moment::After, move || Then::Await(Arc::clone(&late)));
    let release = async {
        proxy.wait_for(LOOK, 1).await;
        signal.notify_one();
        pending().await
    };
    let report = tokio::select! { report = scan(&world) => report, report = release => report };
    assert!(report.is_success(), "{:?}", report.failure_line());
}

#[tokio::test]
async fn a_peer_that_dies_silently_costs_no_connection() {
    let (_world, proxy) = behind_a_proxy().await;
    let store = store_behind(&proxy, 2).await;
    for _ in 0..2 {
        proxy.script(|trip, moment| {
            if moment == Moment::Before && trip.statement.starts_with("select") { Then::Hold } else { Then::Pass }
        });
        // As the status page asks: with a patience of its own, and two of two connections at once.
        let ask = || timeout(PATIENCE, store.overview(1, chrono::DateTime::UNIX_EPOCH));
        let (one, other) = tokio::join!(ask(), ask());
        assert!(!matches!(one, Ok(Ok(_))) && !matches!(other, Ok(Ok(_))));
        proxy.script(|_, _| Then::Pass); // those that are held stay held
        let (one, other) = tokio::join!(store.schema_state(), store.overview(1, chrono::DateTime::UNIX_EPOCH));
        one.unwrap();
        other.unwrap();
    }
}
