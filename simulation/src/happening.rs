//! What happens in the world by chance.

use chrono::TimeDelta;
use emulator::Inventory;
use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use stocktake::inventory::Source;

use crate::{
    life::State,
    time::{At, whole_second},
    truth::{Truth, World},
};

const CODES: Source = Source::AccessTokens;
const DEVICES: Source = Source::MfaDevices;

impl World {
    /// Lets `count` things happen by `until`, and every code expire whose time comes.
    pub(crate) fn live_until(&self, inventory: &mut Inventory, until: At, count: usize, rng: &mut ChaCha8Rng) {
        let begin = self.time.now();
        let span = (until - begin).num_microseconds().unwrap_or_default().max(1);
        let mut instants: Vec<At> =
            (0..count).map(|_| begin + TimeDelta::microseconds(rng.random_range(0..span))).collect();
        instants.sort_unstable();
        let mut instants = instants.into_iter().peekable();
        loop {
            let mut truth = self.truth();
            let next = instants.peek().copied();
            if let Some((at, id)) = truth.next_expiry(next.unwrap_or(until)) {
                self.time.move_to(at);
                truth.expire(inventory, at, &id);
            } else if let Some(at) = instants.next() {
                self.time.move_to(at);
                truth.happen(inventory, self.time.tick(), rng);
            } else {
                break;
            }
        }
        self.time.move_to(until);
    }
}

impl Truth {
    /// Populates the world.
    pub(crate) fn begin(
        &mut self,
        inventory: &mut Inventory,
        begin: At,
        codes: usize,
        devices: usize,
        rng: &mut ChaCha8Rng,
    ) {
        for number in 0..devices / 3 + 1 {
            self.name_user(inventory, begin, &format!("2{number:017}"), draw_names(rng));
        }
        for _ in 0..codes {
            let age = TimeDelta::seconds(rng.random_range(1..20 * 86_400));
            let mut state = draw_code(begin - age, rng);
            if rng.random_bool(0.6) {
                state.status = "activated".into();
                state.used = Some(rng.random_range(0..=state.max_use_count.unwrap_or(0)));
            }
            self.set_code(inventory, begin, &draw_id(rng), Some(state), TimeDelta::zero());
        }
        for _ in 0..devices {
            let serial = draw_serial(rng);
            let mut state = unbound();
            if rng.random_bool(0.7) {
                let age = TimeDelta::seconds(rng.random_range(1..90 * 86_400));
                state = bound(&self.draw_user(rng), begin - age, rng);
            }
            self.set_device(inventory, begin, &serial, Some(state));
        }
    }

    /// Removes a large part of what `source` lists, and tells what was removed.
    pub(crate) fn collapse(
        &mut self,
        inventory: &mut Inventory,
        at: At,
        source: Source,
        share: f64,
        rng: &mut ChaCha8Rng,
    ) -> Vec<(String, State)> {
        let mut removed = Vec::new();
        for id in self.ids(source, true) {
            if rng.random_bool(share) {
                removed.extend(self.now(source, &id).map(|state| (id.clone(), state.clone())));
                self.set(inventory, at, source, &id, None);
            }
        }
        removed
    }

    /// Brings back what a collapse removed, as it was.
    pub(crate) fn restore(&mut self, inventory: &mut Inventory, at: At, source: Source, removed: Vec<(String, State)>) {
        for (id, state) in removed {
            if self.now(source, &id).is_none() {
                self.set(inventory, at, source, &id, Some(state));
            }
        }
    }

    /// Deletes one code and creates another: the total stays, and the pages shift.
    pub(crate) fn swap_codes(&mut self, inventory: &mut Inventory, at: At, rng: &mut ChaCha8Rng) {
        if let Some(id) = self.ids(CODES, true).choose(rng) {
            self.set_code(inventory, at, id, None, TimeDelta::zero());
            self.set_code(inventory, at, &draw_id(rng), Some(draw_code(at, rng)), TimeDelta::zero());
        }
    }

    fn set(&mut self, inventory: &mut Inventory, at: At, source: Source, id: &str, state: Option<State>) {
        match source {
            CODES => self.set_code(inventory, at, id, state, TimeDelta::zero()),
            DEVICES => self.set_device(inventory, at, id, state),
        }
    }

    fn expire(&mut self, inventory: &mut Inventory, at: At, id: &str) {
        let state = self.now(CODES, id).map(|state| State { status: "expired".into(), ..state.clone() });
        self.set_code(inventory, at, id, state, TimeDelta::zero());
    }

    fn happen(&mut self, inventory: &mut Inventory, at: At, rng: &mut ChaCha8Rng) {
        match rng.random_range(0..6) {
            0..=3 => self.happen_to_code(inventory, at, rng),
            _ => self.happen_to_device(inventory, at, rng),
        }
    }

    fn happen_to_code(&mut self, inventory: &mut Inventory, at: At, rng: &mut ChaCha8Rng) {
        // One code in eight is called live for a while after its days.
        let lag = TimeDelta::seconds(if rng.random_bool(0.125) { rng.random_range(1..7200) } else { 0 });
        match rng.random_range(0..24) {
            0..=2 => self.set_code(inventory, at, &draw_id(rng), Some(draw_code(at, rng)), lag),
            3..=4 => {
                let state = State { status: "activated".into(), ..draw_code(at, rng) };
                self.set_code(inventory, at, &draw_id(rng), Some(state), lag);
            }
            5..=6 => {
                if let Some(id) = self.ids(CODES, false).choose(rng) {
                    self.set_code(inventory, at, id, Some(draw_code(at, rng)), lag);
                }
            }
            kind => {
                let Some(id) = self.ids(CODES, true).choose(rng).cloned() else { return };
                let Some(mut state) = self.now(CODES, &id).cloned() else { return };
                let is_live = state.status != "expired";
                let count = state.max_use_count.unwrap_or(0);
                match kind {
                    7..=9 => return self.set_code(inventory, at, &id, None, lag),
                    10..=13 if state.status == "unactivated" => state.status = "activated".into(),
                    10..=11 if state.status == "activated" => state.status = "unactivated".into(),
                    12..=16 if is_live => {
                        let used = state.used.unwrap_or(0);
                        state.used = Some(rng.random_range(used..=count.max(used) + 1));
                    }
                    17..=18 => state.token_name = rng.random_bool(0.8).then(|| draw_text(rng)),
                    19..=20 => state.description = rng.random_bool(0.8).then(|| draw_text(rng)),
                    21 if is_live => state.status = (*pick(&["frozen", "suspended", "activated"], rng)).into(),
                    21 if rng.random_bool(0.2) => state.used = Some(0),
                    22 => state.owner = rng.random_bool(0.6).then(|| draw_text(rng)),
                    22.. if is_live && rng.random_bool(0.1) => state.status = "expired".into(),
                    _ => state.max_use_count = Some(rng.random_range(1..300)),
                }
                if self.now(CODES, &id) != Some(&state) {
                    self.set_code(inventory, at, &id, Some(state), lag);
                }
            }
        }
    }

    fn happen_to_device(&mut self, inventory: &mut Inventory, at: At, rng: &mut ChaCha8Rng) {
        match rng.random_range(0..16) {
            0 => self.set_device(inventory, at, &draw_serial(rng), Some(unbound())),
            1 => {
                let state = bound(&self.draw_user(rng), at, rng);
                self.set_device(inventory, at, &draw_serial(rng), Some(state));
            }
            2..=3 => {
                if let Some(serial) = self.ids(DEVICES, false).choose(rng) {
                    let state = if rng.random() { unbound() } else { bound(&self.draw_user(rng), at, rng) };
                    self.set_device(inventory, at, serial, Some(state));
                }
            }
            4..=5 => {
                if let Some(user_id) = self.user_ids().choose(rng) {
                    let names = match self.names(user_id, at, at).last() {
                        // Back to a name that was there before, sometimes.
                        Some(_) if rng.random_bool(0.3) => self.first_names(user_id),
                        _ => draw_names(rng),
                    };
                    self.name_user(inventory, at, user_id, names);
                }
            }
            6 => {
                let user_id = format!("2{:017}", rng.random_range(0..100_000_000_000_000_000_u64));
                self.name_user(inventory, at, &user_id, draw_names(rng));
            }
            kind => {
                let Some(serial) = self.ids(DEVICES, true).choose(rng).cloned() else { return };
                let state = match kind {
                    7..=8 => None,
                    9..=11 => Some(unbound()),
                    _ => Some(bound(&self.draw_user(rng), at, rng)),
                };
                if self.now(DEVICES, &serial) != state.as_ref() {
                    self.set_device(inventory, at, &serial, state);
                }
            }
        }
    }

    fn draw_user(&self, rng: &mut ChaCha8Rng) -> String {
        self.user_ids().choose(rng).cloned().expect("the world begins with users")
    }
}

/// A code as it is created.
fn draw_code(created_at: At, rng: &mut ChaCha8Rng) -> State {
    State {
        status: "unactivated".into(),
        stated_at: Some(whole_second(created_at)),
        token_name: rng.random_bool(0.9).then(|| draw_text(rng)),
        description: rng.random_bool(0.5).then(|| draw_text(rng)),
        ttl_days: Some(*pick(&[1, 1, 2, 3, 5, 8, 13, 30], rng)),
        max_use_count: Some(rng.random_range(1..200)),
        used: Some(0),
        ..State::default()
    }
}

fn unbound() -> State {
    State { status: "unbound".into(), ..State::default() }
}

fn bound(user_id: &str, at: At, rng: &mut ChaCha8Rng) -> State {
    State {
        status: "bound".into(),
        user_id: Some(user_id.to_owned()),
        stated_at: rng.random_bool(0.95).then(|| whole_second(at)),
        ..State::default()
    }
}

fn draw_id(rng: &mut ChaCha8Rng) -> String {
    format!("at-bp1{:017x}", rng.random::<u64>())
}

fn draw_serial(rng: &mut ChaCha8Rng) -> String {
    format!("acs:ram::1772422852740001:mfa/dev-{:08x}", rng.random::<u32>())
}

fn draw_names(rng: &mut ChaCha8Rng) -> (String, String) {
    (format!("{}@example.onaliyun.com", draw_text(rng)), draw_text(rng))
}

fn draw_text(rng: &mut ChaCha8Rng) -> String {
    format!("{}-{}", pick(&["erp", "billing", "迁移", "Köln", "mail", "o'neill"], rng), rng.random_range(0..1000))
}

fn pick<'a, T>(from: &'a [T], rng: &mut ChaCha8Rng) -> &'a T {
    from.choose(rng).expect("no list of choices is empty")
}
