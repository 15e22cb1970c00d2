//! What an observed MFA device changes.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;

use super::{
    Difference, Known, Write,
    bounds::{KnownInstant, transition},
};
use crate::inventory::{Anomaly, AnomalyKind, MfaDevice};

/// The current row of a device, live or a tombstone.
#[derive(Clone, Debug)]
pub(crate) struct MfaDeviceRow {
    pub(crate) serial_number: String,
    /// When the scan began that last opened or buried it: what the row says was true at or after this instant.
    pub(crate) seen_since_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    pub(crate) status: String,
    pub(crate) user_id: Option<String>,
    pub(crate) activated_at: Option<DateTime<Utc>>,
    pub(crate) extra: Json<Map<String, Value>>,
    pub(crate) digest: i64,
}

/// Compares a device, read at `observed_at`, with its row; `None` is a device never seen before.
pub(crate) fn compare_mfa_device(
    old: Option<&MfaDeviceRow>,
    new: &MfaDevice,
    observed_at: DateTime<Utc>,
    known: Known,
) -> Difference {
    let mut anomalies = new.anomalies.clone();
    let Some(old) = old else {
        // The baseline saw no change. Whatever comes later appeared after the last complete scan began.
        let transition = known.complete_started_at.filter(|_| !known.is_baseline).map(|not_before| {
            let transition = transition(None, binding(new), not_before, observed_at, &mut anomalies);
            transition.after_existing_at(new.activated_at)
        });
        let change_kind = if known.is_baseline { "baseline" } else { "appeared" };
        return Difference {
            write: Write::Open,
            change_kind,
            changed_columns: Vec::new(),
            is_sampled: false,
            transition,
            anomalies,
        };
    };
    let changed_columns = changed_columns(old, new);
    if old.deleted_at.is_none() && changed_columns.is_empty() {
        // A new name of the user, which is kept in one place without history. What else was odd about the
        // device was recorded when its version opened.
        anomalies.retain(|anomaly| anomaly.kind == AnomalyKind::NulCharacter && anomaly.detail.starts_with("User."));
        return Difference {
            write: Write::Touch,
            change_kind: "",
            changed_columns,
            is_sampled: false,
            transition: None,
            anomalies,
        };
    }
    let not_before = old.seen_since_at.max(known.complete_started_at.unwrap_or_default());
    let reappeared = old
        .deleted_at
        .map(|_| Anomaly::new(AnomalyKind::Reappeared, "the serial came back after its absence had been proven"));
    // Only the scan that buried a device proved its absence; what later ones inferred, a new binding may disprove.
    let is_new_life = reappeared.is_some() && old.activated_at != new.activated_at;
    let existed_at = new.activated_at.filter(|_| is_new_life).map(|at| at.max(old.seen_since_at));
    let from_status = if reappeared.is_some() { "deleted" } else { &old.status };
    let is_transition = from_status != new.status().name() || old.user_id.as_deref() != user_id(new);
    anomalies.extend(reappeared.clone());
    let transition = is_transition.then(|| {
        let mut transition = transition(Some(from_status), binding(new), not_before, observed_at, &mut anomalies);
        transition.is_expected = reappeared.is_none();
        transition.anomaly = reappeared.clone().map(|anomaly| anomaly.detail).or(transition.anomaly);
        transition.after_existing_at(existed_at)
    });
    let change_kind = if reappeared.is_some() { "reappeared" } else { "changed" };
    Difference { write: Write::Next, change_kind, changed_columns, is_sampled: false, transition, anomalies }
}

/// When a bound device was bound, which the API tells.
fn binding(device: &MfaDevice) -> Option<KnownInstant> {
    let at = device.activated_at.filter(|_| device.user.is_some())?;
    Some(KnownInstant { at, basis: "activate_date" })
}

fn changed_columns(old: &MfaDeviceRow, new: &MfaDevice) -> Vec<&'static str> {
    [
        ("status", old.status != new.status().name()),
        ("user_key", old.user_id.as_deref() != user_id(new)),
        ("activated_at", old.activated_at != new.activated_at),
        ("extra", old.extra.0 != new.extra),
    ]
    .into_iter()
    .filter_map(|(column, is_changed)| is_changed.then_some(column))
    .collect()
}

fn user_id(device: &MfaDevice) -> Option<&str> {
    device.user.as_ref().map(|user| user.id.as_str())
}

#[cfg(test)]
#[path = "mfa_device_tests.rs"]
mod tests;
