//! What ends a scan before its listing does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{
    complete,
    fakes::{Cloud, Manner, code, codes, devices, limits, options, refuse, scan, target},
    incomplete,
    notebook::{Full, Notebook},
};
use crate::{
    inventory::{AccessToken, Source},
    scan::{Incompleteness, Limits, ScanError, ScanReport, scan_access_tokens, scan_mfa_devices},
    source::{ListMfaDevices, MfaDevicePage, MfaDeviceQuery, Operation, SourceError},
};

const PAGED: Manner = Manner::Honours { clamp: 50 };

/// Scans within `limits`; a scan that outlives them fails its test instead of hanging it.
async fn scan_within(
    cloud: &Cloud,
    notebook: &mut Notebook<AccessToken>,
    limits: &Limits,
) -> Result<ScanReport, ScanError<Full>> {
    let target = target(Source::AccessTokens);
    let scan = scan_access_tokens(&target, cloud, notebook, options(), limits);
    tokio::time::timeout(Duration::from_secs(20), scan).await.expect("the limits end the scan")
}

#[tokio::test]
async fn an_error_in_the_middle_keeps_what_was_seen_and_is_not_tried_again() {
    let cloud = Cloud::new(PAGED, codes(130)).answering(|number, _, page| match number {
        3 => Err(refuse(Operation::ListAccessTokens, 503, "ServiceUnavailable")),
        _ => Ok(page),
    });
    let mut notebook = Notebook::keeping(["at-gone"]);
    let report = scan(&cloud, &mut notebook).await;
    let why = incomplete(&report);
    assert!(matches!(why, Incompleteness::Source(_)), "{why}");
    assert_eq!(why.code(), "ServiceUnavailable");
    assert_eq!(notebook.seen.len(), 100);
    assert_eq!(notebook.restart_count, 0);
    assert_eq!(cloud.request_count(), 3);
}

#[tokio::test]
async fn a_refusal_is_not_an_empty_inventory() {
    for (status, code) in [(403, "NoPermission"), (400, "InvalidParameter.Status"), (200, "InternalError")] {
        let cloud = Cloud::new(PAGED, codes(0))
            .answering(move |_, _, _| Err(refuse(Operation::ListAccessTokens, status, code)));
        let report = scan(&cloud, &mut Notebook::keeping(["at-000"])).await;
        let why = incomplete(&report);
        assert!(matches!(why, Incompleteness::Source(_)), "{why}");
        assert_eq!(cloud.request_count(), 1);
        assert_eq!(report.evidence.page_count, 0);
        assert_eq!(report.evidence.observed_until, None);
    }
}

#[tokio::test]
async fn a_refusal_of_another_status_does_not_turn_paging_off() {
    let cloud = Cloud::new(PAGED, codes(130)).answering(|number, _, page| match number {
        1 => Err(refuse(Operation::ListAccessTokens, 403, "Forbidden.PageNumber")),
        _ => Ok(page),
    });
    let report = scan(&cloud, &mut Notebook::empty()).await;
    assert!(matches!(incomplete(&report), Incompleteness::Source(_)));
    assert_eq!(cloud.request_count(), 1);
}

#[tokio::test]
async fn the_deadline_ends_a_scan_whose_source_is_silent_and_keeps_what_was_seen() {
    // An answer that is there counts even at the deadline, so that these ends are reached without waiting.
    for (silent_from, seen_count) in [(1, 0), (2, 50), (3, 100)] {
        let cloud = Cloud::new(PAGED, codes(130)).silent_from(silent_from);
        let mut notebook = Notebook::keeping(["at-gone"]);
        let limits = Limits::new(Duration::ZERO, CancellationToken::new());
        let report = scan_within(&cloud, &mut notebook, &limits).await.unwrap();
        let why = incomplete(&report);
        assert!(matches!(why, Incompleteness::Deadline(Duration::ZERO)), "{why}");
        assert_eq!(notebook.seen.len(), seen_count);
        assert_eq!(notebook.restart_count, 0);
    }
}

#[tokio::test]
async fn the_deadline_ends_a_silent_look_up() {
    let cloud = Cloud::new(PAGED, codes(10)).silent_from(2);
    let limits = Limits::new(Duration::ZERO, CancellationToken::new());
    let report = scan_within(&cloud, &mut Notebook::keeping(["at-gone"]), &limits).await.unwrap();
    assert!(matches!(incomplete(&report), Incompleteness::Deadline(_)));
}

#[tokio::test]
async fn a_stop_ends_the_scan_without_a_report() {
    let stop = CancellationToken::new();
    let cloud = Cloud::new(PAGED, codes(500)).before({
        let stop = stop.clone();
        move |number, _| {
            if number == 2 {
                stop.cancel();
            }
        }
    });
    let limits = Limits::new(Duration::from_secs(600), stop);
    let result = scan_within(&cloud, &mut Notebook::empty(), &limits).await;
    assert!(matches!(result, Err(ScanError::Stopped)));
    assert_eq!(cloud.request_count(), 2, "no new work after the stop");
}

#[tokio::test]
async fn a_stop_ends_a_scan_that_waits_for_a_silent_source() {
    let stop = CancellationToken::new();
    let cloud = Cloud::new(PAGED, codes(10)).silent_from(1);
    let limits = Limits::new(Duration::from_secs(600), stop.clone());
    let mut notebook = Notebook::empty();
    let (result, ()) = tokio::join!(scan_within(&cloud, &mut notebook, &limits), async { stop.cancel() });
    assert!(matches!(result, Err(ScanError::Stopped)));
}

#[tokio::test]
async fn an_observer_that_fails_ends_the_scan() {
    let cloud = Cloud::new(PAGED, codes(130));
    let mut notebook = Notebook::full();
    let result = scan_within(&cloud, &mut notebook, &limits()).await;
    assert!(matches!(result, Err(ScanError::Observer(Full))));
    assert_eq!(cloud.request_count(), 1);
}

#[tokio::test]
async fn the_evidence_tells_when_the_last_answer_came_and_the_largest_skew() {
    let cloud = Cloud::new(PAGED, codes(130)).answering(|number, _, mut page| {
        page.page.skew = [Some(-7), Some(2), None].map(|skew| skew.map(chrono::TimeDelta::seconds))[number - 1];
        Ok(page)
    });
    let report = scan(&cloud, &mut Notebook::empty()).await;
    complete(&report);
    assert_eq!(report.evidence.observed_until, Some(super::fakes::instant(3)));
    assert_eq!(report.evidence.skew, Some(chrono::TimeDelta::seconds(-7)));
    assert_eq!((report.evidence.page_count, report.evidence.item_count), (3, 130));
}

#[tokio::test]
async fn a_listing_of_ever_new_codes_is_ended_by_their_number_and_not_tried_again() {
    let grow = |number, inventory: &mut Vec<AccessToken>| {
        inventory.extend((0..50).map(|index| code(format!("at-{number}-{index}"), "activated")));
    };
    let cloud = Cloud::new(PAGED, Vec::new()).before(grow).answering(|_, _, mut page| {
        page.total_count = Some(4_000_000_000);
        Ok(page)
    });
    let mut notebook = Notebook::keeping(["at-gone"]);
    let report = scan_within(&cloud, &mut notebook, &limits().with_items_max(1_000)).await.unwrap();
    let why = incomplete(&report);
    assert_eq!((why.code().as_str(), notebook.restart_count), ("too_many_items", 0), "{why}");
    assert_eq!((report.evidence.item_count, notebook.seen.len()), (1_050, 1_050), "and what was seen is kept");
}

#[tokio::test]
async fn markers_without_end_are_ended_by_the_number_of_their_items() {
    #[derive(Clone, Default)]
    struct Endless(Arc<AtomicUsize>);

    impl ListMfaDevices for Endless {
        async fn list_mfa_devices(&self, _: MfaDeviceQuery<'_>) -> Result<MfaDevicePage, SourceError> {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_string();
            devices(&["the same", "as before"], Some(&number))
        }
    }

    let mut notebook = Notebook::keeping(["gone"]);
    let limits = limits().with_items_max(100);
    let target = target(Source::MfaDevices);
    let report = scan_mfa_devices(&target, &Endless::default(), &mut notebook, options(), &limits).await.unwrap();
    assert_eq!((incomplete(&report).code().as_str(), report.evidence.item_count), ("too_many_items", 102));
}
