//! Freshness and the ledger of scans.

use chrono::TimeDelta;
use emulator::{AccessToken, Fault, status};
use stocktake::inventory::Source;

use super::{code, frozen, scan_codes};
use crate::support::present;

#[tokio::test]
async fn freshness_tells_how_far_to_trust_a_target() {
    let world = frozen().await;
    let told = async || {
        world
            .database
            .lines(
                "select state, (data_as_of_at is null)::text, live_count::text, consecutive_failure_count::text,
                        (last_error is null)::text
                 from reporting.freshness where source = 'access-tokens'",
            )
            .await
    };
    world.edit(|inventory| inventory.insert_token(AccessToken::new("at-one", present() - TimeDelta::days(1))));
    for failures in [1, 2] {
        world.emulator.add_fault(Fault::error(403, "NoPermission", "You are not authorized.").always());
        assert!(!world.scan(Source::AccessTokens).await.is_success());
        world.emulator.clear_faults();
        assert_eq!(told().await, [format!("never | true | 0 | {failures} | false")]);
    }
    world.scan_whole(Source::AccessTokens).await;
    assert_eq!(told().await, ["fresh | false | 1 | 0 | true"]);

    for (age, is_scheduled, stale_after, state) in [
        (480, true, "1000", "fresh"),
        (520, true, "1000", "late"),
        (980, true, "1000", "late"),
        (1020, true, "1000", "stale"),
        (1020, true, "100000", "fresh"),
        (1020, false, "null", "off"),
        (1020, false, "1000", "off"),
        (1020, true, "null", "off"),
    ] {
        let statement = format!(
            "update inventory.targets
             set complete_started_at = now() - interval '{age} s', is_scheduled = {is_scheduled},
                 stale_after_seconds = {stale_after}"
        );
        world.database.execute(&statement).await;
        assert_eq!(told().await, [format!("{state} | false | 1 | 0 | true")], "{age} s of {stale_after}");
        let seconds: i64 =
            world.database.value("select age_seconds from reporting.freshness where source = 'access-tokens'").await;
        assert!((age..age + 15).contains(&seconds), "{seconds}");
    }

    // A failure after a success counts, is named, and leaves the data as old as it is.
    world.emulator.add_fault(Fault::error(403, "NoPermission", "You are not authorized.").always());
    world.scan(Source::AccessTokens).await;
    let error: String =
        world.database.value("select last_error from reporting.freshness where source = 'access-tokens'").await;
    assert!(error.contains("NoPermission") || error.contains("RAM"), "{error}");
    let failures: i64 = world
        .database
        .value("select consecutive_failure_count from reporting.freshness where source = 'access-tokens'")
        .await;
    assert_eq!(failures, 1);
}

#[tokio::test]
async fn the_ledger_of_scans_keeps_the_evidence_of_each() {
    let world = frozen().await;
    let created_at = present() - TimeDelta::days(1);
    let codes = (0..60).map(|number| code(&format!("at-{number:02}"), created_at, 90, status::ACTIVATED)).collect();
    scan_codes(&world, codes).await;
    world.edit(|inventory| {
        inventory.remove_token("at-00");
        inventory.token_mut("at-01").unwrap().registered_count = 5;
        inventory.token_mut("at-02").unwrap().status = status::UNACTIVATED.into();
        inventory.insert_token(code("at-new", created_at, 90, status::ACTIVATED));
    });
    world.scan_whole(Source::AccessTokens).await;
    world.edit(|inventory| {
        for number in 10..50 {
            inventory.remove_token(&format!("at-{number}"));
        }
    });
    world.scan(Source::AccessTokens).await;
    world.emulator.add_fault(Fault::error(403, "NoPermission", "You are not authorized.").always());
    world.scan(Source::AccessTokens).await;
    let told = world
        .database
        .lines(
            "select outcome, new_count::text, changed_count::text, unchanged_count::text, deleted_count::text,
                    held_count::text, distinct_count::text, total_last::text, (error_message is null)::text,
                    (started_at < finished_at)::text, (applied_at is not null)::text
             from reporting.scans order by scan_id",
        )
        .await;
    assert_eq!(
        told,
        [
            "complete | 60 | 0 | 0 | 0 | 0 | 60 | 60 | true | true | true",
            "complete | 1 | 2 | 57 | 1 | 0 | 60 | 60 | true | true | true",
            "held | 0 | 0 | 20 | 0 | 40 | 20 | 20 | false | true | true",
            "failed | 0 | 0 | 0 | 0 | 0 | 0 |  | false | true | false",
        ]
    );
}
