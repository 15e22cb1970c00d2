//! When a transition happened: the bounds that scans prove, and the instant where the API states one.

use chrono::{DateTime, TimeDelta, Utc};

use super::Transition;
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

/// An expected transition within its bounds; what is odd about its instant goes to `anomalies` too.
pub(super) fn transition(
    from_status: Option<&str>,
    known: Option<KnownInstant>,
    not_before_at: DateTime<Utc>,
    observed_at: DateTime<Utc>,
    anomalies: &mut Vec<Anomaly>,
) -> Transition {
    let timing = time_transition(known, not_before_at, observed_at);
    anomalies.extend(timing.anomaly.clone());
    Transition {
        not_before_at,
        from_status: from_status.map(str::to_owned),
        occurred_at: timing.occurred_at,
        time_basis: timing.time_basis,
        is_expected: true,
        anomaly: timing.anomaly.map(|anomaly| anomaly.detail),
    }
}

impl Transition {
    /// Widens the bounds of an appearance or a return to an instant at which the object existed already.
    ///
    /// That the last complete scan did not see it proves its absence only if it was not there; one that was has been
    /// skipped, as a listing that changes between two pages may do. The instant stays outside the proof and an anomaly.
    ///
    /// A device states its last binding alone: it may have been there before, bound to somebody else, and the bounds are
    /// those of the binding.
    pub(super) fn after_existing_at(mut self, existed_at: Option<DateTime<Utc>>) -> Self {
        self.not_before_at = existed_at.map_or(self.not_before_at, |at| at.min(self.not_before_at));
        self
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(number)
    }

    fn time(at: i64) -> Timing {
        time_transition(Some(KnownInstant { at: second(at), basis: "expiry" }), second(100), second(200))
    }

    #[test]
    fn an_instant_within_the_bounds_is_taken_its_ends_included() {
        for at in [100, 150, 200] {
            let timing = time(at);
            assert_eq!((timing.occurred_at, timing.time_basis), (Some(second(at)), "expiry"));
            assert_eq!(timing.anomaly, None);
        }
    }

    #[test]
    fn an_instant_within_the_tolerance_is_neither_taken_nor_odd() {
        for at in [94, 99, 201, 206] {
            let timing = time(at);
            assert_eq!((timing.occurred_at, timing.time_basis), (None, "bounded"));
            assert_eq!(timing.anomaly, None);
        }
    }

    #[test]
    fn an_instant_clearly_outside_is_an_anomaly_that_names_it_and_the_bounds() {
        for at in [0, 93, 207, 1000] {
            let timing = time(at);
            assert_eq!((timing.occurred_at, timing.time_basis), (None, "bounded"));
            let anomaly = timing.anomaly.unwrap();
            assert_eq!(anomaly.kind, AnomalyKind::KnownInstantOutsideBounds);
            for instant in [second(at), second(100), second(200)] {
                assert!(anomaly.detail.contains(&utc(instant)), "{}", anomaly.detail);
            }
        }
    }

    #[test]
    fn without_a_known_instant_there_are_bounds_alone() {
        let timing = time_transition(None, second(100), second(200));
        assert_eq!((timing.occurred_at, timing.time_basis, timing.anomaly), (None, "bounded", None));
    }
}
