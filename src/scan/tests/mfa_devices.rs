//! The markers of `ListVirtualMFADevices`, and the second reading that stands for a look-up.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{
    absent, complete,
    fakes::{Script, devices, instant, limits, options, refuse, rejected_item, target},
    incomplete,
    notebook::{Full, Notebook},
};
use crate::{
    inventory::{MfaDevice, Source},
    scan::{Absence, Incompleteness, Limits, ScanError, ScanOptions, ScanReport, scan_mfa_devices},
    source::{MfaDevicePage, Operation, SourceError},
};

async fn scan(script: &Script, notebook: &mut Notebook<MfaDevice>, attempts: u32) -> ScanReport {
    let options = ScanOptions { attempts, ..options() };
    scan_mfa_devices(&target(Source::MfaDevices), script, notebook, options, &limits()).await.unwrap()
}

/// A page that says `IsTruncated: true` and names no marker.
fn truncated_without_marker() -> Result<MfaDevicePage, SourceError> {
    devices(&["d1"], None).map(|page| MfaDevicePage { is_truncated: true, ..page })
}

fn unavailable() -> Result<MfaDevicePage, SourceError> {
    Err(refuse(Operation::ListVirtualMfaDevices, 503, "ServiceUnavailable"))
}

#[tokio::test]
async fn every_marker_is_followed_from_a_beginning_without_one() {
    let script = Script::new([devices(&["d1", "d2"], Some("A")), devices(&["d3"], Some("B")), devices(&["d4"], None)]);
    let mut notebook = Notebook::keeping(["d1", "d4"]);
    let report = scan(&script, &mut notebook, 3).await;
    assert!(complete(&report).absences().is_empty());
    assert_eq!(complete(&report).target(), &target(Source::MfaDevices));
    assert_eq!(script.markers(), [None, Some("A".to_owned()), Some("B".to_owned())], "and nothing is read twice");
    assert_eq!(notebook.seen.len(), 4);
    assert_eq!(report.evidence.distinct_count, 4);
}

#[tokio::test]
async fn an_empty_page_that_is_truncated_is_not_the_end() {
    let script = Script::new([devices(&[], Some("A")), devices(&["d1"], None)]);
    let mut notebook = Notebook::empty();
    complete(&scan(&script, &mut notebook, 1).await);
    assert_eq!(notebook.seen.len(), 1);
}

#[tokio::test]
async fn a_marker_on_the_last_page_is_not_followed() {
    let last = devices(&["d1"], Some("A")).map(|page| MfaDevicePage { is_truncated: false, ..page });
    let script = Script::new([last]);
    complete(&scan(&script, &mut Notebook::empty(), 1).await);
    assert_eq!(script.markers().len(), 1);
}

#[tokio::test]
async fn a_repeated_marker_is_an_error_and_not_an_end() {
    let script = Script::new([devices(&["d1"], Some("A")), devices(&["d2"], Some("A"))]);
    let mut notebook = Notebook::keeping(["d3"]);
    let report = scan(&script, &mut notebook, 1).await;
    assert!(matches!(incomplete(&report), Incompleteness::RepeatedMarker));
    assert_eq!(notebook.seen.len(), 2, "what was seen is kept");
}

#[tokio::test]
async fn markers_that_alternate_end_the_scan() {
    let script = Script::new([devices(&["d1"], Some("A")), devices(&["d2"], Some("B")), devices(&["d1"], Some("A"))]);
    let report = scan(&script, &mut Notebook::empty(), 1).await;
    assert!(matches!(incomplete(&report), Incompleteness::RepeatedMarker));
    assert_eq!(script.markers().len(), 3);
}

#[tokio::test]
async fn a_truncated_page_without_marker_is_an_error_and_not_an_end() {
    let script = Script::new([truncated_without_marker()]);
    let mut notebook = Notebook::keeping(["d2"]);
    let report = scan(&script, &mut notebook, 1).await;
    assert!(matches!(incomplete(&report), Incompleteness::MissingMarker));
    assert_eq!(notebook.seen.len(), 1);
}

#[tokio::test]
async fn a_broken_chain_of_markers_is_read_again_from_the_start() {
    let script = Script::new([truncated_without_marker(), devices(&["d1"], Some("A")), devices(&["d2"], None)]);
    let mut notebook = Notebook::empty();
    complete(&scan(&script, &mut notebook, 3).await);
    assert_eq!(notebook.restart_count, 1);
    assert_eq!(script.markers(), [None, None, Some("A".to_owned())]);

    let script = Script::new([truncated_without_marker(), truncated_without_marker(), truncated_without_marker()]);
    let report = scan(&script, &mut Notebook::empty(), 3).await;
    assert!(matches!(incomplete(&report), Incompleteness::MissingMarker));
    assert_eq!(report.evidence.attempt_count, 3);
}

#[tokio::test]
async fn a_vanished_device_is_absent_only_where_a_second_whole_reading_misses_it_too() {
    let script = Script::new([
        devices(&["d1"], Some("A")),
        devices(&["d2"], None),
        devices(&["d1"], Some("A")),
        devices(&["d2"], None),
    ]);
    let report = scan(&script, &mut Notebook::keeping(["d1", "gone"]), 1).await;
    assert_eq!(absent(&report), [("gone", instant(4))]);
    assert_eq!(script.markers(), [None, Some("A".to_owned()), None, Some("A".to_owned())]);
}

#[tokio::test]
async fn a_device_that_the_second_reading_finds_is_alive_and_observed() {
    let script = Script::new([devices(&["d1"], None), devices(&["d1", "d2"], None)]);
    let mut notebook = Notebook::keeping(["d1", "d2", "gone"]);
    let report = scan(&script, &mut notebook, 1).await;
    let absent: Vec<&str> = complete(&report).absences().iter().map(Absence::id).collect();
    assert_eq!(absent, ["gone"]);
    assert_eq!(notebook.seen["d2"].1, instant(2));
}

#[tokio::test]
async fn a_device_that_only_the_first_reading_found_is_alive() {
    let script = Script::new([devices(&["d1", "d2"], None), devices(&["d1"], None)]);
    let mut notebook = Notebook::keeping(["d1", "d2", "gone"]);
    let report = scan(&script, &mut notebook, 1).await;
    assert_eq!(complete(&report).absences().len(), 1);
    assert!(notebook.seen.contains_key("d2"));
}

#[tokio::test]
async fn a_device_that_is_kept_under_another_id_is_proven_under_that_one() {
    for readings in
        [[devices(&["d1", "d2"], None), devices(&["d1"], None)], [devices(&["d1"], None), devices(&["d2"], None)]]
    {
        let mut notebook = Notebook::keeping(["d1", "alias", "gone"]);
        notebook.aliases.insert("d2".into(), "alias".into());
        let report = scan(&Script::new(readings), &mut notebook, 1).await;
        let absent: Vec<&str> = complete(&report).absences().iter().map(Absence::id).collect();
        assert_eq!(absent, ["gone"]);
    }
}

#[tokio::test]
async fn a_new_device_in_the_second_reading_is_observed() {
    let script = Script::new([devices(&["d1"], None), devices(&["d1", "new"], None)]);
    let mut notebook = Notebook::keeping(["gone"]);
    complete(&scan(&script, &mut notebook, 1).await);
    assert!(notebook.seen.contains_key("new"));
}

#[tokio::test]
async fn an_error_in_the_second_reading_deletes_nothing_and_keeps_the_first() {
    let script = Script::new([devices(&["d1"], None), unavailable()]);
    let mut notebook = Notebook::keeping(["gone"]);
    let report = scan(&script, &mut notebook, 3).await;
    assert!(matches!(incomplete(&report), Incompleteness::Source(_)));
    assert_eq!(notebook.seen.len(), 1);
    assert_eq!(notebook.restart_count, 0);
}

#[tokio::test]
async fn an_error_in_the_middle_keeps_what_was_seen() {
    let script = Script::new([devices(&["d1"], Some("A")), unavailable()]);
    let mut notebook = Notebook::keeping(["gone"]);
    let report = scan(&script, &mut notebook, 3).await;
    assert!(matches!(incomplete(&report), Incompleteness::Source(_)));
    assert_eq!(notebook.seen.len(), 1);
}

#[tokio::test]
async fn a_rejected_device_makes_the_scan_incomplete_and_stops_no_other() {
    let with_reject = || {
        devices(&["d1"], Some("A")).map(|mut page| {
            page.page.rejected.push(rejected_item());
            page
        })
    };
    let script = Script::new([with_reject(), devices(&["d2"], None)]);
    let mut notebook = Notebook::keeping(["gone"]);
    let report = scan(&script, &mut notebook, 1).await;
    assert!(matches!(incomplete(&report), Incompleteness::Rejected { count: 1 }));
    assert_eq!((notebook.seen.len(), notebook.rejected.len()), (2, 1));
}

#[tokio::test]
async fn a_stop_and_a_failing_observer_end_the_scan_without_a_report() {
    let target = target(Source::MfaDevices);
    let stop = CancellationToken::new();
    stop.cancel();
    let stopped = Limits::new(Duration::from_secs(600), stop);
    let script = Script::new([]);
    let result = scan_mfa_devices(&target, &script, &mut Notebook::empty(), options(), &stopped).await;
    assert!(matches!(result, Err(ScanError::Stopped)));
    assert!(script.markers().is_empty());

    let script = Script::new([devices(&["d1"], None)]);
    let mut full = Notebook::full();
    let result = scan_mfa_devices(&target, &script, &mut full, options(), &limits()).await;
    assert!(matches!(result, Err(ScanError::Observer(Full))));
}
