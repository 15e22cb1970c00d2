//! A made-up worker with every kind of trouble.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    store::{Freshness, HeldScan, ScanLine, StatusCount, TransitionCount},
    web::{page::Page, targets::TargetLine},
};

pub(super) const ACCOUNT_ID: &str = "1772422852740001";

pub(super) fn now() -> DateTime<Utc> {
    "2026-03-14T09:26:53Z".parse().unwrap()
}

pub(super) fn target(account_name: &str, source: &str, state: &str, age_seconds: Option<i64>) -> TargetLine {
    TargetLine {
        freshness: Freshness {
            account_id: ACCOUNT_ID.into(),
            account_name: account_name.into(),
            source: source.into(),
            data_as_of_at: age_seconds.map(|age| now() - TimeDelta::seconds(age)),
            age_seconds,
            stale_after_seconds: Some(2700),
            state: state.into(),
            live_count: 1234,
            consecutive_failure_count: 0,
            last_error: None,
        },
        next_tick_at: Some(now() + TimeDelta::seconds(187)),
    }
}

pub(super) fn held() -> HeldScan {
    HeldScan {
        account_id: ACCOUNT_ID.into(),
        account_name: "my prod".into(),
        source: "access-tokens".into(),
        scan_id: 7,
        started_at: now() - TimeDelta::minutes(12),
        held_count: 57,
        error_message: "57 of 120 objects are gone, more than scan.max_delete_count and max_delete_ratio allow; \
                        nothing was deleted; if that is right, run `stocktake sync --account 1 --source access-tokens --approve-deletes 57`"
            .into(),
    }
}

pub(super) fn scan(outcome: &str, minutes_ago: i64, error_message: Option<&str>) -> ScanLine {
    let started_at = now() - TimeDelta::minutes(minutes_ago);
    ScanLine {
        account_id: ACCOUNT_ID.into(),
        account_name: "my prod".into(),
        scan_id: 1000 - minutes_ago,
        source: "access-tokens".into(),
        outcome: outcome.into(),
        started_at,
        finished_at: (outcome != "running").then(|| started_at + TimeDelta::milliseconds(2340)),
        distinct_count: 1234,
        new_count: 2,
        changed_count: 5,
        deleted_count: 0,
        transition_count: 3,
        held_count: 0,
        anomaly_count: 0,
        error_code: None,
        error_message: error_message.map(str::to_owned),
    }
}

pub(super) fn status(source: &str, status: &str, object_count: i64, overdue_count: i64) -> StatusCount {
    StatusCount {
        account_id: ACCOUNT_ID.into(),
        account_name: "my prod".into(),
        source: source.into(),
        status: status.into(),
        object_count,
        overdue_count,
    }
}

pub(super) fn page() -> Page {
    let denied = "NoPermission: You are not authorized to do this action; grant ims:ListVirtualMFADevices to the user";
    let mut stale = target("my prod", "mfa-devices", "stale", Some(31 * 3600));
    stale.freshness.consecutive_failure_count = 30;
    stale.freshness.last_error = Some(denied.into());
    let mut waiting = target("my prod", "access-tokens", "late", Some(1500));
    waiting.freshness.consecutive_failure_count = 1;
    waiting.freshness.last_error = Some(held().error_message);
    let days = (0..14i64).flat_map(|day| {
        [("activated", 11 - day), ("expired", day % 5), ("unactivated", day % 3), ("deleted", (day % 4) / 2)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(move |(status, count)| TransitionCount {
                date: (now() - TimeDelta::days(day)).date_naive(),
                to_status: status.into(),
                transition_count: count,
            })
    });
    Page {
        now: now(),
        targets: vec![
            waiting,
            stale,
            target("test", "access-tokens", "fresh", Some(45)),
            target("new", "mfa-devices", "never", None),
        ],
        held: vec![held()],
        scans: vec![
            scan("running", 0, None),
            scan("complete", 5, None),
            scan("held", 12, Some(&held().error_message)),
            scan("failed", 20, Some(denied)),
            scan("abandoned", 35, Some("the worker ended before the scan did; nothing to mend, this scan replaces it")),
        ],
        statuses: vec![
            status("access-tokens", "activated", 874, 12),
            status("access-tokens", "expired", 301, 0),
            status("access-tokens", "unactivated", 59, 0),
            status("mfa-devices", "bound", 34, 0),
            status("mfa-devices", "unbound", 3, 0),
        ],
        transitions: days.collect(),
    }
}
