//! A wedged API ends its scan by the deadline and keeps nobody else waiting; a stop ends every wait.

use std::{sync::Arc, time::Duration};

use emulator::{AccessKey, AccountOptions, Fault, RequestView};
use futures::future::join_all;
use stocktake::{
    config::CredentialsConfig,
    inventory::Source::{AccessTokens, MfaDevices},
    schedule::Trigger,
    worker::serve,
};

use crate::support::estate::{Estate, Log, cloud_account, id, name, words};

/// Long enough for what comes before the silence, whose end the tests wait for.
const DEADLINE: Duration = Duration::from_secs(2);

/// Accounts whose scans would fill every place that is bounded.
const MANY: usize = 30;

#[tokio::test]
async fn the_deadline_ends_every_wait_of_a_scan_and_what_was_seen_is_kept() {
    let accounts = (0..6).map(|n| cloud_account(n).generated(if n == 0 { 60 } else { 5 }, 3));
    let estate = Estate::with(accounts, |config| config.scan.deadline = DEADLINE).await;
    // The look-up of a vanished code, in an account that was read whole before.
    assert!(estate.scan(4, AccessTokens).await.is_success());
    estate.emulator.with_account(&id(4), |inventory| {
        let gone = inventory.tokens().next().unwrap().id.clone();
        inventory.remove_token(&gone);
    });
    let hang = |n: usize, action: &str| Fault::hang().account(id(n)).action(action).always();
    for fault in [
        hang(0, "ListAccessTokens").page(2),
        hang(1, "ListVirtualMFADevices"),
        hang(2, "GetCallerIdentity"),
        Fault::trickle(1, DEADLINE).account(id(3)).action("ListAccessTokens").always(),
        hang(4, "ListAccessTokens").when(|request| request.parameter("AccessTokenId.1").is_some()),
    ] {
        estate.emulator.add_fault(fault);
    }
    let targets =
        [(0, AccessTokens), (1, MfaDevices), (2, MfaDevices), (3, AccessTokens), (4, AccessTokens), (5, MfaDevices)];
    let reports = join_all(targets.map(|(n, source)| estate.scan(n, source))).await;
    let ends: Vec<_> = reports.iter().map(words).collect();
    assert_eq!(
        ends,
        [
            ("incomplete", "deadline"),
            ("failed", "deadline"),
            ("failed", "deadline"),
            ("failed", "deadline"),
            ("incomplete", "deadline"),
            ("complete", ""),
        ]
    );
    for report in &reports[..5] {
        let line = report.failure_line().unwrap();
        assert!(line.contains("took longer than 2s") && line.contains("raise scan.deadline"), "{line}");
    }
    assert!(reports[2].failure_line().unwrap().contains("STS"), "{:?}", reports[2].failure_line());
    let live = "select account_name, count(*)::text from reporting.access_tokens group by 1 order by 1";
    assert_eq!(estate.database.lines(live).await, ["a00 | 50", "a04 | 5"], "what was seen is kept, nothing is deleted");
    let recorded = "select account_name, outcome from reporting.scans where error_code = 'deadline' order by 1";
    assert_eq!(
        estate.database.lines(recorded).await,
        ["a00 | incomplete", "a01 | failed", "a02 | failed", "a03 | failed", "a04 | incomplete"]
    );
}

#[tokio::test]
async fn deadline_and_stop_end_the_last_question_whose_keys_they_are_and_nothing_is_applied() {
    for is_stopped in [false, true] {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("keys.ini");
        let write = {
            let file = file.clone();
            move |key_id: &str| {
                let text = format!("[p]\ntype=access_key\naccess_key_id={key_id}\naccess_key_secret=rotating-secret\n");
                std::fs::write(&file, text).unwrap();
            }
        };
        write("LTAI5tOld");
        let keys = ["LTAI5tOld", "LTAI5tNew"].map(|key_id| AccessKey::new(key_id, "rotating-secret"));
        let account = keys.into_iter().fold(cloud_account(0), AccountOptions::key);
        let estate = Estate::with([account], |config| {
            config.accounts[0].credentials =
                CredentialsConfig::Profile { file: Some(file.clone()), profile: Some("p".into()) };
            if !is_stopped {
                config.scan.deadline = DEADLINE;
            }
        })
        .await;
        // The keys are exchanged while the listing is read, and nobody tells whose the new ones are.
        let expired = Fault::error(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.");
        let exchange = move |_: &RequestView<'_>| {
            write("LTAI5tNew");
            true
        };
        estate.emulator.add_fault(expired.action("ListAccessTokens").when(exchange));
        estate.emulator.add_fault(Fault::hang().action("GetCallerIdentity").after(1).always());
        let stop = async {
            estate.emulator.wait_for_requests(4).await;
            if is_stopped {
                estate.stop.cancel();
            }
        };
        let (report, ()) = tokio::join!(estate.scan(0, AccessTokens), stop);
        let expected = if is_stopped { ("abandoned", "stopped") } else { ("failed", "deadline") };
        assert_eq!(words(&report), expected, "{:?}", report.failure_line());
        assert_eq!(estate.database.value::<i64>("select count(*) from inventory.access_tokens").await, 0);
    }
}

#[tokio::test]
async fn in_the_loop_a_wedged_target_skips_its_ticks_until_its_deadline_and_then_goes_on() {
    let mut estate = Estate::of(3, |config| config.scan.deadline = DEADLINE).await;
    let log = Log::capture();
    estate.wedge(0, "ListAccessTokens");
    let (sender, triggers) = tokio::sync::mpsc::channel(3);
    let serving = tokio::spawn(serve(Arc::clone(&estate.worker), triggers));
    let codes = Trigger::Scan(AccessTokens);
    // Ticks go on until one has met the wedged scan; each of them is good for the others.
    while !log.has(&[&name(0), "access-tokens", "skipped a tick"]) {
        sender.send(codes).await.unwrap();
        estate.wait_for_end(1, AccessTokens).await;
    }
    // The other source of the same account is not touched.
    sender.send(Trigger::Scan(MfaDevices)).await.unwrap();
    estate.wait_for_end(0, MfaDevices).await;
    while !log.has(&["WARN", &name(0), "access-tokens", "took longer than 2s"]) {
        estate.wait_for_end(0, AccessTokens).await;
        tokio::task::yield_now().await;
    }
    estate.emulator.clear_faults();
    let complete = format!("{} access-tokens: complete", name(0));
    while !log.has(&[&complete]) {
        sender.send(codes).await.unwrap();
        estate.wait_for_end(0, AccessTokens).await;
        tokio::task::yield_now().await;
    }
    estate.stop.cancel();
    serving.await.unwrap();
    let troubled = "select distinct account_name, source, outcome, error_code from reporting.scans
                    where outcome <> 'complete' and error_code is distinct from 'stopped'";
    assert_eq!(estate.database.lines(troubled).await, ["a00 | access-tokens | failed | deadline"]);
}

#[tokio::test]
async fn accounts_whose_identity_nobody_tells_keep_no_other_waiting() {
    let estate = Estate::of(MANY + 1, |_| {}).await;
    (0..MANY).for_each(|n| estate.wedge(n, "GetCallerIdentity"));
    let wedged = (0..MANY).map(|n| estate.scan(n, AccessTokens));
    let other = async {
        estate.emulator.wait_for_requests(MANY as u64).await;
        let other = estate.scan(MANY, AccessTokens).await;
        estate.stop.cancel();
        other
    };
    let (wedged, other) = tokio::join!(join_all(wedged), other);
    assert_eq!(words(&other), ("complete", ""));
    assert!(wedged.iter().all(|report| words(report) == ("failed", "stopped")), "a stop ends the question");
}

#[tokio::test]
async fn listings_that_wedge_keep_no_scan_of_the_other_source_waiting() {
    let estate = Estate::of(MANY, |_| {}).await;
    estate.emulator.add_fault(Fault::hang().action("ListAccessTokens").always());
    let wedged = (0..MANY).map(|n| estate.scan(n, AccessTokens));
    let others = async {
        // Every place of the source is taken, and the rest wait for one.
        estate.emulator.wait_for_requests(MANY as u64 + 24).await;
        let others = join_all((0..MANY).map(|n| estate.scan(n, MfaDevices))).await;
        estate.stop.cancel();
        others
    };
    let (wedged, others) = tokio::join!(join_all(wedged), others);
    assert!(others.iter().all(|report| words(report) == ("complete", "")));
    assert!(wedged.iter().all(|report| report.word() == "abandoned" || words(report) == ("failed", "stopped")));
    let left = "select count(*) from inventory.scans where outcome = 'running'";
    assert_eq!(estate.database.value::<i64>(left).await, 0, "a stop ends the reading and the wait for a turn");
}

#[tokio::test]
async fn one_question_that_hangs_does_not_hold_the_other_source_of_the_account() {
    let estate = Estate::of(1, |_| {}).await;
    estate.emulator.add_fault(Fault::hang().action("GetCallerIdentity").times(1));
    let other = async {
        estate.emulator.wait_for_requests(1).await;
        let other = estate.scan(0, MfaDevices).await;
        estate.stop.cancel();
        other
    };
    let (_, other) = tokio::join!(estate.scan(0, AccessTokens), other);
    assert_eq!(words(&other), ("complete", ""));
}
