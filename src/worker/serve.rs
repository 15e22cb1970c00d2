//! The loop of `stocktake run`: a trigger comes, the scans it means are run, until the stop.

use std::{
    collections::HashSet,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
};

use futures::FutureExt;
use tokio::sync::mpsc::Receiver;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use super::{ScanRequest, Worker};
use crate::{inventory::Source, schedule::Trigger};

/// Runs what the triggers ask for until the worker is stopped, then waits for what is under way.
///
/// A trigger whose last run has not ended is skipped: the next tick comes. A run that panics is
/// logged and harms no other.
pub async fn serve(worker: Arc<Worker>, mut triggers: Receiver<Trigger>) {
    let tasks = TaskTracker::new();
    let running: Arc<Mutex<HashSet<(usize, Trigger)>>> = Arc::default();
    loop {
        let trigger = tokio::select! {
            biased;
            () = worker.stop.cancelled() => break,
            trigger = triggers.recv() => match trigger {
                Some(trigger) => trigger,
                None => break,
            },
        };
        let accounts = match trigger {
            // An account that is slow or broken must not delay the others: each has a task of its own.
            Trigger::Scan(_) => worker.accounts.len(),
            Trigger::Retention => 1,
        };
        for index in 0..accounts {
            let Some(turn) = Turn::take(&running, (index, trigger)) else {
                info!(?trigger, "skipped a tick: the run before it has not ended");
                continue;
            };
            let worker = Arc::clone(&worker);
            tasks.spawn(async move {
                let _turn = turn;
                let run = AssertUnwindSafe(worker.run_trigger(trigger, index)).catch_unwind();
                if run.await.is_err() {
                    error!(?trigger, "a run panicked; the next tick tries again");
                }
            });
        }
    }
    info!("stopping: no new work; waiting for what is under way");
    tasks.close();
    tasks.wait().await;
}

impl Worker {
    async fn run_trigger(&self, trigger: Trigger, account_index: usize) {
        match trigger {
            Trigger::Scan(source) => self.run_scan(source, account_index).await,
            Trigger::Retention => self.run_retention().await,
        }
    }

    async fn run_scan(&self, source: Source, account_index: usize) {
        let account = &self.accounts[account_index];
        if account.sources().contains(&source) {
            let report = self.scan(account, source, &ScanRequest::default()).await;
            match report.failure_line() {
                None => info!("{} {source}: {}", account.name(), report.summary()),
                Some(line) => warn!("{line}"),
            }
        }
    }

    async fn run_retention(&self) {
        let cutoff = self.clock.now() - self.config.retention.history;
        match self.store.purge(cutoff, false, &*self.clock).await {
            Ok(purges) => {
                let deleted_count: u64 = purges.iter().map(|purge| purge.deleted_count).sum();
                info!(deleted.count = deleted_count, "purged {deleted_count} rows that ended before {cutoff}");
            }
            Err(error) => error!(
                "retention failed: {error}; what was purged is in reporting.retention_log, the next tick goes on"
            ),
        }
    }
}

/// The right to run one trigger of one account, given back when dropped.
struct Turn {
    running: Arc<Mutex<HashSet<(usize, Trigger)>>>,
    key: (usize, Trigger),
}

impl Turn {
    fn take(running: &Arc<Mutex<HashSet<(usize, Trigger)>>>, key: (usize, Trigger)) -> Option<Self> {
        let is_free = running.lock().expect("no code panics while it holds the set").insert(key);
        is_free.then(|| Self { running: Arc::clone(running), key })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.running.lock().expect("no code panics while it holds the set").remove(&self.key);
    }
}
