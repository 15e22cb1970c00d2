//! The ledger says what the rows say, and a scan's outcome is the one that the facts call for.

use stocktake::worker::TargetOutcome;

use super::{Complaint, Look, change::Done, hold};
use crate::rows::Scan;

const ENDED: [&str; 5] = ["complete", "held", "incomplete", "failed", "abandoned"];
const APPLIED: [&str; 3] = ["complete", "held", "incomplete"];

/// Outcome, target and report agree.
pub(super) fn check_ledger(look: &Look<'_>) -> Result<(), Complaint> {
    let nobody: Option<&str> = None;
    let scans = &look.after.scans;
    let applied_count = scans.iter().filter(|scan| scan.applied_at.is_some()).count();
    hold!(applied_count <= 1, "one scan at a time is applied", nobody, "{scans:?}");
    hold!(!look.is_overtaken || applied_count == 0, "a scan that was overtaken is not applied", nobody, "{scans:?}");
    if look.is_rehearsal {
        let is_as_before = scans.iter().all(|scan| look.memory.scans.get(&scan.scan_id) == Some(scan));
        hold!(
            is_as_before && look.after.target == look.memory.target,
            "a rehearsal leaves nothing",
            nobody,
            "{scans:?}"
        );
    }
    for scan in scans {
        let is_applied = APPLIED.contains(&scan.outcome.as_str());
        hold!(scan.applied_at.is_some() == is_applied, "an outcome tells whether it is applied", nobody, "{scan:?}");
        let went_back = look.memory.target.applied_until_at.is_some_and(|until| scan.started_at <= until);
        let is_refused = scan.error_code.as_deref() == Some("clock_went_back");
        if went_back {
            hold!(!is_applied, "time does not run backwards", nobody, "{scan:?}");
        } else {
            hold!(!is_refused, "a clock that did not go back is not refused", nobody, "{scan:?}");
        }
        check_skew(look, scan)?;
    }
    match look.report.map(|report| &report.outcome) {
        Some(TargetOutcome::Recorded(applied)) if !look.is_rehearsal => {
            // The other worker may have closed it already.
            let closed = look.memory.scans.get(&applied.scan_id);
            let scan = scans.iter().find(|scan| scan.scan_id == applied.scan_id).or(closed);
            let is_same = scan.is_some_and(|scan| scan.outcome == applied.outcome.name());
            hold!(is_same, "the report says what the ledger says", nobody, "{applied:?} and {scan:?}");
        }
        Some(TargetOutcome::Unrecorded(_) | TargetOutcome::Busy) => {
            hold!(applied_count == 0, "what is not recorded is not applied", nobody, "{scans:?}");
        }
        _ => {}
    }
    check_target(look)?;
    if look.must_see_all {
        check_outcome(look)?;
    }
    Ok(())
}

fn check_skew(look: &Look<'_>, scan: &Scan) -> Result<(), Complaint> {
    let nobody: Option<&str> = None;
    if let Some(skew) = scan.skew_seconds {
        let (min, max) = (look.readings.skew_min.as_seconds_f64(), look.readings.skew_max.as_seconds_f64());
        // The API's date has whole seconds, and the answer may have been under way.
        let is_true = skew >= min - 0.01 && skew <= max + 1.01 + look.delay.as_seconds_f64();
        hold!(is_true, "the skew is the true one", nobody, "{skew} is not within {min} to {max}");
    }
    Ok(())
}

/// The fence and the freshness move with the scans that may move them.
fn check_target(look: &Look<'_>) -> Result<(), Complaint> {
    let nobody: Option<&str> = None;
    let (before, after) = (&look.memory.target, &look.after.target);
    let mut expected = before.clone();
    if let Some(scan) = look.applied() {
        expected.applied_scan_id = Some(scan.scan_id);
        expected.applied_until_at = after.applied_until_at;
        let has_moved =
            after.applied_until_at >= Some(scan.started_at) && after.applied_until_at > before.applied_until_at;
        hold!(has_moved, "applied_until_at moves on", nobody, "from {before:?} to {after:?}");
        if scan.outcome == "complete" {
            expected.baseline_scan_id = before.baseline_scan_id.or(Some(scan.scan_id));
            expected.complete_scan_id = Some(scan.scan_id);
            expected.complete_started_at = Some(scan.started_at);
        }
    }
    hold!(*after == expected, "only a complete scan is fresh", nobody, "{after:?} instead of {expected:?}");
    Ok(())
}

/// Nothing kept the scan from seeing everything: it is complete, unless the brake holds it.
fn check_outcome(look: &Look<'_>) -> Result<(), Complaint> {
    let nobody: Option<&str> = None;
    let live = look.memory.rows.values().filter(|row| row.deleted_at.is_none());
    let live_count = live.clone().count();
    let absent = live.filter(|row| look.truth.now(look.source, &row.id).is_none()).count();
    #[expect(clippy::cast_precision_loss, reason = "a world has some hundred objects")]
    let breaks_ratio = absent as f64 / live_count as f64 > look.max_delete_ratio;
    let is_braked = absent > look.max_delete_count as usize
        && breaks_ratio
        && look.approved.is_none_or(|approved| absent as u64 > approved);
    let expected = if is_braked { "held" } else { "complete" };
    let outcome = look.after.scans.last().map(|scan| scan.outcome.as_str());
    let rule = "a scan that nothing disturbs is complete, or held by the brake";
    let why = look.report.map(stocktake::worker::TargetReport::failure_line);
    hold!(
        outcome == Some(expected),
        rule,
        nobody,
        "{outcome:?} instead of {expected}, {absent} of {live_count} gone: {why:?}"
    );
    let held = look.after.scans.last().map_or(0, |scan| scan.held_count);
    let expected = if is_braked { absent } else { 0 };
    hold!(held.unsigned_abs() == expected as u64, "what is held is counted", nobody, "{held} instead of {expected}");
    Ok(())
}

/// The counts of the ledger are those of the rows.
pub(super) fn check_counts(look: &Look<'_>, done: &Done) -> Result<(), Complaint> {
    let nobody: Option<&str> = None;
    let Some(scan) = look.after.scans.last() else { return Ok(()) };
    hold!(
        scan.outcome == "running" || ENDED.contains(&scan.outcome.as_str()),
        "an outcome is one of five",
        nobody,
        "{scan:?}"
    );
    let counts = [
        ("new_count", scan.new_count, done.opened + done.returned),
        ("deleted_count", scan.deleted_count, done.buried),
        ("transition_count", scan.transition_count, look.after.records.transitions.len() as i64),
        ("anomaly_count", scan.anomaly_count, look.after.anomaly_count),
    ];
    for (name, said, found) in counts {
        hold!(said == found, "the ledger counts what was done", nobody, "{name} is {said}, but {found} were: {scan:?}");
    }
    // An object whose digest alone was refreshed is changed, too, and looks the same here.
    let changed = done.advanced + done.used;
    hold!(
        scan.changed_count >= changed,
        "the ledger counts what was done",
        nobody,
        "changed_count, {changed}: {scan:?}"
    );
    if look.must_see_all && scan.outcome == "complete" {
        let live = look.after.rows.values().filter(|row| row.deleted_at.is_none()).count() as i64;
        let sum = scan.new_count + scan.changed_count + scan.unchanged_count;
        hold!(sum == live, "new, changed and unchanged are all that lives", nobody, "{sum} of {live}: {scan:?}");
    }
    Ok(())
}
