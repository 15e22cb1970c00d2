//! What the rows of a life are told as.

use serde_json::json;

use super::{
    super::samples::{at, bounded, code, device, exact, oddity, sample, version, with},
    *,
};

fn told(life: &Life) -> Vec<String> {
    timeline(life).into_iter().map(|event| event.what).collect()
}

#[test]
fn a_baseline_code_was_created_before_it_was_seen() {
    let first = with(
        version(1, "2026-10-03T09:30:00Z", "baseline", "activated", &[]),
        &[("created_at", json!("2026-10-01T00:00:00Z"))],
    );
    let life = Life { versions: vec![first], ..code() };
    let events = timeline(&life);
    assert_eq!(told(&life), ["created", "first seen, activated"]);
    assert_eq!(events[0].when, When::At(at("2026-10-01T00:00:00Z")));
    assert_eq!(events[1].basis.as_deref(), Some("baseline: it was so before"));
}

#[test]
fn a_known_instant_orders_an_event_before_the_scan_that_read_it() {
    let expired = bounded(Some("activated"), "expired", "2026-11-02T09:00:00Z", "2026-11-02T09:30:00Z");
    let life = Life {
        versions: vec![version(2, "2026-11-02T09:30:00Z", "changed", "expired", &["status"])],
        transitions: vec![exact("expiry", "2026-11-02T09:15:02Z", expired)],
        samples: vec![sample("2026-11-02T09:20:00Z", 0, 1)],
        ..code()
    };
    assert_eq!(told(&life), ["activated → expired", "registered 0 → 1 (+1)"]);
    assert_eq!(timeline(&life)[0].basis.as_deref(), Some("exact: expiry"));
}

#[test]
fn what_retention_purged_is_said() {
    let life = Life {
        versions: vec![
            version(4, "2026-10-03T09:30:00Z", "changed", "activated", &["status"]),
            version(5, "2026-10-04T09:30:00Z", "changed", "expired", &["status"]),
        ],
        ..code()
    };
    let events = timeline(&life);
    assert_eq!(events[0].basis.as_deref(), Some("versions 1 to 3 are purged"));
    assert_eq!(events[1].what, "seen as expired");
}

#[test]
fn a_long_run_of_samples_is_one_line_unless_something_lies_between() {
    let samples: Vec<_> = (0..5).map(|n| sample(&format!("2026-10-05T1{n}:00:00Z"), n, n + 1)).collect();
    let life = Life { samples: samples.clone(), ..code() };
    assert_eq!(told(&life), ["registered 0 → 5 (+5), in 5 steps"]);
    let renamed = version(2, "2026-10-05T12:30:00Z", "changed", "activated", &["token_name"]);
    let life = Life {
        samples,
        versions: vec![version(1, "2026-10-01T00:00:00Z", "baseline", "activated", &[]), renamed],
        ..code()
    };
    assert_eq!(told(&life).len(), 7);
    assert_eq!(told(&life)[4], "renamed: changed");
}

#[test]
fn an_oddity_stands_below_what_was_read_with_it_or_alone() {
    let mut back = bounded(Some("expired"), "activated", "2026-10-03T09:00:00Z", "2026-10-03T09:30:00Z");
    back.is_expected = false;
    back.anomaly = Some("expired to activated cannot happen".into());
    let mut life = Life { transitions: vec![back], ..code() };
    let detail = "expired to activated cannot happen";
    assert_eq!(timeline(&life)[0].details, [format!("! {detail}")]);
    life.anomalies = vec![
        oddity("impossible_transition", detail, "2026-10-03T09:30:00Z"),
        oddity("live_after_expiry", "activated after", "2026-12-03T09:30:00Z"),
    ];
    let events = timeline(&life);
    assert_eq!(events[0].details, [format!("! impossible_transition: {detail}")]);
    assert_eq!((events[0].mark, events[1].mark), (Mark::Odd, Mark::Odd));
    assert_eq!(events[1].what, "live_after_expiry: activated after");
}

#[test]
fn a_device_tells_whose_it_became() {
    let change = |from: &str, to: &str, users: (Option<i64>, Option<i64>), day: u32| StatusChange {
        from_user_key: users.0,
        to_user_key: users.1,
        ..bounded(Some(from), to, &format!("2026-10-{day:02}T09:00:00Z"), &format!("2026-10-{day:02}T09:30:00Z"))
    };
    let user = |version, key: Option<i64>| with(version, &[("user_key", json!(key))]);
    let mut life = Life {
        versions: vec![
            user(version(1, "2026-10-01T09:30:00Z", "baseline", "unbound", &[]), None),
            user(version(2, "2026-10-02T09:30:00Z", "changed", "bound", &["status", "user_key"]), Some(1)),
            user(version(3, "2026-10-03T09:30:00Z", "changed", "bound", &["user_key"]), Some(2)),
        ],
        transitions: vec![
            change("unbound", "bound", (None, Some(1)), 2),
            change("bound", "bound", (Some(1), Some(2)), 3),
            change("bound", "deleted", (Some(2), None), 4),
        ],
        ..device()
    };
    life.user_names.insert(2, "alice".into());
    let wanted = [
        "first seen, unbound",
        "unbound → bound, to user 1",
        "passed from user 1 to user 2 (alice)",
        "bound → deleted, was with user 2 (alice)",
    ];
    assert_eq!(told(&life), wanted);
    assert!(timeline(&life).iter().all(|event| event.details.is_empty()), "the user is told once");
}
