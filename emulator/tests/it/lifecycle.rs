//! Weeks of life in milliseconds, and the truth about them.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use emulator::{AccessToken, Emulator, Event, EventKind, Inventory, LifecycleRates, ObjectKind, status};

use crate::caller::{ACCOUNT, Caller, account, noon, start, start_with};

async fn start_lively() -> Emulator {
    start(account().generated(200, 80).rates(LifecycleRates::lively(200, 80))).await
}

fn contents(emulator: &Emulator) -> (Vec<AccessToken>, Vec<emulator::MfaDevice>) {
    emulator.with_account(ACCOUNT, |inventory| {
        (inventory.tokens().cloned().collect(), inventory.devices().cloned().collect())
    })
}

/// Lets the truth log happen to a copy of the inventory; it must come out as what the emulator shows.
fn replay(inventory: &mut Inventory, events: &[Event], now: &Inventory) {
    for event in events {
        let id = event.object_id.as_str();
        match (event.object, &event.kind) {
            (ObjectKind::AccessToken, EventKind::Created) => {
                // What a deleted code looked like is not in the log; any code of this age will do.
                let code = now.token(id).cloned().unwrap_or_else(|| AccessToken::new(id, event.at));
                assert_eq!(code.created_at, event.at);
                let (status, registered_count) = (status::UNACTIVATED.into(), 0);
                inventory.insert_token(AccessToken { status, registered_count, ..code });
            }
            (ObjectKind::AccessToken, EventKind::Activated) => {
                let code = inventory.token_mut(id).unwrap();
                assert_eq!(code.status, status::UNACTIVATED);
                code.status = status::ACTIVATED.into();
            }
            (ObjectKind::AccessToken, EventKind::Disabled) => {
                let code = inventory.token_mut(id).unwrap();
                assert_eq!(code.status, status::ACTIVATED);
                code.status = status::UNACTIVATED.into();
            }
            (ObjectKind::AccessToken, EventKind::Used { to }) => {
                let code = inventory.token_mut(id).unwrap();
                assert_eq!(code.status, status::ACTIVATED);
                assert!(*to > code.registered_count);
                code.registered_count = *to;
            }
            (ObjectKind::AccessToken, EventKind::Expired) => {
                let code = inventory.token_mut(id).unwrap();
                assert_ne!(code.status, status::EXPIRED);
                if now.token(id).is_some() {
                    assert_eq!(code.expires_at(), event.at);
                }
                code.status = status::EXPIRED.into();
            }
            (ObjectKind::AccessToken, EventKind::Deleted) => _ = inventory.remove_token(id).unwrap(),
            (ObjectKind::MfaDevice, EventKind::Created) => {
                assert_eq!(inventory.insert_device(emulator::MfaDevice::unbound(id)), None);
            }
            (ObjectKind::MfaDevice, EventKind::Bound { user }) => {
                let device = inventory.device_mut(id).unwrap();
                assert_eq!(device.user.replace(user.clone()), None);
                device.activated_at = Some(event.at);
            }
            (ObjectKind::MfaDevice, EventKind::Unbound) => {
                let device = inventory.device_mut(id).unwrap();
                assert!(device.user.take().is_some());
                device.activated_at = None;
            }
            (ObjectKind::MfaDevice, EventKind::Deleted) => _ = inventory.remove_device(id).unwrap(),
            other => panic!("{other:?} cannot happen"),
        }
    }
}

#[tokio::test]
async fn the_truth_log_leads_from_the_first_inventory_to_the_last() {
    let emulator = start_lively().await;
    let mut copy = emulator.with_account(ACCOUNT, |inventory| inventory.clone());
    emulator.advance(TimeDelta::weeks(6));
    let events = emulator.events(ACCOUNT);
    let now = emulator.with_account(ACCOUNT, |inventory| inventory.clone());
    assert!(events.is_sorted_by_key(|event| event.at));
    assert!(events.iter().all(|event| event.at > noon() && event.at <= emulator.now() && event.account == ACCOUNT));
    replay(&mut copy, &events, &now);
    assert!(copy.tokens().eq(now.tokens()) && copy.devices().eq(now.devices()));

    let mut counts: HashMap<(ObjectKind, String), usize> = HashMap::new();
    for event in &events {
        let kind = format!("{:?}", event.kind).split([' ', '{']).next().unwrap().to_owned();
        *counts.entry((event.object, kind)).or_default() += 1;
    }
    assert_eq!(counts.len(), 10, "everything happens: {counts:?}");
    assert!((100..400).contains(&now.token_count()), "{}", now.token_count());
}

#[tokio::test]
async fn life_depends_on_the_seed_and_not_on_the_steps_of_time() {
    let (at_once, in_steps) = (start_lively().await, start_lively().await);
    at_once.advance(TimeDelta::days(20));
    while in_steps.now() < at_once.now() {
        in_steps.advance(TimeDelta::minutes(100).min(at_once.now() - in_steps.now()));
    }
    assert_eq!(at_once.events(ACCOUNT), in_steps.events(ACCOUNT));
    assert!(at_once.events(ACCOUNT).len() > 500);
    assert_eq!(contents(&at_once), contents(&in_steps));
}

#[tokio::test]
async fn hand_inserted_codes_expire_to_the_second() {
    let emulator = start_with(|inventory| {
        let mut code = AccessToken::new("a", noon() - TimeDelta::days(1) + TimeDelta::milliseconds(700));
        code.ttl_days = 1;
        inventory.insert_token(code);
    })
    .await;
    // The wire shows whole seconds, and a client computes with them: the code is due at noon.
    let status = |id: &'static str| emulator.with_account(ACCOUNT, |all| all.token(id).unwrap().status.to_string());
    assert_eq!(status("a"), "expired");
    emulator.with_account(ACCOUNT, |inventory| {
        let mut code = AccessToken::new("b", noon());
        code.ttl_days = 30;
        inventory.insert_token(code);
        inventory.insert_token(AccessToken::new("c", noon()));
    });
    emulator.with_account(ACCOUNT, |inventory| inventory.token_mut("b").unwrap().ttl_days = 2);
    emulator.with_account(ACCOUNT, |inventory| inventory.token_mut("c").unwrap().status = "frozen".into());
    emulator.advance(TimeDelta::days(2) - TimeDelta::seconds(1));
    assert_eq!(status("b"), "activated");
    emulator.advance(TimeDelta::seconds(1));
    assert_eq!(status("b"), "expired");
    emulator.advance(TimeDelta::days(365));
    assert_eq!(status("c"), "frozen");
    let expiries: Vec<_> = emulator.events(ACCOUNT).into_iter().map(|event| (event.object_id, event.at)).collect();
    assert_eq!(expiries, [("a".to_owned(), noon()), ("b".to_owned(), noon() + TimeDelta::days(2))]);
}

#[tokio::test]
async fn requests_see_what_is_due_without_any_advance_and_a_frozen_account_never_expires() {
    let emulator = start_with(|inventory| _ = inventory.insert_token(AccessToken::new("a", noon()))).await;
    emulator.with_account(ACCOUNT, |inventory| {
        inventory.token_mut("a").unwrap().created_at = noon() - TimeDelta::days(90);
    });
    let caller = Caller::new(&emulator);
    assert_eq!(caller.codes(&[("Status", "expired")]).await.code_ids(), ["a"]);

    emulator.with_settings(ACCOUNT, |settings| settings.rates = LifecycleRates::frozen());
    emulator.with_account(ACCOUNT, |inventory| inventory.insert_token(AccessToken::new("b", noon())));
    emulator.advance(TimeDelta::days(200));
    let mut caller = Caller::new(&emulator);
    caller.date = emulator.now();
    assert_eq!(caller.codes(&[("Status", "activated")]).await.code_ids(), ["b"]);
}

#[tokio::test]
async fn going_back_in_time_undoes_nothing_and_repeats_nothing() {
    let emulator = start_lively().await;
    emulator.advance(TimeDelta::days(3));
    let (events, before) = (emulator.events(ACCOUNT), contents(&emulator));
    let there = emulator.now();
    emulator.set_now(noon());
    assert_eq!(contents(&emulator), before);
    emulator.set_now(there);
    assert_eq!((emulator.events(ACCOUNT), contents(&emulator)), (events, before));
    emulator.advance(TimeDelta::days(1));
    let ids: HashSet<String> = contents(&emulator).0.into_iter().map(|code| code.id).collect();
    assert_eq!(ids.len(), contents(&emulator).0.len());
}
