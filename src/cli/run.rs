//! `stocktake run`: the worker, until it is told to stop.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{
    Exit,
    context::{Context, require_accounts},
};
use crate::{
    clock::SystemClock,
    config::Config,
    schedule::{Schedule, Trigger},
    web::{self, WebState},
    worker::{NoProgress, Worker, keep_policies, serve},
};

/// Room for one waiting trigger of each kind.
const TRIGGER_ROOM: usize = 3;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Scan every target once at the start, before the first tick
    #[arg(long)]
    sync_at_start: bool,
}

pub(super) async fn run(config: Option<&Path>, arguments: &Arguments) -> anyhow::Result<Exit> {
    let (context, http) = Context::open_for_work(config).await?;
    require_accounts(&context.config)?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let worker = Arc::new(context.worker(&http, Arc::new(NoProgress), stop.clone())?);
    worker.recall_members().await?;
    let accounts = worker.accounts();
    let kept: Vec<_> =
        accounts.iter().flat_map(|account| account.sources().iter().map(|source| (account.name(), *source))).collect();
    context.store.unschedule_others(&kept).await?;
    keep_policies(&context.config, &context.store).await?;

    let page = serve_page(&context.config, &worker, stop.clone()).await?;
    let (sender, triggers) = tokio::sync::mpsc::channel(TRIGGER_ROOM);
    if arguments.sync_at_start {
        for source in crate::inventory::Source::ALL {
            sender.send(Trigger::Scan(source)).await?;
        }
    }
    let schedule = Schedule::start(&context.config.schedule, sender).await?;
    info!("the worker runs; stop it with Ctrl-C or SIGTERM");
    serve(worker, triggers).await;
    schedule.stop().await;
    if let Some(page) = page {
        page.await.context("the status page panicked")?;
    }
    context.close().await?;
    info!("stopped");
    Ok(Exit::Success)
}

/// Serves the status page until `stop`; `None` where `http.listen` is `off`.
async fn serve_page(
    config: &Config,
    worker: &Arc<Worker>,
    stop: CancellationToken,
) -> anyhow::Result<Option<tokio::task::JoinHandle<()>>> {
    let Some(listen) = config.http.address() else { return Ok(None) };
    let state = WebState::new(Arc::clone(worker), Arc::new(SystemClock), config.schedule.clone());
    let page = web::bind(listen, state).await?;
    info!("the status page is at {}", page.url());
    Ok(Some(tokio::spawn(async move {
        // The worker goes on without its page.
        if let Err(trouble) = page.serve(stop).await {
            error!("{trouble}");
        }
    })))
}

/// Cancels `stop` at the first SIGINT or SIGTERM; a second one ends the program at once.
pub(super) fn stop_on_signal(stop: CancellationToken) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.cancel();
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        // What was not applied is not in the database; what was is whole.
        std::process::exit(130);
    });
    Ok(())
}
