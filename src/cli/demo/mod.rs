//! `stocktake demo`: the whole job on one machine, with nothing configured.
//!
//! An emulated cloud lives through six weeks in a few seconds, its clock and ours moved together up
//! to the present; everything else, from the signed request to the view, is what `run` does.

mod clock;
mod reports;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use chrono::TimeDelta;
use clap::Args;
use embedded_postgres::{Cluster, Options as ClusterOptions};
use emulator::{AccessKey, AccountOptions, Clock as EmulatedClock, Emulator, Fault, LifecycleRates, Options};
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use self::clock::DemoClock;
use super::{Exit, output::Output, run::stop_on_signal};
use crate::{
    clock::{Clock, SystemClock},
    config::{AccountConfig, ApiConfig, Config, CredentialsConfig, ScheduleConfig},
    inventory::Source,
    schedule::Schedule,
    source::{Environment, HttpClient},
    store::Store,
    web::{self, WebState},
    worker::{NoProgress, ScanRequest, TargetReport, Worker, serve},
};

/// The emulated account; the number stands in the API's own documentation.
pub(super) const ACCOUNT_ID: &str = "1772422852740001";
/// An example key in the form of the real ones; it opens nothing but the emulator.
pub(super) const KEY_ID: &str = "LTAI5tStocktakeDemoKeyId";
/// Its secret, as public as it is.
pub(super) const KEY_SECRET: &str = "StocktakeDemoSecretOpensNothing";

const SEED: u64 = 4;
const CODE_COUNT: usize = 120;
const DEVICE_COUNT: usize = 40;
/// Simulated time, and how often it is looked at.
const WEEKS: i64 = 6;
const SCANS_PER_DAY: i64 = 2;
const SCAN_COUNT: i64 = WEEKS * 7 * SCANS_PER_DAY;
/// More than the database and its log grow to.
const SIZE_BYTES: u64 = 512 << 20;
/// Room for one waiting trigger of each kind.
const TRIGGER_ROOM: usize = 3;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// End after the reports, without the status page
    #[arg(long)]
    once: bool,
    /// Where the status page listens; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Exit> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;

    output.say("1. starting a private PostgreSQL and an emulated Alibaba Cloud")?;
    let cluster = tokio::task::spawn_blocking(|| Cluster::start(ClusterOptions::throwaway().in_memory(SIZE_BYTES)))
        .await?
        .context("the embedded PostgreSQL does not start")?;
    let url = cluster.url(Cluster::DATABASE);
    let store = Store::connect(&url, 8).await?;
    store.migrate().await?;
    let begin = SystemClock.now() - TimeDelta::weeks(WEEKS);
    let emulator = start_emulator(begin).await?;
    let clock = Arc::new(DemoClock::new(begin));
    let config = config(&emulator.url());
    let worker = Arc::new(Worker::new(
        &HttpClient::new(&config.api)?,
        config,
        store.clone(),
        Arc::clone(&clock) as Arc<dyn Clock>,
        &Environment::of_pairs([("DEMO_KEY_ID", KEY_ID), ("DEMO_KEY_SECRET", KEY_SECRET)]),
        Arc::new(NoProgress),
        stop.clone(),
    )?);

    output.say(&format!(
        "2. living through {WEEKS} weeks: {CODE_COUNT} activation codes, {DEVICE_COUNT} MFA devices, {SCANS_PER_DAY} scans a day of each"
    ))?;
    live_through(&worker, &emulator, &clock, output, &stop).await?;
    clock.go_live();
    emulator.set_now(SystemClock.now());
    worker.scan_all(None, None, &ScanRequest::default()).await;

    output.say("3. what the inventory says now\n")?;
    let is_sound = reports::print(&store, output).await?;
    output.say(&reports::what_next(&url))?;
    if !arguments.once && !stop.is_cancelled() {
        stay(Arc::clone(&worker), &emulator, arguments.listen, output, &stop).await?;
    }
    drop(worker);
    tokio::task::spawn_blocking(move || cluster.stop()).await??;
    Ok(if is_sound { Exit::Success } else { Exit::Partial })
}

async fn start_emulator(begin: chrono::DateTime<chrono::Utc>) -> anyhow::Result<Emulator> {
    let account = AccountOptions::new(ACCOUNT_ID)
        .key(AccessKey::new(KEY_ID, KEY_SECRET))
        .generated(CODE_COUNT, DEVICE_COUNT)
        .rates(LifecycleRates::lively(CODE_COUNT, DEVICE_COUNT));
    let options = Options::new().clock(EmulatedClock::Manual(begin)).seed(SEED).account(account);
    Ok(Emulator::start(options).await?)
}

fn config(url: &str) -> Config {
    let account = AccountConfig {
        name: "demo".into(),
        id: Some(ACCOUNT_ID.into()),
        sources: Source::ALL.to_vec(),
        credentials: CredentialsConfig::Env {
            id_var: "DEMO_KEY_ID".into(),
            secret_var: "DEMO_KEY_SECRET".into(),
            token_var: None,
        },
    };
    let api = ApiConfig {
        smc_endpoint: url.into(),
        ims_endpoint: url.into(),
        sts_endpoint: url.into(),
        resourcemanager_endpoint: url.into(),
        // Weeks pass in seconds, and so do their requests.
        requests_per_second: 10_000,
        ..ApiConfig::default()
    };
    Config { accounts: vec![account], api, schedule: schedule(), ..Config::default() }
}

/// What the worker does once the weeks are over.
fn schedule() -> ScheduleConfig {
    ScheduleConfig {
        access_tokens: "0,30 * * * * *".into(),
        mfa_devices: "15,45 * * * * *".into(),
        retention: "off".into(),
    }
}

/// Moves both clocks from scan to scan, with two bad nights on the way.
async fn live_through(
    worker: &Worker,
    emulator: &Emulator,
    clock: &DemoClock,
    output: &Output,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let style = ProgressStyle::with_template("   {bar:40} {pos}/{len} scans of each listing, {msg}")?;
    let bar = output.bars().add(ProgressBar::new(SCAN_COUNT.unsigned_abs()).with_style(style));
    let begin = emulator.now();
    let step = TimeDelta::hours(24) / i32::try_from(SCANS_PER_DAY)?;
    for scan in 1..=SCAN_COUNT {
        if stop.is_cancelled() {
            break;
        }
        emulator.set_now(begin + step * i32::try_from(scan)?);
        clock.set(emulator.now());
        match scan {
            // A listing that comes back short: what was seen is kept, nothing is deleted.
            30 => drop(emulator.add_fault(Fault::rewrite(drop_half).action("ListAccessTokens").always())),
            // A permission that was taken away for a night.
            55 => drop(emulator.add_fault(
                Fault::error(403, "NoPermission", "You are not authorized.").action("ListAccessTokens").times(2),
            )),
            _ => emulator.clear_faults(),
        }
        let reports = worker.scan_all(None, None, &ScanRequest::default()).await;
        bar.set_message(bar_message(&reports, emulator));
        bar.inc(1);
    }
    bar.finish_and_clear();
    emulator.clear_faults();
    Ok(())
}

/// The second half of each answer is missing, and its `TotalCount` stays what it was.
fn drop_half(answer: &mut serde_json::Value) {
    if let Some(items) = answer.pointer_mut("/AccessTokens/AccessToken").and_then(serde_json::Value::as_array_mut) {
        let half = items.len() / 2;
        items.truncate(half);
    }
}

fn bar_message(reports: &[TargetReport], emulator: &Emulator) -> String {
    let trouble = reports.iter().filter(|report| !report.is_success()).count();
    let day = emulator.now().format("%Y-%m-%d");
    if trouble == 0 { day.to_string() } else { format!("{day}: trouble, nothing deleted") }
}

/// Goes on in real time, as `run` would, with the status page, until Ctrl-C.
async fn stay(
    worker: Arc<Worker>,
    emulator: &Emulator,
    listen: SocketAddr,
    output: &Output,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let schedule = schedule();
    let state = WebState::new(Arc::clone(&worker), Arc::new(SystemClock), schedule.clone());
    let page = web::bind(listen, state).await?;
    output.say(&format!(
        "\nthe demo goes on, two scans a minute; look at {}\nCtrl-C ends it and removes its database",
        page.url()
    ))?;
    let (sender, triggers) = tokio::sync::mpsc::channel(TRIGGER_ROOM);
    let schedule = Schedule::start(&schedule, sender).await?;
    let cloud_time = async {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = seconds.tick() => emulator.set_now(SystemClock.now()),
            }
        }
    };
    let ((), (), served) = tokio::join!(cloud_time, serve(worker, triggers), page.serve(stop.clone()));
    schedule.stop().await;
    Ok(served?)
}
