//! An emulated cloud, a database and a worker between them, on clocks that move together.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use emulator::{AccessKey, AccountOptions, Clock as EmulatedClock, Emulator, Inventory, Options};
use stocktake::{
    clock::ManualClock,
    config::{AccountConfig, ApiConfig, Config, CredentialsConfig},
    inventory::Source,
    source::Environment,
    worker::{NoProgress, ScanRequest, TargetOutcome, TargetReport, Worker},
};
use tokio_util::sync::CancellationToken;

use super::TestDatabase;

pub(crate) const ACCOUNT_ID: &str = "1772422852740001";

/// Everything that a scan needs, all of it real.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) emulator: Emulator,
    pub(crate) clock: ManualClock,
    pub(crate) worker: Worker,
}

impl World {
    /// One account that owns nothing yet.
    pub(crate) async fn empty() -> Self {
        Self::of(account(), |_| {}).await
    }

    /// One account as `account` describes it, with the configuration changed by `configure`.
    pub(crate) async fn of(account: AccountOptions, configure: impl FnOnce(&mut Config)) -> Self {
        let database = TestDatabase::create().await;
        let begin = instant("2026-06-01T08:00:00Z");
        let options = Options::new().clock(EmulatedClock::Manual(begin)).seed(7).account(account);
        let emulator = Emulator::start(options).await.unwrap();
        let clock = ManualClock::new(begin);
        let mut config = config(&emulator.url());
        configure(&mut config);
        let worker = Worker::new(
            config,
            database.store.clone(),
            Arc::new(clock.clone()),
            &Environment::of_pairs([("TEST_KEY_ID", "LTAI5tTest"), ("TEST_KEY_SECRET", "test-secret")]),
            Arc::new(NoProgress),
            CancellationToken::new(),
        )
        .unwrap();
        Self { database, emulator, clock, worker }
    }

    /// Lets time pass in the cloud and here.
    pub(crate) fn advance(&self, step: TimeDelta) {
        self.emulator.advance(step);
        self.clock.set(self.emulator.now());
    }

    pub(crate) fn edit<R>(&self, edit: impl FnOnce(&mut Inventory) -> R) -> R {
        self.emulator.with_account(ACCOUNT_ID, edit)
    }

    pub(crate) async fn scan(&self, source: Source) -> TargetReport {
        self.scan_with(source, &ScanRequest::default()).await
    }

    pub(crate) async fn scan_with(&self, source: Source, request: &ScanRequest) -> TargetReport {
        self.advance(TimeDelta::seconds(1));
        self.worker.scan(&self.worker.accounts()[0], source, request).await
    }

    /// Scans and expects a complete result.
    pub(crate) async fn scan_whole(&self, source: Source) -> TargetReport {
        let report = self.scan(source).await;
        assert!(report.is_success(), "{:?}", report.failure_line());
        report
    }

    pub(crate) async fn scan_both(&self) {
        for source in Source::ALL {
            self.scan_whole(source).await;
        }
    }
}

/// What was applied, or a panic that says why nothing was.
pub(crate) fn applied(report: &TargetReport) -> &stocktake::store::Applied {
    match &report.outcome {
        TargetOutcome::Recorded(applied) => applied,
        other => panic!("not recorded: {other:?}"),
    }
}

pub(crate) fn account() -> AccountOptions {
    AccountOptions::new(ACCOUNT_ID).key(AccessKey::new("LTAI5tTest", "test-secret"))
}

fn config(url: &str) -> Config {
    let account = AccountConfig {
        name: "prod".into(),
        id: Some(ACCOUNT_ID.into()),
        sources: Source::ALL.to_vec(),
        credentials: CredentialsConfig::Env {
            id_var: "TEST_KEY_ID".into(),
            secret_var: "TEST_KEY_SECRET".into(),
            token_var: None,
        },
    };
    let api = ApiConfig {
        smc_endpoint: url.into(),
        ims_endpoint: url.into(),
        sts_endpoint: url.into(),
        requests_per_second: 100_000,
        ..ApiConfig::default()
    };
    Config { accounts: vec![account], api, ..Config::default() }
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
