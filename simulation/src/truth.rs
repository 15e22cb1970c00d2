//! The true history of the world, and the one hand that changes the cloud: whatever is done to it is remembered here.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use chrono::TimeDelta;
use emulator::{AccessToken, Inventory, MfaDevice, User};
use stocktake::inventory::Source;

use crate::{
    life::{Life, State},
    time::{At, TrueTime},
};

/// What the API calls a RAM user.
pub(crate) type Names = (String, String);

/// The world: its time and all that is true in it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) time: TrueTime,
    truth: Mutex<Truth>,
}

/// Everything that ever was.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    lives: BTreeMap<Source, BTreeMap<String, Life>>,
    users: BTreeMap<String, Vec<(At, Names)>>,
    /// When each code that lives will be called expired.
    expiries: BTreeMap<String, At>,
}

impl World {
    pub(crate) fn new(begin: At) -> Self {
        Self { time: TrueTime::new(begin), truth: Mutex::default() }
    }

    /// Where the emulator's lock is needed too, it is taken first.
    pub(crate) fn truth(&self) -> MutexGuard<'_, Truth> {
        self.truth.lock().expect("no code panics while it holds the truth")
    }
}

impl Truth {
    pub(crate) fn lives(&self, source: Source) -> &BTreeMap<String, Life> {
        static NONE: BTreeMap<String, Life> = BTreeMap::new();
        self.lives.get(&source).unwrap_or(&NONE)
    }

    pub(crate) fn life(&self, source: Source, id: &str) -> Option<&Life> {
        self.lives(source).get(id)
    }

    /// The ids of what is there now, or of what is gone.
    pub(crate) fn ids(&self, source: Source, is_live: bool) -> Vec<String> {
        let chosen = self.lives(source).iter().filter(|(_, life)| life.now().is_some() == is_live);
        chosen.map(|(id, _)| id.clone()).collect()
    }

    pub(crate) fn now(&self, source: Source, id: &str) -> Option<&State> {
        self.life(source, id)?.now()
    }

    pub(crate) fn change_count(&self) -> u64 {
        self.lives.values().flat_map(BTreeMap::values).map(|life| life.changes().count() as u64).sum()
    }

    pub(crate) fn user_ids(&self) -> Vec<String> {
        self.users.keys().cloned().collect()
    }

    /// The names that a user began with.
    pub(crate) fn first_names(&self, user_id: &str) -> Names {
        self.users[user_id][0].1.clone()
    }

    /// The names that a user had between two instants.
    pub(crate) fn names(&self, user_id: &str, from: At, until: At) -> Vec<&Names> {
        let Some(names) = self.users.get(user_id) else { return Vec::new() };
        let first = names.partition_point(|(since, _)| *since <= from).saturating_sub(1);
        names[first..].iter().filter(|(since, _)| *since <= until).map(|(_, names)| names).collect()
    }

    /// How many objects appeared and how many disappeared after `from` and by `until`.
    pub(crate) fn comings_and_goings(&self, source: Source, from: At, until: At) -> (usize, usize) {
        let (mut coming, mut going) = (0, 0);
        for life in self.lives(source).values() {
            for (at, before, after) in life.changes() {
                let is_within = from < at && at <= until;
                coming += usize::from(is_within && before.is_none() && after.is_some());
                going += usize::from(is_within && before.is_some() && after.is_none());
            }
        }
        (coming, going)
    }

    /// Whether anything of `source`, or any user, changed after `from`.
    pub(crate) fn has_changed_since(&self, source: Source, from: At) -> bool {
        self.lives(source).values().any(|life| life.changes().any(|(at, ..)| at > from))
            || self.users.values().flatten().any(|(at, _)| *at > from)
    }

    /// The code that expires next, if that is due by `until`.
    pub(crate) fn next_expiry(&self, until: At) -> Option<(At, String)> {
        let (id, at) = self.expiries.iter().min_by_key(|(id, at)| (**at, (*id).clone()))?;
        (*at <= until).then(|| (*at, id.clone()))
    }

    /// Makes a code what `state` says; `lag` is how long after its days the API goes on calling it live.
    pub(crate) fn set_code(
        &mut self,
        inventory: &mut Inventory,
        at: At,
        id: &str,
        mut state: Option<State>,
        lag: TimeDelta,
    ) {
        self.expiries.remove(id);
        if let Some(state) = &mut state
            && ["activated", "unactivated"].contains(&state.status.as_str())
            && let Some(expiry) = state.expiry()
        {
            if expiry + lag <= at {
                state.status = "expired".into();
            } else {
                self.expiries.insert(id.to_owned(), expiry + lag);
            }
        }
        match &state {
            Some(state) => drop(inventory.insert_token(code(id, state))),
            None => drop(inventory.remove_token(id)),
        }
        self.record(Source::AccessTokens, id, at, state);
    }

    pub(crate) fn set_device(&mut self, inventory: &mut Inventory, at: At, serial: &str, state: Option<State>) {
        match &state {
            Some(state) => drop(inventory.insert_device(self.device(serial, state))),
            None => drop(inventory.remove_device(serial)),
        }
        self.record(Source::MfaDevices, serial, at, state);
    }

    /// Names a user, new or known, in every device that the user holds.
    pub(crate) fn name_user(&mut self, inventory: &mut Inventory, at: At, user_id: &str, names: Names) {
        self.users.entry(user_id.to_owned()).or_default().push((at, names));
        for (serial, life) in self.lives(Source::MfaDevices) {
            if let Some(state) = life.now().filter(|state| state.user_id.as_deref() == Some(user_id)) {
                inventory.insert_device(self.device(serial, state));
            }
        }
    }

    fn record(&mut self, source: Source, id: &str, at: At, state: Option<State>) {
        self.lives.entry(source).or_default().entry(id.to_owned()).or_default().change(at, state);
    }

    fn device(&self, serial: &str, state: &State) -> MfaDevice {
        let user = state.user_id.as_ref().map(|id| {
            let (_, (upn, display_name)) = self.users[id].last().expect("a user has names");
            User { user_id: id.clone(), upn: upn.clone(), display_name: display_name.clone() }
        });
        MfaDevice { serial_number: serial.to_owned(), user, activated_at: state.stated_at }
    }
}

fn code(id: &str, state: &State) -> AccessToken {
    let number = |number: Option<i32>| number.unwrap_or_default().unsigned_abs();
    let mut code = AccessToken::new(id, state.stated_at.expect("every code has a CreationTime"));
    code.name = state.token_name.clone();
    code.description = state.description.clone();
    code.status = Cow::Owned(state.status.clone());
    code.ttl_days = number(state.ttl_days);
    code.count = number(state.max_use_count);
    code.registered_count = number(state.used);
    code.extra.extend(state.owner.clone().map(|owner| ("Owner".to_owned(), owner.into())));
    code
}
