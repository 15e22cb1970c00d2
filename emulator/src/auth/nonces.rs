//! The nonces seen lately: each may be used once.

use std::collections::{HashSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

/// A bench on a clock that stands still never lets a nonce grow old; beyond this the oldest are forgotten.
const MAX_REMEMBERED: usize = 500_000;

/// How long a nonce is remembered, as long as a request's date is accepted.
const REMEMBERED: TimeDelta = TimeDelta::minutes(15);

#[derive(Debug, Default)]
pub(crate) struct Nonces {
    seen: HashSet<String>,
    in_order: VecDeque<(DateTime<Utc>, String)>,
}

impl Nonces {
    /// Remembers a nonce; false if it was used before.
    pub(crate) fn use_once(&mut self, nonce: &str, now: DateTime<Utc>) -> bool {
        self.forget(now);
        if !self.seen.insert(nonce.to_owned()) {
            return false;
        }
        self.in_order.push_back((now, nonce.to_owned()));
        true
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        let full = self.in_order.len() >= MAX_REMEMBERED;
        if let Some((_, nonce)) = self.in_order.pop_front_if(|_| full) {
            self.seen.remove(&nonce);
        }
        while let Some((_, nonce)) = self.in_order.pop_front_if(|(at, _)| now - *at > REMEMBERED) {
            self.seen.remove(&nonce);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_forgotten_after_fifteen_minutes() {
        let mut nonces = Nonces::default();
        let start = DateTime::UNIX_EPOCH;
        assert!(nonces.use_once("a", start));
        assert!(!nonces.use_once("a", start + TimeDelta::minutes(15)));
        assert!(nonces.use_once("a", start + TimeDelta::minutes(15) + TimeDelta::seconds(1)));
        assert_eq!((nonces.seen.len(), nonces.in_order.len()), (1, 1));
    }
}
