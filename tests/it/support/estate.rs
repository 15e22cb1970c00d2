//! Many accounts with keys of their own, in an emulated cloud in real time, and a worker that tells what it ends.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use emulator::{AccessKey, AccountOptions, Emulator, Fault, Options};
use stocktake::{
    clock::SystemClock,
    config::{AccountConfig, ApiConfig, Config, CredentialsConfig},
    inventory::{Source, Target},
    source::{Environment, HttpClient},
    worker::{Account, Progress, ScanRequest, TargetOutcome, TargetReport, Worker},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tracing::{
    Dispatch,
    subscriber::{DefaultGuard, NoSubscriber},
};

use super::TestDatabase;

pub(crate) struct Estate {
    pub(crate) database: TestDatabase,
    pub(crate) emulator: Emulator,
    /// The keys of every account, as its section asks for them.
    pub(crate) variables: BTreeMap<String, String>,
    config: Config,
    pub(crate) worker: Arc<Worker>,
    pub(crate) stop: CancellationToken,
    /// Every scan that ended, in the order in which they did.
    pub(crate) ended: UnboundedReceiver<(String, Source)>,
}

/// The id of the `n`th account.
pub(crate) fn id(n: usize) -> String {
    format!("19{n:014}")
}

/// What the `n`th account is called.
pub(crate) fn name(n: usize) -> String {
    format!("a{n:02}")
}

/// The `n`th account of the cloud, with a few codes and devices.
pub(crate) fn cloud_account(n: usize) -> AccountOptions {
    AccountOptions::new(id(n))
        .key(AccessKey::new(format!("LTAI5tEstate{n:02}"), format!("estate-secret-{n:02}")))
        .generated(5, 3)
}

fn variables(accounts: &[AccountOptions]) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (n, account) in accounts.iter().enumerate() {
        let key = &account.settings.keys[0];
        variables.insert(format!("KEY_ID_{n}"), key.id.clone());
        variables.insert(format!("KEY_SECRET_{n}"), key.secret.clone());
        variables.extend(key.security_token.clone().map(|token| (format!("KEY_TOKEN_{n}"), token)));
    }
    variables
}

/// The section of the `n`th account.
pub(crate) fn section(n: usize) -> AccountConfig {
    AccountConfig {
        name: name(n),
        id: Some(id(n)),
        sources: Source::ALL.to_vec(),
        credentials: CredentialsConfig::Env {
            id_var: format!("KEY_ID_{n}"),
            secret_var: format!("KEY_SECRET_{n}"),
            token_var: Some(format!("KEY_TOKEN_{n}")),
        },
    }
}

impl Estate {
    /// The first `count` accounts, each as [`cloud_account`] and [`section`] have it.
    pub(crate) async fn of(count: usize, configure: impl FnOnce(&mut Config)) -> Self {
        Self::with((0..count).map(cloud_account), configure).await
    }

    pub(crate) async fn with(
        accounts: impl IntoIterator<Item = AccountOptions>,
        configure: impl FnOnce(&mut Config),
    ) -> Self {
        let mut options = Options::new().seed(7);
        options.accounts.extend(accounts);
        let count = options.accounts.len();
        let variables = variables(&options.accounts);
        let emulator = Emulator::start(options).await.unwrap();
        let url = emulator.url();
        let api = ApiConfig {
            smc_endpoint: url.clone(),
            ims_endpoint: url.clone(),
            sts_endpoint: url.clone(),
            resourcemanager_endpoint: url,
            // Only the deadline ends what never answers.
            request_timeout: Duration::from_secs(3600),
            requests_per_second: 100_000,
            ..ApiConfig::default()
        };
        let mut config = Config { accounts: (0..count).map(section).collect(), api, ..Config::default() };
        configure(&mut config);
        let database = TestDatabase::create().await;
        let stop = CancellationToken::new();
        let (sender, ended) = unbounded_channel();
        let worker = worker(config.clone(), &database, &variables, Told(sender), stop.clone());
        Self { database, emulator, variables, config, worker: Arc::new(worker), stop, ended }
    }

    /// Another process with the same database, keys and configuration, but for what `edit` does to it.
    pub(crate) fn restart(&self, edit: impl FnOnce(&mut Config)) -> Worker {
        let mut config = self.config.clone();
        edit(&mut config);
        worker(config, &self.database, &self.variables, Told(unbounded_channel().0), CancellationToken::new())
    }

    /// Breaks an action of the `n`th account for good.
    pub(crate) fn wedge(&self, n: usize, action: &str) {
        self.emulator.add_fault(Fault::hang().account(id(n)).action(action).always());
    }

    pub(crate) fn account(&self, n: usize) -> Arc<Account> {
        let accounts = self.worker.accounts();
        accounts.into_iter().find(|account| account.name() == name(n)).unwrap()
    }

    pub(crate) async fn scan(&self, n: usize, source: Source) -> TargetReport {
        let account = self.account(n);
        in_time(Box::pin(self.worker.scan(&account, source, &ScanRequest::default()))).await
    }

    /// Scans everything and expects it to be complete.
    pub(crate) async fn sync(&self) {
        for report in self.worker.scan_all(None, None, &ScanRequest::default()).await {
            assert!(report.is_success(), "{:?}", report.failure_line());
        }
    }

    /// Waits until the scan of the `n`th account's `source` has ended.
    pub(crate) async fn wait_for_end(&mut self, n: usize, source: Source) {
        let wanted = (id(n), source);
        in_time(async { while self.ended.recv().await.expect("the worker lives") != wanted {} }).await;
    }
}

fn worker(
    config: Config,
    database: &TestDatabase,
    variables: &BTreeMap<String, String>,
    progress: Told,
    stop: CancellationToken,
) -> Worker {
    let environment = Environment::of_pairs(variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let http = HttpClient::new(&config.api).unwrap();
    Worker::new(&http, config, database.store.clone(), Arc::new(SystemClock), &environment, Arc::new(progress), stop)
        .unwrap()
}

/// Fails a test that would wait for ever.
async fn in_time<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), wait).await.expect("what the test waits for comes")
}

/// The ledger's words on a report: outcome and error code.
pub(crate) fn words(report: &TargetReport) -> (&'static str, &str) {
    let code = match &report.outcome {
        TargetOutcome::Recorded(applied) => applied.trouble.as_ref().map(|trouble| trouble.code.as_str()),
        TargetOutcome::Busy => None,
        TargetOutcome::Unrecorded(trouble) => Some(trouble.code.as_str()),
    };
    (report.word(), code.unwrap_or_default())
}

/// Tells of each scan that ended.
struct Told(UnboundedSender<(String, Source)>);

impl Progress for Told {
    fn begin(&self, _: &Target, _: &str) {}
    fn observe(&self, _: &Target, _: usize) {}
    fn end(&self, target: &Target, _: &str) {
        // A test may be past listening.
        let _ = self.0.send((target.account_id.clone(), target.source));
    }
}

/// The lines that this thread logs, while it lives.
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<u8>>>,
    _guard: DefaultGuard,
    /// With one subscriber alone, an event that another test's thread meets first, which has none, is off for all.
    _other: Dispatch,
}

impl Log {
    pub(crate) fn capture() -> Self {
        let lines = Arc::<Mutex<Vec<u8>>>::default();
        let writer = Arc::clone(&lines);
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || LineWriter(Arc::clone(&writer))).finish();
        let _other = Dispatch::new(NoSubscriber::default());
        Self { lines, _guard: tracing::subscriber::set_default(subscriber), _other }
    }

    /// Whether a line holds all of `words`.
    pub(crate) fn has(&self, words: &[&str]) -> bool {
        self.text().lines().any(|line| words.iter().all(|word| line.contains(word)))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.lines.lock().unwrap().clone()).unwrap()
    }
}

struct LineWriter(Arc<Mutex<Vec<u8>>>);

impl io::Write for LineWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
