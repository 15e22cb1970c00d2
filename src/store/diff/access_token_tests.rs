//! Every rule of comparing an activation code with its row.

use super::*;
use crate::store::diff::Transition;

/// `TimeToLiveInDays` of the code, and its computed expiry in hours.
const TTL_DAYS: i32 = 10;
const EXPIRY: i64 = 240;

/// Hours after the code was created.
fn hour(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(number)
}

/// The target had its last complete scan at hour 10.
const KNOWN_AT: i64 = 10;

fn known() -> Known {
    Known { is_baseline: false, complete_started_at: Some(hour(KNOWN_AT)) }
}

fn baseline() -> Known {
    Known { is_baseline: true, complete_started_at: None }
}

fn code(status: &str) -> AccessToken {
    AccessToken {
        id: "at-1".to_owned(),
        name: Some("web".to_owned()),
        description: None,
        status: status.to_owned(),
        ttl_days: Some(TTL_DAYS),
        max_use_count: Some(5),
        registered_count: Some(1),
        created_at: Some(hour(0)),
        extra: Map::new(),
        anomalies: Vec::new(),
    }
}

/// The live row of `code(status)`, whose version opened at hour 1.
fn row(status: &str) -> AccessTokenRow {
    let AccessToken { id, name, description, status, ttl_days, max_use_count, registered_count, created_at, .. } =
        code(status);
    AccessTokenRow {
        id,
        seen_since_at: hour(1),
        deleted_at: None,
        status,
        name,
        description,
        ttl_days,
        max_use_count,
        registered_count,
        created_at,
        extra: Json(Map::new()),
        digest: 0,
    }
}

fn tombstone(status: &str) -> AccessTokenRow {
    AccessTokenRow { deleted_at: Some(hour(20)), seen_since_at: hour(20), ..row(status) }
}

fn compare(old: &AccessTokenRow, new: &AccessToken, observed_at: i64) -> Difference {
    compare_access_token(Some(old), new, hour(observed_at), known())
}

fn kinds(difference: &Difference) -> Vec<AnomalyKind> {
    difference.anomalies.iter().map(|anomaly| anomaly.kind).collect()
}

/// A transition that nothing is odd about.
fn bounded(from_status: Option<&str>, not_before: i64) -> Transition {
    Transition {
        not_before_at: hour(not_before),
        from_status: from_status.map(str::to_owned),
        occurred_at: None,
        time_basis: "bounded",
        is_expected: true,
        anomaly: None,
    }
}

#[test]
fn the_baseline_opens_versions_and_saw_no_change() {
    // Also where an incomplete scan came before, and where a complete one is applied again.
    for known in [baseline(), Known { is_baseline: true, complete_started_at: Some(hour(KNOWN_AT)) }] {
        let difference = compare_access_token(None, &code("activated"), hour(12), known);
        assert_eq!((difference.write, difference.change_kind), (Write::Open, "baseline"));
        assert_eq!(difference.transition, None);
        assert!(difference.anomalies.is_empty() && difference.changed_columns.is_empty());
    }
}

#[test]
fn a_code_that_appears_was_created_at_its_creation_time_where_that_lies_within_the_bounds() {
    let new = AccessToken { created_at: Some(hour(11)), ..code("unactivated") };
    let difference = compare_access_token(None, &new, hour(12), known());
    assert_eq!((difference.write, difference.change_kind), (Write::Open, "appeared"));
    let created = Transition { occurred_at: Some(hour(11)), time_basis: "created", ..bounded(None, KNOWN_AT) };
    assert_eq!(difference.transition, Some(created));
    assert!(difference.anomalies.is_empty());
}

#[test]
fn a_code_that_appears_activated_became_so_at_an_unknown_instant() {
    let new = AccessToken { created_at: Some(hour(11)), ..code("activated") };
    let difference = compare_access_token(None, &new, hour(12), known());
    assert_eq!(difference.transition, Some(bounded(None, KNOWN_AT)));
    assert!(difference.anomalies.is_empty());
    // It was there before the last complete scan, which did not see it.
    let missed = AccessToken { created_at: Some(hour(0)), ..code("activated") };
    let difference = compare_access_token(None, &missed, hour(12), known());
    assert_eq!(kinds(&difference), [AnomalyKind::KnownInstantOutsideBounds]);
    let anomaly = Some(difference.anomalies[0].detail.clone());
    assert_eq!(difference.transition, Some(Transition { anomaly, ..bounded(None, 0) }));
}

#[test]
fn a_code_that_appears_expired_has_its_computed_expiry() {
    let known = Known { is_baseline: false, complete_started_at: Some(hour(EXPIRY - 1)) };
    let difference = compare_access_token(None, &code("expired"), hour(EXPIRY + 1), known);
    let transition = difference.transition.unwrap();
    assert_eq!((transition.occurred_at, transition.time_basis), (Some(hour(EXPIRY)), "expiry"));
}

#[test]
fn a_code_that_appears_with_a_creation_time_outside_the_bounds_is_bounded_and_odd() {
    // One that was there before the last complete scan was missed by it: nothing proves its absence then.
    for (created_at, not_before) in [(0, 0), (13, KNOWN_AT)] {
        let new = AccessToken { created_at: Some(hour(created_at)), ..code("unactivated") };
        let difference = compare_access_token(None, &new, hour(12), known());
        assert_eq!(kinds(&difference), [AnomalyKind::KnownInstantOutsideBounds]);
        let anomaly = Some(difference.anomalies[0].detail.clone());
        assert_eq!(difference.transition, Some(Transition { anomaly, ..bounded(None, not_before) }));
    }
}

#[test]
fn a_code_that_appears_with_a_creation_time_near_the_bounds_is_bounded_and_not_odd() {
    for created_at in [hour(KNOWN_AT) - TOLERANCE, hour(12) + TOLERANCE] {
        let new = AccessToken { created_at: Some(created_at), ..code("unactivated") };
        let difference = compare_access_token(None, &new, hour(12), known());
        let not_before_at = hour(KNOWN_AT).min(created_at);
        assert_eq!(difference.transition, Some(Transition { not_before_at, ..bounded(None, KNOWN_AT) }));
        assert!(difference.anomalies.is_empty());
    }
}

#[test]
fn a_code_that_appears_without_creation_time_is_bounded() {
    let new = AccessToken { created_at: None, ..code("unactivated") };
    let difference = compare_access_token(None, &new, hour(12), known());
    assert_eq!(difference.transition, Some(bounded(None, KNOWN_AT)));
    assert!(difference.anomalies.is_empty());
}

#[test]
fn an_activation_is_bounded_by_the_last_proof_of_the_old_status() {
    let difference = compare(&row("unactivated"), &code("activated"), 12);
    assert_eq!((difference.write, difference.change_kind), (Write::Next, "changed"));
    assert_eq!(difference.changed_columns, ["status"]);
    assert_eq!(difference.transition, Some(bounded(Some("unactivated"), KNOWN_AT)));
    assert!(difference.anomalies.is_empty());
}

#[test]
fn the_old_status_is_proven_by_the_later_of_its_version_and_the_last_complete_scan() {
    let fresh = AccessTokenRow { seen_since_at: hour(11), ..row("unactivated") };
    assert_eq!(compare(&fresh, &code("activated"), 12).transition, Some(bounded(Some("unactivated"), 11)));
    // Before the first complete scan, only the version proves it.
    let difference = compare_access_token(Some(&row("unactivated")), &code("activated"), hour(12), baseline());
    assert_eq!(difference.change_kind, "changed");
    assert_eq!(difference.transition, Some(bounded(Some("unactivated"), 1)));
}

#[test]
fn an_expiry_happened_when_it_was_computed_to() {
    for from_status in ["unactivated", "activated", "frozen"] {
        let difference = compare(&row(from_status), &code("expired"), EXPIRY + 1);
        let expiry = Transition {
            occurred_at: Some(hour(EXPIRY)),
            time_basis: "expiry",
            ..bounded(Some(from_status), KNOWN_AT)
        };
        assert_eq!(difference.transition, Some(expiry));
        assert!(difference.anomalies.is_empty());
    }
}

#[test]
fn an_expiry_that_cannot_be_computed_is_bounded() {
    for (ttl_days, created_at) in [(None, Some(hour(0))), (Some(TTL_DAYS), None)] {
        let old = AccessTokenRow { ttl_days, created_at, ..row("activated") };
        let new = AccessToken { ttl_days, created_at, ..code("expired") };
        let difference = compare(&old, &new, EXPIRY + 1);
        assert_eq!(difference.transition, Some(bounded(Some("activated"), KNOWN_AT)));
        assert!(difference.anomalies.is_empty());
    }
}

#[test]
fn an_expiry_before_the_old_status_was_last_proven_is_bounded_and_odd() {
    let old = AccessTokenRow { seen_since_at: hour(EXPIRY + 1), ..row("activated") };
    let difference = compare(&old, &code("expired"), EXPIRY + 2);
    assert_eq!(kinds(&difference), [AnomalyKind::KnownInstantOutsideBounds]);
    let transition = difference.transition.unwrap();
    assert_eq!((transition.occurred_at, transition.time_basis), (None, "bounded"));
    assert!(transition.is_expected && transition.anomaly.is_some());
}

#[test]
fn a_code_that_is_called_expired_too_early_is_bounded_and_odd() {
    let difference = compare(&row("activated"), &code("expired"), EXPIRY - 1);
    assert_eq!(kinds(&difference), [AnomalyKind::ExpiredBeforeExpiry]);
    assert_eq!(difference.transition, Some(bounded(Some("activated"), KNOWN_AT)));

    let difference = compare_access_token(None, &code("expired"), hour(EXPIRY - 1), baseline());
    assert_eq!(kinds(&difference), [AnomalyKind::ExpiredBeforeExpiry], "also where it is seen for the first time");
}

#[test]
fn an_expiry_a_little_early_is_a_matter_of_clocks() {
    let new = code("expired");
    for early in [TimeDelta::seconds(1), TOLERANCE] {
        let difference = compare_access_token(Some(&row("activated")), &new, hour(EXPIRY) - early, known());
        assert_eq!(difference.transition, Some(bounded(Some("activated"), KNOWN_AT)));
        assert!(difference.anomalies.is_empty());
    }
    let early = TOLERANCE + TimeDelta::microseconds(1);
    let difference = compare_access_token(Some(&row("activated")), &new, hour(EXPIRY) - early, known());
    assert_eq!(kinds(&difference), [AnomalyKind::ExpiredBeforeExpiry]);
}

#[test]
fn an_early_expiry_is_not_repeated_with_every_later_change() {
    let new = AccessToken { name: Some("db".to_owned()), ..code("expired") };
    let difference = compare(&row("expired"), &new, EXPIRY - 1);
    assert_eq!(difference.write, Write::Next);
    assert!(difference.anomalies.is_empty());
}

#[test]
fn what_cannot_happen_after_expiry_is_recorded_and_flagged() {
    for to_status in ["activated", "unactivated"] {
        let difference = compare(&row("expired"), &code(to_status), EXPIRY + 1);
        assert_eq!(kinds(&difference), [AnomalyKind::ImpossibleTransition]);
        let transition = difference.transition.unwrap();
        assert!(!transition.is_expected);
        assert_eq!(transition.from_status.as_deref(), Some("expired"));
        assert_eq!(transition.anomaly, Some(difference.anomalies[0].detail.clone()));
        assert_eq!(transition.time_basis, "bounded");
    }
}

#[test]
fn a_change_to_or_from_an_unknown_status_is_a_transition_like_any_other() {
    for (from_status, to_status) in [("activated", "frozen"), ("frozen", "activated"), ("expired", "frozen")] {
        let difference = compare(&row(from_status), &code(to_status), 12);
        assert_eq!(difference.transition, Some(bounded(Some(from_status), KNOWN_AT)));
        assert!(difference.anomalies.is_empty());
    }
}

#[test]
fn what_was_odd_about_a_new_version_is_recorded_with_it() {
    let odd = Anomaly::new(AnomalyKind::UnknownStatus, "frozen");
    let new = AccessToken { anomalies: vec![odd], ..code("frozen") };
    assert_eq!(kinds(&compare(&row("activated"), &new, 12)), [AnomalyKind::UnknownStatus]);
    assert_eq!(kinds(&compare_access_token(None, &new, hour(12), baseline())), [AnomalyKind::UnknownStatus]);
}

#[test]
fn a_code_that_comes_back_is_a_flagged_transition_from_deleted() {
    for status in ["unactivated", "expired"] {
        let difference = compare(&tombstone(status), &code(status), EXPIRY + 1);
        assert_eq!((difference.write, difference.change_kind), (Write::Next, "reappeared"));
        assert_eq!(kinds(&difference), [AnomalyKind::Reappeared]);
        let anomaly = Some(difference.anomalies[0].detail.clone());
        let expected = Transition { is_expected: false, anomaly, ..bounded(Some("deleted"), 20) };
        assert_eq!(difference.transition, Some(expected), "no computed instant says when it came back");
    }
}

#[test]
fn a_code_that_comes_back_is_flagged_even_where_the_api_calls_it_deleted() {
    let difference = compare(&tombstone("expired"), &code("deleted"), EXPIRY + 1);
    assert_eq!((difference.write, difference.change_kind), (Write::Next, "reappeared"));
    assert_eq!(kinds(&difference), [AnomalyKind::Reappeared]);
    assert_eq!(difference.transition, None, "from deleted to deleted is no change of status");
}

#[test]
fn a_code_that_comes_back_is_bounded_by_the_last_complete_scan_unless_a_new_creation_disproves_it() {
    let known = Known { complete_started_at: Some(hour(30)), ..known() };
    for (created_at, not_before) in [(0, 30), (25, 25), (19, 20), (30, 30), (31, 30)] {
        let new = AccessToken { created_at: Some(hour(created_at)), ..code("activated") };
        let difference = compare_access_token(Some(&tombstone("activated")), &new, hour(32), known);
        assert_eq!(difference.transition.unwrap().not_before_at, hour(not_before), "created at {created_at}");
    }
}

#[test]
fn a_code_that_comes_back_owes_nothing_to_the_one_before() {
    let new =
        AccessToken { created_at: Some(hour(25)), ttl_days: Some(3), registered_count: Some(0), ..code("unactivated") };
    assert_eq!(kinds(&compare(&tombstone("activated"), &new, 30)), [AnomalyKind::Reappeared]);
}

#[test]
fn a_registered_count_alone_is_touched_and_opens_no_version() {
    let new = AccessToken { registered_count: Some(2), ..code("activated") };
    let difference = compare(&row("activated"), &new, 12);
    assert_eq!((difference.write, difference.change_kind), (Write::Touch, ""));
    assert!(difference.changed_columns.is_empty() && difference.anomalies.is_empty());
    assert_eq!(difference.transition, None);
}

#[test]
fn touching_does_not_repeat_what_was_odd_when_the_version_opened() {
    let odd = Anomaly::new(AnomalyKind::UnknownStatus, "frozen");
    let new = AccessToken { registered_count: Some(0), anomalies: vec![odd], ..code("frozen") };
    let difference = compare(&row("frozen"), &new, 12);
    assert_eq!(difference.write, Write::Touch);
    assert_eq!(kinds(&difference), [AnomalyKind::RegisteredCountFell]);
}

#[test]
fn a_registered_count_that_falls_is_odd() {
    let new = AccessToken { registered_count: Some(0), ..code("activated") };
    let difference = compare(&row("activated"), &new, 12);
    assert_eq!(difference.write, Write::Touch);
    assert_eq!(kinds(&difference), [AnomalyKind::RegisteredCountFell]);
    assert_eq!(difference.anomalies[0].detail, "RegisteredCount fell from 1 to 0");
    let with_status = AccessToken { registered_count: Some(0), ..code("expired") };
    assert_eq!(kinds(&compare(&row("activated"), &with_status, EXPIRY)), [AnomalyKind::RegisteredCountFell]);
    let unknown = AccessToken { registered_count: None, ..code("activated") };
    assert!(compare(&row("activated"), &unknown, 12).anomalies.is_empty());
}

#[test]
fn a_registered_count_above_count_is_odd_once() {
    let above = AccessToken { registered_count: Some(6), ..code("activated") };
    let odd = [AnomalyKind::RegisteredCountAboveCount];
    assert_eq!(kinds(&compare(&row("activated"), &above, 12)), odd);
    assert_eq!(kinds(&compare_access_token(None, &above, hour(12), baseline())), odd);

    let old = AccessTokenRow { registered_count: Some(6), ..row("activated") };
    assert!(compare(&old, &above, 12).anomalies.is_empty());
    let renamed = AccessToken { name: None, ..above.clone() };
    assert!(compare(&old, &renamed, 12).anomalies.is_empty(), "neither number changed");
    let further = AccessToken { registered_count: Some(7), ..above };
    assert_eq!(kinds(&compare(&old, &further, 12)), odd);
    let at_the_limit = AccessToken { registered_count: Some(5), ..code("activated") };
    assert!(compare(&row("activated"), &at_the_limit, 12).anomalies.is_empty());
}

#[test]
fn a_count_that_falls_below_the_registered_count_is_odd() {
    let old = AccessTokenRow { registered_count: Some(4), ..row("activated") };
    let new = AccessToken { registered_count: Some(4), max_use_count: Some(3), ..code("activated") };
    let difference = compare(&old, &new, 12);
    assert_eq!(difference.changed_columns, ["max_use_count"]);
    assert_eq!(kinds(&difference), [AnomalyKind::RegisteredCountAboveCount]);
}

#[test]
fn a_changed_creation_time_or_time_to_live_is_a_new_version_and_odd() {
    let new = AccessToken { created_at: Some(hour(2)), ..code("activated") };
    let difference = compare(&row("activated"), &new, 12);
    assert_eq!((difference.write, difference.transition.as_ref()), (Write::Next, None));
    assert_eq!(difference.changed_columns, ["created_at"]);
    assert_eq!(kinds(&difference), [AnomalyKind::CreationTimeChanged]);

    let new = AccessToken { ttl_days: None, ..code("activated") };
    let difference = compare(&row("activated"), &new, 12);
    assert_eq!((difference.write, difference.transition.as_ref()), (Write::Next, None));
    assert_eq!(difference.changed_columns, ["ttl_days"]);
    assert_eq!(kinds(&difference), [AnomalyKind::TtlChanged]);
    assert_eq!(difference.anomalies[0].detail, "TimeToLiveInDays changed from 10 to nothing");
}

#[test]
fn every_other_field_opens_a_version_without_transition() {
    let base = || code("activated");
    let extra: Map<String, Value> = [("Region".to_owned(), Value::from("cn"))].into_iter().collect();
    for (column, new) in [
        ("token_name", AccessToken { name: None, ..base() }),
        ("description", AccessToken { description: Some("x".to_owned()), ..base() }),
        ("max_use_count", AccessToken { max_use_count: Some(9), ..base() }),
        ("extra", AccessToken { extra, ..base() }),
    ] {
        let difference = compare(&row("activated"), &new, 12);
        assert_eq!((difference.write, difference.change_kind), (Write::Next, "changed"));
        assert_eq!(difference.changed_columns, [column]);
        assert_eq!(difference.transition, None);
        assert!(difference.anomalies.is_empty());
    }
}
