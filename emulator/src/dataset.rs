//! Realistic inventories, the same for the same seed.

use chrono::{DateTime, TimeDelta, Utc};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::inventory::{AccessToken, Inventory, MfaDevice, User, status};
use crate::{timestamp, words};

/// The first code of a generated inventory is this old; at 90 days at most, a fifth or more has expired.
const HISTORY_DAYS: i64 = 120;

impl Inventory {
    /// An inventory of this size as it may look at `now`: codes of the last 120 days in every state, most devices bound.
    pub fn generate(account: &str, seed: u64, token_count: usize, device_count: usize, now: DateTime<Utc>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut inventory = Self::new();
        let now = timestamp::whole_second(now);
        let history_s = HISTORY_DAYS * 86_400;
        while inventory.token_count() < token_count {
            // Oldest first, evenly spread: the listing, newest first, is then in the order of creation.
            let age = 1.0 - inventory.token_count() as f64 / token_count as f64;
            let created_at = now - TimeDelta::seconds((age * history_s as f64) as i64);
            inventory.insert_token(draw_lived_token(created_at, now, &mut rng));
        }
        while inventory.device_count() < device_count {
            let mut device = draw_device(account, &mut rng);
            if rng.random_bool(0.8) {
                device.user = Some(draw_user(account, &mut rng));
                device.activated_at = Some(now - TimeDelta::seconds(rng.random_range(0..history_s * 5)));
            }
            inventory.insert_device(device);
        }
        inventory
    }
}

/// A code as it is right after its creation: unactivated and unused.
pub(crate) fn draw_token(created_at: DateTime<Utc>, rng: &mut ChaCha8Rng) -> AccessToken {
    let mut token = AccessToken::new(draw_id(rng), created_at);
    token.status = status::UNACTIVATED.into();
    token.name = rng.random_bool(0.95).then(|| draw_token_name(rng));
    token.description = rng.random_bool(0.6).then(|| (*pick(words::DESCRIPTIONS, rng)).to_owned());
    (token.count, token.ttl_days) = match rng.random_range(0..4) {
        0 => (100, 30),
        1 => (rng.random_range(1..=1000), rng.random_range(1..=90)),
        _ => (200, 90),
    };
    token
}

/// A device that nobody has bound yet.
pub(crate) fn draw_device(account: &str, rng: &mut ChaCha8Rng) -> MfaDevice {
    let (login, _) = pick(words::PEOPLE, rng);
    let device_name = match rng.random_range(0..3) {
        0 => format!("{login}-{:06}", rng.random_range(0..1_000_000)),
        1 => format!("{login}-phone-{:05}", rng.random_range(0..100_000)),
        _ => format!("dev-{:08}", rng.random_range(0..100_000_000)),
    };
    MfaDevice::unbound(format!("acs:ram::{account}:mfa/{device_name}"))
}

/// A RAM user that no device is bound to, in all likelihood.
pub(crate) fn draw_user(account: &str, rng: &mut ChaCha8Rng) -> User {
    let (login, display_name) = pick(words::PEOPLE, rng);
    User {
        user_id: format!("2{:017}", rng.random_range(0..100_000_000_000_000_000_u64)),
        upn: format!("{login}{}@{account}.onaliyun.com", rng.random_range(1..10_000)),
        display_name: (*display_name).to_owned(),
    }
}

fn draw_lived_token(created_at: DateTime<Utc>, now: DateTime<Utc>, rng: &mut ChaCha8Rng) -> AccessToken {
    let mut token = draw_token(created_at, rng);
    let activated = rng.random_bool(0.75);
    if activated {
        token.registered_count = match rng.random_range(0..10) {
            0..=3 => 0,
            4 => token.count,
            _ => rng.random_range(0..=token.count),
        };
    }
    token.status = match (token.expires_at() <= now, activated) {
        (true, _) => status::EXPIRED.into(),
        (false, true) => status::ACTIVATED.into(),
        (false, false) => status::UNACTIVATED.into(),
    };
    token
}

fn draw_id(rng: &mut ChaCha8Rng) -> String {
    const ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut id = String::from("at-bp1");
    id.extend((0..17).map(|_| char::from(*pick(ALPHABET, rng))));
    id
}

fn draw_token_name(rng: &mut ChaCha8Rng) -> String {
    let project = pick(words::PROJECTS, rng);
    let site = pick(words::SITES, rng);
    match rng.random_range(0..4) {
        0 => format!("{project}-{site}"),
        1 => format!("{project}_{site}:{:02}", rng.random_range(1..100)),
        2 => format!("{project}-{}", rng.random_range(1..1000)),
        _ => (*project).to_owned(),
    }
}

fn pick<'a, T>(from: &'a [T], rng: &mut ChaCha8Rng) -> &'a T {
    from.choose(rng).expect("the word lists are not empty")
}
