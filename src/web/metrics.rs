//! The text that Prometheus scrapes.
//!
//! Each scrape fills a recorder of its own, so a target that is gone leaves no series behind.

use metrics::{counter, describe_counter, describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::targets::TargetLine;
use crate::{
    source::RequestCounts,
    store::{Freshness, HeldScan, ScanCount},
};

/// The exposition format.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The states of `reporting.freshness`.
const STATES: [&str; 5] = ["fresh", "late", "stale", "never", "off"];

/// What one scrape tells.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) is_database_up: bool,
    pub(super) targets: Vec<TargetLine>,
    pub(super) held: Vec<HeldScan>,
    pub(super) scans: Vec<ScanCount>,
    pub(super) requests: Vec<(String, RequestCounts)>,
}

impl Reading {
    pub(super) fn render(&self) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        with_local_recorder(&recorder, || {
            describe();
            gauge!("stocktake_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
            gauge!("stocktake_database_up").set(u8::from(self.is_database_up));
            for target in &self.targets {
                self.record_target(&target.freshness);
            }
            self.scans.iter().for_each(record_scans);
            self.requests.iter().for_each(record_requests);
        });
        recorder.handle().render()
    }

    fn record_target(&self, target: &Freshness) {
        let Freshness { account_id, account_name, source, .. } = target;
        let labels =
            [("account_id", account_id.clone()), ("account_name", account_name.clone()), ("source", source.clone())];
        // No series before the first complete scan: an age of 0 would look fresh.
        if let Some(age) = target.age_seconds {
            gauge!("stocktake_target_data_age_seconds", &labels).set(number(age));
        }
        gauge!("stocktake_target_live_objects", &labels).set(number(target.live_count));
        gauge!("stocktake_target_consecutive_failures", &labels).set(number(target.consecutive_failure_count));
        let held = self.held.iter().find(|held| held.account_id == *account_id && held.source == *source);
        gauge!("stocktake_target_held_deletes", &labels).set(number(held.map_or(0, |held| held.held_count)));
        for state in STATES {
            let [id, name, source] = labels.clone();
            let labels = [id, name, source, ("state", state.to_owned())];
            gauge!("stocktake_target_state", &labels).set(u8::from(target.state == state));
        }
    }
}

fn record_scans(scans: &ScanCount) {
    let labels = [
        ("account_id", scans.account_id.clone()),
        ("account_name", scans.account_name.clone()),
        ("source", scans.source.clone()),
        ("outcome", scans.outcome.clone()),
    ];
    counter!("stocktake_scans_total", &labels).absolute(scans.scan_count.unsigned_abs());
}

fn record_requests((account_name, counts): &(String, RequestCounts)) {
    let labels = [("account_name", account_name.clone())];
    counter!("stocktake_api_requests_total", &labels).absolute(counts.sent);
    counter!("stocktake_api_retries_total", &labels).absolute(counts.retried);
    counter!("stocktake_api_throttled_total", &labels).absolute(counts.throttled);
}

fn describe() {
    describe_gauge!("stocktake_build_info", "Always 1; the label is the version of the program");
    describe_gauge!("stocktake_database_up", "1 where the database answered this scrape");
    describe_gauge!("stocktake_target_data_age_seconds", "Seconds since the last complete scan began");
    describe_gauge!("stocktake_target_live_objects", "Objects that are not deleted");
    describe_gauge!("stocktake_target_consecutive_failures", "Scans since the last complete one that did not end so");
    describe_gauge!("stocktake_target_held_deletes", "Deletes that wait for sync --approve-deletes");
    describe_gauge!("stocktake_target_state", "1 for the state that the target is in");
    describe_counter!("stocktake_scans_total", "Finished scans in the ledger, by outcome");
    describe_counter!("stocktake_api_requests_total", "Requests sent to the APIs, retries included");
    describe_counter!("stocktake_api_retries_total", "Requests that repeated a failed one");
    describe_counter!("stocktake_api_throttled_total", "Requests that were answered with throttling");
}

/// Counts and ages stay far below the 2^53 up to which this is exact.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn number(count: i64) -> f64 {
    count as f64
}
