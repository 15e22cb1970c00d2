//! A listing without total is whole when every marker was followed, from the page without one to the page that is not
//! truncated; and what vanished from it is gone only if a second whole reading misses it too.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::{Absence, CompleteScan, Incompleteness, Named, named::Reading};
use crate::{
    inventory::{Target, id_hash},
    source::MfaDevicePage,
};

/// One reading, page by page.
#[derive(Debug)]
pub(in crate::scan) struct MarkerChain {
    reading: Reading,
    distinct_count: u64,
    rejected_count: u64,
    marker: Option<String>,
    /// By their hashes, for a marker may be long and a chain too; two of one hash look like a repetition.
    markers: HashSet<u64>,
}

/// Proof that a listing was read whole.
#[derive(Debug)]
pub(in crate::scan) struct WholeChain {
    distinct_count: u64,
    ended_at: DateTime<Utc>,
}

impl MarkerChain {
    /// Begins to read the listing.
    pub(in crate::scan) fn begin(named: &mut Named) -> Self {
        let reading = named.begin_reading();
        Self { reading, distinct_count: 0, rejected_count: 0, marker: None, markers: HashSet::new() }
    }

    /// The marker to ask for next; none for the first page.
    pub(in crate::scan) fn marker(&self) -> Option<&str> {
        self.marker.as_deref()
    }

    /// Takes the page that [`marker`](Self::marker) names; the last one ends the reading.
    pub(in crate::scan) fn take(
        &mut self,
        answer: &MfaDevicePage,
        named: &mut Named,
    ) -> Result<Option<WholeChain>, Incompleteness> {
        for device in &answer.page.items {
            let named_last = named.note(device.id_hash());
            self.distinct_count += u64::from(named_last < self.reading);
        }
        self.rejected_count += answer.page.rejected.len() as u64;
        if answer.is_truncated {
            let next = answer.marker.as_ref().ok_or(Incompleteness::MissingMarker)?;
            if !self.markers.insert(id_hash(next)) {
                return Err(Incompleteness::RepeatedMarker);
            }
            self.marker = Some(next.clone());
            return Ok(None);
        }
        match self.rejected_count {
            0 => Ok(Some(WholeChain { distinct_count: self.distinct_count, ended_at: answer.page.observed_at })),
            count => Err(Incompleteness::Rejected { count }),
        }
    }

    pub(in crate::scan) fn distinct_count(&self) -> u64 {
        self.distinct_count
    }
}

impl WholeChain {
    /// Ends a scan in which nothing vanished.
    pub(in crate::scan) fn conclude(self, target: Target) -> CompleteScan {
        CompleteScan { target, argument: self.argument(), absences: Vec::new() }
    }

    /// Ends a scan whose first reading missed `vanished`: what no answer named up to the end of the second is gone.
    pub(in crate::scan) fn confirmed_by(
        self,
        second: Self,
        vanished: Vec<String>,
        named: &Named,
        target: Target,
    ) -> CompleteScan {
        let vanished_count = vanished.len();
        let absences = named.keep_unnamed(vanished.into_iter().map(|id| Absence { id, proven_at: second.ended_at }));
        let argument = format!("{}; {vanished_count} vanished, {} of them twice", self.argument(), absences.len());
        CompleteScan { target, argument, absences }
    }

    fn argument(&self) -> String {
        format!("{} devices, every marker followed to the end", self.distinct_count)
    }
}
