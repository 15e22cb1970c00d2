//! The one source of time, passed in so that tests and the demo can set it.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// Tells the time in UTC, to the microsecond that PostgreSQL keeps.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, truncated to whole microseconds.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
        whole_microseconds(Utc::now())
    }
}

/// A clock that moves only when told to, for tests and simulated weeks.
///
/// Clones share the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<DateTime<Utc>>>);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(whole_microseconds(now))))
    }

    /// Moves the clock to `now`, forward or back.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.lock() = whole_microseconds(now);
    }

    /// Moves the clock forward by `step`.
    pub fn advance(&self, step: TimeDelta) {
        *self.lock() += step;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, DateTime<Utc>> {
        self.0.lock().expect("no code panics while it holds the clock")
    }
}

impl Clock for ManualClock {
    /// Each reading is a microsecond after the one before, so that two events never share an instant.
    fn now(&self) -> DateTime<Utc> {
        let mut now = self.lock();
        *now += TimeDelta::microseconds(1);
        *now
    }
}

fn whole_microseconds(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(instant)
}
