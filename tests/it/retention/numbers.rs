//! A lived-in inventory, purged of everything older than a week: what goes, what stays, and what is said of it.

use std::sync::Arc;

use chrono::TimeDelta;
use stocktake::{clock::Clock as _, inventory::Source, schedule::Trigger, store::NewHold, worker::serve};

use super::{CANDIDATES, LOG, ROWS, filled, sample_count, wait_for_a_waiter};
use crate::support::{
    ACCOUNT_ID, Desk, World, account,
    estate::{Estate, Log, id},
};

/// Every current row, open or tombstone, the holds, and what each day counts.
const KEPT: &str = "
    select md5(string_agg(entry, ',' order by entry)) from (
        select t::text as entry from inventory.access_tokens t
        union all select t::text from inventory.mfa_devices t
        union all select t::text from inventory.legal_holds t
        union all select t::text from reporting.access_token_daily_status t
        union all select t::text from reporting.access_token_daily_transitions t
        union all select t::text from reporting.mfa_device_daily_status t) entries";

/// Something old enough of a code and of a device is held.
async fn hold_a_code_and_a_device(world: &World) -> [String; 2] {
    let mut held = Vec::new();
    for (dataset, oldest) in [
        (
            Source::AccessTokens,
            "select access_token_id from inventory.access_token_history order by valid_to_at limit 1",
        ),
        (Source::MfaDevices, "select device_key::text from inventory.mfa_device_history order by valid_to_at limit 1"),
    ] {
        let object_id: String = world.database.value(oldest).await;
        let hold = NewHold {
            account: "prod",
            dataset: Some(dataset),
            object_id: Some(&object_id),
            reason: "case 7",
            placed_by: "auditor",
        };
        world.database.store.add_hold(&hold, &world.clock).await.unwrap();
        held.push(object_id);
    }
    held.try_into().unwrap()
}

#[tokio::test]
async fn after_a_purge_of_everything_older_than_a_week_what_is_open_held_or_younger_is_as_it_was() {
    let world = World::grown().await;
    let database = &world.database;
    let held = hold_a_code_and_a_device(&world).await;
    let cutoff = world.clock.now() - TimeDelta::days(7);
    let before = database.lines(ROWS).await;
    let kept: String = database.value(KEPT).await;

    let rehearsed = database.purge(cutoff, true).await;
    assert_eq!(database.lines(ROWS).await, before, "a dry run deletes nothing");
    let candidates = database.lines(CANDIDATES).await;
    let store = database.store.clone().with_purge_batches_of(7);
    let done = store.purge(false).await.unwrap().unwrap();

    let after = database.lines(ROWS).await;
    let gone: Vec<_> = before.iter().filter(|row| !after.contains(row)).cloned().collect();
    assert_eq!(gone, candidates, "the view shows what a purge deletes, row by row");
    assert_eq!(before.len() - after.len(), gone.len(), "nothing is new");
    for dataset in ["access_token_history", "access_token_transitions", "access_token_usage", "mfa_device_history"] {
        assert!(gone.iter().filter(|row| row.starts_with(dataset)).count() > 7, "{dataset} took more than a batch");
    }
    let is_old = format!("where ended_at < '{}' order by", cutoff.to_rfc3339());
    let old = database.rows(&ROWS.replace("order by", &is_old)).await;
    assert!(old.iter().all(|row| held.iter().any(|id| row.contains(id))), "only what is held is older: {old:?}");
    for id in &held {
        assert!(old.iter().any(|row| row.contains(id)), "{id} has lost its history");
    }
    assert_eq!(database.value::<String>(KEPT).await, kept, "open versions, tombstones, holds and daily counts");
    assert!(database.lines(CANDIDATES).await.is_empty());

    for (rehearsed, done) in rehearsed.iter().zip(&done) {
        assert_eq!(rehearsed.dataset, done.dataset);
        let counts = [rehearsed, done].map(|purge| (purge.matched_count, purge.held_count, purge.deleted_count));
        assert_eq!(counts[0], counts[1], "{}", done.dataset);
        let deleted = gone.iter().filter(|row| row.starts_with(&format!("{} |", done.dataset))).count() as u64;
        assert_eq!((done.deleted_count, done.matched_count - done.held_count), (deleted, deleted), "{}", done.dataset);
    }
    assert!(done[0].held_count > 0 && done[3].held_count > 0, "{done:?}");
    let log = database.lines(LOG).await;
    assert_eq!(log.len(), 10);
    for (line, purge) in log.iter().zip(rehearsed.iter().chain(&done)) {
        let is_dry_run = line.contains(" | true | ");
        let deleted = if is_dry_run { 0 } else { purge.deleted_count };
        let counts = format!("{} | {} | {deleted} | true", purge.matched_count, purge.held_count);
        assert!(line.starts_with(&purge.dataset) && line.ends_with(&counts), "{line}: {purge:?}");
    }
}

/// The cells of the printed table, below its header.
fn numbers(printed: &str) -> Vec<Vec<&str>> {
    let lines = printed.lines().filter(|line| line.contains("prod"));
    lines.map(|line| line.split(['│', '┆']).map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect()
}

#[tokio::test]
async fn the_command_prints_the_same_numbers_with_and_without_dry_run_by_the_policies_of_its_file() {
    let desk = Desk { database: filled(17).await, ..Desk::new().await };
    let hold = "insert into inventory.legal_holds (account_id, dataset, object_id, reason, placed_by, placed_at)
                select account_id, 'mfa-devices', '12', 'case 7', 'auditor', now() from inventory.accounts";
    desk.database.execute(hold).await;
    desk.configure(
        "[retention]
         history = '7d'
         [[retention.policy]]
         dataset = 'access_token_transitions'
         enabled = false
         [[retention.policy]]
         account = 'prod'
         dataset = 'mfa_device_history'
         history = '10d'
         [[account]]
         name = 'prod'",
    );
    let before = desk.database.lines(ROWS).await.len();
    let rehearsed = desk.run(&["retention", "--dry-run"]).await;
    assert_eq!((rehearsed.code, rehearsed.stderr.as_str()), (0, ""), "{}", rehearsed.stdout);
    assert!(rehearsed.stdout.contains("would be deleted"), "{}", rehearsed.stdout);
    assert_eq!(desk.database.lines(ROWS).await.len(), before);
    let policies = "select dataset, keep_seconds::text, is_enabled::text from inventory.retention_policies order by 1";
    assert_eq!(
        desk.database.lines(policies).await,
        [
            "access_token_history | 604800 | true",
            "access_token_transitions | 604800 | false",
            "access_token_usage | 604800 | true",
            "mfa_device_history | 864000 | true",
            "mfa_device_transitions | 604800 | true",
        ]
    );

    let json = desk.run(&["retention", "--dry-run", "--output", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let done = desk.run(&["retention"]).await;
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(numbers(&done.stdout), numbers(&rehearsed.stdout));
    let policies: Vec<_> = numbers(&done.stdout).into_iter().map(|cells| cells[1..3].join(" ")).collect();
    assert_eq!(
        policies,
        [
            "access_token_history 7d",
            "access_token_transitions off",
            "access_token_usage 7d",
            "mfa_device_history 10d",
            "mfa_device_transitions 7d"
        ]
    );
    assert_eq!(numbers(&done.stdout)[1][3..], ["-", "-", "-"]);
    assert_eq!(numbers(&done.stdout)[3][3..], ["8", "1", "7"], "device 12 is held");
    let deleted: u64 = (0..5).map(|n| json["purges"][n]["deleted_count"].as_u64().unwrap()).sum();
    assert!(deleted > 0);
    assert_eq!(before - desk.database.lines(ROWS).await.len(), deleted as usize);
    assert_eq!((&json["is_dry_run"], &json["purges"][1]["is_enabled"]), (&true.into(), &false.into()));
    assert_eq!(json["purges"][0]["account_id"], ACCOUNT_ID);
}

#[tokio::test]
async fn the_schedule_purges_by_the_policies_of_the_configuration() {
    let week = TimeDelta::days(7).to_std().unwrap();
    let world = World::of(account(), |config| config.retention.history = week).await;
    let database = filled(17).await;
    let (sender, triggers) = tokio::sync::mpsc::channel(1);
    sender.send(Trigger::Retention).await.unwrap();
    drop(sender);
    serve(Arc::new(world.another_worker(&database)), triggers).await;
    assert_eq!(database.lines(ROWS).await.len(), 5 * 6, "what ended in the last six days");
    assert_eq!(database.lines(LOG).await.len(), 5);
}

#[tokio::test]
async fn a_worker_that_is_stopped_leaves_its_purge_to_the_next_one() {
    let estate = Estate::of(1, |config| config.retention.history = TimeDelta::days(7).to_std().unwrap()).await;
    let old = format!(
        "insert into inventory.accounts values ('{0}', 'a00', now());
         insert into inventory.access_token_usage values ('{0}', 'at-1', now() - interval '8 days', 1, null, 1)",
        id(0)
    );
    estate.database.execute(&old).await;
    // Whoever is about to place a hold keeps the first batch waiting.
    let mut placing = estate.database.pool.begin().await.unwrap();
    sqlx::raw_sql("lock table inventory.legal_holds in row exclusive mode").execute(&mut *placing).await.unwrap();
    let log = Log::capture();
    let (sender, triggers) = tokio::sync::mpsc::channel(1);
    sender.send(Trigger::Retention).await.unwrap();
    let stop = async {
        wait_for_a_waiter(&estate.database).await;
        estate.stop.cancel();
    };
    tokio::join!(serve(Arc::clone(&estate.worker), triggers), stop);
    placing.rollback().await.unwrap();
    estate.database.end_sessions().await;
    assert!(log.has(&["stopped purging", "the next purge takes what is left"]), "{}", log.text());
    assert_eq!(sample_count(&estate.database).await, 1);
    assert!(estate.database.lines(LOG).await.is_empty(), "the batch that waited never was");
}
