//! All that is absent is let through, or nothing is.

use super::{instant, scan_without, target};
use crate::{
    inventory::{Source, Target},
    scan::{DeleteLimits, Ruling},
};

const LIMITS: DeleteLimits = DeleteLimits { max_count: 20, max_ratio: 0.3, approved: None };

/// Whether `absent` of `live` rows may be buried; where not, all of them are held.
fn allows(limits: DeleteLimits, absent: usize, live: u64) -> bool {
    match scan_without(absent).rule(&target(), limits, live) {
        Ruling::Bury(tombstones) => {
            assert_eq!(tombstones.count(), absent as u64, "all or none");
            true
        }
        Ruling::Hold { absent_count } => {
            assert_eq!(absent_count, absent as u64);
            false
        }
        Ruling::Foreign(of) => panic!("the scan is of {of}"),
    }
}

#[test]
fn only_breaking_both_limits_holds() {
    for (absent, live, is_allowed) in [
        (20, 20, true),
        (21, 21, false),
        (30, 100, true),
        (31, 100, false),
        (300, 1000, true),
        (301, 1000, false),
        (21, 70, true),
        (21, 69, false),
    ] {
        assert_eq!(allows(LIMITS, absent, live), is_allowed, "{absent} of {live}");
    }
}

#[test]
fn the_ratio_itself_is_allowed_whatever_it_is() {
    for hundredths in 21..=100_u32 {
        let limits = DeleteLimits { max_ratio: f64::from(hundredths) / 100.0, ..LIMITS };
        assert!(allows(limits, hundredths as usize, 100), "{hundredths} of 100");
        assert!(!allows(limits, hundredths as usize + 1, 100), "{hundredths} + 1 of 100");
    }
}

#[test]
fn limits_of_zero_hold_every_delete_and_no_scan_without_one() {
    let strict = DeleteLimits { max_count: 0, max_ratio: 0.0, approved: None };
    assert!(allows(strict, 0, 0));
    assert!(allows(strict, 0, 100));
    assert!(!allows(strict, 1, 100));
    assert!(allows(DeleteLimits { max_count: 1, ..strict }, 1, 100));
    assert!(allows(DeleteLimits { max_ratio: 1.0, ..strict }, 100, 100));
    // Whatever the database counts as live, absences of nothing are too many.
    assert!(!allows(LIMITS, 21, 0));
}

#[test]
fn an_approval_is_a_ceiling_and_never_a_lower_limit() {
    let approving = |count| DeleteLimits { approved: Some(count), ..LIMITS };
    assert!(allows(approving(50), 50, 50));
    assert!(allows(approving(51), 50, 50));
    assert!(!allows(approving(49), 50, 50));
    assert!(!allows(approving(0), 50, 50));
    assert!(allows(approving(5), 10, 50), "what needs no approval passes with any");
    assert!(allows(approving(0), 0, 50));
}

#[test]
fn a_scan_of_another_target_is_never_ruled_on() {
    let scan = scan_without(1);
    let other_account = Target { account_id: "1".to_owned(), ..target() };
    let other_source = Target { source: Source::MfaDevices, ..target() };
    for foreign in [other_account, other_source] {
        assert!(matches!(scan.rule(&foreign, LIMITS, 100), Ruling::Foreign(of) if *of == target()));
    }
}

#[test]
fn tombstones_are_of_the_objects_that_the_scan_proves_gone() {
    let scan = scan_without(2);
    let Ruling::Bury(tombstones) = scan.rule(&target(), LIMITS, 100) else { panic!("2 of 100 are few") };
    assert_eq!(tombstones.count(), 2);
    assert_eq!(tombstones.account_id(), target().account_id);
    assert_eq!(tombstones.ids(), ["gone-0", "gone-1"]);
    assert_eq!(tombstones.proven_at(), [instant(0), instant(1)]);
}
