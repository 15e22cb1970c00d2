//! Codes as they stand: running out, computed facts, deleted ones.

use chrono::{DateTime, TimeDelta, Utc};
use emulator::status;
use stocktake::inventory::Source;

use super::{code, frozen, scan_codes};
use crate::support::present;

#[tokio::test]
async fn codes_that_run_out_stand_in_the_shortest_bucket_that_holds_them() {
    let world = frozen().await;
    let now = present();
    let until = |id, left: TimeDelta, status| code(id, now + left - TimeDelta::days(60), 60, status);
    let mut codes = vec![
        until("at-12h", TimeDelta::hours(12), status::ACTIVATED),
        until("at-23h", TimeDelta::hours(23), status::UNACTIVATED),
        until("at-25h", TimeDelta::hours(25), status::ACTIVATED),
        until("at-167h", TimeDelta::hours(167), status::ACTIVATED),
        until("at-169h", TimeDelta::hours(169), status::ACTIVATED),
        until("at-335h", TimeDelta::hours(335), status::ACTIVATED),
        until("at-337h", TimeDelta::hours(337), "suspended"),
        until("at-719h", TimeDelta::hours(719), status::ACTIVATED),
        until("at-721h", TimeDelta::hours(721), status::ACTIVATED),
        until("at-over", TimeDelta::hours(-1), status::ACTIVATED),
        until("at-expired", TimeDelta::hours(30), status::EXPIRED),
        until("at-gone", TimeDelta::hours(30), status::ACTIVATED),
    ];
    codes[0].count = 10;
    codes[0].registered_count = 4;
    codes[2].count = 10;
    codes[2].registered_count = 12;
    scan_codes(&world, codes).await;
    world.edit(|inventory| inventory.remove_token("at-gone"));
    world.scan_whole(Source::AccessTokens).await;
    let told = world
        .database
        .lines(
            "select access_token_id, days_until_expiry::text, expiry_bucket, remaining_use_count::text
             from reporting.access_tokens_expiring_soon order by expires_at",
        )
        .await;
    assert_eq!(
        told,
        [
            "at-12h | 0 | 1 day | 6",
            "at-23h | 0 | 1 day | 200",
            "at-25h | 1 | 7 days | 0",
            "at-167h | 6 | 7 days | 200",
            "at-169h | 7 | 14 days | 200",
            "at-335h | 13 | 14 days | 200",
            "at-337h | 14 | 30 days | 200",
            "at-719h | 29 | 30 days | 200",
        ]
    );
}

#[tokio::test]
async fn computed_facts_stand_beside_the_reported_ones() {
    let world = frozen().await;
    let now = present();
    let counted = |id, count, registered_count, status| {
        let mut code = code(id, now - TimeDelta::days(10) - TimeDelta::hours(1), 90, status);
        (code.count, code.registered_count) = (count, registered_count);
        code
    };
    let mut over = counted("at-over", 10, 2, status::ACTIVATED);
    over.ttl_days = 10;
    let mut unknown = counted("at-unknown", 10, 2, status::ACTIVATED);
    unknown.extra.insert("RegisteredCount".into(), "many".into());
    unknown.extra.insert("CreationTime".into(), "lately".into());
    scan_codes(
        &world,
        vec![
            counted("at-fresh", 3, 1, status::ACTIVATED),
            counted("at-used-up", 3, 3, status::ACTIVATED),
            counted("at-overdrawn", 3, 4, status::ACTIVATED),
            counted("at-none", 0, 0, status::ACTIVATED),
            counted("at-asleep", 3, 0, status::UNACTIVATED),
            over,
            unknown,
        ],
    )
    .await;
    let told = world
        .database
        .lines(
            "select access_token_id, status, effective_status, remaining_use_count::text, utilisation_ratio::text,
                    is_exhausted::text, is_usable::text, days_until_expiry::text
             from reporting.access_tokens order by access_token_id",
        )
        .await;
    assert_eq!(
        told,
        [
            "at-asleep | unactivated | unactivated | 3 | 0.0000 | false | false | 79",
            "at-fresh | activated | activated | 2 | 0.3333 | false | true | 79",
            "at-none | activated | activated | 0 |  | true | false | 79",
            "at-over | activated | expired | 8 | 0.2000 | false | false | -1",
            "at-overdrawn | activated | activated | 0 | 1.3333 | true | false | 79",
            "at-unknown | activated | activated |  |  |  |  | ",
            "at-used-up | activated | activated | 0 | 1.0000 | true | false | 79",
        ]
    );
    let unused = world
        .database
        .lines(
            "select access_token_id, effective_status, age_days::text
             from reporting.access_tokens_unused order by access_token_id",
        )
        .await;
    assert_eq!(unused, ["at-asleep | unactivated | 10", "at-none | activated | 10"]);
}

#[tokio::test]
async fn a_deleted_code_keeps_what_was_last_known_and_when_it_was_last_proven() {
    let world = frozen().await;
    let created_at = present() - TimeDelta::days(20);
    scan_codes(
        &world,
        vec![code("at-gone", created_at, 90, status::ACTIVATED), code("at-here", created_at, 90, status::ACTIVATED)],
    )
    .await;
    world.scan_whole(Source::AccessTokens).await;
    let proven: DateTime<Utc> =
        world.database.value("select data_as_of_at from reporting.freshness where source = 'access-tokens'").await;
    world.edit(|inventory| inventory.remove_token("at-gone"));
    world.advance(TimeDelta::minutes(2));
    world.scan_whole(Source::AccessTokens).await;

    let told: (String, bool, DateTime<Utc>, DateTime<Utc>, DateTime<Utc>) = sqlx::query_as(
        "select effective_status, is_usable, last_seen_at, deleted_at, last_changed_at
         from reporting.access_tokens_all where access_token_id = 'at-gone'",
    )
    .fetch_one(&world.database.pool)
    .await
    .unwrap();
    let (effective_status, is_usable, last_seen_at, deleted_at, last_changed_at) = told;
    assert_eq!((effective_status.as_str(), is_usable), ("activated", false));
    assert_eq!((last_seen_at, last_changed_at), (proven, deleted_at));
    let here = world
        .database
        .lines(
            "select t.access_token_id, (t.last_seen_at = f.data_as_of_at)::text
             from reporting.access_tokens t join reporting.freshness f using (account_id)
             where f.source = 'access-tokens'",
        )
        .await;
    assert_eq!(here, ["at-here | true"]);
}
