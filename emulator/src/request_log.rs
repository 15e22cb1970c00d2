//! What was asked of the emulator, for tests to assert on.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use chrono::{DateTime, Utc};

/// One request and how it was answered.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// By the emulated clock.
    pub at: DateTime<Utc>,
    /// By the host's clock, to measure real distances between requests.
    pub received: Instant,
    /// What `x-acs-action` named; empty without one.
    pub action: String,
    /// The account whose key the request named, if there is one.
    pub account: Option<String>,
    /// The form-decoded parameters, in the order of the URL.
    pub query: Vec<(String, String)>,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The status answered; `None` if a fault left the request without an answer.
    pub status: Option<u16>,
    /// The code of an error that the emulator or a fault answered.
    pub code: Option<String>,
}

impl RequestRecord {
    /// The parameter's first value.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// The header's first value, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The last requests, and how many there were of each action.
#[derive(Debug)]
pub(crate) struct RequestLog {
    limit: usize,
    records: VecDeque<RequestRecord>,
    counts: BTreeMap<String, u64>,
}

impl RequestLog {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, records: VecDeque::new(), counts: BTreeMap::new() }
    }

    /// Counts a request without remembering it.
    pub(crate) fn count(&mut self, action: &str) {
        match self.counts.get_mut(action) {
            Some(count) => *count += 1,
            None => _ = self.counts.insert(action.to_owned(), 1),
        }
    }

    /// Whether a record would be kept, so that benches need not make one.
    pub(crate) fn is_on(&self) -> bool {
        self.limit > 0
    }

    pub(crate) fn push(&mut self, record: RequestRecord) {
        while self.records.len() >= self.limit.max(1) {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        self.records.iter().cloned().collect()
    }

    pub(crate) fn count_of(&self, action: &str) -> u64 {
        self.counts.get(action).copied().unwrap_or(0)
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    pub(crate) fn clear(&mut self) {
        self.records.clear();
        self.counts.clear();
    }
}
