//! What the views compute, against lives that were made by hand.

mod across;
mod certainty;
mod certainty_rules;
mod codes;
mod devices;
mod ledger;
mod life;

use chrono::{DateTime, TimeDelta, Utc};
use emulator::{AccessToken, LifecycleRates, User};
use stocktake::inventory::Source;

use crate::support::{World, account, present};

fn code(id: &str, created_at: DateTime<Utc>, ttl_days: u32, status: &'static str) -> AccessToken {
    let mut code = AccessToken::new(id, created_at);
    code.ttl_days = ttl_days;
    code.status = status.into();
    code
}

fn user(name: &str) -> User {
    User {
        user_id: format!("20000000000000{}", 1000 + name.len()),
        upn: format!("{name}@example.onaliyun.com"),
        display_name: name.into(),
    }
}

/// A world of the present in which time changes nothing by itself.
async fn frozen() -> World {
    World::at(present() - TimeDelta::minutes(10), account().rates(LifecycleRates::frozen()), |_| {}).await
}

fn set_status(world: &World, id: &str, status: &'static str) {
    world.edit(|inventory| inventory.token_mut(id).unwrap().status = status.into());
}

/// Puts codes there and reads them.
async fn scan_codes(world: &World, codes: Vec<AccessToken>) {
    world.edit(|inventory| {
        for code in codes {
            inventory.insert_token(code);
        }
    });
    world.scan_whole(Source::AccessTokens).await;
}
