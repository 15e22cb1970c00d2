//! Holds what one scan did to the database against what is true.
//!
//! Every check is made of one statement of the design, and knows nothing of how the product keeps it.

mod change;
mod complete;
mod days;
mod ledger;
mod transition;
mod whole;

pub(crate) use days::check_days;
pub(crate) use whole::check_whole;

use chrono::TimeDelta;
use stocktake::{inventory::Source, worker::TargetReport};

use crate::{
    memory::{After, Memory},
    rows::Scan,
    tally::Tally,
    time::{At, Readings},
    truth::Truth,
    witness::Asked,
};

/// A promise that does not hold.
#[derive(Debug)]
pub(crate) struct Complaint {
    pub(crate) rule: &'static str,
    pub(crate) object: Option<String>,
    pub(crate) detail: String,
}

/// Returns a complaint unless the condition holds.
macro_rules! hold {
    ($condition:expr, $rule:expr, $object:expr, $($detail:tt)+) => {
        if !$condition {
            return Err($crate::check::Complaint {
                rule: $rule,
                object: $object.map(ToOwned::to_owned),
                detail: format!($($detail)+),
            });
        }
    };
}
pub(crate) use hold;

/// One scan, as the world saw it.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    pub(crate) source: Source,
    pub(crate) truth: &'a Truth,
    pub(crate) memory: &'a Memory,
    pub(crate) after: &'a After,
    /// The true instants before and after it.
    pub(crate) began_at: At,
    pub(crate) ended_at: At,
    pub(crate) readings: &'a Readings,
    pub(crate) asked: &'a [Asked],
    /// `None` where it was dropped.
    pub(crate) report: Option<&'a TargetReport>,
    pub(crate) is_rehearsal: bool,
    /// The fence moved while it ran.
    pub(crate) is_overtaken: bool,
    pub(crate) max_delete_count: u32,
    pub(crate) max_delete_ratio: f64,
    pub(crate) approved: Option<u64>,
    /// An answer lied so that newcomers may have been missed.
    pub(crate) has_lied: bool,
    /// Nothing kept it from seeing everything: it must end complete, or held.
    pub(crate) must_see_all: bool,
    /// The longest time that an answer was under way.
    pub(crate) delay: TimeDelta,
}

impl Look<'_> {
    /// The scan that was applied, if one was.
    pub(crate) fn applied(&self) -> Option<&Scan> {
        self.after.scans.iter().find(|scan| scan.applied_at.is_some())
    }

    /// The true instant of a reading that this scan must have made.
    fn true_instant(&self, reading: At, what: &str, object: &str) -> Result<At, Complaint> {
        self.readings.true_instant(reading).ok_or_else(|| Complaint {
            rule: "every instant was read from the clock during its scan",
            object: Some(object.to_owned()),
            detail: format!("{what} {reading} was not"),
        })
    }
}

/// Checks all that one scan did.
pub(crate) fn check_scan(look: &Look<'_>, slipped: &mut Vec<String>, tally: &mut Tally) -> Result<(), Complaint> {
    ledger::check_ledger(look)?;
    let done = change::check_changes(look, tally)?;
    ledger::check_counts(look, &done)?;
    if let Some(scan) = look.applied()
        && ["complete", "held"].contains(&scan.outcome.as_str())
    {
        complete::check_complete(look, scan, slipped)?;
    }
    Ok(())
}
