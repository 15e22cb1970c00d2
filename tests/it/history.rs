//! The life of a code as the views tell it, against the instants that the cloud knows.

use chrono::{DateTime, TimeDelta, Utc};
use emulator::{AccessToken, Fault, MfaDevice, User, status};
use stocktake::{clock::Clock, inventory::Source};

use crate::support::{World, account, applied, instant};

#[derive(Debug, sqlx::FromRow)]
struct Transition {
    from_status: Option<String>,
    to_status: String,
    not_before_at: DateTime<Utc>,
    not_after_at: DateTime<Utc>,
    occurred_at: Option<DateTime<Utc>>,
    time_basis: String,
    is_expected: bool,
}

async fn transitions(world: &World, id: &str) -> Vec<Transition> {
    sqlx::query_as(
        "select from_status, to_status, not_before_at, not_after_at, occurred_at, time_basis, is_expected
         from reporting.access_token_transitions
         where access_token_id = $1
         order by not_after_at",
    )
    .bind(id)
    .fetch_all(&world.database.pool)
    .await
    .unwrap()
}

fn changes(transitions: &[Transition]) -> Vec<(Option<&str>, &str)> {
    transitions.iter().map(|step| (step.from_status.as_deref(), step.to_status.as_str())).collect()
}

fn code(id: &str, created_at: DateTime<Utc>, ttl_days: u32) -> AccessToken {
    let mut code = AccessToken::new(id, created_at);
    code.ttl_days = ttl_days;
    code.status = status::UNACTIVATED.into();
    code
}

#[tokio::test]
async fn a_code_that_is_activated_and_expires_shows_three_transitions_with_true_bounds() {
    let world = World::empty().await;
    world.scan_whole(Source::AccessTokens).await;

    world.advance(TimeDelta::minutes(10));
    let created_at = world.emulator.now();
    world.edit(|inventory| inventory.insert_token(code("at-life", created_at, 1)));
    world.advance(TimeDelta::minutes(10));
    world.scan_whole(Source::AccessTokens).await;

    world.advance(TimeDelta::minutes(7));
    let activated_at = world.emulator.now();
    world.edit(|inventory| inventory.token_mut("at-life").unwrap().status = status::ACTIVATED.into());
    world.advance(TimeDelta::minutes(8));
    world.scan_whole(Source::AccessTokens).await;

    world.advance(TimeDelta::hours(30));
    world.scan_whole(Source::AccessTokens).await;

    let steps = transitions(&world, "at-life").await;
    assert_eq!(
        changes(&steps),
        [(None, "unactivated"), (Some("unactivated"), "activated"), (Some("activated"), "expired")]
    );
    let expires_at = created_at + TimeDelta::days(1);
    for (step, truth) in steps.iter().zip([created_at, activated_at, expires_at]) {
        assert!(step.not_before_at <= truth && truth <= step.not_after_at, "{step:?} does not hold {truth}");
        assert!(step.is_expected);
    }
    let bases: Vec<_> = steps.iter().map(|step| (step.time_basis.as_str(), step.occurred_at)).collect();
    assert_eq!(bases, [("created", Some(created_at)), ("bounded", None), ("expiry", Some(expires_at))]);
    assert!(steps[1].not_after_at - steps[1].not_before_at < TimeDelta::minutes(16), "as tight as the scans allow");
}

#[tokio::test]
async fn the_baseline_writes_no_transition() {
    let world = World::empty().await;
    world.edit(|inventory| inventory.insert_token(code("at-old", instant("2026-05-20T10:00:00Z"), 90)));
    world.scan_whole(Source::AccessTokens).await;
    assert!(transitions(&world, "at-old").await.is_empty());
    let kinds = world.database.lines("select change_kind from reporting.access_token_history").await;
    assert_eq!(kinds, ["baseline"]);
}

#[tokio::test]
async fn a_deleted_code_gets_a_tombstone_and_one_that_returns_is_flagged() {
    let world = World::empty().await;
    world.edit(|inventory| inventory.insert_token(code("at-back", instant("2026-05-20T10:00:00Z"), 90)));
    world.scan_whole(Source::AccessTokens).await;
    let removed = world.edit(|inventory| inventory.remove_token("at-back")).unwrap();
    world.scan_whole(Source::AccessTokens).await;
    assert_eq!(world.database.value::<i64>("select count(*) from reporting.access_tokens").await, 0);
    let gone = world
        .database
        .lines("select is_deleted::text, (deleted_at is not null)::text from reporting.access_tokens_all")
        .await;
    assert_eq!(gone, ["true | true"]);

    world.edit(|inventory| inventory.insert_token(removed));
    let counts = applied(&world.scan_whole(Source::AccessTokens).await).counts;
    assert_eq!((counts.new, counts.changed), (1, 0), "what came back is new again");
    let steps = transitions(&world, "at-back").await;
    assert_eq!(changes(&steps), [(Some("unactivated"), "deleted"), (Some("deleted"), "unactivated")]);
    assert!(!steps[1].is_expected);
    assert_eq!(world.database.lines("select kind from reporting.anomalies").await, ["reappeared"]);
    let versions = world
        .database
        .lines("select version_no::text, change_kind, close_reason from reporting.access_token_history order by version_no")
        .await;
    assert_eq!(versions, ["1 | baseline | deleted", "2 | reappeared | "]);
}

#[tokio::test]
async fn a_use_is_sampled_and_opens_no_version() {
    let world = World::empty().await;
    world.edit(|inventory| inventory.insert_token(code("at-used", instant("2026-05-20T10:00:00Z"), 90)));
    world.scan_whole(Source::AccessTokens).await;
    for count in [3, 7] {
        world.edit(|inventory| inventory.token_mut("at-used").unwrap().registered_count = count);
        world.scan_whole(Source::AccessTokens).await;
    }
    let samples = world
        .database
        .lines("select previous_count::text, registered_count::text, added_count::text from reporting.access_token_usage order by seen_at")
        .await;
    assert_eq!(samples, ["0 | 3 | 3", "3 | 7 | 4"]);
    let state =
        world.database.lines("select version_no::text, registered_count::text from reporting.access_tokens").await;
    assert_eq!(state, ["1 | 7"]);
}

#[tokio::test]
async fn an_impossible_transition_is_recorded_and_flagged() {
    let world = World::empty().await;
    let mut expired = code("at-odd", instant("2026-04-01T10:00:00Z"), 10);
    expired.status = status::EXPIRED.into();
    world.edit(|inventory| inventory.insert_token(expired));
    world.scan_whole(Source::AccessTokens).await;
    world
        .emulator
        .with_settings(crate::support::ACCOUNT_ID, |settings| settings.rates = emulator::LifecycleRates::frozen());
    world.edit(|inventory| inventory.token_mut("at-odd").unwrap().status = status::ACTIVATED.into());
    world.scan_whole(Source::AccessTokens).await;
    let steps = transitions(&world, "at-odd").await;
    assert_eq!(changes(&steps), [(Some("expired"), "activated")]);
    assert!(!steps[0].is_expected);
    let view = world.database.lines("select status, effective_status from reporting.access_tokens").await;
    assert_eq!(view, ["activated | expired"], "the reported fact stays, the computed one stands beside it");
    let kinds = world.database.lines("select kind from reporting.anomalies order by kind").await;
    assert_eq!(kinds, ["impossible_transition", "live_after_expiry"]);
    world.scan_whole(Source::AccessTokens).await;
    assert_eq!(world.database.value::<i64>("select count(*) from reporting.anomalies").await, 2, "each is told once");
}

#[tokio::test]
async fn a_code_that_outlives_its_expiry_is_odd_once_though_nothing_else_changes() {
    let world = World::empty().await;
    world
        .emulator
        .with_settings(crate::support::ACCOUNT_ID, |settings| settings.rates = emulator::LifecycleRates::frozen());
    let created_at = world.clock.now() - TimeDelta::days(1);
    world.edit(|inventory| inventory.insert_token(code("at-late", created_at, 2)));
    let mut told = Vec::new();
    for step in [TimeDelta::zero(), TimeDelta::days(1), TimeDelta::minutes(2), TimeDelta::minutes(2)] {
        world.advance(step);
        let report = world.scan_whole(Source::AccessTokens).await;
        assert_eq!(applied(&report).counts.changed, 0);
        told.push(applied(&report).counts.anomalies);
    }
    assert_eq!(told, [0, 0, 1, 0], "after a minute of grace");
}

#[tokio::test]
async fn a_device_that_changes_hands_shows_who_held_it_when() {
    let world = World::empty().await;
    let serial = "acs:ram::1772422852740001:mfa/dev-01";
    world.edit(|inventory| inventory.insert_device(MfaDevice::unbound(serial)));
    world.scan_whole(Source::MfaDevices).await;
    for (user_id, name) in [("200000000000000001", "ann"), ("200000000000000002", "ben")] {
        world.advance(TimeDelta::minutes(5));
        let bound_at = world.emulator.now();
        let user = User {
            user_id: user_id.into(),
            upn: format!("{name}@1772422852740001.onaliyun.com"),
            display_name: name.into(),
        };
        world.edit(|inventory| inventory.insert_device(MfaDevice::bound(serial, user, bound_at)));
        world.advance(TimeDelta::minutes(5));
        world.scan_whole(Source::MfaDevices).await;
    }
    world.edit(|inventory| inventory.remove_device(serial));
    world.scan_whole(Source::MfaDevices).await;

    let steps = world
        .database
        .lines(
            "select t.from_status, f.display_name, t.to_status, u.display_name, t.is_user_change::text, t.time_basis
             from reporting.mfa_device_transitions t
             left join reporting_pii.mfa_users f on f.user_key = t.from_user_key
             left join reporting_pii.mfa_users u on u.user_key = t.to_user_key
             order by t.not_after_at",
        )
        .await;
    assert_eq!(
        steps,
        [
            "unbound |  | bound | ann | false | activate_date",
            "bound | ann | bound | ben | true | activate_date",
            "bound | ben | deleted |  | false | bounded",
        ]
    );
}

#[tokio::test]
async fn a_code_that_the_api_calls_deleted_may_vanish_too() {
    let world = World::empty().await;
    let mut odd = code("at-odd", instant("2026-05-20T10:00:00Z"), 90);
    odd.status = "deleted".into();
    world.edit(|inventory| inventory.insert_token(odd));
    world.scan_whole(Source::AccessTokens).await;
    world.edit(|inventory| inventory.remove_token("at-odd"));
    world.scan_whole(Source::AccessTokens).await;
    assert_eq!(world.database.value::<i64>("select count(*) from reporting.access_tokens").await, 0);
    assert_eq!(changes(&transitions(&world, "at-odd").await), [(Some("deleted"), "deleted")]);
}

#[tokio::test]
async fn a_name_that_went_back_is_kept_even_where_one_scan_saw_half_of_it() {
    let world = World::of(account().page_limit(1), |config| config.api.max_attempts = 1).await;
    let user = |name: &str| User { user_id: "7".into(), upn: format!("{name}@x"), display_name: name.into() };
    let bound_at = instant("2026-05-20T10:00:00Z");
    for serial in ["acs:ram::1:mfa/first", "acs:ram::1:mfa/second"] {
        world.edit(|inventory| inventory.insert_device(MfaDevice::bound(serial, user("ann"), bound_at)));
    }
    world.scan_whole(Source::MfaDevices).await;
    let rename = |name: &str| {
        world.edit(|inventory| {
            let serials: Vec<_> = inventory.devices().map(|device| device.serial_number.clone()).collect();
            serials.iter().for_each(|serial| inventory.device_mut(serial).unwrap().user = Some(user(name)));
        });
    };
    rename("anna");
    world.emulator.add_fault(Fault::empty_200().action("ListVirtualMFADevices").after(1));
    assert!(!world.scan(Source::MfaDevices).await.is_success());
    rename("ann");
    world.edit(|inventory| inventory.remove_device("acs:ram::1:mfa/first"));
    world.scan_whole(Source::MfaDevices).await;
    assert_eq!(world.database.lines("select display_name from reporting_pii.mfa_users").await, ["ann"]);
}

#[tokio::test]
async fn a_clock_that_went_back_is_refused_and_recorded() {
    let world = World::empty().await;
    world.scan_whole(Source::AccessTokens).await;
    world.clock.set(world.emulator.now() - TimeDelta::minutes(5));
    let report = world.worker.scan(&world.worker.accounts()[0], Source::AccessTokens, &Default::default()).await;
    assert!(report.failure_line().unwrap().contains("correct the clock"), "{:?}", report.failure_line());
    let recorded = world.database.lines("select outcome, error_code from reporting.scans order by scan_id").await;
    assert_eq!(recorded, ["complete | ", "failed | clock_went_back"]);
}
