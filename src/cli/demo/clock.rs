//! The demo's clock: set by hand through the simulated weeks, then the machine's.

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};

use crate::clock::{Clock, ManualClock, SystemClock};

pub(super) struct DemoClock {
    manual: ManualClock,
    is_live: AtomicBool,
}

impl DemoClock {
    pub(super) fn new(begin: DateTime<Utc>) -> Self {
        Self { manual: ManualClock::new(begin), is_live: AtomicBool::new(false) }
    }

    pub(super) fn set(&self, now: DateTime<Utc>) {
        self.manual.set(now);
    }

    /// From now on this is the machine's clock.
    pub(super) fn go_live(&self) {
        self.is_live.store(true, Ordering::Relaxed);
    }
}

impl Clock for DemoClock {
    fn now(&self) -> DateTime<Utc> {
        if self.is_live.load(Ordering::Relaxed) { SystemClock.now() } else { self.manual.now() }
    }
}
