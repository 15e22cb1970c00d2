//! The emulated cloud's own clock.

use chrono::{DateTime, TimeDelta, Utc};

/// What the emulated time follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The wall clock; `advance` and `set_now` shift it, and it runs on from there.
    Real,
    /// Stands still at this instant unless advanced or set.
    Manual(DateTime<Utc>),
}

/// A running clock.
#[derive(Debug)]
pub(crate) enum Running {
    Real { offset: TimeDelta },
    Manual { now: DateTime<Utc> },
}

impl From<Clock> for Running {
    fn from(clock: Clock) -> Self {
        match clock {
            Clock::Real => Self::Real { offset: TimeDelta::zero() },
            Clock::Manual(now) => Self::Manual { now },
        }
    }
}

impl Running {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        match self {
            Self::Real { offset } => wall_clock() + *offset,
            Self::Manual { now } => *now,
        }
    }

    pub(crate) fn set_now(&mut self, to: DateTime<Utc>) {
        match self {
            Self::Real { offset } => *offset = to - wall_clock(),
            Self::Manual { now } => *now = to,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the emulated cloud has a clock of its own; this is its source")]
fn wall_clock() -> DateTime<Utc> {
    Utc::now()
}
