//! The whole database against all that was ever seen in it: nothing is rewritten, and the views tell what the tables hold.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgPool;
use stocktake::inventory::Source;

use super::{Complaint, hold};
use crate::{
    Halt,
    memory::Memory,
    rows::{self, Closed},
    time::At,
};

/// What a view says of a target.
#[derive(Debug, PartialEq, sqlx::FromRow)]
struct Freshness {
    data_as_of_at: Option<At>,
    live_count: i64,
    consecutive_failure_count: i64,
    last_error: Option<String>,
}

/// Checks one source as a whole; `instant` is any at which the history is asked what was.
pub(crate) async fn check_whole(
    pool: &PgPool,
    source: Source,
    memory: &Memory,
    instant: At,
) -> Result<Result<(), Complaint>, Halt> {
    let rows = rows::load_rows(pool, source).await?;
    let records = rows::load_records(pool, source, None).await?;
    let scans = rows::load_scans(pool, source, 0, &[]).await?;
    let as_of: Vec<(String, i32)> = sqlx::query_as(match source {
        Source::AccessTokens => "select access_token_id, version_no from reporting.access_tokens_as_of($1)",
        Source::MfaDevices => {
            "select d.serial_number, v.version_no from reporting.mfa_devices_as_of($1) v
             join inventory.mfa_devices d using (account_id, device_key)"
        }
    })
    .bind(instant)
    .fetch_all(pool)
    .await?;
    let views: (i64, i64, i64) = sqlx::query_as(match source {
        Source::AccessTokens => {
            "select (select count(*) from reporting.access_token_history),
                    (select count(*) from reporting.access_token_transitions),
                    (select count(*) from reporting.access_tokens)"
        }
        Source::MfaDevices => {
            "select (select count(*) from reporting.mfa_device_history),
                    (select count(*) from reporting.mfa_device_transitions),
                    (select count(*) from reporting.mfa_devices)"
        }
    })
    .fetch_one(pool)
    .await?;
    let freshness: Option<Freshness> = sqlx::query_as(
        "select data_as_of_at, live_count, consecutive_failure_count, last_error
         from reporting.freshness where source = $1",
    )
    .bind(source.name())
    .fetch_optional(pool)
    .await?;
    Ok(check(memory, &rows, &records, &scans, &as_of, views, freshness, instant))
}

#[expect(clippy::too_many_arguments, reason = "each is one look at the database")]
fn check(
    memory: &Memory,
    rows: &BTreeMap<String, rows::Row>,
    records: &rows::Records,
    scans: &[rows::Scan],
    as_of: &[(String, i32)],
    views: (i64, i64, i64),
    freshness: Option<Freshness>,
    instant: At,
) -> Result<(), Complaint> {
    let nobody: Option<&str> = None;
    hold!(*rows == memory.rows, "nothing changes between scans", nobody, "the current rows did");
    let rule = "history is append-only, but for what a purge may take";
    hold!(
        records.history == memory.records.history,
        rule,
        nobody,
        "{}",
        odd(&records.history, &memory.records.history)
    );
    let (now, then) = (&records.transitions, &memory.records.transitions);
    hold!(now == then, rule, nobody, "{}", odd(now, then));
    hold!(records.usage == memory.records.usage, rule, nobody, "{}", odd(&records.usage, &memory.records.usage));
    for scan in scans {
        let before = memory.scans.get(&scan.scan_id);
        let is_same = before == Some(scan);
        let was_dropped = before.is_some_and(|before| before.outcome == "running") && scan.outcome == "abandoned";
        hold!(is_same || was_dropped, "a closed line of the ledger stays", nobody, "{before:?} is now {scan:?}");
    }
    check_periods(rows, &records.history)?;

    let live = rows.values().filter(|row| row.deleted_at.is_none());
    let live_count = live.clone().count() as i64;
    let expected: BTreeSet<(String, i32)> = live
        .filter(|row| row.valid_from_at <= instant)
        .map(|row| (row.id.clone(), row.version_no))
        .chain(
            (records.history.values())
                .filter(|row| row.valid_from_at <= instant && row.valid_to_at > instant)
                .map(|row| (row.id.clone(), row.version_no)),
        )
        .collect();
    let found: BTreeSet<(String, i32)> = as_of.iter().cloned().collect();
    let rule = "as_of tells what the history held";
    hold!(
        found == expected && found.len() == as_of.len(),
        rule,
        nobody,
        "at {instant}: {:?}",
        found.symmetric_difference(&expected).next()
    );
    let expected = (records.history.len() as i64 + live_count, records.transitions.len() as i64, live_count);
    hold!(views == expected, "the views show what the tables hold", nobody, "{views:?} instead of {expected:?}");

    let mut ended = scans.iter().filter(|scan| !scan.is_partial && scan.outcome != "running");
    let since = memory.target.complete_scan_id.unwrap_or(0);
    let expected = Freshness {
        data_as_of_at: memory.target.complete_started_at,
        live_count,
        consecutive_failure_count: ended.clone().filter(|scan| scan.scan_id > since).count() as i64,
        last_error: ended.next_back().and_then(|scan| scan.error_message.clone()),
    };
    let is_fresh = scans.is_empty() || freshness.as_ref() == Some(&expected);
    hold!(is_fresh, "freshness counts complete scans only", nobody, "{freshness:?} instead of {expected:?}");
    Ok(())
}

/// Versions of one object follow each other without overlap, and without a gap within a life.
fn check_periods(
    rows: &BTreeMap<String, rows::Row>,
    history: &BTreeMap<(String, i32), Closed>,
) -> Result<(), Complaint> {
    for closed in history.values() {
        let id = Some(closed.id.as_str());
        hold!(closed.valid_from_at < closed.valid_to_at, "no period is empty", id, "{closed:?}");
        let next = history.get(&(closed.id.clone(), closed.version_no + 1)).map(|next| next.valid_from_at);
        let row = rows.get(&closed.id).filter(|row| row.version_no == closed.version_no + 1);
        let Some(next) = next.or(row.map(|row| row.valid_from_at)) else { continue };
        let follows =
            if closed.close_reason == "deleted" { next >= closed.valid_to_at } else { next == closed.valid_to_at };
        hold!(follows, "versions neither overlap nor leave a gap", id, "{closed:?}, then {next}");
    }
    Ok(())
}

fn odd<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    now: &BTreeMap<K, V>,
    then: &BTreeMap<K, V>,
) -> String {
    let key = now.keys().chain(then.keys()).find(|key| now.get(key) != then.get(key));
    key.map_or_else(String::new, |key| format!("{:?} is now {:?}", then.get(key), now.get(key)))
}
