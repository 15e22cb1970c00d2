//! Half a year of a busy account, whose truth is known: what each example question answers, against what happened.

mod codes;
mod devices;
mod record;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use emulator::{AccessToken, Fault, LifecycleRates, status};
use sqlx::{FromRow, postgres::PgRow};
use stocktake::{clock::Clock, inventory::Source};

use crate::support::{ACCOUNT_ID, Chronicle, Question, World, account, instant, user};
use record::{Reading, Record};

/// What was asked, and what is known to be true.
struct HalfYear {
    world: World,
    chronicle: Chronicle,
    record: Record,
}

impl HalfYear {
    async fn ask<T>(&self, question: Question) -> Vec<T>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let name = question.name;
        sqlx::query_as(sqlx::AssertSqlSafe(question.text))
            .fetch_all(&self.world.database.pool)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Dates spread over the half year, and a little beyond its ends.
    fn dates(&self) -> Vec<NaiveDate> {
        let begin = self.record.readings[0].at.date_naive();
        (0..8).map(|number| begin + TimeDelta::days(number * 25 - 2)).collect()
    }
}

#[tokio::test]
async fn every_example_question_gives_the_known_truth_of_half_a_year() {
    let half_year = live().await;
    codes::check(&half_year).await;
    devices::check(&half_year).await;
    check_blind_spots(&half_year).await;
}

/// Codes and devices come, change, go and return; scans fail, are incomplete, and leave spans blind.
async fn live() -> HalfYear {
    let rates = LifecycleRates {
        codes_created: 0.8,
        codes_activated: 0.8,
        codes_disabled: 0.1,
        codes_used: 6.0,
        expired_deleted: 0.4,
        unused_deleted: 0.2,
        devices_created: 0.3,
        devices_bound: 0.35,
        devices_unbound: 0.15,
        devices_deleted: 0.08,
        ..LifecycleRates::off()
    };
    // The same half year at every run; all of it is past.
    let world = World::at(instant("2026-05-01T08:00:00Z"), account().generated(25, 15).rates(rates), |_| {}).await;
    let mut half_year = HalfYear { world, chronicle: Chronicle::default(), record: Record::default() };
    let mut away = None;
    half_year.read(Source::AccessTokens, true).await;
    half_year.read(Source::MfaDevices, true).await;
    for turn in 1..144_i64 {
        // Thirty hours on average, at changing hours.
        half_year.world.advance(TimeDelta::hours([8, 48, 34][turn as usize % 3]));
        half_year.edit(turn, &mut away);
        // Nobody looks for some days now and then.
        if [24..27, 80..82].iter().any(|blind| blind.contains(&turn)) {
            continue;
        }
        for source in [Source::AccessTokens, Source::MfaDevices] {
            if source == Source::MfaDevices && turn % 2 == 1 && turn < 143 {
                continue;
            }
            let is_last = turn >= 142;
            if turn % 13 == 0 && !is_last {
                half_year.world.emulator.add_fault(Fault::error(403, "NoPermission", "not authorized").always());
                assert!(!half_year.world.scan(source).await.is_success());
                half_year.record.failed.push((source, half_year.world.clock.now()));
            } else if turn % 17 == 0 && source == Source::AccessTokens {
                half_year.world.emulator.add_fault(Fault::total_count(999).action("ListAccessTokens").always());
                half_year.read(source, false).await;
                half_year.record.failed.push((source, half_year.world.clock.now()));
            } else {
                half_year.read(source, true).await;
            }
            half_year.world.emulator.clear_faults();
        }
    }
    half_year
}

impl HalfYear {
    /// Scans, and writes down what there was to read.
    async fn read(&mut self, source: Source, is_whole: bool) {
        let report = self.world.scan(source).await;
        assert_eq!(report.is_success(), is_whole, "{:?}", report.failure_line());
        self.chronicle.follow(&self.world);
        let at = self.world.clock.now();
        let (codes, devices) = self.world.edit(|inventory| {
            (
                inventory.tokens().map(|code| (code.id.clone(), code.clone())).collect(),
                inventory.devices().map(|device| (device.serial_number.clone(), device.clone())).collect(),
            )
        });
        self.record.readings.push(Reading { source, at, is_whole, codes, devices });
    }

    /// What people do beside the life of the account.
    fn edit(&mut self, turn: i64, away: &mut Option<AccessToken>) {
        let now = self.world.emulator.now();
        match turn {
            // A code comes back after its absence was read.
            40 => {
                *away = self.world.edit(|inventory| {
                    let id = inventory.tokens().find(|code| code.status == status::EXPIRED)?.id.clone();
                    inventory.remove_token(&id)
                });
                assert!(away.is_some());
            }
            42 => drop(self.world.edit(|inventory| inventory.insert_token(away.take().unwrap()))),
            // Codes are renamed and renewed.
            48 | 96 => self.world.edit(|inventory| {
                let ids: Vec<String> = inventory
                    .tokens()
                    .filter(|code| code.status == status::ACTIVATED)
                    .map(|code| code.id.clone())
                    .collect();
                inventory.token_mut(&ids[ids.len() / 2]).unwrap().name = Some(format!("renamed in turn {turn}"));
                inventory.token_mut(&ids[ids.len() / 2 + 1]).unwrap().ttl_days += 30;
            }),
            // A device passes from hand to hand.
            36 | 61 | 92 | 120 => self.world.edit(|inventory| {
                let serial = inventory
                    .devices()
                    .filter(|device| device.user.is_some())
                    .nth(turn as usize % 5)
                    .unwrap()
                    .serial_number
                    .clone();
                let device = inventory.device_mut(&serial).unwrap();
                device.user = Some(user(turn as usize));
                device.activated_at = Some(now);
            }),
            // Until the end, the API forgets to expire a code.
            134 => {
                let mut code = AccessToken::new("at-overdue", now);
                (code.ttl_days, code.registered_count) = (8, 1);
                self.world.edit(|inventory| inventory.insert_token(code));
            }
            139 => self.world.emulator.with_settings(ACCOUNT_ID, |settings| settings.rates.expiry = false),
            _ => return,
        }
        self.chronicle.follow(&self.world);
    }
}

async fn check_blind_spots(half_year: &HalfYear) {
    type Row = (String, String, DateTime<Utc>, Option<DateTime<Utc>>, i64, i64);
    let told: Vec<Row> = half_year.ask(Question::named("blind_spots").with("longest", "70 hours")).await;
    let mut expected = Vec::new();
    for source in Source::ALL {
        let looks: Vec<_> = half_year.record.whole(source).collect();
        for pair in looks.windows(2) {
            let (from, until) = (pair[0].at, pair[1].at);
            if until - from > TimeDelta::hours(70) {
                let is_between = |at: DateTime<Utc>| from < at && at < until;
                let failed = half_year.record.failed.iter().filter(|(of, at)| *of == source && is_between(*at)).count();
                expected.push((source.name().to_owned(), (until - from).num_hours(), failed as i64));
            }
        }
    }
    let mut told: Vec<_> = told
        .into_iter()
        // Nobody has looked since its end.
        .filter(|(.., until, _, _)| until.is_some())
        .map(|(_, source, _, _, hours, failed)| (source, hours, failed))
        .collect();
    told.sort();
    expected.sort();
    assert!(expected.len() > 2, "{expected:?}");
    assert_eq!(told, expected);
}
