//! Made-up lives for the tests.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    inventory::Source,
    store::{AccessTokenNow, Life, MfaDeviceNow, Now, Oddity, StatusChange, UsageSample, Version},
};

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A code that lives, with neither versions nor transitions yet.
pub(super) fn code() -> Life {
    Life {
        account_id: "1772422852740001".into(),
        account_name: "prod".into(),
        source: Source::AccessTokens,
        object_id: "t-1".into(),
        now: Now::AccessToken(AccessTokenNow {
            token_name: Some("farm".into()),
            status: "activated".into(),
            effective_status: "activated".into(),
            status_since_at: at("2026-10-05T08:15:02Z"),
            created_at: Some(at("2026-10-03T09:15:02Z")),
            expires_at: Some(at("2026-11-02T09:15:02Z")),
            max_use_count: Some(10),
            registered_count: Some(7),
            remaining_use_count: Some(3),
            first_seen_at: at("2026-10-03T09:30:00Z"),
            last_seen_at: Some(at("2026-10-23T08:00:00Z")),
            deleted_at: None,
        }),
        versions: Vec::new(),
        transitions: Vec::new(),
        samples: Vec::new(),
        anomalies: Vec::new(),
        user_names: BTreeMap::new(),
    }
}

/// A device that is bound to user 2.
pub(super) fn device() -> Life {
    Life {
        source: Source::MfaDevices,
        object_id: "4".into(),
        now: Now::MfaDevice(MfaDeviceNow {
            status: "bound".into(),
            status_since_at: at("2026-10-05T08:15:02Z"),
            user_key: Some(2),
            activated_at: Some(at("2026-10-05T08:10:00Z")),
            first_seen_at: at("2026-10-03T09:30:00Z"),
            last_seen_at: Some(at("2026-10-23T08:00:00Z")),
            deleted_at: None,
        }),
        ..code()
    }
}

pub(super) fn version(version_no: i32, from: &str, change_kind: &str, status: &str, changed: &[&str]) -> Version {
    Version {
        version_no,
        valid_from_at: at(from),
        valid_to_at: None,
        status: status.into(),
        fields: BTreeMap::new(),
        change_kind: change_kind.into(),
        changed_columns: changed.iter().map(|column| (*column).to_owned()).collect(),
        close_reason: None,
        scan_id: 1,
    }
}

pub(super) fn with(version: Version, fields: &[(&'static str, Value)]) -> Version {
    Version { fields: fields.iter().cloned().collect(), ..version }
}

pub(super) fn bounded(from: Option<&str>, to: &str, not_before: &str, not_after: &str) -> StatusChange {
    StatusChange {
        from_status: from.map(str::to_owned),
        to_status: to.into(),
        from_user_key: None,
        to_user_key: None,
        not_before_at: at(not_before),
        not_after_at: at(not_after),
        occurred_at: None,
        time_basis: "bounded".into(),
        is_expected: true,
        anomaly: None,
        scan_id: 1,
    }
}

pub(super) fn exact(basis: &str, occurred: &str, change: StatusChange) -> StatusChange {
    StatusChange { occurred_at: Some(at(occurred)), time_basis: basis.into(), ..change }
}

pub(super) fn sample(seen: &str, previous_count: i32, registered_count: i32) -> UsageSample {
    UsageSample { seen_at: at(seen), registered_count, previous_count: Some(previous_count) }
}

pub(super) fn oddity(kind: &str, detail: &str, detected: &str) -> Oddity {
    Oddity { kind: kind.into(), detail: detail.into(), detected_at: at(detected), scan_id: 1 }
}

/// A code from its creation to its end, with something of everything.
pub(super) fn whole_life() -> Life {
    let named = |version, name: &str| with(version, &[("token_name", json!(name))]);
    Life {
        versions: vec![
            named(version(1, "2026-10-03T09:30:00Z", "appeared", "unactivated", &[]), "farm"),
            named(version(2, "2026-10-05T08:15:02Z", "changed", "activated", &["status", "token_name"]), "barn"),
            named(version(3, "2026-10-06T08:15:02Z", "changed", "activated", &["token_name"]), "farm"),
        ],
        transitions: vec![
            exact(
                "created",
                "2026-10-03T09:15:02Z",
                bounded(None, "unactivated", "2026-10-03T09:15:00Z", "2026-10-03T09:30:00Z"),
            ),
            bounded(Some("unactivated"), "activated", "2026-10-05T08:00:01Z", "2026-10-05T08:15:02Z"),
            bounded(Some("activated"), "deleted", "2026-10-07T23:50:00Z", "2026-10-08T00:05:00Z"),
        ],
        samples: vec![sample("2026-10-05T10:00:00Z", 0, 7)],
        anomalies: vec![oddity("ttl_changed", "odd \u{1b}[31m text", "2026-10-06T08:15:02Z")],
        ..code()
    }
}
