//! Whatever the server does with paging, a scan ends in the truth or says that it does not.

use emulator::{Fault, Paging};
use stocktake::{inventory::Source, store::Outcome};

use crate::support::{ACCOUNT_ID, World, account, applied};

async fn with_paging(code_count: usize, paging: Paging) -> World {
    World::of(account().generated(code_count, 0).paging(paging), |_| {}).await
}

async fn live_count(world: &World) -> usize {
    let count: i64 = world.database.value("select count(*) from reporting.access_tokens").await;
    usize::try_from(count).unwrap()
}

#[tokio::test]
async fn each_paging_behaviour_ends_in_the_truth_or_in_a_visible_incomplete() {
    for (paging, expected) in [
        (Paging::Honoured, Outcome::Complete),
        (Paging::IgnoredAll, Outcome::Complete),
        (Paging::IgnoredFirst(200), Outcome::Complete),
        (Paging::IgnoredFirst(90), Outcome::Complete), // by status
        (Paging::IgnoredFirst(10), Outcome::Incomplete),
        (Paging::Rejected { first: None }, Outcome::Complete),
        (Paging::Rejected { first: Some(90) }, Outcome::Complete), // by status
        (Paging::Rejected { first: Some(10) }, Outcome::Incomplete),
    ] {
        let world = with_paging(130, paging).await;
        let report = world.scan(Source::AccessTokens).await;
        let done = applied(&report);
        assert_eq!(done.outcome, expected, "{paging:?}: {:?}", report.failure_line());
        if expected == Outcome::Complete {
            assert_eq!(live_count(&world).await, 130, "{paging:?}");
        } else {
            let line = report.failure_line().unwrap();
            assert!(line.contains("TotalCount of 130") && line.contains("distinct ids"), "{line}");
            assert_eq!(live_count(&world).await as u64, done.evidence.distinct_count, "what was seen is kept");
        }

        // A server that stops telling everything must not make anything disappear.
        world.emulator.with_settings(ACCOUNT_ID, |settings| settings.paging = Paging::IgnoredFirst(3));
        let before = live_count(&world).await;
        let report = world.scan(Source::AccessTokens).await;
        assert_eq!(applied(&report).outcome, Outcome::Incomplete, "{paging:?}");
        assert_eq!(live_count(&world).await, before, "{paging:?} deleted a live row");
    }
}

#[tokio::test]
async fn a_vanished_code_is_buried_only_if_its_look_up_finds_nothing() {
    let world = with_paging(30, Paging::Honoured).await;
    world.scan_whole(Source::AccessTokens).await;
    let hidden = world.edit(|inventory| inventory.tokens().next().unwrap().id.clone());
    // The listing leaves one code out and counts it out, the look-up still knows it.
    let left_out = hidden.clone();
    world.emulator.add_fault(
        Fault::rewrite(move |answer| {
            let items = answer["AccessTokens"]["AccessToken"].as_array_mut().unwrap();
            items.retain(|item| item["AccessTokenId"] != left_out.as_str());
            let count = items.len();
            answer["TotalCount"] = count.into();
        })
        .action("ListAccessTokens")
        .when(|request| request.parameter("AccessTokenId.1").is_none())
        .always(),
    );
    let report = world.scan_whole(Source::AccessTokens).await;
    assert_eq!(applied(&report).counts.deleted, 0);
    assert_eq!(live_count(&world).await, 30);

    world.emulator.clear_faults();
    world.edit(|inventory| inventory.remove_token(&hidden));
    let report = world.scan_whole(Source::AccessTokens).await;
    assert_eq!(applied(&report).counts.deleted, 1);
    assert_eq!(live_count(&world).await, 29);
}

#[tokio::test]
async fn a_vanished_device_is_buried_only_if_a_second_reading_misses_it_too() {
    let world = World::of(account().generated(0, 30), |_| {}).await;
    world.scan_whole(Source::MfaDevices).await;
    // The first reading misses one device, the second has it.
    world.emulator.add_fault(
        Fault::rewrite(|answer| {
            answer["VirtualMFADevices"]["VirtualMFADevice"].as_array_mut().unwrap().remove(0);
        })
        .action("ListVirtualMFADevices")
        .times(1),
    );
    let report = world.scan_whole(Source::MfaDevices).await;
    assert_eq!((applied(&report).counts.deleted, applied(&report).evidence.page_count), (0, 2));

    world.edit(|inventory| {
        let serial = inventory.devices().next().unwrap().serial_number.clone();
        inventory.remove_device(&serial);
    });
    let report = world.scan_whole(Source::MfaDevices).await;
    assert_eq!(applied(&report).counts.deleted, 1);
}
