//! How a scan ends: with a proof, or with the reason why there is none.

use std::{fmt, time::Duration};

use super::{CompleteScan, Evidence};
use crate::source::SourceError;

/// What a scan saw and what it proves.
#[derive(Debug)]
pub struct ScanReport {
    /// The counts for the ledger.
    pub evidence: Evidence,
    /// Whether everything was seen.
    pub verdict: Verdict,
}

/// Whether a scan saw everything.
#[derive(Debug)]
pub enum Verdict {
    /// It did, provably.
    Complete(CompleteScan),
    /// It did not, or cannot prove it: nothing may be deleted.
    Incomplete(Incompleteness),
}

/// Why a scan is not complete.
#[derive(Debug)]
pub enum Incompleteness {
    /// The distinct ids differ from `TotalCount`, by every way of asking.
    CountMismatch {
        /// Distinct ids seen.
        distinct: u64,
        /// `TotalCount` of the last page.
        total: u64,
    },
    /// `TotalCount` changed while the listing was read.
    TotalChanged {
        /// `TotalCount` of the first page.
        first: u64,
        /// `TotalCount` of the last page.
        last: u64,
    },
    /// The API sent no readable `TotalCount`.
    NoTotal,
    /// Items had no usable id.
    Rejected {
        /// How many.
        count: u64,
    },
    /// A look-up of vanished ids gave no clear answer.
    UnclearLookup {
        /// What was unclear.
        reason: &'static str,
    },
    /// `IsTruncated` without a `Marker`.
    MissingMarker,
    /// A `Marker` came a second time.
    RepeatedMarker,
    /// A refresh of selected codes never sees everything.
    PartialRefresh,
    /// The scan took longer than it may.
    Deadline(Duration),
    /// The API listed more than any account has.
    TooManyItems {
        /// Where reading stopped.
        limit: u64,
    },
    /// A request failed for good.
    Source(SourceError),
}

impl Incompleteness {
    /// The error code for the ledger: the API's own where it sent one.
    pub fn code(&self) -> String {
        match self {
            Self::CountMismatch { .. } => "count_mismatch".into(),
            Self::TotalChanged { .. } => "total_changed".into(),
            Self::NoTotal => "no_total".into(),
            Self::Rejected { .. } => "rejected_items".into(),
            Self::UnclearLookup { .. } => "unclear_lookup".into(),
            Self::MissingMarker => "missing_marker".into(),
            Self::RepeatedMarker => "repeated_marker".into(),
            Self::PartialRefresh => "partial_refresh".into(),
            Self::Deadline(_) => "deadline".into(),
            Self::TooManyItems { .. } => "too_many_items".into(),
            Self::Source(error) => error.code(),
        }
    }

    /// What the operator can do about it.
    pub fn mend(&self) -> String {
        match self {
            Self::CountMismatch { .. } => {
                "the API may return only part of the listing; what was seen is kept, nothing is deleted".into()
            }
            Self::TotalChanged { .. } => {
                "the inventory changed during every attempt; the next scan tries again, or raise scan.scan_attempts"
                    .into()
            }
            Self::Rejected { .. } => "see inventory.rejected_items; the other items are kept".into(),
            Self::NoTotal
            | Self::UnclearLookup { .. }
            | Self::MissingMarker
            | Self::RepeatedMarker
            | Self::TooManyItems { .. } => {
                "the API answered against its documentation; the next scan tries again, report it if it stays".into()
            }
            Self::PartialRefresh => "nothing to mend: a refresh never deletes".into(),
            Self::Deadline(_) => "the API is slow; raise scan.deadline if it stays".into(),
            Self::Source(error) => error.mend(),
        }
    }

    /// True where another reading of the listing may turn out better.
    pub(super) fn may_heal(&self) -> bool {
        match self {
            Self::CountMismatch { .. }
            | Self::TotalChanged { .. }
            | Self::NoTotal
            | Self::Rejected { .. }
            | Self::MissingMarker
            | Self::RepeatedMarker => true,
            // Requests were retried already; a look-up is asked in single ids before it is called unclear.
            Self::UnclearLookup { .. }
            | Self::PartialRefresh
            | Self::Deadline(_)
            | Self::TooManyItems { .. }
            | Self::Source(_) => false,
        }
    }
}

impl fmt::Display for Incompleteness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CountMismatch { distinct, total } => {
                write!(f, "saw {distinct} distinct ids of a TotalCount of {total}")
            }
            Self::TotalChanged { first, last } => {
                write!(f, "TotalCount changed from {first} to {last} while the listing was read")
            }
            Self::NoTotal => f.write_str("the listing has no readable TotalCount"),
            Self::Rejected { count } => write!(f, "{count} items have no usable id"),
            Self::UnclearLookup { reason } => write!(f, "vanished ids could not be looked up: {reason}"),
            Self::MissingMarker => f.write_str("IsTruncated is true but there is no Marker"),
            Self::RepeatedMarker => f.write_str("a Marker came a second time"),
            Self::PartialRefresh => f.write_str("a refresh of selected codes, not the whole listing"),
            Self::Deadline(allowed) => {
                write!(f, "the scan took longer than {}", humantime::format_duration(*allowed))
            }
            Self::TooManyItems { limit } => write!(f, "the API listed more than {limit} items and there was no end"),
            Self::Source(error) => write!(f, "{error}"),
        }
    }
}
