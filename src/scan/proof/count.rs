//! A listing that states its total is whole when that total held still and as many distinct ids were seen.

use super::{CompleteScan, DistinctIds, Incompleteness, LookUps, Named};
use crate::{inventory::Target, source::AccessTokenPage};

/// What one reading of a listing has seen so far.
#[derive(Debug, Default)]
pub(in crate::scan) struct CountedListing {
    ids: DistinctIds,
    /// The items without a usable id, by their text; `TotalCount` counts them too.
    rejected: DistinctIds,
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
    /// Takes one page; true where it brought an item that is new to this reading.
    pub(in crate::scan) fn take(&mut self, answer: &AccessTokenPage, named: &mut Named) -> bool {
        if self.page_count == 0 {
            self.total_first = answer.total_count;
        }
        self.total_last = answer.total_count;
        self.page_count += 1;
        let mut brought_new = false;
        for item in &answer.page.items {
            named.0.insert(&item.id);
            brought_new |= self.ids.insert(&item.id);
        }
        for item in &answer.page.rejected {
            self.rejected_count += 1;
            brought_new |= self.rejected.insert(&item.original);
        }
        brought_new
    }

    /// Adds what the reading of one part of the same listing saw; its total is the part's own and counts for nothing.
    pub(in crate::scan) fn join(&mut self, part: Self) {
        self.ids.extend(part.ids);
        self.rejected.extend(part.rejected);
        self.rejected_count += part.rejected_count;
    }

    /// Whether another way of asking may bring more.
    pub(in crate::scan) fn lacks_items(&self) -> bool {
        self.total_last.is_some_and(|total| self.ids.count() + self.rejected.count() < total)
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
        if self.ids.count() != last {
            return Err(Incompleteness::CountMismatch { distinct: self.ids.count(), total: last });
        }
        Ok(WholeCount { distinct_count: last })
    }

    pub(in crate::scan) fn distinct_count(&self) -> u64 {
        self.ids.count()
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
