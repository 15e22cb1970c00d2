//! One line of a timeline.

use chrono::{DateTime, Utc};

use crate::{cli::words::uncertainty, store::StatusChange};

/// When something happened, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// At this instant.
    At(DateTime<Utc>),
    /// Within these bounds.
    Between(DateTime<Utc>, DateTime<Utc>),
}

/// What kind of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The object came, or its status changed.
    Change,
    /// Something else about it changed.
    Note,
    /// What should not have been so.
    Odd,
    /// The object went.
    End,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) when: When,
    /// The instant of the answer that told it, which joins anomalies to it.
    pub(super) seen_at: DateTime<Utc>,
    pub(super) mark: Mark,
    /// What, for people.
    pub(super) what: String,
    /// How its time is known.
    pub(super) basis: Option<String>,
    /// More about it, a line each.
    pub(super) details: Vec<String>,
}

impl Event {
    /// Something that was read at `seen_at`; it may have been so before.
    pub(super) fn read_at(seen_at: DateTime<Utc>, mark: Mark, what: impl Into<String>) -> Self {
        Self { when: When::At(seen_at), seen_at, mark, what: what.into(), basis: None, details: Vec::new() }
    }

    pub(super) fn basis(self, basis: impl Into<String>) -> Self {
        Self { basis: Some(basis.into()), ..self }
    }

    /// By this a timeline is ordered.
    pub(super) fn instant(&self) -> DateTime<Utc> {
        match self.when {
            When::At(at) | When::Between(_, at) => at,
        }
    }
}

impl When {
    /// When a transition happened.
    pub(super) fn of(change: &StatusChange) -> Self {
        match change.occurred_at {
            Some(at) => Self::At(at),
            None => Self::Between(change.not_before_at, change.not_after_at),
        }
    }
}

/// `exact: expiry`, `bounded, ±8 min`.
pub(super) fn basis_of(change: &StatusChange) -> String {
    match change.time_basis.as_str() {
        "created" => "exact: CreationTime".to_owned(),
        "activate_date" => "exact: ActivateDate".to_owned(),
        _ if change.occurred_at.is_none() => {
            format!("bounded, {}", uncertainty(change.not_after_at - change.not_before_at))
        }
        basis => format!("exact: {basis}"),
    }
}
