//! Every branch of the decision, on both sides of each boundary.

mod brake;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Absence, CompleteScan};
use crate::inventory::{Source, Target};

/// The answer of second `n`.
fn instant(second: usize) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(second).unwrap())
}

fn target() -> Target {
    Target { account_id: "1772422852740001".to_owned(), source: Source::AccessTokens }
}

/// The proof that `count` objects of [`target`] are gone.
fn scan_without(count: usize) -> CompleteScan {
    let absences = (0..count).map(|number| Absence { id: format!("gone-{number}"), proven_at: instant(number) });
    CompleteScan { target: target(), argument: "as the test says".to_owned(), absences: absences.collect() }
}
