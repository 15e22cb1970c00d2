//! The handle: starts the emulator, lets tests edit and read it, and stops it when dropped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::account::{Account, AccountSettings};
use crate::fault::{Fault, FaultId};
use crate::inventory::Inventory;
use crate::lifecycle::Event;
use crate::local::Instance;
use crate::options::Options;
use crate::request_log::RequestRecord;
use crate::server::{self, Hub};
use crate::state::State;

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is not free, or not of this host.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system gives no threads.
    #[error("cannot start the emulator's threads")]
    Threads(#[source] std::io::Error),
    /// An account id or access key id is there twice.
    #[error("{0} is given to two accounts")]
    Ambiguous(String),
}

/// A running emulated cloud.
///
/// It has threads of its own, so a blocked or paused test runtime does not stop it. Dropping it closes every connection.
/// If its server or a closure given to it has panicked, dropping it panics too: a test cannot pass over it.
#[derive(Debug)]
pub struct Emulator {
    hub: Arc<Hub>,
    address: SocketAddr,
    server: JoinHandle<()>,
    _threads: Threads,
}

impl Emulator {
    /// Starts listening and answering.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        check_unique(&options)?;
        let threads = Threads::start().map_err(StartError::Threads)?;
        let address = options.listen;
        let failed = |source| StartError::Listen { address, source };
        let bound = threads.runtime().spawn(TcpListener::bind(address)).await;
        let listener = bound.unwrap_or_else(|panic| Err(std::io::Error::other(panic))).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let hub = Arc::new(Hub::new(State::new(options)));
        let server = threads.runtime().spawn(server::serve(listener, Arc::clone(&hub)));
        Ok(Self { hub, address, server, _threads: threads })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The emulated time.
    pub fn now(&self) -> DateTime<Utc> {
        self.hub.state().clock.now()
    }

    /// Sets the emulated time; what is due by then happens, and nothing that happened is undone by going back.
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.hub.state().set_now(now);
    }

    /// Moves the emulated time on, and lets everything due happen.
    pub fn advance(&self, by: TimeDelta) {
        let mut state = self.hub.state();
        let now = state.clock.now() + by;
        state.set_now(now);
    }

    /// Reads or edits an account's inventory, in which everything due by now has happened.
    ///
    /// # Panics
    /// If there is no such account.
    pub fn with_account<R>(&self, account: &str, edit: impl FnOnce(&mut Inventory) -> R) -> R {
        self.with(account, |account| edit(&mut account.inventory))
    }

    /// Reads or changes an account's keys, permissions and behaviour. New rates count from the next emulated hour.
    ///
    /// # Panics
    /// If there is no such account.
    pub fn with_settings<R>(&self, account: &str, edit: impl FnOnce(&mut AccountSettings) -> R) -> R {
        self.with(account, |account| edit(&mut account.settings))
    }

    /// Exchanges the ECS instance that the metadata service speaks for.
    pub fn set_instance(&self, instance: Option<Instance>) {
        self.hub.state().instance = instance;
    }

    /// Where a program would hand out sessions of an account's role, for `ALIBABA_CLOUD_CREDENTIALS_URI`.
    pub fn credentials_uri(&self, account: &str, role: &str) -> String {
        format!("{}/credentials/{account}/{role}", self.url())
    }

    /// The truth about what happened in an account by itself: edits by the test are not in it. In the order of time.
    ///
    /// # Panics
    /// If there is no such account.
    pub fn events(&self, account: &str) -> Vec<Event> {
        self.with(account, |account| account.lifecycle.events().to_vec())
    }

    /// Adds a fault after those that are there.
    pub fn add_fault(&self, fault: Fault) -> FaultId {
        self.hub.state().faults.add(fault)
    }

    /// How many requests a fault has struck; none once the faults were cleared.
    pub fn fault_count(&self, fault: FaultId) -> u64 {
        self.hub.state().faults.struck_count(fault)
    }

    /// How many faults have not struck as often as they should.
    pub fn waiting_fault_count(&self) -> usize {
        self.hub.state().faults.waiting_count()
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.hub.state().faults.clear();
    }

    /// The last requests, the oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.hub.state().log.records()
    }

    /// How many requests there were, remembered or not.
    pub fn request_count(&self) -> u64 {
        self.hub.state().log.total()
    }

    /// How many requests of an action there were, remembered or not.
    pub fn request_count_of(&self, action: &str) -> u64 {
        self.hub.state().log.count_of(action)
    }

    /// Forgets all requests and their counts.
    pub fn clear_requests(&self) {
        self.hub.clear_requests();
    }

    /// Waits until there were this many requests, counting hanging and dropped ones.
    pub async fn wait_for_requests(&self, count: u64) {
        let mut request_count = self.hub.request_count();
        request_count.wait_for(|&now| now >= count).await.expect("the hub outlives its handle");
    }

    /// Why the emulator is not to be trusted any more, if it is not; asking takes the blame from the drop.
    pub fn take_failure(&self) -> Option<String> {
        let died = self.server.is_finished().then(|| "the server's task ended".to_owned());
        self.hub.take_failure().or(died)
    }

    fn with<R>(&self, account: &str, work: impl FnOnce(&mut Account) -> R) -> R {
        let mut state = self.hub.state();
        let now = state.clock.now();
        let found = state.account_mut(account).unwrap_or_else(|| panic!("the emulator has no account {account}"));
        found.live_until(now);
        work(found)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(failure) = self.take_failure()
            && !std::thread::panicking()
        {
            panic!("the emulator failed: {failure}");
        }
    }
}

/// A runtime that may be dropped anywhere.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Threads {
    fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("emulator").enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    fn runtime(&self) -> &Runtime {
        self.0.as_ref().expect("the runtime is taken only when dropped")
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for a runtime to end is forbidden inside another one, and not waiting would leave the port in use.
        let runtime = self.0.take();
        let end = std::thread::spawn(move || runtime.map(|runtime| runtime.shutdown_timeout(Duration::from_secs(1))));
        if end.join().is_err() {
            tracing::error!("the emulator's threads did not end");
        }
    }
}

fn check_unique(options: &Options) -> Result<(), StartError> {
    let mut seen = std::collections::HashSet::new();
    let ids = options.accounts.iter().map(|account| &account.id);
    let keys = options.accounts.iter().flat_map(|account| &account.settings.keys).map(|key| &key.id);
    match ids.chain(keys).find(|id| !seen.insert(id.as_str())) {
        Some(id) => Err(StartError::Ambiguous(id.clone())),
        None => Ok(()),
    }
}
