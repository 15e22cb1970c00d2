//! What is going to happen in one hour: drawn ahead, so that it does not depend on how time is advanced.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::LifecycleRates;

/// The kinds of things that chance does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    CreateCode,
    ActivateCode,
    DisableCode,
    UseCode,
    DeleteExpiredCode,
    DeleteUnusedCode,
    CreateDevice,
    BindDevice,
    UnbindDevice,
    DeleteDevice,
}

/// One thing to happen; `chance` seeds every choice it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub(super) at: DateTime<Utc>,
    pub(super) action: Action,
    pub(super) chance: u64,
}

/// Draws the steps of the hour that begins at `hour`, in the order of time.
pub(super) fn draw_hour(seed: u64, hour: DateTime<Utc>, rates: &LifecycleRates) -> VecDeque<Step> {
    let hour_number = u64::try_from(hour.timestamp() / 3600).unwrap_or(0);
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ hour_number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut steps = Vec::new();
    let expected = [
        (Action::CreateCode, rates.codes_created),
        (Action::ActivateCode, rates.codes_activated),
        (Action::DisableCode, rates.codes_disabled),
        (Action::UseCode, rates.codes_used),
        (Action::DeleteExpiredCode, rates.expired_deleted),
        (Action::DeleteUnusedCode, rates.unused_deleted),
        (Action::CreateDevice, rates.devices_created),
        (Action::BindDevice, rates.devices_bound),
        (Action::UnbindDevice, rates.devices_unbound),
        (Action::DeleteDevice, rates.devices_deleted),
    ];
    for (action, per_day) in expected {
        for _ in 0..draw_count(&mut rng, per_day / 24.0) {
            let at = hour + TimeDelta::seconds(rng.random_range(0..3600));
            steps.push(Step { at, action, chance: rng.random() });
        }
    }
    steps.sort_unstable();
    steps.into()
}

/// The whole part surely, the rest by chance: the mean is right, and that is all that is asked of it.
fn draw_count(rng: &mut ChaCha8Rng, mean: f64) -> u64 {
    let whole = mean.max(0.0).floor();
    let rest = mean.max(0.0) - whole;
    whole as u64 + u64::from(rng.random_bool(rest))
}
