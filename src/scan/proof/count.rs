//! A listing that states its total is whole when that total held still and as many distinct ids were seen.

use std::collections::HashSet;

use super::{CompleteScan, Incompleteness, LookUps, Named, named::Reading};
use crate::{
    inventory::{Listed, Target, id_hash},
    source::AccessTokenPage,
};

/// What one reading of a listing has seen so far.
#[derive(Debug)]
pub(in crate::scan) struct CountedListing {
    reading: Reading,
    /// The reading of the whole of which this is a part; itself, where it is none.
    whole: Reading,
    distinct_count: u64,
    /// Of those, the ones that are new to the whole.
    added_count: u64,
    /// The items without a usable id, by the hash of their text; `TotalCount` counts them too.
    rejected: HashSet<u64>,
    rejected_count: u64,
    page_count: u64,
    total_first: Option<u64>,
    total_last: Option<u64>,
}

/// Proof that a listing was read whole.
#[derive(Debug)]
pub(in crate::scan) struct WholeCount {
    distinct_count: u64,
}

impl CountedListing {
    /// Begins to read a listing, or a part of one that was read.
    pub(in crate::scan) fn begin(named: &mut Named, part_of: Option<&Self>) -> Self {
        let reading = named.begin_reading();
        Self {
            reading,
            whole: part_of.map_or(reading, |whole| whole.whole),
            distinct_count: 0,
            added_count: 0,
            rejected: HashSet::new(),
            rejected_count: 0,
            page_count: 0,
            total_first: None,
            total_last: None,
        }
    }

    /// Takes one page; true where it brought an item that is new to this reading.
    pub(in crate::scan) fn take(&mut self, answer: &AccessTokenPage, named: &mut Named) -> bool {
        if self.page_count == 0 {
            self.total_first = answer.total_count;
            named.expect(answer.total_count.unwrap_or_default());
        }
        self.total_last = answer.total_count;
        self.page_count += 1;
        let mut brought_new = false;
        named.look_ahead(answer.page.items.iter().map(Listed::id_hash));
        for item in &answer.page.items {
            let named_last = named.note(item.id_hash());
            let is_new = named_last < self.reading;
            self.distinct_count += u64::from(is_new);
            self.added_count += u64::from(named_last < self.whole);
            brought_new |= is_new;
        }
        for item in &answer.page.rejected {
            self.rejected_count += 1;
            brought_new |= self.rejected.insert(id_hash(&item.original));
        }
        brought_new
    }

    /// Adds what the reading of one part of the same listing saw; its total is the part's own and counts for nothing.
    pub(in crate::scan) fn join(&mut self, part: Self) {
        self.distinct_count += part.added_count;
        self.rejected.extend(part.rejected);
        self.rejected_count += part.rejected_count;
    }

    /// Whether another way of asking may bring more.
    pub(in crate::scan) fn lacks_items(&self) -> bool {
        let seen_count = self.distinct_count + self.rejected.len() as u64;
        self.total_last.is_some_and(|total| seen_count < total)
    }

    /// The same total from the first page to the last, as many distinct ids, and an id for every item.
    pub(in crate::scan) fn prove(&self) -> Result<WholeCount, Incompleteness> {
        // First, for it explains a count that is too small.
        if self.rejected_count > 0 {
            return Err(Incompleteness::Rejected { count: self.rejected_count });
        }
        let (Some(first), Some(last)) = (self.total_first, self.total_last) else {
            return Err(Incompleteness::NoTotal);
        };
        if first != last {
            return Err(Incompleteness::TotalChanged { first, last });
        }
        if self.distinct_count != last {
            return Err(Incompleteness::CountMismatch { distinct: self.distinct_count, total: last });
        }
        Ok(WholeCount { distinct_count: last })
    }

    pub(in crate::scan) fn distinct_count(&self) -> u64 {
        self.distinct_count
    }

    pub(in crate::scan) fn page_count(&self) -> u64 {
        self.page_count
    }

    pub(in crate::scan) fn total_first(&self) -> Option<u64> {
        self.total_first
    }

    pub(in crate::scan) fn total_last(&self) -> Option<u64> {
        self.total_last
    }
}

impl WholeCount {
    /// Ends the scan: what was looked up, found by no look-up and named by no answer, is gone.
    pub(in crate::scan) fn conclude(self, way: &str, look_ups: LookUps, named: &Named, target: Target) -> CompleteScan {
        let mut argument = format!("{} distinct ids, read {way}, equal TotalCount", self.distinct_count);
        let asked_count = look_ups.asked_count();
        let absences = named.keep_unnamed(look_ups.into_absences());
        if asked_count > 0 {
            argument += &format!("; {asked_count} vanished ids looked up, {} absent", absences.len());
        }
        CompleteScan { target, argument, absences }
    }
}
