//! What is known of the state at an instant, against what truly happened.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use emulator::{Fault, LifecycleRates};
use stocktake::inventory::Source;

use crate::support::{ABSENT, Chronicle, DELETED, TrueLife, World, account};

/// What the database says of one object at one instant; the state of a device names the user, as the chronicle does.
#[derive(Debug, sqlx::FromRow)]
struct Answer {
    instant: DateTime<Utc>,
    object_id: String,
    state: Option<String>,
    is_certain: bool,
    possible_states: String,
    not_before_at: Option<DateTime<Utc>>,
    not_after_at: Option<DateTime<Utc>>,
}

impl Answer {
    fn allows(&self, truth: &str) -> bool {
        self.possible_states.split(',').any(|state| {
            state == truth
                // A user whom no scan read has no number.
                || state == "bound" && truth.starts_with("bound ")
                // To whoever reads an object for the first time, one that had been there before was absent.
                || state == ABSENT && truth == DELETED
        })
    }
}

const CODES_AT: &str = "
    select i.instant, s.access_token_id as object_id, s.status as state, s.is_certain,
           s.possible_statuses as possible_states, s.not_before_at, s.not_after_at
    from unnest($1::timestamptz[]) i (instant)
    cross join lateral reporting.access_token_status_at(i.instant) s";

/// Each `bound` with the user that stands in its place, where one does.
const DEVICES_AT: &str = "
    select i.instant, d.serial_number as object_id, concat_ws(' ', s.status, u.user_id) as state, s.is_certain,
           (select string_agg(concat_ws(' ', p.status, w.user_id), ',' order by p.place)
            from (
                select status, place, case when status = 'bound' then count(*) filter (where status = 'bound') over
                           (order by place) end as user_place
                from string_to_table(s.possible_statuses, ',') with ordinality t (status, place)
            ) p
            left join string_to_table(s.possible_user_keys, ',') with ordinality k (user_key, place)
                on k.place = p.user_place
            left join inventory.mfa_users w on w.account_id = s.account_id and w.user_key = k.user_key::bigint
           ) as possible_states,
           s.not_before_at, s.not_after_at
    from unnest($1::timestamptz[]) i (instant)
    cross join lateral reporting.mfa_device_status_at(i.instant) s
    join inventory.mfa_devices d on d.account_id = s.account_id and d.device_key = s.device_key
    left join inventory.mfa_users u on u.account_id = s.account_id and u.user_key = s.user_key";

const KNOWN: &str =
    "select access_token_id from inventory.access_tokens union all select serial_number from inventory.mfa_devices";

/// When scans that were applied began and ended, and whether they were whole.
type Readings = Vec<(DateTime<Utc>, DateTime<Utc>, bool)>;

const READINGS: &str = "
    select started_at, finished_at, outcome = 'complete' from inventory.scans
    where source = $1 and applied_at is not null
    order by scan_id";

/// Whether nobody can know what an object was at an instant: it came back to a state between two readings.
fn is_unknowable(life: &TrueLife, instant: DateTime<Utc>, readings: &Readings) -> bool {
    let after = readings.iter().map(|(begin, ..)| *begin).rfind(|begin| *begin <= instant);
    let until = readings.iter().map(|(_, end, _)| *end).find(|end| *end > instant);
    life.wavers(after.unwrap_or(DateTime::UNIX_EPOCH), until.unwrap_or(DateTime::<Utc>::MAX_UTC))
}

#[tokio::test]
async fn what_is_called_certain_is_true_and_the_truth_is_always_among_what_is_possible() {
    let rates = LifecycleRates { codes_disabled: 1.0, unused_deleted: 0.5, ..LifecycleRates::lively(70, 50) };
    let world = World::of(account().rates(rates).page_limit(10), |_| {}).await;
    let mut chronicle = Chronicle::default();
    world.advance(TimeDelta::days(30)); // before anybody looks
    chronicle.follow(&world);
    let mut away = None;
    for round in 0..30 {
        world.advance([TimeDelta::minutes(15), TimeDelta::hours(9), TimeDelta::hours(40)][round % 3]);
        // The last one is whole.
        match round % 6 {
            1 => drop(world.emulator.add_fault(Fault::total_count(999).action("ListAccessTokens").always())),
            2 => {
                // A scan takes a while, and the inventory changes behind its back.
                let clock = world.clock.clone();
                world.emulator.add_fault(Fault::advance(TimeDelta::minutes(40)).after(2));
                world.emulator.add_fault(Fault::mutate(move |_| clock.advance(TimeDelta::minutes(40))).after(2));
            }
            3 => drop(world.emulator.add_fault(Fault::error(403, "NoPermission", "no").always())),
            4 => {
                let code = away.take().or_else(|| {
                    world
                        .edit(|inventory| inventory.tokens().next().map(|code| code.id.clone()))
                        .and_then(|id| world.edit(|inventory| inventory.remove_token(&id)))
                });
                // Away for a round, and back for one.
                match round % 12 {
                    4 => away = code,
                    _ => drop(code.map(|code| world.edit(|inventory| inventory.insert_token(code)))),
                }
                chronicle.follow(&world);
            }
            _ => {}
        }
        for source in Source::ALL {
            world.scan(source).await;
        }
        world.emulator.clear_faults();
        chronicle.follow(&world);
    }

    for (source, query) in [(Source::AccessTokens, CODES_AT), (Source::MfaDevices, DEVICES_AT)] {
        let readings: Readings =
            sqlx::query_as(READINGS).bind(source.name()).fetch_all(&world.database.pool).await.unwrap();
        let known: Vec<String> = sqlx::query_scalar(KNOWN).fetch_all(&world.database.pool).await.unwrap();
        let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
        // What came and went between two readings is known to nobody.
        let lives: BTreeMap<&str, &TrueLife> = chronicle.lives(source).filter(|(id, _)| known.contains(id)).collect();
        let mut instants: BTreeSet<DateTime<Utc>> =
            readings.iter().flat_map(|(begin, end, _)| [*begin, *end]).collect();
        instants.extend(lives.values().flat_map(|life| life.states().map(|(since, _)| since)).step_by(3));
        let instants: Vec<_> = instants
            .into_iter()
            .enumerate()
            .map(|(index, instant)| instant + TimeDelta::seconds(index as i64 % 3 - 1))
            .collect();
        let answers: Vec<Answer> = sqlx::query_as(query).bind(&instants).fetch_all(&world.database.pool).await.unwrap();
        let mut by_object: BTreeMap<(DateTime<Utc>, &str), &Answer> = BTreeMap::new();
        for answer in &answers {
            assert!(by_object.insert((answer.instant, &answer.object_id), answer).is_none(), "twice: {answer:?}");
            assert_eq!(answer.is_certain, !answer.possible_states.contains(','), "{answer:?}");
            let (after, until) = (answer.not_before_at, answer.not_after_at);
            assert!(after.is_none_or(|after| after <= answer.instant), "{answer:?}");
            assert!(until.is_none_or(|until| until > answer.instant), "{answer:?}");
            assert!(!answer.is_certain || after.is_none() && until.is_none(), "{answer:?}");
        }
        let mut counts = [0; 4];
        for (&object_id, life) in &lives {
            for &instant in &instants {
                let truth = life.at(instant);
                let answer = by_object.get(&(instant, object_id));
                let is_told = match answer {
                    None => [ABSENT, DELETED].contains(&truth),
                    Some(answer) if answer.is_certain => answer.state.as_deref() == Some(truth),
                    Some(answer) => answer.allows(truth),
                };
                let is_excused = !is_told && is_unknowable(life, instant, &readings);
                assert!(is_told || is_excused, "{object_id} was {truth} at {instant}: {answer:?}\n{life:?}");
                counts[if is_excused { 3 } else { answer.map_or(2, |answer| usize::from(!answer.is_certain)) }] += 1;
            }
        }
        let [certain_count, uncertain_count, silent_count, excused_count] = counts;
        assert!(certain_count > 1000 && uncertain_count > 300 && silent_count > 400, "{counts:?}");
        assert!(excused_count * 100 < certain_count, "{counts:?}");

        // A whole scan leaves no doubt: what it read was certain when it began, or is from its end on.
        let whole = || readings.iter().filter(|(.., is_whole)| *is_whole);
        let begins: Vec<_> = whole().map(|(begin, ..)| *begin).collect();
        assert!(begins.len() > 15, "{begins:?}");
        let answers: Vec<Answer> = sqlx::query_as(query).bind(&begins).fetch_all(&world.database.pool).await.unwrap();
        for answer in answers.iter().filter(|answer| !answer.is_certain) {
            let (_, end, _) = whole().find(|(begin, ..)| *begin == answer.instant).unwrap();
            let is_resolved = answer.not_after_at.is_some_and(|at| at <= *end);
            // One that the scan missed had been there before, as was seen later.
            assert!(is_resolved || answer.state.as_deref() == Some(ABSENT), "{answer:?}");
        }
    }
}
