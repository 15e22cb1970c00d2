//! How the world of an episode is set up: what the cloud does with paging, how the worker is configured.

use emulator::{AccessKey, AccountOptions, CodeOrder, LifecycleRates, Paging as CloudPaging};
use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use stocktake::{
    config::{AccountConfig, ApiConfig, Config, CredentialsConfig, Paging, ScanConfig},
    inventory::Source,
    source::Environment,
};

use crate::truth::Truth;

pub(crate) const ACCOUNT_ID: &str = "1772422852740001";
const KEY_ID: &str = "LTAI5tSimulation";
const KEY_SECRET: &str = "simulated-secret";

/// What the emulator answers where no page size is asked for.
const DEFAULT_PAGE_SIZE: usize = 20;

/// The dice of one episode, thrown at its beginning.
#[derive(Debug)]
pub(crate) struct Setting {
    cloud_paging: CloudPaging,
    code_order: CodeOrder,
    page_limit: usize,
    pub(crate) scan: ScanConfig,
    /// With more than one attempt only faults are thrown that are tried again at once.
    pub(crate) max_attempts: u32,
    pub(crate) code_count: usize,
    pub(crate) device_count: usize,
    pub(crate) scan_count: usize,
}

impl Setting {
    pub(crate) fn draw(rng: &mut ChaCha8Rng) -> Self {
        let cloud_paging = match rng.random_range(0..10) {
            0..=5 => CloudPaging::Honoured,
            6 => CloudPaging::IgnoredAll,
            7 => CloudPaging::IgnoredFirst(rng.random_range(5..40)),
            8 => CloudPaging::Rejected { first: None },
            _ => CloudPaging::Rejected { first: Some(rng.random_range(5..40)) },
        };
        let (max_delete_count, max_delete_ratio) =
            *[(20, 0.3), (20, 0.3), (20, 0.3), (5, 0.1), (0, 0.0)].choose(rng).expect("there are five");
        Self {
            cloud_paging,
            scan: ScanConfig {
                paging: if rng.random_bool(0.15) { Paging::Documented } else { Paging::Auto },
                concurrency: if rng.random_bool(0.15) { 4 } else { 1 },
                scan_attempts: rng.random_range(1..=3),
                max_delete_count,
                max_delete_ratio,
                ..ScanConfig::default()
            },
            max_attempts: if rng.random_bool(0.2) { 3 } else { 1 },
            code_order: if rng.random_bool(0.5) { CodeOrder::NewestFirst } else { CodeOrder::OldestFirst },
            page_limit: rng.random_range(3..25),
            code_count: rng.random_range(5..70),
            device_count: rng.random_range(3..50),
            scan_count: rng.random_range(40..120),
        }
    }

    /// The one account, which owns nothing yet.
    pub(crate) fn account(&self) -> AccountOptions {
        let mut account = AccountOptions::new(ACCOUNT_ID)
            .key(AccessKey::new(KEY_ID, KEY_SECRET))
            .paging(self.cloud_paging)
            .rates(LifecycleRates::frozen());
        account.settings.code_order = self.code_order;
        account.settings.page_limit = self.page_limit;
        account
    }

    pub(crate) fn config(&self, url: &str) -> Config {
        let account = AccountConfig {
            name: "simulated".into(),
            id: Some(ACCOUNT_ID.into()),
            sources: Source::ALL.to_vec(),
            credentials: CredentialsConfig::Env {
                id_var: "KEY_ID".into(),
                secret_var: "KEY_SECRET".into(),
                token_var: None,
            },
        };
        let api = ApiConfig {
            smc_endpoint: url.into(),
            ims_endpoint: url.into(),
            sts_endpoint: url.into(),
            requests_per_second: 100_000,
            max_attempts: self.max_attempts,
            ..ApiConfig::default()
        };
        Config { accounts: vec![account], api, scan: self.scan.clone(), ..Config::default() }
    }

    /// Whether a scan of `source` can see everything that is there now.
    pub(crate) fn shows_all(&self, source: Source, truth: &Truth) -> bool {
        let limit = match (self.cloud_paging, self.scan.paging) {
            _ if source == Source::MfaDevices => return true,
            (CloudPaging::Honoured, Paging::Auto)
            | (CloudPaging::IgnoredAll | CloudPaging::Rejected { first: None }, _) => return true,
            (CloudPaging::Honoured, Paging::Documented) => DEFAULT_PAGE_SIZE.min(self.page_limit),
            (CloudPaging::IgnoredFirst(limit) | CloudPaging::Rejected { first: Some(limit) }, _) => limit,
        };
        let codes: Vec<_> = truth.lives(source).values().filter_map(|life| life.now()).collect();
        let count_of = |status: &str| codes.iter().filter(|state| state.status == status).count();
        let parts = ["unactivated", "activated", "expired"].map(count_of);
        let by_status = parts.iter().all(|part| *part <= limit) && parts.iter().sum::<usize>() == codes.len();
        codes.len() <= limit || by_status
    }
}

pub(crate) fn environment() -> Environment {
    Environment::of_pairs([("KEY_ID", KEY_ID), ("KEY_SECRET", KEY_SECRET)])
}
