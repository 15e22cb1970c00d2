//! The brake in use: what it holds, what an approval lets through, and how a held target goes on.

use chrono::{DateTime, Utc};
use emulator::{Fault, Inventory};
use stocktake::{
    cli::Exit,
    clock::Clock,
    inventory::Source,
    store::{Freshness, Outcome},
    worker::{ScanRequest, TargetReport},
};

use crate::support::{ACCOUNT_ID, Desk, World, account, applied, code, device, present, stock, user};

/// Ten codes and ten devices, scanned; more than two and more than three tenths of them are held.
async fn world() -> World {
    let world = World::at(present(), account().inventory(stock(10, 10)), |config| {
        config.scan.max_delete_count = 2;
        config.scan.max_delete_ratio = 0.3;
    })
    .await;
    world.scan_both().await;
    world
}

/// Takes the last so many objects out of the cloud.
fn remove(world: &World, source: Source, count: usize) {
    let ids: Vec<String> = world.truth(source).into_keys().rev().take(count).collect();
    world.edit(|inventory| {
        for id in ids {
            match source {
                Source::AccessTokens => drop(inventory.remove_token(&id).unwrap()),
                Source::MfaDevices => drop(inventory.remove_device(&id).unwrap()),
            }
        }
    });
}

fn insert(inventory: &mut Inventory, source: Source, number: usize) {
    match source {
        Source::AccessTokens => drop(inventory.insert_token(code(number))),
        Source::MfaDevices => drop(inventory.insert_device(device(number))),
    }
}

async fn scan_approving(world: &World, source: Source, count: u64) -> TargetReport {
    world.scan_with(source, &ScanRequest { approved_delete_count: Some(count), ..ScanRequest::default() }).await
}

/// Expects that so many deletes are held back, and the line that says how to approve them.
fn expect_held(report: &TargetReport, held: u64) {
    let line = report.failure_line().unwrap_or_else(|| panic!("{report:?}"));
    let counts = applied(report).counts;
    assert_eq!((applied(report).outcome, counts.held, counts.deleted), (Outcome::Held, held, 0), "{line}");
    let command = format!("--account 'prod' --source {} --approve-deletes {held}", report.source);
    assert!(line.contains(": held: ") && line.contains(&command), "{line}");
    assert_eq!(Exit::of_reports(std::slice::from_ref(report)).code(), 3);
}

fn expect_deleted(report: &TargetReport, deleted: u64) {
    assert!(report.is_success(), "{:?}", report.failure_line());
    assert_eq!((applied(report).counts.deleted, applied(report).counts.held), (deleted, 0));
}

async fn freshness(world: &World, source: Source) -> Freshness {
    let all = world.database.store.freshness().await.unwrap();
    all.into_iter().find(|target| target.source == source.name()).unwrap()
}

/// When the last scan began.
async fn last_start(world: &World) -> DateTime<Utc> {
    world.database.value("select started_at from inventory.scans order by scan_id desc limit 1").await
}

/// What `status` shows as held, by source.
async fn held(world: &World) -> Vec<(String, i64)> {
    let overview = world.database.store.overview(1, world.clock.now()).await.unwrap();
    overview.held.into_iter().map(|held| (held.source, held.held_count)).collect()
}

#[tokio::test]
async fn only_deletes_beyond_both_limits_are_held() {
    let world = world().await;
    for source in Source::ALL {
        for (live, gone, is_held) in [(10, 3, false), (7, 2, false), (5, 2, false), (3, 3, true)] {
            assert_eq!(world.kept(source).await.len(), live);
            remove(&world, source, gone);
            let report = world.scan(source).await;
            match is_held {
                true => expect_held(&report, gone as u64),
                false => expect_deleted(&report, gone as u64),
            }
        }
    }
}

#[tokio::test]
async fn a_held_scan_applies_everything_but_the_deletes() {
    let world = world().await;
    for source in Source::ALL {
        let before = world.kept(source).await;
        remove(&world, source, 6);
        world.edit(|inventory| {
            insert(inventory, source, 77);
            inventory.token_mut("at-0001").unwrap().description = Some("changed".into());
            let serial = inventory.devices().next().unwrap().serial_number.clone();
            inventory.device_mut(&serial).unwrap().user = Some(user(7));
        });
        expect_held(&world.scan(source).await, 6);
        let mut wanted = before;
        wanted.extend(world.truth(source));
        assert_eq!(world.kept(source).await, wanted, "{source}");
    }
    let recorded = "
        select outcome, held_count::text, deleted_count::text, new_count::text, error_code,
               (proof is not null)::text, (applied_at is not null)::text
        from inventory.scans
        where outcome = 'held' order by scan_id";
    assert_eq!(world.database.lines(recorded).await, ["held | 6 | 0 | 1 | held | true | true"; 2]);
}

#[tokio::test]
async fn a_held_target_is_as_old_as_its_last_complete_scan_and_waits_until_one_is_proven() {
    let world = world().await;
    for source in Source::ALL {
        let complete = freshness(&world, source).await;
        assert_eq!((complete.consecutive_failure_count, complete.last_error), (0, None));
        remove(&world, source, 6);
        for failure_count in 1..=2 {
            let report = world.scan(source).await;
            expect_held(&report, 6);
            let now = freshness(&world, source).await;
            assert_eq!(now.data_as_of_at, complete.data_as_of_at, "a held scan makes nothing fresher");
            assert_eq!((now.consecutive_failure_count, now.live_count), (failure_count, 10));
            assert!(report.failure_line().unwrap().ends_with(&now.last_error.unwrap()));
            assert_eq!(held(&world).await, [(source.name().to_owned(), 6)]);
        }
        // A scan that proves nothing ends no wait.
        world
            .emulator
            .add_fault(Fault::error(403, "NoPermission", "No.").when(|request| request.account == ACCOUNT_ID));
        assert_eq!(applied(&world.scan(source).await).outcome, Outcome::Failed);
        assert_eq!(held(&world).await.len(), 1);

        expect_deleted(&scan_approving(&world, source, 6).await, 6);
        let approved = freshness(&world, source).await;
        assert_eq!((approved.data_as_of_at, approved.consecutive_failure_count), (Some(last_start(&world).await), 0));
        assert_eq!((approved.live_count, approved.last_error), (4, None));
        assert!(held(&world).await.is_empty());
    }
}

#[tokio::test]
async fn an_approval_is_a_ceiling_is_used_once_and_is_recorded() {
    let world = world().await;
    for source in Source::ALL {
        remove(&world, source, 4);
        let report = scan_approving(&world, source, 3).await;
        expect_held(&report, 4);
        assert!(report.failure_line().unwrap().contains("4 of 10 objects are gone, more than the 3 approved"));
        expect_held(&world.scan(source).await, 4);
        expect_deleted(&scan_approving(&world, source, 4).await, 4);
        // Not remembered: the next mass delete asks again, and so does one below the last approval.
        remove(&world, source, 3);
        expect_held(&world.scan(source).await, 3);
        // One that was not needed does no harm.
        expect_deleted(&scan_approving(&world, source, 100).await, 3);
        expect_deleted(&scan_approving(&world, source, 100).await, 0);
    }
    let recorded = "
        select coalesce(approved_delete_count::text, '-'), outcome, deleted_count::text
        from inventory.scans where source = 'mfa-devices' order by scan_id";
    let wanted = [
        "- | complete | 0",
        "3 | held | 0",
        "- | held | 0",
        "4 | complete | 4",
        "- | held | 0",
        "100 | complete | 3",
        "100 | complete | 0",
    ];
    assert_eq!(world.database.lines(recorded).await, wanted);
}

#[tokio::test]
async fn an_approval_lets_nothing_through_that_is_not_proven_and_a_rehearsal_is_none() {
    let world = world().await;
    for source in Source::ALL {
        remove(&world, source, 6);
        let lie = Fault::rewrite(|body| {
            body["TotalCount"] = 5.into();
            body["IsTruncated"] = true.into();
        });
        world.emulator.add_fault(lie.when(|request| request.action != "GetCallerIdentity").always());
        let report = scan_approving(&world, source, 100).await;
        assert_eq!((applied(&report).outcome, applied(&report).counts.deleted), (Outcome::Incomplete, 0));
        world.emulator.clear_faults();
        expect_held(&world.scan(source).await, 6);

        let request = ScanRequest { approved_delete_count: Some(6), is_rehearsal: true, ..ScanRequest::default() };
        expect_deleted(&world.scan_with(source, &request).await, 6);
        assert_eq!(world.kept(source).await.len(), 10, "{source}");
        expect_held(&world.scan(source).await, 6);
    }
}

#[tokio::test]
async fn a_held_target_heals_when_the_rows_come_back() {
    let world = world().await;
    for source in Source::ALL {
        let fingerprint = world.fingerprint().await;
        remove(&world, source, 6);
        expect_held(&world.scan(source).await, 6);
        world.edit(|inventory| (4..10).for_each(|number| insert(inventory, source, number)));
        let report = world.scan_whole(source).await;
        assert_eq!((applied(&report).counts.unchanged, applied(&report).counts.new), (10, 0));
        assert_eq!(world.fingerprint().await, fingerprint, "as if they had never been away");
        assert!(held(&world).await.is_empty());
        assert_eq!(freshness(&world, source).await.data_as_of_at, Some(last_start(&world).await));
    }
}

#[tokio::test]
async fn an_account_that_was_really_emptied_is_followed_after_one_approval() {
    let world = world().await;
    for source in Source::ALL {
        remove(&world, source, 10);
        expect_held(&world.scan(source).await, 10);
        assert_eq!(world.kept(source).await.len(), 10);
        expect_deleted(&scan_approving(&world, source, 10).await, 10);
        assert_eq!(world.kept(source).await.len(), 0);
        expect_deleted(&world.scan(source).await, 0);
        // What comes later came from nothing: the emptied target is no baseline again.
        world.edit(|inventory| insert(inventory, source, 78));
        let report = world.scan_whole(source).await;
        assert_eq!((applied(&report).counts.new, applied(&report).counts.transitions), (1, 1));
        assert_eq!(world.kept(source).await, world.truth(source));
    }
}

#[tokio::test]
async fn the_line_of_a_held_scan_is_the_command_that_approves_it() {
    let desk = Desk::new().await;
    let limits = "[scan]\nmax_delete_count = 2\n";
    desk.configure(&format!("{limits}{}", crate::support::desk::ACCOUNT));
    assert_eq!(desk.run(&["sync"]).await.code, 0);
    desk.emulator.with_account(ACCOUNT_ID, |inventory| {
        let ids: Vec<String> = inventory.tokens().map(|code| code.id.clone()).take(20).collect();
        ids.iter().for_each(|id| drop(inventory.remove_token(id)));
    });
    let held = desk.run(&["sync"]).await;
    held.expect_failure(3, &["prod", ACCOUNT_ID, "access-tokens: held: 20 of 30 objects are gone"]);
    let status = desk.run(&["status"]).await;
    assert_eq!(status.code, 3);
    assert!(status.stdout.contains("held: 20 deletes since scan"), "{}", status.stdout);

    let line = held.stderr.trim();
    let command = line.split('`').nth(1).unwrap().replace('\'', "");
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    assert_eq!(desk.run(&arguments).await.code, 0, "{command}");
    let status = desk.run(&["status"]).await;
    assert_eq!((status.code, status.stdout.contains("held:")), (0, false), "{}", status.stdout);
}
