//! What an observed activation code changes.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;

use super::{
    Difference, Known, Write,
    bounds::{KnownInstant, TOLERANCE, time_transition, transition},
};
use crate::inventory::{AccessToken, Anomaly, AnomalyKind};

/// The current row of a code, live or a tombstone.
#[derive(Clone, Debug)]
pub(crate) struct AccessTokenRow {
    pub(crate) id: String,
    /// When the scan began that last opened or buried it: what the row says was true at or after this instant.
    pub(crate) seen_since_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    pub(crate) status: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) ttl_days: Option<i32>,
    pub(crate) max_use_count: Option<i32>,
    pub(crate) registered_count: Option<i32>,
    pub(crate) created_at: Option<DateTime<Utc>>,
    pub(crate) extra: Json<Map<String, Value>>,
    pub(crate) digest: i64,
}

/// Compares a code, read at `observed_at`, with its row; `None` is a code never seen before.
pub(crate) fn compare_access_token(
    old: Option<&AccessTokenRow>,
    new: &AccessToken,
    observed_at: DateTime<Utc>,
    known: Known,
) -> Difference {
    let Some(old) = old else {
        return appear(new, observed_at, known);
    };
    let mut anomalies = new.anomalies.clone();
    check_counts(Some(old), new, &mut anomalies);
    let changed_columns = changed_columns(old, new);
    let is_sampled = new.registered_count.is_some() && new.registered_count != old.registered_count;
    if old.deleted_at.is_none() && changed_columns.is_empty() {
        // What was odd about the item was recorded when its version opened.
        anomalies.retain(|anomaly| !new.anomalies.contains(anomaly));
        return Difference {
            write: Write::Touch,
            change_kind: "",
            changed_columns,
            is_sampled,
            transition: None,
            anomalies,
        };
    }
    check_constants(old, new, &mut anomalies);
    if changed_columns.contains(&"status") {
        check_early_expiry(new, observed_at, &mut anomalies);
    }

    let from_status = if old.deleted_at.is_some() { "deleted" } else { &old.status };
    let not_before = old.seen_since_at.max(known.complete_started_at.unwrap_or_default());
    // Only the scan that buried a code proved its absence; what later ones inferred, a new creation may disprove.
    let is_new_life = old.deleted_at.is_some() && old.created_at != new.created_at;
    let existed_at = new.created_at.filter(|_| is_new_life).map(|at| at.max(old.seen_since_at));
    let change_kind = if old.deleted_at.is_some() { "reappeared" } else { "changed" };
    // Whatever the API calls a code that came back, even `deleted`, it is flagged.
    let oddity = oddity(old, new);
    anomalies.extend(oddity.clone());
    let transition = (from_status != new.status).then(|| {
        let is_expiry = new.status == "expired" && old.deleted_at.is_none();
        let instant = is_expiry.then(|| past_expiry(new, observed_at)).flatten();
        let mut transition = transition(Some(from_status), instant, not_before, observed_at, &mut anomalies);
        transition.is_expected = oddity.is_none();
        transition.anomaly = oddity.map(|oddity| oddity.detail).or(transition.anomaly);
        transition.after_existing_at(existed_at)
    });
    Difference { write: Write::Next, change_kind, changed_columns, is_sampled, transition, anomalies }
}

fn appear(new: &AccessToken, observed_at: DateTime<Utc>, known: Known) -> Difference {
    let mut anomalies = new.anomalies.clone();
    check_counts(None, new, &mut anomalies);
    check_early_expiry(new, observed_at, &mut anomalies);
    // The baseline saw no change. Whatever comes later was created after the last complete scan began.
    let transition = known.complete_started_at.filter(|_| !known.is_baseline).map(|not_before| {
        let created = new.created_at.map(|at| KnownInstant { at, basis: "created" });
        // Only the first state of a life began at creation; how long ago a later one did is not known.
        let instant = match new.status.as_str() {
            "unactivated" => created,
            "expired" => past_expiry(new, observed_at),
            _ => None,
        };
        let mut transition = transition(None, instant, not_before, observed_at, &mut anomalies);
        // A code that was there before and was not seen is odd in whatever state it is.
        if new.status != "unactivated"
            && let Some(oddity) = time_transition(created, not_before, observed_at).anomaly
        {
            transition.anomaly.get_or_insert(oddity.detail.clone());
            anomalies.push(oddity);
        }
        transition.after_existing_at(new.created_at)
    });
    let change_kind = if known.is_baseline { "baseline" } else { "appeared" };
    Difference {
        write: Write::Open,
        change_kind,
        changed_columns: Vec::new(),
        is_sampled: false,
        transition,
        anomalies,
    }
}

fn changed_columns(old: &AccessTokenRow, new: &AccessToken) -> Vec<&'static str> {
    [
        ("status", old.status != new.status),
        ("token_name", old.name != new.name),
        ("description", old.description != new.description),
        ("ttl_days", old.ttl_days != new.ttl_days),
        ("max_use_count", old.max_use_count != new.max_use_count),
        ("created_at", old.created_at != new.created_at),
        ("extra", old.extra.0 != new.extra),
    ]
    .into_iter()
    .filter_map(|(column, is_changed)| is_changed.then_some(column))
    .collect()
}

/// Why a change of status cannot happen, where it cannot.
fn oddity(old: &AccessTokenRow, new: &AccessToken) -> Option<Anomaly> {
    if old.deleted_at.is_some() {
        let detail = "the id came back after its absence had been proven";
        return Some(Anomaly::new(AnomalyKind::Reappeared, detail));
    }
    (old.status == "expired" && ["activated", "unactivated"].contains(&new.status.as_str())).then(|| {
        let detail = format!("{} to {} cannot happen", old.status, new.status);
        Anomaly::new(AnomalyKind::ImpossibleTransition, detail)
    })
}

/// What a code keeps for life, unless an id came back for another code.
fn check_constants(old: &AccessTokenRow, new: &AccessToken, anomalies: &mut Vec<Anomaly>) {
    if old.deleted_at.is_some() {
        return;
    }
    if old.created_at != new.created_at {
        let detail = format!("CreationTime changed from {} to {}", show(old.created_at), show(new.created_at));
        anomalies.push(Anomaly::new(AnomalyKind::CreationTimeChanged, detail));
    }
    if old.ttl_days != new.ttl_days {
        let detail = format!("TimeToLiveInDays changed from {} to {}", show(old.ttl_days), show(new.ttl_days));
        anomalies.push(Anomaly::new(AnomalyKind::TtlChanged, detail));
    }
}

fn check_counts(old: Option<&AccessTokenRow>, new: &AccessToken, anomalies: &mut Vec<Anomaly>) {
    let Some(count) = new.registered_count else { return };
    let old = old.filter(|old| old.deleted_at.is_none());
    let old_count = old.and_then(|old| old.registered_count);
    if let Some(old_count) = old_count.filter(|old_count| count < *old_count) {
        let detail = format!("RegisteredCount fell from {old_count} to {count}");
        anomalies.push(Anomaly::new(AnomalyKind::RegisteredCountFell, detail));
    }
    let is_same = old.is_some_and(|old| old_count == Some(count) && old.max_use_count == new.max_use_count);
    if let Some(limit) = new.max_use_count.filter(|limit| count > *limit && !is_same) {
        let detail = format!("RegisteredCount {count} is above Count {limit}");
        anomalies.push(Anomaly::new(AnomalyKind::RegisteredCountAboveCount, detail));
    }
}

/// A code that is called expired although its time has not come.
fn check_early_expiry(new: &AccessToken, observed_at: DateTime<Utc>, anomalies: &mut Vec<Anomaly>) {
    if let Some(expiry) = expiry(new).filter(|expiry| new.status == "expired" && expiry.at > observed_at + TOLERANCE) {
        let detail = format!("expired at {observed_at}, before its computed expiry at {}", expiry.at);
        anomalies.push(Anomaly::new(AnomalyKind::ExpiredBeforeExpiry, detail));
    }
}

/// The computed expiry, unless it is still to come: then it is not when the code expired, and
/// `check_early_expiry` says so.
fn past_expiry(token: &AccessToken, observed_at: DateTime<Utc>) -> Option<KnownInstant> {
    expiry(token).filter(|expiry| expiry.at <= observed_at + TOLERANCE)
}

fn expiry(token: &AccessToken) -> Option<KnownInstant> {
    let at = token.created_at? + TimeDelta::hours(24) * token.ttl_days?;
    Some(KnownInstant { at, basis: "expiry" })
}

fn show(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}

#[cfg(test)]
#[path = "access_token_tests.rs"]
mod tests;
