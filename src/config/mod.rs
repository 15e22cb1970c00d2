//! What the operator tells the program: TOML, environment overrides, checks at start.
//!
//! [`Config::load`] reads the file, lays the environment over it, and hands out only what passed every
//! check. `shape` is the list of keys that both are held against; each struct checks its own values.

mod account;
mod api;
mod checks;
mod credentials;
mod cron;
mod database;
mod endpoint;
mod environment;
mod error;
mod file;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod http;
mod load;
mod organization;
mod retention;
mod role;
mod scan;
mod schedule;
mod shape;
mod suggest;

#[cfg(test)]
mod reference_tests;

pub use account::AccountConfig;
pub use api::ApiConfig;
pub use credentials::CredentialsConfig;
pub use cron::{CronError, parse_cron};
pub use database::DatabaseConfig;
pub use environment::process_environment;
pub use error::{ConfigError, Place, Problem};
pub use http::HttpConfig;
pub use load::DEFAULT_FILE;
pub use organization::OrganizationConfig;
pub use retention::{PolicyConfig, RetentionConfig};
pub use role::{AssumeRole, DEFAULT_SESSION_NAME};
pub use scan::{Paging, ScanConfig};
pub use schedule::ScheduleConfig;

use serde::Deserialize;

use checks::Checks;

/// The whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the inventory is kept.
    pub database: DatabaseConfig,
    /// When targets are scanned.
    pub schedule: ScheduleConfig,
    /// How the APIs are called.
    pub api: ApiConfig,
    /// How a listing is read and when its scan may delete.
    pub scan: ScanConfig,
    /// The Alibaba Cloud accounts, in order.
    #[serde(rename = "account")]
    pub accounts: Vec<AccountConfig>,
    /// The resource directories, in order.
    #[serde(rename = "organization")]
    pub organizations: Vec<OrganizationConfig>,
    /// What is purged.
    pub retention: RetentionConfig,
    /// The status page.
    pub http: HttpConfig,
}

impl Config {
    /// Holds every value against what the program can work with.
    fn check(&self, checks: &mut Checks) {
        self.database.check(checks);
        self.schedule.check(checks);
        self.api.check(checks);
        self.scan.check(checks);
        account::check_accounts(&self.accounts, checks);
        organization::check_organizations(&self.organizations, &self.accounts, checks);
        self.retention.check(&self.accounts, &self.organizations, checks);
        self.http.check(checks);
    }
}
