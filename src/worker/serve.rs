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

use super::{Account, ScanRequest, Worker};
use crate::{inventory::Source, schedule::Trigger};

/// Runs what the triggers ask for until the worker is stopped, then waits for what is under way.
///
/// A trigger whose last run has not ended is skipped: the next tick comes. A run that panics is
/// logged and harms no other.
pub async fn serve(worker: Arc<Worker>, mut triggers: Receiver<Trigger>) {
    let runs = Runs { worker, tasks: TaskTracker::new(), running: Arc::default() };
    // The page should show who is a member before the first tick.
    runs.begin_listings(None);
    loop {
        let trigger = tokio::select! {
            biased;
            () = runs.worker.stop.cancelled() => break,
            trigger = triggers.recv() => match trigger {
                Some(trigger) => trigger,
                None => break,
            },
        };
        match trigger {
            Trigger::Scan(source) => {
                runs.begin_scans(source, runs.worker.sections.clone());
                runs.begin_listings(Some(source));
            }
            Trigger::Retention => {
                let worker = Arc::clone(&runs.worker);
                runs.begin("retention".into(), async move { worker.run_retention().await });
            }
        }
    }
    info!("stopping: no new work; waiting for what is under way");
    runs.tasks.close();
    runs.tasks.wait().await;
}

/// What runs now, each thing once.
#[derive(Clone)]
struct Runs {
    worker: Arc<Worker>,
    tasks: TaskTracker,
    running: Arc<Mutex<HashSet<String>>>,
}

impl Runs {
    /// Scans `source` of each of `accounts` that keeps it.
    fn begin_scans(&self, source: Source, accounts: Vec<Arc<Account>>) {
        for account in accounts.into_iter().filter(|account| account.sources().contains(&source)) {
            let worker = Arc::clone(&self.worker);
            // An account that is slow or broken must not delay the others: each has a task of its own.
            self.begin(format!("{} {source}", account.name()), async move { worker.run_scan(&account, source).await });
        }
    }

    /// Lists the members of each organization that keeps `source`, then scans its accounts, those of a failed listing too.
    fn begin_listings(&self, source: Option<Source>) {
        for organization in &self.worker.organizations {
            if source.is_some_and(|source| !organization.sources().contains(&source)) {
                continue;
            }
            let (runs, organization) = (self.clone(), Arc::clone(organization));
            let tick = source.map_or_else(|| "start".to_owned(), |source| source.to_string());
            self.begin(format!("{} members for {tick}", organization.name()), async move {
                if let Err(trouble) = runs.worker.list_members_of(&organization, false).await {
                    warn!("{}", trouble.line());
                }
                if let Some(source) = source
                    && !runs.worker.stop.is_cancelled()
                {
                    runs.begin_scans(source, runs.worker.accounts_of(&organization));
                }
            });
        }
    }

    /// Runs `run` in a task of its own, unless its last run has not ended.
    fn begin(&self, name: String, run: impl Future<Output = ()> + Send + 'static) {
        let Some(turn) = Turn::take(&self.running, &name) else {
            info!("{name}: skipped a tick: the run before it has not ended");
            return;
        };
        self.tasks.spawn(async move {
            let _turn = turn;
            if AssertUnwindSafe(run).catch_unwind().await.is_err() {
                error!("{name}: the run panicked; the next tick tries again");
            }
        });
    }
}

impl Worker {
    async fn run_scan(&self, account: &Account, source: Source) {
        let report = self.scan(account, source, &ScanRequest::default()).await;
        match report.failure_line() {
            None => info!("{} {source}: {}", account.name(), report.summary()),
            Some(line) => warn!("{line}"),
        }
    }
}

/// The right to run one thing, given back when dropped.
struct Turn {
    running: Arc<Mutex<HashSet<String>>>,
    name: String,
}

impl Turn {
    fn take(running: &Arc<Mutex<HashSet<String>>>, name: &str) -> Option<Self> {
        let is_free = running.lock().expect("no code panics while it holds the set").insert(name.to_owned());
        is_free.then(|| Self { running: Arc::clone(running), name: name.to_owned() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.running.lock().expect("no code panics while it holds the set").remove(&self.name);
    }
}
