//! The ids that the answers of one scan named: 10 bytes each, and room to grow.

use std::hint::black_box;

use super::Absence;
use crate::{inventory::id_hash, scan::limits::ITEMS_MAX};

/// Every id that an answer of one scan named, in whichever reading of whichever attempt.
///
/// Such an object is alive: a later answer without it may come from a server that lags behind.
///
/// Two ids with one hash count as one: the listing then looks incomplete, or the id looks named, and either deletes
/// nothing.
#[derive(Debug, Default)]
pub(in crate::scan) struct Named {
    /// By open addressing: most ids are looked for once, and found to be new in the first place that is looked at. A
    /// place without id holds 0.
    hashes: Vec<u64>,
    /// The reading that named the id of each place last.
    readings: Vec<Reading>,
    id_count: usize,
    newest: Reading,
}

/// One reading of a listing, or of a part of it, in their order.
///
/// From the 65,535th on all count as one: what one of them names looks named again, which deletes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reading(u16);

impl Named {
    /// Begins the next reading.
    pub(super) fn begin_reading(&mut self) -> Reading {
        self.newest = Reading(self.newest.0.saturating_add(1));
        self.newest
    }

    /// Makes room for as many ids as a listing says that it has: to grow as they come needs half as much more for a
    /// moment, each time that all move.
    pub(super) fn expect(&mut self, id_count: u64) {
        let id_count = usize::try_from(id_count.min(ITEMS_MAX)).expect("it is at most ten million");
        if room(self.hashes.len()) < id_count {
            self.grow((id_count / 3 * 4 + 4).next_power_of_two());
        }
    }

    /// Notes that the newest reading names an id; returns which reading named it last, before all of them if none did.
    pub(super) fn note(&mut self, id_hash: u64) -> Reading {
        if self.id_count >= room(self.hashes.len()) {
            self.grow((self.hashes.len() * 2).max(1024));
        }
        let place = self.place_of(id_hash);
        if self.hashes[place] == 0 {
            self.hashes[place] = id_hash.max(1);
            self.id_count += 1;
        }
        std::mem::replace(&mut self.readings[place], self.newest)
    }

    /// Looks at the places of ids that are about to be noted. One by one each look would wait for the memory; at once
    /// they wait together.
    pub(super) fn look_ahead(&self, id_hashes: impl Iterator<Item = u64>) {
        if let Some(last) = self.hashes.len().checked_sub(1) {
            black_box(id_hashes.fold(0, |seen, id_hash| seen ^ self.hashes[first_place(id_hash, last)]));
        }
    }

    pub(super) fn keep_unnamed(&self, absences: impl IntoIterator<Item = Absence>) -> Vec<Absence> {
        absences.into_iter().filter(|absence| !self.contains(id_hash(&absence.id))).collect()
    }

    fn contains(&self, id_hash: u64) -> bool {
        !self.hashes.is_empty() && self.hashes[self.place_of(id_hash)] != 0
    }

    /// Where an id is, or would be.
    fn place_of(&self, id_hash: u64) -> usize {
        let (wanted, last) = (id_hash.max(1), self.hashes.len() - 1);
        let mut place = first_place(wanted, last);
        while self.hashes[place] != 0 && self.hashes[place] != wanted {
            place = (place + 1) & last;
        }
        place
    }

    /// To `size` places, a power of two.
    fn grow(&mut self, size: usize) {
        let hashes = std::mem::replace(&mut self.hashes, vec![0; size]);
        let readings = std::mem::replace(&mut self.readings, vec![Reading::default(); size]);
        for (hash, reading) in hashes.into_iter().zip(readings).filter(|(hash, _)| *hash != 0) {
            let place = self.place_of(hash);
            self.hashes[place] = hash;
            self.readings[place] = reading;
        }
    }
}

/// How many ids so many places take: with more, the places next to each other fill up.
fn room(place_count: usize) -> usize {
    place_count / 4 * 3
}

/// The first place to look at; `last`, which is the last place, is a power of two less one.
fn first_place(id_hash: u64, last: usize) -> usize {
    usize::try_from(id_hash & last as u64).expect("it is at most `last`")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn what_was_named_last_is_told_of_each_id_however_many_there_are() {
        let mut named = Named::default();
        let mut expected = HashMap::new();
        // Hashes that meet in one place, hashes far apart, and the one that looks like an empty place.
        let ids =
            |count: u64| (0..count).flat_map(|number| [number << 32, number, number.wrapping_mul(u64::MAX / 7919)]);
        for count in [700, 3, 900] {
            let reading = named.begin_reading();
            for id in ids(count) {
                named.look_ahead([id].into_iter());
                // 0 and 1 count as one.
                let before = expected.insert(id.max(1), reading);
                assert_eq!(named.note(id), before.unwrap_or_default(), "{id}");
            }
        }
        assert_eq!(named.id_count, expected.len());
        assert!(ids(900).all(|id| named.contains(id)) && !named.contains(u64::MAX));
        assert!(!Named::default().contains(0));
    }

    #[test]
    fn what_readings_beyond_the_last_number_name_looks_named_again() {
        let mut named = Named::default();
        for _ in 0..u16::MAX {
            named.begin_reading();
        }
        named.note(7);
        let reading = named.begin_reading();
        assert!(named.note(7) >= reading && named.note(8) < reading);
    }

    #[test]
    fn room_is_made_for_what_is_expected_and_for_no_more_than_is_likely() {
        for count in [1, 2, 3, 49, 766, 767, 768, 769, 1000] {
            let mut named = Named::default();
            named.begin_reading();
            named.expect(count);
            let places = named.hashes.len();
            assert!(places.is_power_of_two() && places as u64 <= 3 * count + 8, "{places} for {count}");
            (0..count).for_each(|id| assert_eq!(named.note(id << 1), Reading::default()));
            assert_eq!(named.hashes.len(), places, "{count}");
            named.expect(count);
            assert_eq!(named.hashes.len(), places, "{count}");
        }
        let mut named = Named::default();
        named.expect(u64::MAX);
        assert_eq!(named.hashes.len(), 1 << 24);
    }
}
