//! `stocktake run`: the worker, until it is told to stop.

use std::{path::Path, sync::Arc};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{
    Exit,
    context::{Context, require_accounts},
};
use crate::{
    schedule::{Schedule, Trigger},
    worker::{NoProgress, serve},
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
    let context = Context::open_migrated(config).await?;
    require_accounts(&context.config)?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let worker = Arc::new(context.worker(Arc::new(NoProgress), stop.clone())?);
    let kept: Vec<_> = worker
        .accounts()
        .iter()
        .flat_map(|account| account.sources().iter().map(|source| (account.name(), *source)))
        .collect();
    context.store.unschedule_others(&kept).await?;

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
    context.close().await?;
    info!("stopped");
    Ok(Exit::Success)
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
