//! An emulated cloud, a database and a worker between them, on clocks that move together.

use std::sync::Arc;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use emulator::{
    AccessKey, AccountOptions, Clock as EmulatedClock, Emulator, Fault, Inventory, LifecycleRates, Options,
};
use stocktake::{
    clock::{Clock, ManualClock, SystemClock},
    config::{AccountConfig, ApiConfig, Config, CredentialsConfig},
    inventory::Source,
    source::{Environment, HttpClient},
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
    pub(crate) config: Config,
}

impl World {
    /// One account that owns nothing yet.
    pub(crate) async fn empty() -> Self {
        Self::of(account(), |_| {}).await
    }

    /// One account as `account` describes it, with the configuration changed by `configure`.
    pub(crate) async fn of(account: AccountOptions, configure: impl FnOnce(&mut Config)) -> Self {
        Self::at(instant("2026-06-01T08:00:00Z"), account, configure).await
    }

    /// The same, whose clocks begin at `begin`: for views that compare with the database's own `now()`.
    pub(crate) async fn at(begin: DateTime<Utc>, account: AccountOptions, configure: impl FnOnce(&mut Config)) -> Self {
        Self::of_accounts(begin, [account], configure).await
    }

    /// A cloud with several accounts; the configuration begins with one of its own.
    pub(crate) async fn of_accounts(
        begin: DateTime<Utc>,
        accounts: impl IntoIterator<Item = AccountOptions>,
        configure: impl FnOnce(&mut Config),
    ) -> Self {
        let database = TestDatabase::create().await;
        let mut options = Options::new().clock(EmulatedClock::Manual(begin)).seed(7);
        options.accounts.extend(accounts);
        let emulator = Emulator::start(options).await.unwrap();
        let clock = ManualClock::new(begin);
        let mut config = config(&emulator.url());
        configure(&mut config);
        let worker = worker(&config, &database, &clock, &keys());
        Self { database, emulator, clock, worker, config }
    }

    /// The same world, whose worker writes to another database from now on.
    pub(crate) fn on(mut self, database: &TestDatabase) -> Self {
        self.worker = worker(&self.config, database, &self.clock, &keys());
        self
    }

    /// A second worker of the same configuration.
    pub(crate) fn another_worker(&self, database: &TestDatabase) -> Worker {
        worker(&self.config, database, &self.clock, &keys())
    }

    /// A second worker, which reaches the cloud elsewhere.
    pub(crate) fn worker_at(&self, url: &str) -> Worker {
        let mut config = self.config.clone();
        config.api.smc_endpoint = url.into();
        worker(&config, &self.database, &self.clock, &keys())
    }

    /// Starts the worker anew, which then finds these variables and gets the first account's keys like this.
    pub(crate) fn restart(&mut self, credentials: CredentialsConfig, environment: &Environment) {
        self.config.accounts[0].credentials = credentials;
        self.worker = worker(&self.config, &self.database, &self.clock, environment);
    }

    /// The same world, whose worker is configured otherwise from now on.
    pub(crate) fn reconfigure(&mut self, configure: impl FnOnce(&mut Config)) {
        configure(&mut self.config);
        self.worker = worker(&self.config, &self.database, &self.clock, &keys());
    }

    /// Three weeks up to the present of a busy account, with a failed scan.
    pub(crate) async fn grown() -> Self {
        let account = account().generated(60, 40).rates(LifecycleRates::lively(60, 40));
        let world = Self::at(present() - TimeDelta::days(22), account, |_| {}).await;
        world.scan_both().await;
        for day in 0..7 {
            world.advance(TimeDelta::days(3));
            if day == 3 {
                world.emulator.add_fault(Fault::error(403, "NoPermission", "You are not authorized.").always());
                assert!(!world.scan(Source::AccessTokens).await.is_success());
                world.emulator.clear_faults();
            }
            world.scan_both().await;
        }
        world
    }

    /// The same, with a legal hold, a purge and what it left.
    pub(crate) async fn lived_in() -> Self {
        let world = Box::pin(Self::grown()).await;
        // Of what was closed first: a purge of anything has to pass it over.
        let hold = "
            insert into inventory.legal_holds (account_id, dataset, object_id, reason, placed_by, placed_at)
            select account_id, 'access-tokens', access_token_id, 'case 7', 'auditor', now()
            from inventory.access_token_history
            order by valid_to_at, access_token_id
            limit 1";
        world.database.execute(hold).await;
        let cutoff = world.clock.now() - TimeDelta::days(14);
        for is_dry_run in [true, false] {
            world.database.purge(cutoff, is_dry_run).await;
        }
        world
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

fn keys() -> Environment {
    Environment::of_pairs([("TEST_KEY_ID", "LTAI5tTest"), ("TEST_KEY_SECRET", "test-secret")])
}

fn worker(config: &Config, database: &TestDatabase, clock: &ManualClock, environment: &Environment) -> Worker {
    Worker::new(
        &HttpClient::new(&config.api).unwrap(),
        config.clone(),
        database.store.clone(),
        Arc::new(clock.clone()),
        environment,
        Arc::new(NoProgress),
        CancellationToken::new(),
    )
    .unwrap()
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
        resourcemanager_endpoint: url.into(),
        requests_per_second: 100_000,
        ..ApiConfig::default()
    };
    Config { accounts: vec![account], api, ..Config::default() }
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The machine's own time, to the second that the API's answers keep.
pub(crate) fn present() -> DateTime<Utc> {
    SystemClock.now().duration_trunc(TimeDelta::seconds(1)).unwrap()
}
