//! The report of `status` as text.

use super::report::{StatusReport, TargetStatus};
use crate::{
    cli::{
        output::table,
        paint::Paint,
        words::{counted, instant, instant_or_dash, span},
    },
    store::ScanLine,
};

/// Targets first, then scans, then what asks for a person.
pub(super) fn render(report: &StatusReport, paint: Paint) -> String {
    if report.targets.is_empty() {
        return "nothing was scanned yet and no account is configured; add an [[account]] and run `stocktake sync`"
            .to_owned();
    }
    let mut parts = vec![paint.bold("Targets"), targets(report)];
    if !report.newest_scans.is_empty() {
        parts.extend([String::new(), paint.bold("Last scans"), scans(&report.newest_scans)]);
    }
    let asks = asks(report);
    parts.push(String::new());
    if asks.is_empty() {
        parts.push(paint.green("nothing is stale, failing or held"));
    } else {
        parts.push(paint.bold("Look at"));
        parts.extend(asks.iter().map(|ask| format!("{} {ask}", paint.yellow("!"))));
    }
    if report.legal_hold_count > 0 {
        let holds = counted(report.legal_hold_count as i64, "legal hold");
        parts.push(format!("{holds} in force; see `stocktake retention hold list`"));
    }
    parts.join("\n")
}

fn targets(report: &StatusReport) -> String {
    let mut rows = table(&["account", "source", "state", "data as of", "age", "live", "failures in a row"]);
    for TargetStatus { freshness, is_configured, .. } in &report.targets {
        let state =
            if *is_configured { freshness.state.clone() } else { format!("{}, not configured", freshness.state) };
        rows.add_row(vec![
            freshness.account_name.clone(),
            freshness.source.clone(),
            state,
            instant_or_dash(freshness.data_as_of_at),
            // A clock of ours ahead of the server's gives a negative age.
            freshness.age_seconds.map_or_else(|| "-".to_owned(), |age| span(u64::try_from(age).unwrap_or(0))),
            freshness.live_count.to_string(),
            freshness.consecutive_failure_count.to_string(),
        ]);
    }
    rows.to_string()
}

fn scans(scans: &[ScanLine]) -> String {
    let mut rows = table(&[
        "scan", "account", "source", "outcome", "started", "took", "seen", "new", "changed", "deleted", "held", "odd",
    ]);
    for scan in scans {
        let took = scan.finished_at.map(|at| (at - scan.started_at).num_seconds());
        let counts = [
            scan.distinct_count,
            scan.new_count,
            scan.changed_count,
            scan.deleted_count,
            scan.held_count,
            scan.anomaly_count,
        ];
        let mut row = vec![
            scan.scan_id.to_string(),
            scan.account_name.clone(),
            scan.source.clone(),
            outcome(scan).to_owned(),
            instant(scan.started_at),
            took.map_or_else(|| "-".to_owned(), |took| span(u64::try_from(took).unwrap_or(0))),
        ];
        row.extend(counts.map(|count| count.to_string()));
        rows.add_row(row);
    }
    rows.to_string()
}

/// A refresh of chosen codes is never complete, and need not be.
fn outcome(scan: &ScanLine) -> &str {
    if scan.error_code.as_deref() == Some("partial_refresh") { "refresh" } else { &scan.outcome }
}

/// What asks for a person, a line each: where, what, why and the mend.
fn asks(report: &StatusReport) -> Vec<String> {
    let held = report.held_scans.iter().map(|held| {
        let deletes = counted(held.held_count, "delete");
        let place = format!("{} ({}) {}", held.account_name, held.account_id, held.source);
        format!(
            "{place}: held: {deletes} since scan {} of {}: {}",
            held.scan_id,
            instant(held.started_at),
            held.error_message
        )
    });
    // A held scan is the target's last error too; it is told above.
    let is_told = |error: &String| report.held_scans.iter().any(|held| held.error_message == *error);
    let troubled = report.targets.iter().filter(|target| !target.is_good);
    let troubled = troubled.filter(|target| !target.freshness.last_error.as_ref().is_some_and(is_told));
    let organizations = report.organizations.iter().filter_map(|organization| {
        let trouble = organization.trouble.as_ref()?;
        let listed =
            organization.listed_at.map(|at| format!(", those of {} are kept", instant(at))).unwrap_or_default();
        Some(format!("{} members: {trouble}{listed}", organization.name))
    });
    held.chain(troubled.flat_map(trouble)).chain(organizations).collect()
}

fn trouble(target: &TargetStatus) -> Option<String> {
    let freshness = &target.freshness;
    let why = match (&freshness.last_error, freshness.state.as_str()) {
        (Some(error), state) => {
            let failures = counted(freshness.consecutive_failure_count, "failed scan");
            format!("{state}: {failures}, the last: {error}")
        }
        (None, "never") => "never scanned to the end; run `stocktake sync`".to_owned(),
        (None, "stale") => "stale: no scan ended in time; check that `stocktake run` is running".to_owned(),
        (None, _) => return None,
    };
    let id = if freshness.account_id.is_empty() { "id unknown" } else { &freshness.account_id };
    Some(format!("{} ({id}) {}: {why}", freshness.account_name, freshness.source))
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
