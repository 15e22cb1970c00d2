//! What is kept: activation codes, virtual MFA devices, and what was odd about them.
//!
//! Plain data that every layer may name; nothing here knows HTTP or SQL.

mod access_token;
mod anomaly;
mod dataset;
mod digest;
mod listed;
mod mfa_device;

pub use access_token::{AccessToken, AccessTokenFields};
pub use anomaly::{Anomaly, AnomalyKind, RejectedItem};
pub use dataset::Dataset;
pub use digest::{Digest, DigestBuilder, id_hash};
pub use listed::{Listed, Object, Place};
pub use mfa_device::{DeviceStatus, MfaDevice, MfaDeviceFields, MfaUser, MfaUserFields};

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One of the listings that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// SMC `ListAccessTokens`: activation codes.
    AccessTokens,
    /// IMS `ListVirtualMFADevices`: virtual MFA devices of RAM users.
    MfaDevices,
}

impl Source {
    /// Every source, in the order in which they are scanned.
    pub const ALL: [Self; 2] = [Self::AccessTokens, Self::MfaDevices];

    /// The name in configuration, database and output.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessTokens => "access-tokens",
            Self::MfaDevices => "mfa-devices",
        }
    }
}

/// One account × one source: what a scan reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The numeric account id.
    pub account_id: String,
    /// The listing.
    pub source: Source,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account_id, self.source)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|source| source.name() == text)
            .ok_or_else(|| format!("unknown source `{text}`: use `access-tokens` or `mfa-devices`"))
    }
}
