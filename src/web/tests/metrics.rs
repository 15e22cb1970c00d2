//! What Prometheus reads.

use super::sample::{ACCOUNT_ID, held, target};
use crate::{source::RequestCounts, store::ScanCount, web::metrics::Reading};

fn reading() -> Reading {
    Reading {
        is_database_up: true,
        targets: vec![
            target("my prod", "access-tokens", "late", Some(1500)),
            target("a\"b\\c\nd", "mfa-devices", "never", None),
        ],
        held: vec![held()],
        scans: vec![ScanCount {
            account_id: ACCOUNT_ID.into(),
            account_name: "my prod".into(),
            source: "access-tokens".into(),
            outcome: "complete".into(),
            scan_count: 41,
        }],
        requests: vec![("my prod".into(), RequestCounts { sent: 9, retried: 2, throttled: 1 })],
    }
}

#[test]
fn gauges_and_counters_have_their_values() {
    let text = reading().render();
    let labels = format!(r#"account_id="{ACCOUNT_ID}",account_name="my prod",source="access-tokens""#);
    for line in [
        format!("stocktake_target_data_age_seconds{{{labels}}} 1500"),
        format!("stocktake_target_live_objects{{{labels}}} 1234"),
        format!("stocktake_target_consecutive_failures{{{labels}}} 0"),
        format!("stocktake_target_held_deletes{{{labels}}} 57"),
        format!(r#"stocktake_target_state{{{labels},state="late"}} 1"#),
        format!(r#"stocktake_target_state{{{labels},state="fresh"}} 0"#),
        format!(r#"stocktake_scans_total{{{labels},outcome="complete"}} 41"#),
        r#"stocktake_api_requests_total{account_name="my prod"} 9"#.to_owned(),
        r#"stocktake_api_retries_total{account_name="my prod"} 2"#.to_owned(),
        r#"stocktake_api_throttled_total{account_name="my prod"} 1"#.to_owned(),
        format!(r#"stocktake_build_info{{version="{}"}} 1"#, env!("CARGO_PKG_VERSION")),
        "stocktake_database_up 1".to_owned(),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
}

#[test]
fn a_target_without_a_complete_scan_has_no_age() {
    let text = reading().render();
    assert_eq!(text.matches("stocktake_target_data_age_seconds{").count(), 1);
    assert!(text.contains(r#"source="mfa-devices",state="never"} 1"#));
}

#[test]
fn labels_are_escaped() {
    assert!(reading().render().contains(r#"account_name="a\"b\\c\nd""#));
}

#[test]
fn every_metric_has_help_and_type() {
    let text = reading().render();
    let samples = text.lines().filter(|line| line.starts_with("stocktake_"));
    for name in samples.filter_map(|line| line.split(['{', ' ']).next()) {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name} is no {kind}");
    }
}

#[test]
fn a_scrape_remembers_no_other() {
    reading().render();
    let text = Reading::default().render();
    assert!(text.contains("stocktake_database_up 0") && !text.contains("account_id"));
}
