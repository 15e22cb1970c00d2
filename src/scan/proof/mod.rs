//! May this row be tombstoned? The whole decision, pure: answers go in, tombstones come out.
//!
//! Each step can be had from the one before it alone, because only this module can make them:
//!
//! 1. A reading of the listing was whole: [`WholeCount`](count::WholeCount) by its total, [`WholeChain`] by its markers.
//! 2. What the store keeps as live and the reading did not name is asked for again: a look-up by id must answer clearly
//!    without it ([`LookUps`]), or a second whole reading must miss it too. That makes an [`Absence`], unless any
//!    answer of the scan named the object ([`Named`]).
//! 3. The whole reading and the absences are a [`CompleteScan`].
//! 4. The brake lets it through for the target that was read, or holds all of it: [`Ruling`]. Only its [`Tombstones`]
//!    can be written.
//!
//! Nothing here waits, asks or writes. What goes wrong on the way is an [`Incompleteness`], and deletes nothing.
//!
//! Nobody else can make a step up; the fields are private:
//!
//! ```compile_fail,E0451
//! use stocktake::{inventory::Target, scan::CompleteScan};
//! fn forge(target: Target) -> CompleteScan {
//!     CompleteScan { target, argument: "trust me".into(), absences: Vec::new() }
//! }
//! ```
//! ```compile_fail,E0451
//! use stocktake::{inventory::Target, scan::{Absence, Tombstones}};
//! fn forge<'a>(target: &'a Target, absences: &'a [Absence]) -> Tombstones<'a> {
//!     Tombstones { target, absences }
//! }
//! ```
//! ```compile_fail,E0451
//! use stocktake::scan::Absence;
//! fn forge(proven: Absence) -> Absence {
//!     Absence { id: "another".into(), ..proven }
//! }
//! ```

mod brake;
mod chain;
mod count;
mod look_up;
mod named;
#[cfg(test)]
mod tests;

pub use brake::{DeleteLimits, Ruling, Tombstones};
pub(super) use chain::{MarkerChain, WholeChain};
pub(super) use count::CountedListing;
pub(super) use look_up::{LookUps, Unclear};
pub(super) use named::Named;

use chrono::{DateTime, Utc};

use super::Incompleteness;
use crate::inventory::Target;

/// Proof that a scan read its target's whole listing, and verified every absence.
#[derive(Debug)]
pub struct CompleteScan {
    target: Target,
    argument: String,
    absences: Vec<Absence>,
}

impl CompleteScan {
    /// What was read.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Why the listing is whole, for people and the ledger.
    pub fn argument(&self) -> &str {
        &self.argument
    }

    /// The objects that were kept as live and are proven to be gone.
    pub fn absences(&self) -> &[Absence] {
        &self.absences
    }
}

/// One object that was kept as live and is proven to be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    id: String,
    proven_at: DateTime<Utc>,
}

impl Absence {
    /// The id of the object in its source.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When the answer that proves it arrived.
    pub fn proven_at(&self) -> DateTime<Utc> {
        self.proven_at
    }
}
