//! From the rows of a life to what happened, in order; pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    changes::{changes, user},
    event::{Event, Mark, When, basis_of},
};
use crate::store::{Life, StatusChange, UsageSample, Version};

/// So many changes of the count in a row are told as one.
const RUN_MIN: usize = 4;

/// Everything that happened to an object, oldest first.
pub(super) fn timeline(life: &Life) -> Vec<Event> {
    let mut events = Vec::new();
    // A transition ends when the version that it opens was first read.
    let mut transitions: BTreeMap<_, _> = life.transitions.iter().map(|change| (change.not_after_at, change)).collect();
    let mut before = None;
    for version in &life.versions {
        match transitions.remove(&version.valid_from_at) {
            Some(change) => {
                let details = changes(before, version, &life.user_names);
                let is_told = |detail: &String| detail.starts_with("user ") && change.from_status.is_some();
                let mut event = of_transition(change, life);
                event.details.extend(details.into_iter().filter(|detail| !is_told(detail)));
                events.push(event);
            }
            None => events.extend(of_version(before, version, life)),
        }
        before = Some(version);
    }
    // What opened no version: the tombstones.
    events.extend(transitions.values().map(|change| of_transition(change, life)));
    events.extend(of_samples(&life.samples, |from, to| {
        events.iter().any(|event| event.seen_at > from && event.seen_at <= to)
    }));
    add_oddities(life, &mut events);
    events.sort_by_key(|event| (event.instant(), event.seen_at));
    events
}

fn of_transition(change: &StatusChange, life: &Life) -> Event {
    let to = &change.to_status;
    let user = |key| user(key, &life.user_names);
    let what = match (change.from_status.as_deref(), to.as_str()) {
        (None, _) if change.time_basis == "created" => format!("created as {to}"),
        (None, _) => format!("appeared as {to}"),
        (Some("deleted"), _) => format!("came back as {to}"),
        (Some(from), _) if from == to => {
            format!("passed from user {} to user {}", user(change.from_user_key), user(change.to_user_key))
        }
        (Some(from), _) => format!("{from} → {to}"),
    };
    let what = match (change.from_user_key, change.to_user_key) {
        (None, Some(_)) => format!("{what}, to user {}", user(change.to_user_key)),
        (Some(_), None) => format!("{what}, was with user {}", user(change.from_user_key)),
        _ => what,
    };
    let mark = match to.as_str() {
        _ if !change.is_expected => Mark::Odd,
        "deleted" => Mark::End,
        _ => Mark::Change,
    };
    let is_recorded = life.anomalies.iter().any(|oddity| Some(&oddity.detail) == change.anomaly.as_ref());
    let details = change.anomaly.iter().filter(|_| !is_recorded).map(|anomaly| format!("! {anomaly}")).collect();
    let basis = Some(basis_of(change));
    Event { when: When::of(change), seen_at: change.not_after_at, mark, what, basis, details }
}

/// A version that no transition opened: the baseline, a change of something else, or the oldest one kept.
fn of_version(before: Option<&Version>, version: &Version, life: &Life) -> Vec<Event> {
    let (at, status) = (version.valid_from_at, &version.status);
    let mut details = changes(before, version, &life.user_names).into_iter();
    if version.change_kind == "baseline" {
        let created = created_at(version).filter(|created| *created <= at).map(|created| Event {
            when: When::At(created),
            ..Event::read_at(at, Mark::Change, "created").basis("exact: CreationTime")
        });
        let seen = Event::read_at(at, Mark::Change, format!("first seen, {status}"));
        return created.into_iter().chain([seen.basis("baseline: it was so before")]).collect();
    }
    let is_status = version.changed_columns.iter().any(|column| column == "status");
    let mut event = if before.is_none() && version.version_no > 1 {
        let purged = match version.version_no - 1 {
            1 => "version 1 is purged".to_owned(),
            last => format!("versions 1 to {last} are purged"),
        };
        Event::read_at(at, Mark::Change, format!("seen as {status}")).basis(purged)
    } else if is_status || version.change_kind != "changed" {
        Event::read_at(at, Mark::Change, format!("seen as {status}")).basis("read then; its transition is purged")
    } else {
        let what = details.next().unwrap_or_else(|| "changed".to_owned());
        Event::read_at(at, Mark::Note, what).basis("read then")
    };
    event.details.extend(details);
    vec![event]
}

fn created_at(version: &Version) -> Option<DateTime<Utc>> {
    version.fields.get("created_at")?.as_str()?.parse().ok()
}

/// Changes of the count; a long run with nothing else in between becomes one line.
fn of_samples(samples: &[UsageSample], is_busy: impl Fn(DateTime<Utc>, DateTime<Utc>) -> bool) -> Vec<Event> {
    let mut events = Vec::new();
    let mut rest = samples;
    while let [first, ..] = rest {
        let length = 1 + rest.windows(2).take_while(|pair| !is_busy(pair[0].seen_at, pair[1].seen_at)).count();
        let run;
        (run, rest) = rest.split_at(length);
        match run {
            [.., last] if length >= RUN_MIN => {
                let what = format!("{}, in {length} steps", counts(first.previous_count, last.registered_count));
                let event = Event::read_at(last.seen_at, Mark::Note, what);
                events.push(Event { when: When::Between(first.seen_at, last.seen_at), ..event });
            }
            run => events.extend(run.iter().map(|sample| {
                let what = counts(sample.previous_count, sample.registered_count);
                Event::read_at(sample.seen_at, Mark::Note, what)
            })),
        }
    }
    events
}

fn counts(from: Option<i32>, to: i32) -> String {
    match from {
        Some(from) => format!("registered {from} → {to} ({:+})", to.saturating_sub(from)),
        None => format!("registered {to}"),
    }
}

/// An oddity stands below what was read with it, or alone.
fn add_oddities(life: &Life, events: &mut Vec<Event>) {
    for oddity in &life.anomalies {
        let line = format!("{}: {}", oddity.kind, oddity.detail);
        match events.iter_mut().find(|event| event.seen_at == oddity.detected_at) {
            Some(event) => event.details.push(format!("! {line}")),
            None => events.push(Event::read_at(oddity.detected_at, Mark::Odd, line)),
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
