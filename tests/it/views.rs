//! What the views compute, against lives that were made by hand.

use chrono::{DateTime, TimeDelta, Utc};
use emulator::{AccessToken, Fault, LifecycleRates, MfaDevice, User, status};
use stocktake::{clock::Clock, inventory::Source};

use crate::support::{ACCOUNT_ID, World, account, instant, present};

fn code(id: &str, created_at: DateTime<Utc>, ttl_days: u32, status: &'static str) -> AccessToken {
    let mut code = AccessToken::new(id, created_at);
    code.ttl_days = ttl_days;
    code.status = status.into();
    code
}

fn user(name: &str) -> User {
    User {
        user_id: format!("20000000000000{}", 1000 + name.len()),
        upn: format!("{name}@example.onaliyun.com"),
        display_name: name.into(),
    }
}

/// A world of the present in which time changes nothing by itself.
async fn frozen() -> World {
    World::at(present() - TimeDelta::minutes(10), account().rates(LifecycleRates::frozen()), |_| {}).await
}

fn set_status(world: &World, id: &str, status: &'static str) {
    world.edit(|inventory| inventory.token_mut(id).unwrap().status = status.into());
}

/// Puts codes there and reads them.
async fn scan_codes(world: &World, codes: Vec<AccessToken>) {
    world.edit(|inventory| {
        for code in codes {
            inventory.insert_token(code);
        }
    });
    world.scan_whole(Source::AccessTokens).await;
}

#[tokio::test]
async fn the_lifecycle_tells_one_step_a_status_with_exact_instants_where_they_are_known() {
    #[derive(Debug, sqlx::FromRow)]
    struct Step {
        step_no: i32,
        status: String,
        started_at: DateTime<Utc>,
        ended_at: Option<DateTime<Utc>>,
        duration_seconds: Option<f64>,
        is_start_exact: bool,
        is_current: bool,
    }
    let world = World::empty().await;
    scan_codes(&world, vec![code("at-base", instant("2026-05-20T10:00:00Z"), 90, status::UNACTIVATED)]).await;
    world.advance(TimeDelta::minutes(10));
    let created_at = world.emulator.now();
    world.edit(|inventory| inventory.insert_token(code("at-life", created_at, 1, status::UNACTIVATED)));
    world.advance(TimeDelta::minutes(10));
    world.scan_whole(Source::AccessTokens).await; // version 1
    set_status(&world, "at-life", status::ACTIVATED);
    world.scan_whole(Source::AccessTokens).await; // version 2
    world.edit(|inventory| inventory.token_mut("at-life").unwrap().description = Some("another version".into()));
    world.scan_whole(Source::AccessTokens).await; // version 3, of the same status
    world.advance(TimeDelta::hours(30));
    world.scan_whole(Source::AccessTokens).await; // version 4
    let removed = world.edit(|inventory| inventory.remove_token("at-life")).unwrap();
    world.scan_whole(Source::AccessTokens).await;
    let deleted_at: DateTime<Utc> =
        world.database.value("select deleted_at from reporting.access_tokens_all where is_deleted").await;

    let steps = async |id: &str| -> Vec<Step> {
        sqlx::query_as(
            "select step_no, status, started_at, ended_at, duration_seconds, is_start_exact, is_current
             from reporting.access_token_lifecycle where access_token_id = $1 order by step_no",
        )
        .bind(id)
        .fetch_all(&world.database.pool)
        .await
        .unwrap()
    };
    let read_at: Vec<DateTime<Utc>> = sqlx::query_scalar(
        "select valid_from_at from reporting.access_token_history where access_token_id = 'at-life' order by version_no",
    )
    .fetch_all(&world.database.pool)
    .await
    .unwrap();
    let expires_at = created_at + TimeDelta::days(1);
    let facts = |steps: &[Step]| -> Vec<_> {
        steps.iter().map(|step| (step.status.clone(), step.started_at, step.ended_at, step.is_start_exact)).collect()
    };
    let mut told = vec![
        ("unactivated".to_owned(), created_at, Some(read_at[1]), true),
        ("activated".to_owned(), read_at[1], Some(expires_at), false),
        ("expired".to_owned(), expires_at, Some(deleted_at), true),
    ];
    assert_eq!(facts(&steps("at-life").await), told);

    world.edit(|inventory| inventory.insert_token(removed));
    world.scan_whole(Source::AccessTokens).await;
    let returned_at: DateTime<Utc> = world
        .database
        .value("select valid_from_at from reporting.access_token_history where change_kind = 'reappeared'")
        .await;
    told.push(("expired".to_owned(), returned_at, None, false));
    let life = steps("at-life").await;
    assert_eq!(facts(&life), told, "being away is no step");
    for (index, step) in life.iter().enumerate() {
        assert_eq!(step.step_no as usize, index + 1);
        assert_eq!(step.is_current, index == 3);
        let seconds = step.ended_at.map(|ended_at| (ended_at - step.started_at).as_seconds_f64());
        assert_eq!(step.duration_seconds, seconds, "{step:?}");
    }

    let base = steps("at-base").await;
    assert_eq!(base.len(), 1);
    let first_seen_at: DateTime<Utc> = world
        .database
        .value("select first_seen_at from reporting.access_tokens where access_token_id = 'at-base'")
        .await;
    assert_eq!((base[0].started_at, base[0].is_start_exact, base[0].is_current), (first_seen_at, false, true));
}

#[tokio::test]
async fn activation_is_told_by_bounds_that_hold_the_truth() {
    let world = World::empty().await;
    let old = instant("2026-05-30T08:00:00Z");
    scan_codes(
        &world,
        vec![code("at-baseline", old, 90, status::ACTIVATED), code("at-never", old, 90, status::UNACTIVATED)],
    )
    .await;
    world.advance(TimeDelta::minutes(10));
    let created_at = world.emulator.now();
    scan_codes(&world, vec![code("at-seen", created_at, 90, status::UNACTIVATED)]).await;
    world.advance(TimeDelta::minutes(30));
    world.scan_whole(Source::AccessTokens).await; // the last proof that it was not
    world.advance(TimeDelta::minutes(20));
    let appeared_created_at = world.emulator.now();
    world.edit(|inventory| inventory.insert_token(code("at-appeared", appeared_created_at, 90, status::ACTIVATED)));
    let activated_at = world.emulator.now();
    set_status(&world, "at-seen", status::ACTIVATED);
    world.advance(TimeDelta::minutes(20));
    world.scan_whole(Source::AccessTokens).await;

    type Row = (bool, Option<f64>, Option<f64>, Option<f64>, Option<DateTime<Utc>>);
    let told = async |id: &str| -> Row {
        sqlx::query_as(
            "select is_activated, activation_min_seconds, activation_max_seconds, activation_seconds, activated_at
             from reporting.access_token_activation where access_token_id = $1",
        )
        .bind(id)
        .fetch_one(&world.database.pool)
        .await
        .unwrap()
    };
    let (is_activated, least, most, estimate, middle) = told("at-seen").await;
    let (least, most, estimate) = (least.unwrap(), most.unwrap(), estimate.unwrap());
    let truth = (activated_at - created_at).as_seconds_f64();
    assert!(is_activated && least <= truth && truth <= most, "{least} {truth} {most}");
    assert!((least - 1801.0).abs() < 3.0, "the last proof of the old status: {least}");
    assert!((most - 4203.0).abs() < 3.0, "the first reading as activated: {most}");
    assert!((estimate - f64::midpoint(least, most)).abs() < 1e-3, "{least} {estimate} {most}");
    assert!((middle.unwrap() - created_at).as_seconds_f64() - estimate < 1e-3);

    let (is_activated, least, most, estimate, middle) = told("at-appeared").await;
    assert!(is_activated && middle.is_some());
    assert_eq!(least, Some(0.0));
    assert!((most.unwrap() - 1201.0).abs() < 2.0 && (estimate.unwrap() - 600.5).abs() < 2.0, "{most:?} {estimate:?}");

    let (is_activated, least, most, estimate, middle) = told("at-baseline").await;
    assert_eq!((is_activated, least, estimate, middle), (true, Some(0.0), None, None), "nobody saw it");
    let age = (instant("2026-06-01T08:00:01Z") - old).as_seconds_f64();
    assert!((most.unwrap() - age).abs() < 2.0, "its age at the baseline: {most:?}");

    assert_eq!(told("at-never").await, (false, None, None, None, None));

    // A deleted code keeps what was learnt of it.
    let before = told("at-seen").await;
    world.edit(|inventory| inventory.remove_token("at-seen"));
    world.scan_whole(Source::AccessTokens).await;
    assert_eq!(told("at-seen").await, before);
}

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

#[tokio::test]
async fn devices_are_told_by_user_and_by_their_want_of_one() {
    let world = frozen().await;
    let serial = |name: &str| format!("acs:ram::{ACCOUNT_ID}:mfa/{name}");
    let begin = world.emulator.now();
    world.edit(|inventory| {
        inventory.insert_device(MfaDevice::bound(serial("one"), user("ann"), begin - TimeDelta::days(3)));
        inventory.insert_device(MfaDevice::bound(serial("two"), user("ann"), begin - TimeDelta::days(2)));
        inventory.insert_device(MfaDevice::bound(serial("three"), user("bernd"), begin - TimeDelta::days(1)));
        inventory.insert_device(MfaDevice::unbound(serial("four")));
        inventory.insert_device(MfaDevice::unbound(serial("five")));
    });
    world.scan_whole(Source::MfaDevices).await;
    let by_user = async || {
        world
            .database
            .lines(
                "select u.display_name, b.device_count::text, b.has_virtual_mfa::text,
                        extract(epoch from b.last_activated_at)::bigint::text
                 from reporting.mfa_devices_by_user b join reporting_pii.mfa_users u using (account_id, user_key)
                 order by u.display_name",
            )
            .await
    };
    let unbound = async || {
        world
            .database
            .lines(
                "select d.serial_number, u.unbound_days::text
                 from reporting.mfa_devices_unbound u join reporting_pii.mfa_devices d using (account_id, device_key)
                 order by d.serial_number",
            )
            .await
    };
    let at = |days| (begin - TimeDelta::days(days)).timestamp();
    assert_eq!(by_user().await, [format!("ann | 2 | true | {}", at(2)), format!("bernd | 1 | true | {}", at(1))]);
    assert_eq!(unbound().await, [format!("{} | 0", serial("five")), format!("{} | 0", serial("four"))]);

    // One of ann's goes, bernd's is unbound, and a third person takes one that was nobody's.
    world.edit(|inventory| {
        inventory.remove_device(&serial("two"));
        inventory.insert_device(MfaDevice::unbound(serial("three")));
        inventory.insert_device(MfaDevice::bound(serial("four"), user("claude"), begin));
        inventory.remove_device(&serial("five"));
    });
    world.scan_whole(Source::MfaDevices).await;
    assert_eq!(
        by_user().await,
        [
            format!("ann | 1 | true | {}", at(2)),
            format!("bernd | 0 | false | {}", at(1)),
            format!("claude | 1 | true | {}", at(0)),
        ],
        "who had one is remembered"
    );
    assert_eq!(unbound().await, [format!("{} | 0", serial("three"))]);
    let since: bool = world
        .database
        .value(
            "select u.unbound_since_at = t.not_after_at
             from reporting.mfa_devices_unbound u
             join reporting.mfa_device_transitions t using (account_id, device_key)
             where t.to_status = 'unbound'",
        )
        .await;
    assert!(since, "it is unbound since it was first read so");
}

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

#[tokio::test]
async fn the_history_at_an_instant_is_what_the_views_showed_then() {
    const CODES_NOW: &str = "
        select account_id, account_name, access_token_id, version_no, status, token_name, description, ttl_days,
               max_use_count, created_at, expires_at
        from reporting.access_tokens order by access_token_id";
    const DEVICES_NOW: &str = "
        select account_id, account_name, device_key, version_no, status, user_key, activated_at
        from reporting.mfa_devices order by device_key";
    let then = |now: &str, view: &str, at: DateTime<Utc>| {
        now.replace(&format!("reporting.{view}"), &format!("reporting.{view}_as_of('{}')", at.to_rfc3339()))
    };

    let account = account().generated(80, 40).rates(LifecycleRates::lively(80, 40));
    let world = World::of(account, |_| {}).await;
    let before_all = world.clock.now();
    let mut snapshots = Vec::new();
    for _ in 0..8 {
        world.advance(TimeDelta::hours(60));
        world.scan_both().await;
        let codes = world.database.rows(CODES_NOW).await;
        let devices = world.database.rows(DEVICES_NOW).await;
        snapshots.push((world.clock.now(), codes, devices));
    }
    assert!(snapshots.windows(2).all(|pair| pair[0].1 != pair[1].1), "each scan should have found a change");
    for (at, codes, devices) in &snapshots {
        // A day later nothing had been read that was newer.
        for at in [*at, *at + TimeDelta::hours(24)] {
            assert_eq!(&world.database.rows(&then(CODES_NOW, "access_tokens", at)).await, codes, "{at}");
            assert_eq!(&world.database.rows(&then(DEVICES_NOW, "mfa_devices", at)).await, devices, "{at}");
        }
    }
    assert!(world.database.rows(&then(CODES_NOW, "access_tokens", before_all)).await.is_empty());
    assert!(world.database.rows(&then(DEVICES_NOW, "mfa_devices", before_all)).await.is_empty());

    // At the very instant of a change the new version holds, a microsecond before it the old one.
    let wrong = world
        .database
        .rows(
            "select h.access_token_id, h.version_no
             from reporting.access_token_history h
             cross join lateral (
                 select (select version_no from reporting.access_tokens_as_of(h.valid_from_at) f
                         where (f.account_id, f.access_token_id) = (h.account_id, h.access_token_id)) as at_start,
                        (select version_no from reporting.access_tokens_as_of(h.valid_to_at) f
                         where (f.account_id, f.access_token_id) = (h.account_id, h.access_token_id)) as at_end,
                        (select version_no
                         from reporting.access_tokens_as_of(h.valid_to_at - interval '1 microsecond') f
                         where (f.account_id, f.access_token_id) = (h.account_id, h.access_token_id)) as before_end
             ) found
             where at_start is distinct from h.version_no
                or (h.valid_to_at is not null and before_end is distinct from h.version_no)
                or at_end = h.version_no",
        )
        .await;
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn the_views_agree_with_each_other() {
    let World { database, .. } = World::lived_in().await;
    for (rule, violations) in [
        (
            "a live code is the current version of its history",
            "select t.access_token_id from reporting.access_tokens t
             full join (select * from reporting.access_token_history where is_current) h
                 using (account_id, access_token_id, version_no)
             where t.status is distinct from h.status",
        ),
        (
            "a live device is the current version of its history",
            "select d.device_key from reporting.mfa_devices d
             full join (select * from reporting.mfa_device_history where is_current) h
                 using (account_id, device_key, version_no)
             where d.status is distinct from h.status or d.user_key is distinct from h.user_key",
        ),
        (
            "a live code is in one current step, of its status, and a deleted one in none",
            "select t.access_token_id from reporting.access_tokens_all t
             left join reporting.access_token_lifecycle l
                 on (l.account_id, l.access_token_id) = (t.account_id, t.access_token_id) and l.is_current
             group by t.account_id, t.access_token_id, t.is_deleted, t.status
             having count(l.step_no) <> case when t.is_deleted then 0 else 1 end
                 or bool_or(l.status <> t.status)",
        ),
        (
            "steps follow each other without an overlap and are numbered without a gap",
            "select access_token_id from (
                 select l.*, lead(started_at) over life as next_at, row_number() over life as place
                 from reporting.access_token_lifecycle l
                 window life as (partition by account_id, access_token_id order by step_no)
             ) steps
             where ended_at > next_at or ended_at < started_at or place <> step_no or duration_seconds < 0",
        ),
        (
            "an estimate lies within its bounds",
            "select access_token_id from reporting.access_token_transitions
             where estimated_at not between not_before_at and not_after_at or uncertainty_seconds < 0
             union all
             select device_key::text from reporting.mfa_device_transitions
             where estimated_at not between not_before_at and not_after_at or uncertainty_seconds < 0
             union all
             select access_token_id from reporting.access_token_activation
             where activation_seconds not between activation_min_seconds and activation_max_seconds
                or (is_activated and created_at is not null) <> (activation_max_seconds is not null)",
        ),
        (
            "freshness counts what the views show",
            "select source from reporting.freshness f
             where live_count <> case source
                 when 'access-tokens' then (select count(*) from reporting.access_tokens)
                 else (select count(*) from reporting.mfa_devices) end",
        ),
        (
            "holders are counted as the devices show them",
            "select user_key from reporting.mfa_devices_by_user u
             where device_count <> (select count(*) from reporting.mfa_devices d where d.user_key = u.user_key)
                or has_virtual_mfa <> (device_count > 0)",
        ),
        (
            "a last proof is neither before the first nor after a deletion",
            "select access_token_id from reporting.access_tokens_all
             where last_seen_at < first_seen_at or last_seen_at > deleted_at",
        ),
        (
            "every row names its account",
            "select account_id from reporting.scans where account_name is distinct from 'prod'
             union all select account_id from reporting.access_token_history where account_name is distinct from 'prod'
             union all select account_id from reporting.retention_log where account_name is distinct from 'prod'",
        ),
    ] {
        let found = database.rows(violations).await;
        assert!(found.is_empty(), "{rule}: {found:?}");
    }
}
