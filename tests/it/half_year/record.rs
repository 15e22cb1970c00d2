//! What there was to read, reading by reading: from it follows what can be known.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use emulator::{AccessToken, MfaDevice};
use stocktake::inventory::Source;

/// A reading of one listing, and what the cloud held at that instant.
pub(super) struct Reading {
    pub(super) source: Source,
    pub(super) at: DateTime<Utc>,
    pub(super) is_whole: bool,
    pub(super) codes: BTreeMap<String, AccessToken>,
    pub(super) devices: BTreeMap<String, MfaDevice>,
}

#[derive(Default)]
pub(super) struct Record {
    pub(super) readings: Vec<Reading>,
    /// Scans that were not whole.
    pub(super) failed: Vec<(Source, DateTime<Utc>)>,
}

/// What one object was at each reading that tells of it; `None` where a whole reading missed it.
pub(super) type Sightings<'a, T> = Vec<(DateTime<Utc>, Option<&'a T>)>;

impl Record {
    pub(super) fn of(&self, source: Source) -> impl Iterator<Item = &Reading> + Clone {
        self.readings.iter().filter(move |reading| reading.source == source)
    }

    pub(super) fn whole(&self, source: Source) -> impl Iterator<Item = &Reading> {
        self.of(source).filter(|reading| reading.is_whole)
    }

    /// Every code that was ever read, with its sightings from the first on.
    pub(super) fn codes(&self) -> BTreeMap<&str, Sightings<'_, AccessToken>> {
        sightings(self.of(Source::AccessTokens).map(|reading| (reading.at, reading.is_whole, &reading.codes)))
    }

    pub(super) fn devices(&self) -> BTreeMap<&str, Sightings<'_, MfaDevice>> {
        sightings(self.of(Source::MfaDevices).map(|reading| (reading.at, reading.is_whole, &reading.devices)))
    }
}

fn sightings<'a, T>(
    readings: impl Iterator<Item = (DateTime<Utc>, bool, &'a BTreeMap<String, T>)> + Clone,
) -> BTreeMap<&'a str, Sightings<'a, T>> {
    let ids: BTreeSet<&str> = readings.clone().flat_map(|(_, _, objects)| objects.keys().map(String::as_str)).collect();
    ids.into_iter()
        .map(|id| {
            let seen = readings
                .clone()
                .map(|(at, is_whole, objects)| (at, is_whole, objects.get(id)))
                .filter(|(_, is_whole, object)| *is_whole || object.is_some())
                .map(|(at, _, object)| (at, object))
                .skip_while(|(_, object)| object.is_none());
            (id, seen.collect())
        })
        .collect()
}

/// The last sighting at which it was there.
pub(super) fn last_seen<'a, T>(sightings: &Sightings<'a, T>) -> (DateTime<Utc>, &'a T) {
    sightings.iter().rev().find_map(|(at, object)| object.map(|object| (*at, object))).unwrap()
}

/// What had been read of it by an instant.
pub(super) fn read_by<'a, T>(sightings: &Sightings<'a, T>, instant: DateTime<Utc>) -> Option<&'a T> {
    sightings.iter().rev().find(|(at, _)| *at <= instant).and_then(|(_, object)| *object)
}
