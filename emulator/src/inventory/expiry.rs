//! Which code expires next, without looking at all of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, Utc};

use super::{AccessToken, Shelf};

/// A queue of slots by their instant of expiry. Entries may be out of date, because tests edit codes freely:
/// every edit touches the code's slot, and an entry counts only if it still says the truth when it is due.
#[derive(Debug, Clone, Default)]
pub(super) struct ExpiryQueue {
    due: BinaryHeap<Reverse<(DateTime<Utc>, usize)>>,
    touched: Vec<usize>,
}

impl ExpiryQueue {
    /// Notes that the code in this slot may expire at another instant than before.
    pub(super) fn touch(&mut self, slot: usize) {
        self.touched.push(slot);
    }

    /// The earliest expiry that is due by `now`; its entry is then on top.
    pub(super) fn next(&mut self, tokens: &Shelf<AccessToken>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        for slot in self.touched.drain(..) {
            if let Some(token) = tokens.at(slot).filter(|token| token.can_expire()) {
                self.due.push(Reverse((token.expires_at(), slot)));
            }
        }
        loop {
            let &Reverse((at, slot)) = self.due.peek()?;
            if at > now {
                return None;
            }
            let truth = tokens.at(slot).is_some_and(|token| token.can_expire() && token.expires_at() == at);
            if truth {
                return Some(at);
            }
            self.due.pop();
        }
    }

    pub(super) fn pop(&mut self) -> Option<usize> {
        let Reverse((_, slot)) = self.due.pop()?;
        Some(slot)
    }
}
