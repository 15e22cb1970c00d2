//! Every rule of comparing an MFA device with its row.

use chrono::TimeDelta;

use super::*;
use crate::inventory::MfaUser;
use crate::store::diff::Transition;

fn hour(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(number)
}

/// The target had its last complete scan at hour 10.
const KNOWN_AT: i64 = 10;

fn known() -> Known {
    Known { is_baseline: false, complete_started_at: Some(hour(KNOWN_AT)) }
}

fn user(id: &str, name: &str) -> Option<MfaUser> {
    Some(MfaUser { id: id.to_owned(), principal_name: Some(name.to_owned()), display_name: None })
}

fn unbound() -> MfaDevice {
    MfaDevice {
        serial_number: "acs:ram::1:mfa/d1".to_owned(),
        user: None,
        activated_at: None,
        extra: Map::new(),
        anomalies: Vec::new(),
    }
}

fn bound(user_id: &str, activated_at: i64) -> MfaDevice {
    MfaDevice { user: user(user_id, "ann"), activated_at: Some(hour(activated_at)), ..unbound() }
}

/// The live row of `device`, whose version opened at hour 1.
fn row(device: &MfaDevice) -> MfaDeviceRow {
    MfaDeviceRow {
        serial_number: device.serial_number.clone(),
        seen_since_at: hour(1),
        deleted_at: None,
        status: device.status().name().to_owned(),
        user_id: device.user.as_ref().map(|user| user.id.clone()),
        activated_at: device.activated_at,
        extra: Json(device.extra.clone()),
        digest: 0,
    }
}

fn compare(old: &MfaDeviceRow, new: &MfaDevice, observed_at: i64) -> Difference {
    compare_mfa_device(Some(old), new, hour(observed_at), known())
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

fn activated(from_status: Option<&str>, not_before: i64, at: i64) -> Transition {
    Transition { occurred_at: Some(hour(at)), time_basis: "activate_date", ..bounded(from_status, not_before) }
}

#[test]
fn the_baseline_opens_versions_and_saw_no_change() {
    for complete_started_at in [None, Some(hour(KNOWN_AT))] {
        let known = Known { is_baseline: true, complete_started_at };
        let difference = compare_mfa_device(None, &bound("1", 0), hour(12), known);
        assert_eq!((difference.write, difference.change_kind), (Write::Open, "baseline"));
        assert_eq!(difference.transition, None);
        assert!(difference.anomalies.is_empty());
    }
}

#[test]
fn a_device_that_appears_is_a_transition_from_nothing() {
    let difference = compare_mfa_device(None, &unbound(), hour(12), known());
    assert_eq!((difference.write, difference.change_kind), (Write::Open, "appeared"));
    assert_eq!(difference.transition, Some(bounded(None, KNOWN_AT)));

    let difference = compare_mfa_device(None, &bound("1", 11), hour(12), known());
    assert_eq!(difference.transition, Some(activated(None, KNOWN_AT, 11)));
    assert!(difference.anomalies.is_empty());
}

#[test]
fn a_device_that_appears_with_a_binding_before_the_last_complete_scan_is_odd_and_bounded_by_it() {
    let difference = compare_mfa_device(None, &bound("1", 5), hour(12), known());
    assert_eq!(kinds(&difference), [AnomalyKind::KnownInstantOutsideBounds]);
    let anomaly = Some(difference.anomalies[0].detail.clone());
    assert_eq!(difference.transition, Some(Transition { anomaly, ..bounded(None, 5) }));
}

#[test]
fn a_binding_happened_at_its_activate_date_where_that_lies_within_the_bounds() {
    let difference = compare(&row(&unbound()), &bound("1", 11), 12);
    assert_eq!((difference.write, difference.change_kind), (Write::Next, "changed"));
    assert_eq!(difference.changed_columns, ["status", "user_key", "activated_at"]);
    assert_eq!(difference.transition, Some(activated(Some("unbound"), KNOWN_AT, 11)));
    assert!(difference.anomalies.is_empty());

    for activated_at in [5, 13] {
        let difference = compare(&row(&unbound()), &bound("1", activated_at), 12);
        assert_eq!(kinds(&difference), [AnomalyKind::KnownInstantOutsideBounds]);
        assert_eq!(difference.transition.unwrap().time_basis, "bounded");
    }
}

#[test]
fn an_unbinding_is_bounded_and_takes_no_activate_date() {
    let difference = compare(&row(&bound("1", 5)), &unbound(), 12);
    assert_eq!(difference.changed_columns, ["status", "user_key", "activated_at"]);
    assert_eq!(difference.transition, Some(bounded(Some("bound"), KNOWN_AT)));

    let still_dated = MfaDevice { user: None, ..bound("1", 11) };
    let difference = compare(&row(&bound("1", 11)), &still_dated, 12);
    assert_eq!(difference.transition, Some(bounded(Some("bound"), KNOWN_AT)));
}

#[test]
fn a_device_that_goes_to_another_user_is_a_transition_from_bound_to_bound() {
    let difference = compare(&row(&bound("1", 5)), &bound("2", 11), 12);
    assert_eq!(difference.changed_columns, ["user_key", "activated_at"]);
    assert_eq!(difference.transition, Some(activated(Some("bound"), KNOWN_AT, 11)));
}

#[test]
fn the_old_status_is_proven_by_the_later_of_its_version_and_the_last_complete_scan() {
    let fresh = MfaDeviceRow { seen_since_at: hour(11), ..row(&bound("1", 5)) };
    assert_eq!(compare(&fresh, &unbound(), 12).transition, Some(bounded(Some("bound"), 11)));
    let baseline = Known { is_baseline: true, complete_started_at: None };
    let difference = compare_mfa_device(Some(&row(&bound("1", 5))), &unbound(), hour(12), baseline);
    assert_eq!(difference.transition, Some(bounded(Some("bound"), 1)));
}

#[test]
fn an_activate_date_alone_opens_a_version_without_transition() {
    let difference = compare(&row(&bound("1", 5)), &bound("1", 11), 12);
    assert_eq!((difference.write, difference.change_kind), (Write::Next, "changed"));
    assert_eq!(difference.changed_columns, ["activated_at"]);
    assert_eq!(difference.transition, None);
}

#[test]
fn an_unknown_field_alone_opens_a_version_without_transition() {
    let mut new = unbound();
    new.extra.insert("Type".to_owned(), Value::from("VMFA"));
    new.anomalies.push(Anomaly::new(AnomalyKind::NulCharacter, "Type"));
    let difference = compare(&row(&unbound()), &new, 12);
    assert_eq!((difference.write, difference.changed_columns.as_slice()), (Write::Next, &["extra"][..]));
    assert_eq!(difference.transition, None);
    assert_eq!(kinds(&difference), [AnomalyKind::NulCharacter], "what is odd is recorded with the version");
}

#[test]
fn a_new_name_of_the_user_is_touched_and_opens_no_version() {
    let odd = Anomaly::new(AnomalyKind::UnreadableField, "ActivateDate: soon");
    let new = MfaDevice { user: user("1", "beth"), anomalies: vec![odd], ..bound("1", 5) };
    let difference = compare(&row(&bound("1", 5)), &new, 12);
    assert_eq!((difference.write, difference.change_kind), (Write::Touch, ""));
    assert!(difference.changed_columns.is_empty());
    assert_eq!(difference.transition, None);
    assert!(difference.anomalies.is_empty(), "it was recorded when the version opened");
}

#[test]
fn what_is_odd_about_a_new_name_is_recorded() {
    let odd = Anomaly::new(AnomalyKind::NulCharacter, "User.DisplayName");
    let new = MfaDevice { user: user("1", "b\u{FFFD}"), anomalies: vec![odd.clone()], ..bound("1", 5) };
    let difference = compare(&row(&bound("1", 5)), &new, 12);
    assert_eq!((difference.write, difference.anomalies), (Write::Touch, vec![odd]));
}

#[test]
fn a_device_that_comes_back_is_a_flagged_transition_from_deleted() {
    for device in [unbound(), bound("1", 25)] {
        let tombstone = MfaDeviceRow { deleted_at: Some(hour(20)), seen_since_at: hour(20), ..row(&device) };
        let difference = compare(&tombstone, &device, 30);
        assert_eq!((difference.write, difference.change_kind), (Write::Next, "reappeared"));
        assert_eq!(kinds(&difference), [AnomalyKind::Reappeared]);
        let transition = difference.transition.unwrap();
        assert_eq!((transition.from_status.as_deref(), transition.not_before_at), (Some("deleted"), hour(20)));
        assert_eq!(transition.occurred_at, device.activated_at);
        assert!(!transition.is_expected);
        assert_eq!(transition.anomaly, Some(difference.anomalies[0].detail.clone()));
    }
}

#[test]
fn a_device_that_is_bound_anew_disproves_what_was_inferred_of_its_absence_and_not_what_was_proven() {
    let tombstone = MfaDeviceRow { deleted_at: Some(hour(2)), seen_since_at: hour(2), ..row(&bound("1", 1)) };
    for (bound_at, not_before) in [(4, 4), (0, 2), (1, KNOWN_AT), (20, KNOWN_AT)] {
        let difference = compare(&tombstone, &bound("1", bound_at), 30);
        assert_eq!(difference.transition.unwrap().not_before_at, hour(not_before), "bound at {bound_at}");
    }
}

#[test]
fn a_device_that_comes_back_is_bounded_by_the_last_complete_scan_that_missed_it() {
    let tombstone = MfaDeviceRow { deleted_at: Some(hour(5)), ..row(&unbound()) };
    assert_eq!(compare(&tombstone, &unbound(), 30).transition.unwrap().not_before_at, hour(KNOWN_AT));
}
