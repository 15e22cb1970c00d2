//! Counts what a scan saw: the evidence that goes to the ledger.

use chrono::{DateTime, TimeDelta, Utc};

use crate::source::Page;

/// What a scan saw, whatever came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Answers read, look-ups included.
    pub page_count: u64,
    /// Items in those answers, repeats included.
    pub item_count: u64,
    /// Distinct objects of the last attempt.
    pub distinct_count: u64,
    /// Items of the last attempt that have no usable id.
    pub rejected_count: u64,
    /// `TotalCount` of the first page of the last attempt.
    pub total_first: Option<u64>,
    /// `TotalCount` of the last page of the last attempt.
    pub total_last: Option<u64>,
    /// Readings of the listing.
    pub attempt_count: u32,
    /// The worker's clock minus the API's, the largest in size.
    pub skew: Option<TimeDelta>,
    /// When the last answer arrived; `None` where none did.
    pub observed_until: Option<DateTime<Utc>>,
}

impl Evidence {
    /// A new attempt begins: counts that speak of one attempt start over.
    pub(super) fn begin_attempt(&mut self) {
        self.attempt_count += 1;
        self.distinct_count = 0;
        self.rejected_count = 0;
        self.total_first = None;
        self.total_last = None;
    }

    /// Counts one answer.
    pub(super) fn count_page<T>(&mut self, page: &Page<T>) {
        self.page_count += 1;
        self.item_count += (page.items.len() + page.rejected.len()) as u64;
        self.rejected_count += page.rejected.len() as u64;
        self.observed_until = self.observed_until.max(Some(page.observed_at));
        self.skew = [self.skew, page.skew].into_iter().flatten().max_by_key(TimeDelta::abs);
    }
}
