//! What truly happened to every object, instant by instant, as only the cloud itself can know.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use emulator::{EventKind, MfaDevice, ObjectKind};
use stocktake::{clock::Clock, inventory::Source};

use super::{ACCOUNT_ID, World};

/// The state of an object before it came to be.
pub(crate) const ABSENT: &str = "absent";
/// The state of an object after it has gone.
pub(crate) const DELETED: &str = "deleted";

/// The states of one object, each from an instant on: a code's status, `unbound`, or `bound` and the user's id.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrueLife(Vec<(DateTime<Utc>, String)>);

impl TrueLife {
    pub(crate) fn at(&self, instant: DateTime<Utc>) -> &str {
        self.0.iter().rev().find(|(since, _)| *since <= instant).map_or(ABSENT, |(_, state)| state)
    }

    /// Since when it was what it was at an instant.
    pub(crate) fn since(&self, instant: DateTime<Utc>) -> DateTime<Utc> {
        self.0.iter().rev().map(|(since, _)| *since).find(|since| *since <= instant).expect("it had come to be")
    }

    /// Its states and when each began.
    pub(crate) fn states(&self) -> impl Iterator<Item = (DateTime<Utc>, &str)> {
        self.0.iter().map(|(since, state)| (*since, state.as_str()))
    }

    /// Whether it left a state and came back to it between two instants, which nobody who looks at these two can know.
    pub(crate) fn wavers(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        // Not there yet and gone are one to whoever looks.
        let seen_as = |state| if state == DELETED { ABSENT } else { state };
        let mut passed = vec![seen_as(self.at(after))];
        for (since, state) in self.states() {
            if after < since && since <= until {
                if passed.contains(&seen_as(state)) {
                    return true;
                }
                passed.push(seen_as(state));
            }
        }
        false
    }

    fn turn(&mut self, at: DateTime<Utc>, state: String) {
        if self.0.last().is_none_or(|(_, last)| *last != state) {
            self.0.push((at, state));
        }
    }
}

/// The true lives of all objects of the first account.
#[derive(Default)]
pub(crate) struct Chronicle {
    lives: BTreeMap<(Source, String), TrueLife>,
    event_count: usize,
}

impl Chronicle {
    /// Writes down what has happened since the last time: by itself at its own instant, by an edit of the test just now.
    pub(crate) fn follow(&mut self, world: &World) {
        let events = world.emulator.events(ACCOUNT_ID);
        for event in &events[self.event_count..] {
            let (source, begins_as) = match event.object {
                ObjectKind::AccessToken => (Source::AccessTokens, "unactivated"),
                ObjectKind::MfaDevice => (Source::MfaDevices, "unbound"),
            };
            let state = match &event.kind {
                EventKind::Created => begins_as.to_owned(),
                EventKind::Activated => "activated".to_owned(),
                EventKind::Disabled => "unactivated".to_owned(),
                EventKind::Expired => "expired".to_owned(),
                EventKind::Bound { user } => format!("bound {}", user.user_id),
                EventKind::Unbound => "unbound".to_owned(),
                EventKind::Deleted => DELETED.to_owned(),
                EventKind::Used { .. } => continue,
            };
            self.life_mut(source, &event.object_id).turn(event.at, state);
        }
        self.event_count = events.len();

        let now = world.clock.now();
        let live: BTreeMap<(Source, String), String> = world.edit(|inventory| {
            let codes =
                inventory.tokens().map(|code| ((Source::AccessTokens, code.id.clone()), code.status.to_string()));
            let devices = inventory
                .devices()
                .map(|device| ((Source::MfaDevices, device.serial_number.clone()), device_state(device)));
            codes.chain(devices).collect()
        });
        for (key, life) in &mut self.lives {
            if !live.contains_key(key) && life.at(now) != ABSENT {
                life.turn(now, DELETED.to_owned());
            }
        }
        for ((source, id), state) in live {
            self.life_mut(source, &id).turn(now, state);
        }
    }

    pub(crate) fn lives(&self, source: Source) -> impl Iterator<Item = (&str, &TrueLife)> {
        self.lives.iter().filter(move |((kept, _), _)| *kept == source).map(|((_, id), life)| (id.as_str(), life))
    }

    fn life_mut(&mut self, source: Source, id: &str) -> &mut TrueLife {
        self.lives.entry((source, id.to_owned())).or_default()
    }
}

fn device_state(device: &MfaDevice) -> String {
    device.user.as_ref().map_or("unbound".to_owned(), |user| format!("bound {}", user.user_id))
}
