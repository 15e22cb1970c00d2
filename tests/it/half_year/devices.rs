//! The questions about MFA devices.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use emulator::MfaDevice;
use stocktake::inventory::Source;

use super::{
    HalfYear,
    record::{Sightings, read_by},
};
use crate::support::{Question, TrueLife};

type At = DateTime<Utc>;

/// What numbers stand for: serials and user ids.
struct Names {
    serials: BTreeMap<i64, String>,
    users: BTreeMap<i64, String>,
}

pub(super) async fn check(half_year: &HalfYear) {
    let devices = half_year.record.devices();
    let lives: BTreeMap<&str, &TrueLife> = half_year.chronicle.lives(Source::MfaDevices).collect();
    assert!(devices.len() > 40, "{} devices were read", devices.len());
    let pool = &half_year.world.database.pool;
    let numbers = async |query: &'static str| -> BTreeMap<i64, String> {
        sqlx::query_as(query).fetch_all(pool).await.unwrap().into_iter().collect::<BTreeMap<i64, String>>()
    };
    let names = Names {
        serials: numbers("select device_key, serial_number from inventory.mfa_devices").await,
        users: numbers("select user_key, user_id from inventory.mfa_users").await,
    };
    check_holders(half_year, &devices, &names).await;
    check_losses(half_year, &devices, &lives, &names).await;
    check_dates(half_year, &devices, &lives, &names).await;
}

fn user_of(device: &MfaDevice) -> Option<&str> {
    device.user.as_ref().map(|user| user.user_id.as_str())
}

async fn check_holders(half_year: &HalfYear, devices: &BTreeMap<&str, Sightings<'_, MfaDevice>>, names: &Names) {
    type Held = (String, i64, i64, At, At, At);
    let told: Vec<Held> = half_year.ask(Question::named("mfa_holders")).await;
    let held: BTreeSet<(String, String, At)> = half_year.world.edit(|inventory| {
        inventory
            .devices()
            .filter_map(|device| {
                Some((device.serial_number.clone(), user_of(device)?.to_owned(), device.activated_at?))
            })
            .collect()
    });
    assert!(held.len() > 8, "{held:?}");
    let told: BTreeSet<_> = told
        .into_iter()
        .map(|(_, user, device, since, ..)| (names.serials[&device].clone(), names.users[&user].clone(), since))
        .collect();
    assert_eq!(told, held);

    type Named = (String, String, String, String, At);
    let told: Vec<Named> = half_year.ask(Question::named("pii_mfa_holders")).await;
    let held: BTreeSet<(String, String, String)> = half_year.world.edit(|inventory| {
        inventory
            .devices()
            .filter_map(|device| {
                let user = device.user.as_ref()?;
                Some((user.upn.clone(), user.display_name.clone(), device.serial_number.clone()))
            })
            .collect()
    });
    assert_eq!(told.into_iter().map(|(_, upn, name, serial, _)| (upn, name, serial)).collect::<BTreeSet<_>>(), held);

    type Never = (String, i64, At, i32);
    let told: Vec<Never> = half_year.ask(Question::named("mfa_never_bound")).await;
    let never: BTreeSet<&str> = devices
        .iter()
        .filter(|(_, seen)| {
            seen.last().unwrap().1.is_some()
                && seen.iter().all(|(_, device)| device.is_none_or(|device| device.user.is_none()))
        })
        .map(|(serial, _)| *serial)
        .collect();
    assert!(!never.is_empty());
    assert_eq!(told.iter().map(|(_, key, ..)| names.serials[key].as_str()).collect::<BTreeSet<_>>(), never);
}

async fn check_losses(
    half_year: &HalfYear,
    devices: &BTreeMap<&str, Sightings<'_, MfaDevice>>,
    lives: &BTreeMap<&str, &TrueLife>,
    names: &Names,
) {
    type Lost = (String, i64, Option<i64>, Option<String>, Option<At>, Option<At>);
    let told: Vec<Lost> = half_year.ask(Question::named("mfa_lost")).await;
    let ever: BTreeSet<&str> = devices.values().flatten().filter_map(|(_, device)| user_of(device.as_ref()?)).collect();
    let now: BTreeSet<&str> = devices.values().filter_map(|seen| user_of(seen.last().unwrap().1?)).collect();
    assert_eq!(told.iter().map(|row| names.users[&row.1].as_str()).collect::<BTreeSet<_>>(), &ever - &now);
    assert!(told.len() > 8, "{told:?}");
    let mut kinds = BTreeSet::new();
    for (_, user, device, became, after, until) in &told {
        let (life, until) = (lives[names.serials[&device.unwrap()].as_str()], until.unwrap());
        // The state that it had until it was read otherwise.
        let bound = format!("bound {}", names.users[user]);
        let states: Vec<_> = life.states().filter(|(since, _)| *since <= until).collect();
        let held = states.iter().rposition(|(_, state)| *state == bound).unwrap();
        let lost_at = states[held + 1].0;
        assert!(after.unwrap() <= lost_at && lost_at <= until, "{user} at {lost_at}: {after:?} to {until}");
        let state = states.last().unwrap().1;
        assert_eq!(state.split(' ').next(), became.as_deref());
        kinds.insert(became.clone().unwrap());
    }
    assert!(kinds.contains("unbound") && kinds.contains("bound"), "{kinds:?}");
}

async fn check_dates(
    half_year: &HalfYear,
    devices: &BTreeMap<&str, Sightings<'_, MfaDevice>>,
    lives: &BTreeMap<&str, &TrueLife>,
    names: &Names,
) {
    type Changed = (String, i64, String, Option<i64>, Option<i64>);
    let midnight = |date: chrono::NaiveDate| date.and_hms_opt(0, 0, 0).unwrap().and_utc();
    let mut met = BTreeSet::new();
    for pair in half_year.dates().windows(2) {
        let question = Question::named("mfa_changes_between_dates")
            .with("first_date", &pair[0].to_string())
            .with("second_date", &pair[1].to_string());
        let told: Vec<Changed> = half_year.ask(question).await;
        let named = |user: Option<i64>| user.map(|user| names.users[&user].clone());
        let told: BTreeSet<_> = told
            .into_iter()
            .map(|(_, device, change, before, after)| {
                (names.serials[&device].clone(), change, named(before), named(after))
            })
            .collect();
        let mut expected = BTreeSet::new();
        for (serial, seen) in devices {
            let (before, after) = (read_by(seen, midnight(pair[0])), read_by(seen, midnight(pair[1])));
            let (user_before, user_after) = (before.and_then(user_of), after.and_then(user_of));
            let change = match (before, after) {
                (None, None) => continue,
                (None, Some(_)) => "appeared",
                (Some(_), None) => "gone",
                _ if user_before == user_after => continue,
                _ if user_after.is_none() => "unbound",
                _ if user_before.is_none() => "bound",
                _ => "other user",
            };
            met.insert(change);
            expected.insert((
                (*serial).to_owned(),
                change.to_owned(),
                user_before.map(str::to_owned),
                user_after.map(str::to_owned),
            ));
        }
        assert_eq!(told, expected, "{pair:?}");
    }
    assert_eq!(met, ["appeared", "bound", "gone", "other user", "unbound"].into());

    let first = half_year.record.readings[0].at;
    let ever: BTreeSet<&str> = devices.values().flatten().filter_map(|(_, device)| user_of(device.as_ref()?)).collect();
    for date in half_year.dates().into_iter().filter(|date| midnight(*date) > first) {
        let told: Vec<(String, i64, i64)> =
            half_year.ask(Question::named("mfa_coverage_on_date").with("audit_date", &date.to_string())).await;
        let holders: BTreeSet<&str> = lives
            .values()
            .filter_map(|life| life.at(midnight(date)).strip_prefix("bound "))
            .filter(|user| ever.contains(user))
            .collect();
        let (_, certain, possible) = told[0];
        let truth = holders.len() as i64;
        assert!(
            certain <= truth && truth <= possible && possible - certain <= 5 && certain > 5,
            "{date}: {certain} {truth} {possible}"
        );
    }
}
