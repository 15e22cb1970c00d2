//! The true life of one object: every state that it ever had, and since when.

use chrono::TimeDelta;

use crate::time::At;

/// A code or a device as the API tells of it; what the other kind lacks is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct State {
    pub(crate) status: String,
    /// The id of the user that holds a device.
    pub(crate) user_id: Option<String>,
    /// `CreationTime` of a code, `ActivateDate` of a device: whole seconds.
    pub(crate) stated_at: Option<At>,
    pub(crate) token_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) ttl_days: Option<i32>,
    pub(crate) max_use_count: Option<i32>,
    /// A field that the program does not know.
    pub(crate) owner: Option<String>,
    /// `RegisteredCount`, which opens no version.
    pub(crate) used: Option<i32>,
}

impl State {
    /// The state as a version holds it.
    pub(crate) fn version(&self) -> Self {
        Self { used: None, ..self.clone() }
    }

    /// When a code's days run out.
    pub(crate) fn expiry(&self) -> Option<At> {
        Some(self.stated_at? + TimeDelta::days(i64::from(self.ttl_days?)))
    }

    /// The names under which the database lists what differs.
    pub(crate) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let is_code = self.ttl_days.is_some() || other.ttl_days.is_some();
        [
            ("status", self.status != other.status),
            ("user_key", self.user_id != other.user_id),
            ("token_name", self.token_name != other.token_name),
            ("description", self.description != other.description),
            ("ttl_days", self.ttl_days != other.ttl_days),
            ("max_use_count", self.max_use_count != other.max_use_count),
            (if is_code { "created_at" } else { "activated_at" }, self.stated_at != other.stated_at),
            ("extra", self.owner != other.owner),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }
}

/// All that ever was of one object; `None` is its absence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life(Vec<(At, Option<State>)>);

impl Life {
    pub(crate) fn change(&mut self, at: At, state: Option<State>) {
        self.0.push((at, state));
    }

    pub(crate) fn now(&self) -> Option<&State> {
        self.0.last()?.1.as_ref()
    }

    pub(crate) fn at(&self, at: At) -> Option<&State> {
        let entered = self.0.partition_point(|(since, _)| *since <= at);
        self.0[..entered].last()?.1.as_ref()
    }

    /// The state at `from`, and every one that was entered by `until`, each with its instant.
    pub(crate) fn during(&self, from: At, until: At) -> impl Iterator<Item = (At, Option<&State>)> {
        let first = self.0.partition_point(|(since, _)| *since <= from);
        let after = self.0.partition_point(|(since, _)| *since <= until);
        std::iter::once((from, self.at(from)))
            .chain(self.0[first..after.max(first)].iter().map(|(at, state)| (*at, state.as_ref())))
    }

    /// Every change, with the state before it.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (At, Option<&State>, Option<&State>)> {
        let before = std::iter::once(None).chain(self.0.iter().map(|(_, state)| state.as_ref()));
        self.0.iter().zip(before).map(|((at, state), before)| (*at, before, state.as_ref()))
    }
}
