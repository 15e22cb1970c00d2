//! The brake: how many proven absences one scan may turn into tombstones, and of which target.

use chrono::{DateTime, Utc};

use super::{Absence, CompleteScan};
use crate::inventory::Target;

/// When a scan may delete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeleteLimits {
    /// `scan.max_delete_count`.
    pub max_count: u64,
    /// `scan.max_delete_ratio`, of the live rows.
    pub max_ratio: f64,
    /// The ceiling of an approval, up to which the other two do not matter.
    pub approved: Option<u64>,
}

/// What may be done with the absences of a complete scan.
#[derive(Debug)]
pub enum Ruling<'a> {
    /// They may be buried.
    Bury(Tombstones<'a>),
    /// There are too many of them: none may be buried.
    Hold {
        /// How many.
        absent_count: u64,
    },
    /// The scan is of this other target: nothing of it may be kept.
    Foreign(&'a Target),
}

/// What the brake lets through: the objects of one target whose lives may end.
#[derive(Clone, Copy, Debug)]
pub struct Tombstones<'a> {
    target: &'a Target,
    absences: &'a [Absence],
}

impl CompleteScan {
    /// Whether all that this scan proves absent may be buried in `target`, which has `live_count` live rows.
    pub fn rule(&self, target: &Target, limits: DeleteLimits, live_count: u64) -> Ruling<'_> {
        if self.target != *target {
            return Ruling::Foreign(&self.target);
        }
        let absent_count = self.absences.len() as u64;
        if limits.allow(absent_count, live_count) {
            Ruling::Bury(Tombstones { target: &self.target, absences: &self.absences })
        } else {
            Ruling::Hold { absent_count }
        }
    }
}

impl Tombstones<'_> {
    /// How many.
    pub fn count(&self) -> u64 {
        self.absences.len() as u64
    }

    /// Whose objects they are.
    pub fn account_id(&self) -> &str {
        &self.target.account_id
    }

    /// The objects' ids in their source.
    pub fn ids(&self) -> Vec<String> {
        self.absences.iter().map(|absence| absence.id.clone()).collect()
    }

    /// When each of them, in the order of [`ids`](Self::ids), was proven to be gone.
    pub fn proven_at(&self) -> Vec<DateTime<Utc>> {
        self.absences.iter().map(|absence| absence.proven_at).collect()
    }
}

impl DeleteLimits {
    /// Whether `absent` of `live` rows may be deleted; else all of them are held.
    fn allow(&self, absent: u64, live: u64) -> bool {
        if let Some(ceiling) = self.approved
            && absent <= ceiling
        {
            return true;
        }
        // Not `absent > max_ratio * live`: that product may fall short of 29 for 0.29 of 100.
        #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^52")]
        let breaks_ratio = absent as f64 / live as f64 > self.max_ratio;
        !(absent > self.max_count && breaks_ratio)
    }
}
