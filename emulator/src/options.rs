//! How to start an emulator, as plain builders.

use std::net::{Ipv4Addr, SocketAddr};

use crate::account::{AccessKey, AccountSettings, Member};
use crate::api::{CodeOrder, Paging};
use crate::clock::Clock;
use crate::inventory::Inventory;
use crate::lifecycle::LifecycleRates;
use crate::local::Instance;
use crate::role::Role;

/// Enough for any test to read back, little enough that a forgotten emulator does not grow.
const DEFAULT_REQUEST_LOG_LIMIT: usize = 10_000;

/// Everything an emulator starts with.
#[derive(Debug)]
pub struct Options {
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// What the emulated time follows.
    pub clock: Clock,
    /// The seed of every random choice: datasets, lifecycle, request ids.
    pub seed: u64,
    /// The accounts; keys must be unique across them.
    pub accounts: Vec<AccountOptions>,
    /// The ECS instance that the metadata service speaks for; without one it knows no role.
    pub instance: Option<Instance>,
    /// How many requests are remembered, the oldest forgotten first; 0 remembers none (they are still counted).
    pub request_log_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Clock::Real,
            seed: 0,
            accounts: Vec::new(),
            instance: None,
            request_log_limit: DEFAULT_REQUEST_LOG_LIMIT,
        }
    }
}

impl Options {
    /// A real clock on a free loopback port, without accounts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens here.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Follows this clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Seeds every random choice.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Adds an account.
    pub fn account(mut self, account: AccountOptions) -> Self {
        self.accounts.push(account);
        self
    }

    /// Answers as the metadata service of this instance.
    pub fn instance(mut self, instance: Instance) -> Self {
        self.instance = Some(instance);
        self
    }

    /// Remembers this many requests.
    pub fn request_log_limit(mut self, limit: usize) -> Self {
        self.request_log_limit = limit;
        self
    }
}

/// One account and what it owns at the start.
#[derive(Debug)]
pub struct AccountOptions {
    /// The numeric account id.
    pub id: String,
    /// Keys, permissions and behaviour, all of which may change later.
    pub settings: AccountSettings,
    /// What the account owns.
    pub stock: Stock,
}

/// Where an account's first inventory comes from.
#[derive(Debug)]
pub enum Stock {
    /// Given.
    Given(Box<Inventory>),
    /// Generated at the start, from the emulator's seed and clock.
    Generated {
        /// The number of activation codes.
        token_count: usize,
        /// The number of MFA devices.
        device_count: usize,
    },
}

impl AccountOptions {
    /// An account that owns nothing and has no key yet.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), settings: AccountSettings::default(), stock: Stock::Given(Box::default()) }
    }

    /// Adds a key.
    pub fn key(mut self, key: AccessKey) -> Self {
        self.settings.keys.push(key);
        self
    }

    /// Adds a role.
    pub fn role(mut self, role: Role) -> Self {
        self.settings.roles.push(role);
        self
    }

    /// Adds a token that an identity provider, by its ARN, has issued.
    pub fn oidc_token(mut self, provider: impl Into<String>, token: impl Into<String>) -> Self {
        self.settings.oidc_tokens.entry(provider.into()).or_default().insert(token.into());
        self
    }

    /// Manages a resource directory of these members.
    pub fn directory(mut self, members: impl IntoIterator<Item = Member>) -> Self {
        self.settings.directory = Some(members.into_iter().collect());
        self
    }

    /// Denies an action.
    pub fn deny(mut self, action: impl Into<String>) -> Self {
        self.settings.denied_actions.insert(action.into());
        self
    }

    /// Starts with this inventory.
    pub fn inventory(mut self, inventory: Inventory) -> Self {
        self.stock = Stock::Given(Box::new(inventory));
        self
    }

    /// Starts with a generated inventory of this size.
    pub fn generated(mut self, token_count: usize, device_count: usize) -> Self {
        self.stock = Stock::Generated { token_count, device_count };
        self
    }

    /// Treats paging parameters like this.
    pub fn paging(mut self, paging: Paging) -> Self {
        self.settings.paging = paging;
        self
    }

    /// Lists codes in this order.
    pub fn code_order(mut self, order: CodeOrder) -> Self {
        self.settings.code_order = order;
        self
    }

    /// Puts at most so many items on a page of either listing.
    pub fn page_limit(mut self, item_count: usize) -> Self {
        self.settings.page_limit = item_count;
        self
    }

    /// Whether the echoed page size and number change places.
    pub fn swapped_echo(mut self, swapped: bool) -> Self {
        self.settings.swapped_echo = swapped;
        self
    }

    /// Lives at these rates while time passes.
    pub fn rates(mut self, rates: LifecycleRates) -> Self {
        self.settings.rates = rates;
        self
    }
}
