//! A small inventory in which everything happens at once: what the killed scans meet.

use chrono::{DateTime, TimeDelta, Utc};
use emulator::{AccessKey, AccessToken, AccountOptions, Emulator, Inventory, MfaDevice, Options, User, status};
use stocktake::{inventory::Source, worker::keep_policies};
use tempfile::TempDir;

use crate::support::{ACCOUNT_ID, Desk, TestDatabase, World, account, desk, dump::Dump, present};

/// One page and a little more, so that a listing has two.
const FILLER_COUNT: usize = 52;

/// A database with a past, and a cloud in which all has changed since.
pub(super) struct Scene {
    url: String,
    inventory: Inventory,
    /// After all of the past, before the runs.
    pub(super) since: DateTime<Utc>,
    pub(super) exit_code: i32,
    /// What a scan must leave, as table and text: else the scene is not what it should be.
    expected: Vec<(Source, &'static str, &'static str)>,
}

impl Scene {
    /// Objects are new, changed, used, expired, vanished, back after their tombstone, odd and impossible.
    pub(super) async fn eventful() -> Self {
        let begin = present() - TimeDelta::days(2);
        let world = Box::pin(World::at(begin, account().inventory(past(begin)), |_| {})).await;
        Box::pin(world.scan_both()).await;
        let returning = world.edit(|inventory| {
            let code = inventory.remove_token("at-returning").unwrap();
            (code, inventory.remove_device(&serial("returning")).unwrap())
        });
        world.advance(TimeDelta::hours(1));
        Box::pin(world.scan_both()).await;
        world.edit(|inventory| {
            inventory.insert_token(returning.0);
            inventory.insert_device(returning.1);
            change(inventory, begin + TimeDelta::days(1));
        });
        let inventory = world.edit(|inventory| inventory.clone());
        // As the program that scanned so far would have left them.
        keep_policies(&world.config, &world.database.store).await.unwrap();
        // A database can be copied only while nobody is connected to it.
        world.database.pool.close().await;
        let expected = vec![
            (Source::AccessTokens, "access_tokens", "appeared"),
            (Source::AccessTokens, "access_tokens", "changed"),
            (Source::AccessTokens, "access_tokens", "reappeared"),
            (Source::AccessTokens, "access_token_history", "\"deleted\""),
            (Source::AccessTokens, "access_token_usage", "at-used"),
            (Source::AccessTokens, "access_token_transitions", "\"expiry\""),
            (Source::AccessTokens, "access_token_transitions", "\"deleted\""),
            (Source::AccessTokens, "anomalies", "impossible_transition"),
            (Source::AccessTokens, "anomalies", "unreadable_field"),
            (Source::MfaDevices, "mfa_devices", "appeared"),
            (Source::MfaDevices, "mfa_devices", "reappeared"),
            (Source::MfaDevices, "mfa_device_history", "\"deleted\""),
            (Source::MfaDevices, "mfa_device_transitions", "unbound"),
            (Source::MfaDevices, "mfa_users", "renamed@"),
        ];
        Self { url: world.database.url, inventory, since: begin + TimeDelta::hours(36), exit_code: 0, expected }
    }

    /// The same with an item that has no id: the scan is incomplete.
    pub(super) async fn with_a_rejected_item() -> Self {
        let mut scene = Self::eventful().await;
        let mut nameless = AccessToken::new("at-nameless", scene.since - TimeDelta::days(60));
        nameless.extra.insert("AccessTokenId".into(), serde_json::Value::Null);
        scene.inventory.insert_token(nameless);
        scene.exit_code = 3;
        scene.expected = vec![(Source::AccessTokens, "rejected_items", "TimeToLiveInDays")];
        scene
    }

    /// Nothing has changed.
    pub(super) async fn uneventful() -> Self {
        let begin = present() - TimeDelta::days(2);
        let mut inventory = Inventory::new();
        inventory.insert_token(AccessToken::new("at-same", begin - TimeDelta::days(30)));
        let world = Box::pin(World::at(begin, account().inventory(inventory.clone()), |_| {})).await;
        Box::pin(world.scan_whole(Source::AccessTokens)).await;
        keep_policies(&world.config, &world.database.store).await.unwrap();
        world.database.pool.close().await;
        let expected = vec![(Source::AccessTokens, "scans", "\"unchanged_count\":1")];
        Self { url: world.database.url, inventory, since: begin + TimeDelta::hours(36), exit_code: 0, expected }
    }

    /// A copy of it all, to start the program before.
    pub(super) async fn desk(&self) -> Desk {
        let account = AccountOptions::new(ACCOUNT_ID)
            .key(AccessKey::new("LTAI5tCli", "cli-secret"))
            .inventory(self.inventory.clone());
        let emulator = Emulator::start(Options::new().account(account)).await.unwrap();
        let desk = Desk { emulator, database: TestDatabase::copy_of(&self.url).await, folder: TempDir::new().unwrap() };
        desk.configure(desk::ACCOUNT);
        desk
    }

    /// Expects that everything happened that the scene is for.
    pub(super) fn check(&self, source: Source, before: &Dump, once: &Dump) {
        for (_, table, text) in self.expected.iter().filter(|(of, ..)| *of == source) {
            let is_new = |line: &&String| {
                line.starts_with(&format!("{table} ")) && line.contains(text) && !before.lines.contains(line)
            };
            assert!(once.lines.iter().any(|line| is_new(&line)), "no new {text} in {table}:\n{:#?}", once.lines);
        }
    }
}

fn past(begin: DateTime<Utc>) -> Inventory {
    let mut inventory = Inventory::new();
    let code = |id: &str| AccessToken::new(format!("at-{id}"), begin - TimeDelta::days(30));
    for id in ["used", "described", "odd", "vanishing", "returning"] {
        inventory.insert_token(code(id));
    }
    // It expires a day after the scans of the past.
    inventory.insert_token(AccessToken { created_at: begin - TimeDelta::days(89), ..code("expiring") });
    inventory.insert_token(AccessToken { status: status::EXPIRED.into(), ..code("impossible") });
    for number in 0..FILLER_COUNT {
        inventory.insert_token(code(&format!("filler-{number}")));
    }
    for name in ["renamed", "handed", "unbound", "vanishing", "returning"] {
        inventory.insert_device(MfaDevice::bound(serial(name), user(name), begin - TimeDelta::days(30)));
    }
    inventory.insert_device(MfaDevice::unbound(serial("bound")));
    inventory
}

/// Everything at once, at an instant of the past.
fn change(inventory: &mut Inventory, at: DateTime<Utc>) {
    inventory.insert_token(AccessToken::new("at-new", at));
    inventory.token_mut("at-used").unwrap().registered_count = 3;
    inventory.token_mut("at-described").unwrap().description = Some("changed".into());
    inventory.token_mut("at-odd").unwrap().extra.insert("Count".into(), "many".into());
    inventory.token_mut("at-impossible").unwrap().status = status::ACTIVATED.into();
    inventory.remove_token("at-vanishing");

    inventory.insert_device(MfaDevice::unbound(serial("new")));
    let renamed = inventory.device_mut(&serial("renamed")).unwrap();
    renamed.user.as_mut().unwrap().upn = "renamed@other.onaliyun.com".into();
    let handed = inventory.device_mut(&serial("handed")).unwrap();
    (handed.user, handed.activated_at) = (Some(user("heir")), Some(at));
    let unbound = inventory.device_mut(&serial("unbound")).unwrap();
    (unbound.user, unbound.activated_at) = (None, None);
    let bound = inventory.device_mut(&serial("bound")).unwrap();
    (bound.user, bound.activated_at) = (Some(user("bound")), Some(at));
    inventory.remove_device(&serial("vanishing"));
}

fn serial(name: &str) -> String {
    format!("acs:ram::{ACCOUNT_ID}:mfa/{name}")
}

fn user(name: &str) -> User {
    User {
        user_id: format!(
            "2000{}",
            name.bytes().map(u64::from).fold(7_u64, |sum, byte| sum * 31 % 99_999_999_999 + byte)
        ),
        upn: format!("{name}@{ACCOUNT_ID}.onaliyun.com"),
        display_name: name.into(),
    }
}
