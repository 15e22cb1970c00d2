//! What was simulated and checked, in numbers.

use std::{collections::BTreeMap, fmt};

/// The numbers of one episode or of many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Worlds that lived to their end.
    pub episode_count: u64,
    /// Scans by how they ended: the outcomes of the ledger, and `dropped`, `busy`, `rehearsed`, `unrecorded`.
    pub scans: BTreeMap<String, u64>,
    /// Transitions held against the truth.
    pub transition_count: u64,
    /// Tombstones held against the truth.
    pub tombstone_count: u64,
    /// Samples of `RegisteredCount` held against the truth.
    pub sample_count: u64,
    /// Newcomers that a complete scan could not see: slipped between two pages, or lied away.
    pub slip_count: u64,
    /// Requests struck by a fault.
    pub fault_count: u64,
    /// True changes of an object.
    pub change_count: u64,
    /// Purges.
    pub purge_count: u64,
    /// Comparisons of the whole database.
    pub whole_count: u64,
}

impl Tally {
    /// All scans, however they ended.
    pub fn scan_count(&self) -> u64 {
        self.scans.values().sum()
    }

    /// Adds the numbers of another.
    pub fn add(&mut self, other: &Self) {
        self.episode_count += other.episode_count;
        for (outcome, count) in &other.scans {
            *self.scans.entry(outcome.clone()).or_default() += count;
        }
        self.transition_count += other.transition_count;
        self.tombstone_count += other.tombstone_count;
        self.sample_count += other.sample_count;
        self.slip_count += other.slip_count;
        self.fault_count += other.fault_count;
        self.change_count += other.change_count;
        self.purge_count += other.purge_count;
        self.whole_count += other.whole_count;
    }

    pub(crate) fn count_scan(&mut self, outcome: &str) {
        *self.scans.entry(outcome.to_owned()).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcomes: Vec<_> = self.scans.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        write!(
            f,
            "{} scans ({}) of {} worlds; {} true changes, {} requests struck; checked {} transitions, {} tombstones, \
             {} samples, {} whole databases; {} purges, {} newcomers unseen",
            self.scan_count(),
            outcomes.join(", "),
            self.episode_count,
            self.change_count,
            self.fault_count,
            self.transition_count,
            self.tombstone_count,
            self.sample_count,
            self.whole_count,
            self.purge_count,
            self.slip_count
        )
    }
}
