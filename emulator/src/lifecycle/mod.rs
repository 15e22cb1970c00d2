//! The life of an account: what happens while the emulated clock moves on, and the truth about it.

mod event;
mod happen;
mod plan;
mod rates;

use std::collections::VecDeque;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

pub use event::{Event, EventKind, ObjectKind};
pub use rates::LifecycleRates;

use crate::inventory::Inventory;
use plan::Step;

/// Where an account's life stands.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    seed: u64,
    /// Nothing before this instant is still to happen.
    lived_until: DateTime<Utc>,
    next_hour: DateTime<Utc>,
    planned: VecDeque<Step>,
    events: Vec<Event>,
}

impl Lifecycle {
    /// A life that begins at `now`.
    pub(crate) fn new(seed: u64, now: DateTime<Utc>) -> Self {
        Self {
            seed,
            lived_until: now,
            next_hour: now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now),
            planned: VecDeque::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Lets everything due by `now` happen in the order of time; an expiry comes before a chance of the same second.
    /// The result depends on the seed, the rates and the instants, not on how many steps time is advanced in.
    pub(crate) fn live_until(
        &mut self,
        account: &str,
        rates: &LifecycleRates,
        inventory: &mut Inventory,
        now: DateTime<Utc>,
    ) {
        loop {
            let until = self.planned.front().map_or(self.next_hour, |step| step.at.min(self.next_hour)).min(now);
            if rates.expiry {
                self.expire_until(account, inventory, until);
            }
            if let Some(step) = self.planned.pop_front_if(|step| step.at <= now) {
                // The hour in which the emulator started is drawn whole; its past part never was.
                if step.at >= self.lived_until {
                    let happened = happen::happen(account, step, inventory);
                    self.events.extend(happened.into_iter().map(|(object, object_id, kind)| Event {
                        at: step.at,
                        account: account.to_owned(),
                        object,
                        object_id,
                        kind,
                    }));
                }
            } else if self.next_hour <= now {
                self.planned = plan::draw_hour(self.seed, self.next_hour, rates);
                self.next_hour += TimeDelta::hours(1);
            } else {
                break;
            }
        }
        self.lived_until = self.lived_until.max(now);
    }

    fn expire_until(&mut self, account: &str, inventory: &mut Inventory, until: DateTime<Utc>) {
        while let Some(at) = inventory.next_expiry(until) {
            if let Some(object_id) = inventory.expire_next() {
                let account = account.to_owned();
                let object = ObjectKind::AccessToken;
                self.events.push(Event { at, account, object, object_id, kind: EventKind::Expired });
            }
        }
    }
}
