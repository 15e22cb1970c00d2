//! The questions about activation codes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use emulator::{AccessToken, EventKind};
use stocktake::{clock::Clock, inventory::Source};

use super::{
    HalfYear,
    record::{Sightings, last_seen, read_by},
};
use crate::support::{ABSENT, ACCOUNT_ID, DELETED, Question, TrueLife, present};

type At = DateTime<Utc>;

pub(super) async fn check(half_year: &HalfYear) {
    let codes = half_year.record.codes();
    let lives: BTreeMap<&str, &TrueLife> = half_year.chronicle.lives(Source::AccessTokens).collect();
    assert!(codes.len() > 100, "{} codes were read", codes.len());
    check_activation(half_year, &codes, &lives).await;
    check_usage(half_year, &codes, &lives).await;
    check_funnel(half_year, &codes).await;
    check_changes(half_year, &codes).await;
    check_dates(half_year, &codes, &lives).await;
    check_ends(half_year, &codes, &lives).await;
}

fn midnight(date: NaiveDate) -> At {
    date.and_hms_opt(0, 0, 0).unwrap().and_utc()
}

/// The changes of status that were read: what it was read as before, then, and when; the baseline is no change.
fn changes<'a>(seen: &Sightings<'a, AccessToken>, baseline_at: At) -> Vec<(Option<&'a str>, &'a str, At)> {
    let status = |code: Option<&'a AccessToken>| code.map(|code| code.status.as_ref());
    let (first_at, first) = seen[0];
    let mut changes: Vec<_> =
        status(first).filter(|_| first_at != baseline_at).map(|status| (None, status, first_at)).into_iter().collect();
    for pair in seen.windows(2) {
        let (before, after) = (status(pair[0].1), status(pair[1].1));
        if before != after {
            changes.push((before.or(Some(DELETED)), after.unwrap_or(DELETED), pair[1].0));
        }
    }
    changes
}

async fn check_activation(
    half_year: &HalfYear,
    codes: &BTreeMap<&str, Sightings<'_, AccessToken>>,
    lives: &BTreeMap<&str, &TrueLife>,
) {
    type Row = (String, String, At, Option<f64>, f64, f64);
    let question =
        || Question::named("activation_time").with("first_date", "2000-01-01").with("last_date", "2100-01-01");
    let told: Vec<Row> = half_year.ask(question()).await;
    let told: BTreeMap<&str, &Row> = told.iter().map(|row| (row.1.as_str(), row)).collect();
    let baseline_at = half_year.record.readings[0].at;
    let first_activated = |seen: &Sightings<'_, AccessToken>| {
        seen.iter().find(|(_, code)| code.is_some_and(|code| code.status == "activated")).map(|(at, _)| *at)
    };
    let expected: BTreeMap<&str, At> =
        codes.iter().filter_map(|(id, seen)| Some((*id, first_activated(seen)?))).collect();
    assert_eq!(told.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    let mut timed_count = 0;
    for (id, (.., created_at, estimate, least, most)) in told {
        let read_at = expected[id];
        assert!(*least <= *most && estimate.is_none_or(|estimate| (*least..=*most).contains(&estimate)), "{id}");
        assert_eq!(estimate.is_none(), read_at == baseline_at, "{id}");
        if read_at > baseline_at {
            let took = (lives[id].since(read_at) - *created_at).as_seconds_f64();
            assert!(*least <= took && took <= *most + 1e-3, "{id} took {took} s: {least} to {most}");
            timed_count += 1;
        }
    }
    assert!(timed_count > 40, "{timed_count}");

    // By day, between what is certain and what is possible.
    let activations: Vec<At> = codes
        .iter()
        .flat_map(|(id, seen)| changes(seen, baseline_at).into_iter().map(move |change| (id, change)))
        .filter(|(_, (_, status, _))| *status == "activated")
        .map(|(id, (.., at))| lives[id].since(at))
        .collect();
    let end = half_year.world.clock.now().date_naive();
    let question = Question::named("activations_per_day")
        .with("first_date", &(baseline_at.date_naive() - TimeDelta::days(3)).to_string())
        .with("last_date", &end.to_string());
    let told: Vec<(NaiveDate, i64, i64, i64)> = half_year.ask(question).await;
    assert_eq!(told.iter().map(|(_, count, ..)| count).sum::<i64>(), activations.len() as i64);
    assert_eq!(told.len() as i64, (end - baseline_at.date_naive()).num_days() + 4, "a day is missing");
    for (date, _, certain, possible) in &told {
        let truth = activations.iter().filter(|at| at.date_naive() == *date).count() as i64;
        assert!(*certain <= truth && truth <= *possible, "{date}: {certain} {truth} {possible}");
    }
    assert!(told.iter().map(|(.., certain, _)| certain).sum::<i64>() > 3, "no activation is certain");

    // One code, one day.
    type Answer = (String, String, String, Option<At>, Option<At>);
    let mut answers = BTreeSet::new();
    for (&id, seen) in codes.iter().take(60) {
        for (_, status, read_at) in changes(seen, baseline_at) {
            let truth = lives[id].since(read_at);
            for day in [truth.date_naive(), truth.date_naive() + TimeDelta::days(1)] {
                if status != "activated" {
                    continue;
                }
                let question = Question::named("was_activated_on_day")
                    .with("account_id", ACCOUNT_ID)
                    .with("access_token_id", id)
                    .with("day", &day.to_string());
                let told: Vec<Answer> = half_year.ask(question).await;
                let (.., answer, after, until) = &told[0];
                let is_that_day = truth.date_naive() == day;
                assert!(
                    told.len() == 1 && if is_that_day { answer != "no" } else { answer != "yes" },
                    "{id} on {day}: {told:?}"
                );
                assert!(
                    !is_that_day || after.unwrap() <= truth && truth <= until.unwrap(),
                    "{id} at {truth}: {told:?}"
                );
                answers.insert(answer.clone());
            }
        }
    }
    assert_eq!(answers, ["no", "possibly", "yes"].map(str::to_owned).into(), "every answer is given");
}

async fn check_usage(
    half_year: &HalfYear,
    codes: &BTreeMap<&str, Sightings<'_, AccessToken>>,
    lives: &BTreeMap<&str, &TrueLife>,
) {
    // What is live is judged by the time of the database.
    let now = present();
    type Unused = (String, String, Option<String>, At, At, bool, bool);
    let told: Vec<Unused> = half_year.ask(Question::named("expired_unused")).await;
    let told: BTreeMap<&str, bool> = told.iter().map(|row| (row.1.as_str(), row.6)).collect();
    let expected: BTreeMap<&str, bool> = codes
        .iter()
        .filter_map(|(id, seen)| {
            let (_, code) = last_seen(seen);
            let judged_at = if seen.last().unwrap().1.is_some() { now } else { missed_at(seen) };
            let is_read = code.status == "expired";
            (code.registered_count == 0 && (is_read || code.expires_at() <= judged_at)).then_some((*id, is_read))
        })
        .collect();
    assert_eq!(told, expected);
    for (id, is_read) in told {
        assert!(!is_read || lives[id].states().any(|(_, state)| state == "expired"), "{id}");
    }

    type UsedUp = (String, String, Option<String>, i32, i32, Option<At>, Option<At>, bool);
    let told: Vec<UsedUp> = half_year.ask(Question::named("used_up")).await;
    let used_up: BTreeSet<&str> = codes
        .iter()
        .filter(|(_, seen)| {
            let (_, code) = last_seen(seen);
            code.registered_count >= code.count
        })
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(told.iter().map(|row| row.1.as_str()).collect::<BTreeSet<_>>(), used_up);
    let uses: Vec<_> = half_year
        .world
        .emulator
        .events(ACCOUNT_ID)
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Used { to } => Some((event.object_id, event.at, to)),
            _ => None,
        })
        .collect();
    let mut bounded_count = 0;
    for (_, id, _, limit, _, after, until, _) in &told {
        let Some(until) = until else { continue };
        let (_, truth, _) = uses.iter().find(|(used, _, to)| used == id && *to as i32 >= *limit).unwrap();
        assert!(after.unwrap() < *truth && truth <= until, "{id} at {truth}: {after:?} to {until}");
        bounded_count += 1;
    }
    assert!(bounded_count > 1, "{bounded_count}");

    let mut expected = BTreeMap::<NaiveDate, i64>::new();
    for seen in codes.values() {
        let counts: Vec<_> =
            seen.iter().filter_map(|(at, code)| Some((*at, code.as_ref()?.registered_count))).collect();
        for pair in counts.windows(2).filter(|pair| pair[0].1 != pair[1].1) {
            *expected.entry(pair[1].0.date_naive()).or_default() += i64::from(pair[1].1) - i64::from(pair[0].1);
        }
    }
    let question =
        Question::named("registrations_per_day").with("first_date", "2000-01-01").with("last_date", "2100-01-01");
    let told: Vec<(NaiveDate, String, i64, i64)> = half_year.ask(question).await;
    assert_eq!(told.into_iter().map(|(date, .., added)| (date, added)).collect::<BTreeMap<_, _>>(), expected);
}

/// When the last absence was read.
fn missed_at(seen: &Sightings<'_, AccessToken>) -> At {
    let (last, _) = last_seen(seen);
    seen.iter().find(|(at, _)| *at > last).unwrap().0
}

async fn check_funnel(half_year: &HalfYear, codes: &BTreeMap<&str, Sightings<'_, AccessToken>>) {
    let mut expected = BTreeMap::<NaiveDate, [i64; 5]>::new();
    for seen in codes.values() {
        let month = last_seen(seen).1.created_at.date_naive().with_day(1).unwrap();
        let was = |status: &str| seen.iter().any(|(_, code)| code.is_some_and(|code| code.status == status));
        let (activated, expired) = (was("activated"), was("expired"));
        let is_gone = seen.last().unwrap().1.is_none();
        let row = expected.entry(month).or_default();
        for (count, holds) in row.iter_mut().zip([true, activated, expired, expired && !activated, is_gone]) {
            *count += i64::from(holds);
        }
    }
    type Row = (String, NaiveDate, i64, i64, i64, i64, i64);
    let told: Vec<Row> = half_year.ask(Question::named("funnel_by_month")).await;
    let told = told.into_iter().map(|(_, month, a, b, c, d, e)| (month, [a, b, c, d, e])).collect::<BTreeMap<_, _>>();
    assert!(told.len() > 6 && told.values().any(|row| row[3] > 0), "{told:?}");
    assert_eq!(told, expected);
}

async fn check_changes(half_year: &HalfYear, codes: &BTreeMap<&str, Sightings<'_, AccessToken>>) {
    type Row = (String, String, String, Option<String>, Option<String>, Option<String>);
    let mut met = BTreeSet::new();
    for pair in half_year.dates().windows(2) {
        let question = Question::named("changes_between_dates")
            .with("first_date", &pair[0].to_string())
            .with("second_date", &pair[1].to_string());
        let told: Vec<Row> = half_year.ask(question).await;
        let told: BTreeMap<String, (String, Option<String>)> =
            told.into_iter().map(|(_, id, change, _, _, columns)| (id, (change, columns))).collect();
        let mut expected = BTreeMap::new();
        for (id, seen) in codes {
            let (before, after) = (read_by(seen, midnight(pair[0])), read_by(seen, midnight(pair[1])));
            let change = match (before, after) {
                (None, None) => continue,
                (None, Some(_)) => ("appeared".to_owned(), None),
                (Some(_), None) => ("gone".to_owned(), None),
                (Some(before), Some(after)) => {
                    let columns: Vec<&str> = [
                        ("status", before.status != after.status),
                        ("token_name", before.name != after.name),
                        ("ttl_days", before.ttl_days != after.ttl_days),
                    ]
                    .into_iter()
                    .filter_map(|(column, differs)| differs.then_some(column))
                    .collect();
                    if columns.is_empty() {
                        continue;
                    }
                    ("changed".to_owned(), Some(columns.join(",")))
                }
            };
            met.insert(change.clone());
            expected.insert((*id).to_owned(), change);
        }
        assert_eq!(told, expected, "{pair:?}");
    }
    assert!(met.len() >= 4, "{met:?}");
}

async fn check_dates(
    half_year: &HalfYear,
    codes: &BTreeMap<&str, Sightings<'_, AccessToken>>,
    lives: &BTreeMap<&str, &TrueLife>,
) {
    type Row = (String, String, Option<String>, bool, String, Option<At>, Option<At>);
    type Count = (String, String, i64, i64, i64);
    let readings: Vec<At> = half_year.record.of(Source::AccessTokens).map(|reading| reading.at).collect();
    for date in half_year.dates() {
        let instant = midnight(date);
        let told: Vec<Row> =
            half_year.ask(Question::named("inventory_on_date").with("audit_date", &date.to_string())).await;
        let told: BTreeMap<&str, &Row> = told.iter().map(|row| (row.1.as_str(), row)).collect();
        let counts: Vec<Count> =
            half_year.ask(Question::named("inventory_counts_on_date").with("audit_date", &date.to_string())).await;
        let mut true_counts = BTreeMap::<&str, i64>::new();
        let (after, until) = (readings.iter().rfind(|at| **at <= instant), readings.iter().find(|at| **at > instant));
        for id in codes.keys() {
            let truth = lives[id].at(instant);
            // The chronicle begins with the first reading.
            if instant < readings[0] || lives[id].wavers(*after.unwrap(), *until.unwrap()) {
                continue;
            }
            *true_counts.entry(truth).or_default() += 1;
            let is_told = match told.get(id) {
                None => [ABSENT, DELETED].contains(&truth),
                Some((.., status, true, _, _, _)) => status.as_deref() == Some(truth),
                Some((.., possible, _, _)) => possible.split(',').any(|status| status == truth),
            };
            assert!(is_told, "{id} was {truth} on {date}: {:?}", told.get(id));
        }
        for status in ["unactivated", "activated", "expired"].into_iter().filter(|_| instant > readings[0]) {
            let truth = true_counts.get(status).copied().unwrap_or(0);
            let (.., certain, possible) = counts.iter().find(|row| row.1 == status).unwrap();
            assert!(*certain <= truth && truth <= *possible, "{status} on {date}: {certain} {truth} {possible}");
            assert!(*possible - *certain <= 25, "{status} on {date}: {certain} {possible}");
        }
    }
}

async fn check_ends(
    half_year: &HalfYear,
    codes: &BTreeMap<&str, Sightings<'_, AccessToken>>,
    lives: &BTreeMap<&str, &TrueLife>,
) {
    // What is live is judged by the time of the database.
    let now = present();
    type Overdue = (String, String, Option<String>, String, At, i64, At);
    let told: Vec<Overdue> = half_year.ask(Question::named("live_past_expiry")).await;
    let overdue: BTreeSet<String> = half_year.world.edit(|inventory| {
        inventory
            .tokens()
            .filter(|code| code.status != "expired" && code.expires_at() <= now)
            .map(|code| code.id.clone())
            .collect()
    });
    assert!(overdue.contains("at-overdue"), "{overdue:?}");
    assert_eq!(told.into_iter().map(|row| row.1).collect::<BTreeSet<_>>(), overdue);

    type Deleted = (String, String, Option<String>, i32, At, At, At);
    let told: Vec<Deleted> = half_year.ask(Question::named("deleted_while_usable")).await;
    let expected: BTreeSet<&str> = codes
        .iter()
        .filter(|(_, seen)| {
            let (_, code) = last_seen(seen);
            seen.last().unwrap().1.is_none()
                && code.status == "activated"
                && code.registered_count < code.count
                && code.expires_at() > missed_at(seen)
        })
        .map(|(id, _)| *id)
        .collect();
    assert!(!expected.is_empty());
    assert_eq!(told.iter().map(|row| row.1.as_str()).collect::<BTreeSet<_>>(), expected);
    for (_, id, _, _, _, after, until) in &told {
        let truth = lives[id.as_str()].since(*until);
        assert!(*after <= truth && truth <= *until, "{id} at {truth}: {after} to {until}");
    }

    type Step = (Option<String>, String, Option<At>, At, Option<At>, Option<String>);
    let baseline_at = half_year.record.readings[0].at;
    let mut exact_count = 0;
    for (&id, seen) in codes.iter().step_by(4) {
        let question = Question::named("code_life").with("account_id", ACCOUNT_ID).with("access_token_id", id);
        let told: Vec<Step> = half_year.ask(question).await;
        let told: Vec<&Step> = told.iter().filter(|step| step.3 > baseline_at + TimeDelta::seconds(1)).collect();
        let expected = changes(seen, baseline_at);
        assert_eq!(
            told.iter().map(|step| (step.0.as_deref(), step.1.as_str())).collect::<Vec<_>>(),
            expected.iter().map(|(from, to, _)| (*from, *to)).collect::<Vec<_>>(),
            "{id}"
        );
        for (_, _, after, until, exact, _) in told {
            let truth = lives[id].since(*until);
            assert!(after.unwrap() <= truth && truth <= *until, "{id} at {truth}: {after:?} to {until}");
            assert!(exact.is_none_or(|exact| exact == truth), "{id} at {truth}, not {exact:?}");
            exact_count += usize::from(exact.is_some());
        }
    }
    assert!(exact_count > 10, "{exact_count}");
}
