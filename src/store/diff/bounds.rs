//! When a transition happened: the bounds that scans prove, and the instant where the API states one.

use chrono::{DateTime, TimeDelta, Utc};

use crate::inventory::{Anomaly, AnomalyKind};

/// The API states whole seconds, and its clock may differ from the worker's by this much before that is odd.
pub(super) const TOLERANCE: TimeDelta = TimeDelta::seconds(6);

/// An instant that the API states or implies.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownInstant {
    pub(super) at: DateTime<Utc>,
    pub(super) basis: &'static str,
}

/// When a transition happened, as far as it can be known.
pub(super) struct Timing {
    pub(super) occurred_at: Option<DateTime<Utc>>,
    pub(super) time_basis: &'static str,
    pub(super) anomaly: Option<Anomaly>,
}

/// Takes a known instant where it lies within the bounds; else the transition stays bounded, and a
/// known instant that lies clearly outside is an anomaly.
pub(super) fn time_transition(
    known: Option<KnownInstant>,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
) -> Timing {
    let bounded = |anomaly| Timing { occurred_at: None, time_basis: "bounded", anomaly };
    let Some(KnownInstant { at, basis }) = known else {
        return bounded(None);
    };
    if (not_before..=not_after).contains(&at) {
        return Timing { occurred_at: Some(at), time_basis: basis, anomaly: None };
    }
    let is_near = at >= not_before - TOLERANCE && at <= not_after + TOLERANCE;
    bounded((!is_near).then(|| {
        Anomaly::new(
            AnomalyKind::KnownInstantOutsideBounds,
            format!("{basis} instant {} lies outside {} to {}", utc(at), utc(not_before), utc(not_after)),
        )
    }))
}

fn utc(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
