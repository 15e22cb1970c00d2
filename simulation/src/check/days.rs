//! The daily views against all that was ever recorded: no day is missing, and no purge changes one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use sqlx::PgPool;
use stocktake::inventory::Source;

use super::{Complaint, hold};
use crate::{Halt, memory::Memory, time::At};

/// Objects of a status at the end of a day, and whether a complete scan began that day.
type Counts = BTreeMap<(NaiveDate, String), (i64, bool)>;

/// Transitions of a day, from a status to a status.
type Changes = BTreeMap<(NaiveDate, Option<String>, String), i64>;

/// Checks the days up to the one after `now`: from there to the machine's own day nothing can happen any more.
pub(crate) async fn check_days(
    pool: &PgPool,
    source: Source,
    memory: &Memory,
    now: At,
) -> Result<Result<(), Complaint>, Halt> {
    let until = now.date_naive() + Days::new(1);
    let counts: Vec<(NaiveDate, String, i64, bool)> = sqlx::query_as(match source {
        Source::AccessTokens => {
            "select status_date, status, token_count, is_observed
             from reporting.access_token_daily_status where status_date <= $1"
        }
        Source::MfaDevices => {
            "select status_date, status, device_count, is_observed
             from reporting.mfa_device_daily_status where status_date <= $1"
        }
    })
    .bind(until)
    .fetch_all(pool)
    .await?;
    let changes: Vec<(NaiveDate, Option<String>, String, i64)> = match source {
        Source::AccessTokens => {
            sqlx::query_as(
                "select transition_date, from_status, to_status, transition_count
                 from reporting.access_token_daily_transitions",
            )
            .fetch_all(pool)
            .await?
        }
        Source::MfaDevices => Vec::new(),
    };
    Ok(check(source, memory, until, counts, changes))
}

fn check(
    source: Source,
    memory: &Memory,
    until: NaiveDate,
    counts: Vec<(NaiveDate, String, i64, bool)>,
    changes: Vec<(NaiveDate, Option<String>, String, i64)>,
) -> Result<(), Complaint> {
    let nobody: Option<&str> = None;
    let row_count = counts.len();
    let found: Counts = counts.into_iter().map(|(day, status, count, seen)| ((day, status), (count, seen))).collect();
    let expected = expected_counts(source, memory, until);
    let rule = "a day ends with what was recorded by then, and stays so";
    let odd = found.iter().chain(&expected).find(|(key, _)| found.get(*key) != expected.get(*key));
    let key = odd.map(|(key, _)| key);
    let (told, true_count) = (key.and_then(|key| found.get(key)), key.and_then(|key| expected.get(key)));
    hold!(odd.is_none(), rule, nobody, "{key:?}: {told:?} instead of {true_count:?}");
    hold!(row_count == expected.len(), rule, nobody, "{row_count} rows instead of {}", expected.len());
    if source == Source::AccessTokens {
        let found: Changes = changes.into_iter().map(|(day, from, to, count)| ((day, from, to), count)).collect();
        let mut expected = Changes::new();
        for transition in memory.ever.transitions.values() {
            let middle = transition.not_before_at + (transition.not_after_at - transition.not_before_at) / 2;
            let day = transition.occurred_at.unwrap_or(middle).date_naive();
            *expected.entry((day, transition.from_status.clone(), transition.to_status.clone())).or_default() += 1;
        }
        let odd = found.iter().chain(&expected).find(|(key, _)| found.get(*key) != expected.get(*key));
        hold!(odd.is_none(), "a day saw the transitions that were recorded, and keeps them", nobody, "{odd:?}");
    }
    Ok(())
}

/// Every day from the first of which anything is known, with every status.
fn expected_counts(source: Source, memory: &Memory, until: NaiveDate) -> Counts {
    let closed = memory.ever.history.values().map(|row| (&row.state.status, row.valid_from_at, Some(row.valid_to_at)));
    let live = memory.rows.values().filter(|row| row.deleted_at.is_none());
    let versions: Vec<(&String, At, Option<At>)> =
        closed.chain(live.map(|row| (&row.state.status, row.valid_from_at, None))).collect();
    let complete = memory.scans.values().filter(|scan| scan.outcome == "complete");
    let observed: BTreeSet<NaiveDate> = complete.map(|scan| scan.started_at.date_naive()).collect();
    let first = versions.iter().map(|(_, from, _)| from.date_naive()).chain(observed.iter().copied()).min();
    let documented: &[&str] = match source {
        Source::AccessTokens => &["activated", "expired", "unactivated"],
        Source::MfaDevices => &["bound", "unbound"],
    };
    let ever = versions.iter().map(|(status, ..)| status.as_str());
    let statuses: BTreeSet<&str> = documented.iter().copied().chain(ever).collect();
    let mut counts = Counts::new();
    for day in first.into_iter().flat_map(|first| first.iter_days()).take_while(|day| *day <= until) {
        let last_instant = (day + Days::new(1)).and_time(NaiveTime::MIN).and_utc() - TimeDelta::microseconds(1);
        for status in &statuses {
            let holds = |(of, from, to): &&(&String, At, Option<At>)| {
                of == status && *from <= last_instant && to.is_none_or(|to| to > last_instant)
            };
            let count = versions.iter().filter(holds).count() as i64;
            counts.insert((day, (*status).to_owned()), (count, observed.contains(&day)));
        }
    }
    counts
}
