//! Every branch of the decision, on both sides of each boundary.

mod brake;
mod chain;
mod count;
mod look_up;
mod rule;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Map;

use super::{Absence, CompleteScan};
use crate::{
    inventory::{AccessToken, MfaDevice, RejectedItem, Source, Target},
    source::{AccessTokenPage, MfaDevicePage, Page},
};

/// The answer of second `n`.
fn instant(second: usize) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(second).unwrap())
}

fn target() -> Target {
    Target { account_id: "1772422852740001".to_owned(), source: Source::AccessTokens }
}

/// The proof that `count` objects of [`target`] are gone.
fn scan_without(count: usize) -> CompleteScan {
    let absences = (0..count).map(|number| Absence { id: format!("gone-{number}"), proven_at: instant(number) });
    CompleteScan { target: target(), argument: "as the test says".to_owned(), absences: absences.collect() }
}

/// What `scan` proves to be gone, and since when.
fn absent(scan: &CompleteScan) -> Vec<(&str, DateTime<Utc>)> {
    scan.absences().iter().map(|absence| (absence.id(), absence.proven_at())).collect()
}

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().copied().map(str::to_owned).collect()
}

/// An answer of second 7 with the codes `ids`.
fn codes(ids: &[&str], total_count: Option<u64>) -> AccessTokenPage {
    AccessTokenPage { page: page(ids.iter().copied().map(|id| code(id).into()).collect()), total_count }
}

/// An answer of second 7 with the devices `serials`.
fn devices(serials: &[&str], is_truncated: bool, marker: Option<&str>) -> MfaDevicePage {
    let page = page(serials.iter().copied().map(|serial| device(serial).into()).collect());
    MfaDevicePage { page, is_truncated, marker: marker.map(str::to_owned) }
}

fn rejected(original: &str) -> RejectedItem {
    RejectedItem { reason: "no id".to_owned(), original: original.to_owned() }
}

fn page<T>(items: Vec<T>) -> Page<T> {
    Page { items, rejected: Vec::new(), observed_at: instant(7), skew: None }
}

fn code(id: &str) -> AccessToken {
    AccessToken {
        id: id.to_owned(),
        name: None,
        description: None,
        status: "activated".to_owned(),
        ttl_days: None,
        max_use_count: None,
        registered_count: None,
        created_at: None,
        extra: Map::new(),
        anomalies: Vec::new(),
    }
}

fn device(serial_number: &str) -> MfaDevice {
    MfaDevice {
        serial_number: serial_number.to_owned(),
        user: None,
        activated_at: None,
        extra: Map::new(),
        anomalies: Vec::new(),
    }
}
