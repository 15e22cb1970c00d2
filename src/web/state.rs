//! What the handlers need: the worker, its clock and its schedule.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};

use super::targets::ConfiguredTarget;
use crate::{
    clock::Clock,
    config::ScheduleConfig,
    inventory::Source,
    schedule::next_tick,
    source::RequestCounts,
    store::Store,
    worker::{Account, Worker},
};

/// What is served from.
#[derive(Clone)]
pub struct WebState {
    worker: Arc<Worker>,
    clock: Arc<dyn Clock>,
    schedule: ScheduleConfig,
}

impl WebState {
    /// Serves what `worker` keeps; `schedule` says when its next ticks are, by `clock`.
    pub fn new(worker: Arc<Worker>, clock: Arc<dyn Clock>, schedule: ScheduleConfig) -> Self {
        Self { worker, clock, schedule }
    }

    pub(super) fn store(&self) -> &Store {
        self.worker.store()
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The targets of the configuration, scanned or not.
    pub(super) fn configured_targets(&self, now: DateTime<Utc>) -> Vec<ConfiguredTarget> {
        let targets_of = |account: &Account| {
            let (name, id) = (account.name().to_owned(), account.configured_id().map(str::to_owned));
            let target = move |source: &Source| ConfiguredTarget {
                account_name: name.clone(),
                account_id: id.clone(),
                source: *source,
                next_tick_at: next_tick(self.expression(*source), now),
            };
            account.sources().iter().map(target).collect::<Vec<_>>()
        };
        self.worker.accounts().iter().flat_map(|account| targets_of(account)).collect()
    }

    /// The requests of each account since the process began, by its label.
    pub(super) fn request_counts(&self) -> Vec<(String, RequestCounts)> {
        let counts_of = |account: &Account| (account.name().to_owned(), account.client().request_counts());
        self.worker.accounts().iter().map(|account| counts_of(account)).collect()
    }

    fn expression(&self, source: Source) -> &str {
        match source {
            Source::AccessTokens => &self.schedule.access_tokens,
            Source::MfaDevices => &self.schedule.mfa_devices,
        }
    }
}

impl fmt::Debug for WebState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebState").field("schedule", &self.schedule).finish_non_exhaustive()
    }
}
