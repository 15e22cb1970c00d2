//! What the operator tells the program: TOML, environment overrides, checks at start.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

use crate::inventory::Source;

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
    /// What is purged.
    pub retention: RetentionConfig,
    /// The status page.
    pub http: HttpConfig,
}

/// Where the inventory is kept.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// A PostgreSQL URL; absent means an embedded PostgreSQL in `data_dir`.
    pub url: Option<String>,
    /// Where the embedded PostgreSQL keeps its data between runs.
    pub data_dir: PathBuf,
}

/// Six-field cron expressions, seconds first, in UTC; `None` is `"off"`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// When activation codes are scanned.
    pub access_tokens: String,
    /// When MFA devices are scanned.
    pub mfa_devices: String,
    /// When closed history is purged.
    pub retention: String,
}

/// How the APIs are called.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiConfig {
    /// Where SMC answers; plain http only to loopback.
    pub smc_endpoint: String,
    /// Where IMS answers.
    pub ims_endpoint: String,
    /// Where STS answers.
    pub sts_endpoint: String,
    /// The time one request may take, from connecting to the last byte.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// Attempts a request, the first included.
    pub max_attempts: u32,
    /// Requests a second and account.
    pub requests_per_second: u32,
}

/// How a listing is read and when its scan may delete.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScanConfig {
    /// Which parameters `ListAccessTokens` is sent.
    pub paging: Paging,
    /// Pages fetched at once.
    pub concurrency: u32,
    /// Readings of a listing before it is called incomplete.
    pub scan_attempts: u32,
    /// The time one scan may take.
    #[serde(with = "humantime_serde")]
    pub deadline: Duration,
    /// A scan that would delete more than this many rows is held if it also breaks `max_delete_ratio`.
    pub max_delete_count: u32,
    /// The share of the live rows that a scan may delete beyond `max_delete_count`.
    pub max_delete_ratio: f64,
}

/// Which parameters `ListAccessTokens` is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Paging {
    /// The undocumented `PageNumber` and `PageSize` are tried first.
    #[default]
    Auto,
    /// Only documented parameters.
    Documented,
}

/// One Alibaba Cloud account.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountConfig {
    /// The operator's label, unique.
    pub name: String,
    /// The numeric account id; absent means that STS is asked.
    pub id: Option<String>,
    /// What is kept of this account.
    #[serde(default = "all_sources")]
    pub sources: Vec<Source>,
    /// Where its keys come from.
    #[serde(default)]
    pub credentials: CredentialsConfig,
}

fn all_sources() -> Vec<Source> {
    Source::ALL.to_vec()
}

/// Where keys come from; never the keys themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CredentialsConfig {
    /// The chain of the official SDKs.
    #[default]
    Default,
    /// Named environment variables.
    Env {
        /// Names the variable of the access key id.
        id_var: String,
        /// Names the variable of the access key secret.
        secret_var: String,
        /// Names the variable of the security token, where there is one.
        token_var: Option<String>,
    },
    /// A profile of the CLI (`config.json`) or of an ini file.
    Profile {
        /// The file; absent means the default places.
        file: Option<PathBuf>,
        /// The profile; absent means the file's current one.
        profile: Option<String>,
    },
}

/// What is purged.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// How long closed history is kept after it closed.
    #[serde(with = "humantime_serde")]
    pub history: Duration,
}

/// The status page.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// `host:port`, or `"off"`.
    pub listen: String,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: None, data_dir: ".stocktake".into() }
    }
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            access_tokens: "0 */15 * * * *".into(),
            mfa_devices: "0 5 * * * *".into(),
            retention: "0 30 3 * * *".into(),
        }
    }
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            smc_endpoint: "https://smc.aliyuncs.com".into(),
            ims_endpoint: "https://ims.aliyuncs.com".into(),
            sts_endpoint: "https://sts.aliyuncs.com".into(),
            request_timeout: Duration::from_secs(30),
            max_attempts: 5,
            requests_per_second: 10,
        }
    }
}

impl Default for ScanConfig {
    fn default() -> Self {
        Self {
            paging: Paging::Auto,
            concurrency: 4,
            scan_attempts: 3,
            deadline: Duration::from_secs(30 * 60),
            max_delete_count: 20,
            max_delete_ratio: 0.3,
        }
    }
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { history: Duration::from_secs(3 * 31_557_600) }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8787".into() }
    }
}
