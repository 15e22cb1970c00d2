//! What `status` says.

use super::{super::report::tests::target, *};
use crate::store::Freshness;

fn text(target: Freshness) -> String {
    render(&StatusReport::new(vec![target], Vec::new(), Vec::new(), 0, Vec::new(), &[]), Paint::plain())
}

#[test]
fn a_good_target_is_one_row_and_an_all_clear() {
    let text = text(target("fresh"));
    for part in ["prod", "fresh", "2026-10-03 09:15:02Z", "4 min", "nothing is stale, failing or held"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_failing_target_says_why_with_the_mend() {
    let failing = Freshness {
        consecutive_failure_count: 2,
        last_error: Some("permission denied; grant it".into()),
        ..target("late")
    };
    let text = text(failing);
    let line = "! prod (1) access-tokens: late: 2 failed scans, the last: permission denied; grant it";
    assert!(text.contains(line), "{text}");
}

#[test]
fn an_empty_inventory_says_what_to_do() {
    let report = StatusReport::new(Vec::new(), Vec::new(), Vec::new(), 0, Vec::new(), &[]);
    assert!(render(&report, Paint::plain()).contains("stocktake sync"));
}
