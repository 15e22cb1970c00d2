//! True time, and the worker's clocks that differ from it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use stocktake::clock::Clock;

/// An instant, of the true time unless its name says otherwise.
pub(crate) type At = DateTime<Utc>;

/// The time of the world; it moves when told to, and by a microsecond at each look at a clock.
#[derive(Clone, Debug)]
pub(crate) struct TrueTime(Arc<AtomicI64>);

impl TrueTime {
    pub(crate) fn new(begin: At) -> Self {
        Self(Arc::new(AtomicI64::new(begin.timestamp_micros())))
    }

    pub(crate) fn now(&self) -> At {
        at_micros(self.0.load(Ordering::SeqCst))
    }

    /// The next instant: no two things happen at one.
    pub(crate) fn tick(&self) -> At {
        at_micros(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Moves on to `at`; true time never goes back.
    pub(crate) fn move_to(&self, at: At) {
        self.0.fetch_max(at.timestamp_micros(), Ordering::SeqCst);
    }
}

/// What a worker takes for the time: the true one and a skew, with a memory of every reading.
#[derive(Clone, Debug)]
pub(crate) struct SkewedClock {
    time: TrueTime,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    skew: TimeDelta,
    /// The extremes of the skew since the readings were last taken.
    range: (TimeDelta, TimeDelta),
    /// The true instant of each reading, by what was read.
    readings: HashMap<At, At>,
}

/// What was read of a clock during one scan.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    by_reading: HashMap<At, At>,
    pub(crate) skew_min: TimeDelta,
    pub(crate) skew_max: TimeDelta,
}

impl Readings {
    /// The true instant at which the clock showed `reading`.
    pub(crate) fn true_instant(&self, reading: At) -> Option<At> {
        self.by_reading.get(&reading).copied()
    }
}

impl SkewedClock {
    pub(crate) fn new(time: &TrueTime) -> Self {
        Self { time: time.clone(), state: Arc::default() }
    }

    pub(crate) fn skew(&self) -> TimeDelta {
        self.lock().skew
    }

    pub(crate) fn set_skew(&self, skew: TimeDelta) {
        let mut state = self.lock();
        state.skew = skew;
        state.range = (state.range.0.min(skew), state.range.1.max(skew));
    }

    /// The readings since the last call.
    pub(crate) fn take_readings(&self) -> Readings {
        let mut state = self.lock();
        let (skew_min, skew_max) = state.range;
        state.range = (state.skew, state.skew);
        Readings { by_reading: std::mem::take(&mut state.readings), skew_min, skew_max }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the clock")
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> At {
        let mut state = self.lock();
        let truly = self.time.tick();
        let reading = truly + state.skew;
        state.readings.insert(reading, truly);
        reading
    }
}

pub(crate) fn at_micros(micros: i64) -> At {
    DateTime::from_timestamp_micros(micros).expect("the simulation stays within this century")
}

/// The instant as the API states it.
pub(crate) fn whole_second(at: At) -> At {
    DateTime::from_timestamp(at.timestamp(), 0).expect("the simulation stays within this century")
}
