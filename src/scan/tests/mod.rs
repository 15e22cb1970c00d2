//! The rules of proof, over scripted sources and an observer in memory.

mod absences;
mod completeness;
mod fakes;
mod limits;
mod mfa_devices;
mod moving;
mod notebook;
mod paging;
mod refresh;

use chrono::{DateTime, Utc};

use super::{CompleteScan, Incompleteness, ScanReport, Verdict};

/// The proof of a scan that must be complete.
fn complete(report: &ScanReport) -> &CompleteScan {
    match &report.verdict {
        Verdict::Complete(complete) => complete,
        Verdict::Incomplete(why) => panic!("incomplete: {why}"),
    }
}

/// What a scan that must be complete proves to be gone, and since when.
fn absent(report: &ScanReport) -> Vec<(&str, DateTime<Utc>)> {
    complete(report).absences().iter().map(|absence| (absence.id(), absence.proven_at())).collect()
}

/// Why a scan that must not be complete is not.
fn incomplete(report: &ScanReport) -> &Incompleteness {
    match &report.verdict {
        Verdict::Complete(complete) => panic!("complete: {}", complete.argument()),
        Verdict::Incomplete(why) => why,
    }
}
