//! Compares what was read with what is kept; pure, so that its rules are tested without a database.

mod access_token;
mod bounds;
mod mfa_device;

pub(crate) use access_token::{AccessTokenRow, compare_access_token};
pub(crate) use mfa_device::{MfaDeviceRow, compare_mfa_device};

use chrono::{DateTime, Utc};

use crate::inventory::Anomaly;

/// What is known of the target when a scan begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// True until the first complete scan is applied, and for that scan.
    pub(super) is_baseline: bool,
    /// When the last complete scan began: what is live was seen at or after it.
    pub(super) complete_started_at: Option<DateTime<Utc>>,
}

/// What has to be written for one observed object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(super) write: Write,
    pub(super) change_kind: &'static str,
    pub(super) changed_columns: Vec<&'static str>,
    /// Whether `RegisteredCount` has another value than before.
    pub(super) is_sampled: bool,
    pub(super) transition: Option<Transition>,
    pub(super) anomalies: Vec<Anomaly>,
}

/// How the current row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// An object never seen before: version 1.
    Open,
    /// The next version of a live object, or of one that came back.
    Next,
    /// The same version: what opens none is brought up to date.
    Touch,
}

impl Write {
    /// The name in the staging tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Next => "next",
            Self::Touch => "touch",
        }
    }
}

/// A change of status with its time bounds; it ends when the object was observed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Transition {
    pub(super) not_before_at: DateTime<Utc>,
    pub(super) from_status: Option<String>,
    pub(super) occurred_at: Option<DateTime<Utc>>,
    pub(super) time_basis: &'static str,
    pub(super) is_expected: bool,
    pub(super) anomaly: Option<String>,
}
