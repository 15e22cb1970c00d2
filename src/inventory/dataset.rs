//! What retention purges: the tables of closed history, each with a policy of its own.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A table of what has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dataset {
    /// Closed versions of activation codes.
    AccessTokenHistory,
    /// Changes of their status.
    AccessTokenTransitions,
    /// Changes of their `RegisteredCount`.
    AccessTokenUsage,
    /// Closed versions of MFA devices.
    MfaDeviceHistory,
    /// Changes of their status or user.
    MfaDeviceTransitions,
}

impl Dataset {
    /// Every dataset, in the order in which they are purged.
    pub const ALL: [Self; 5] = [
        Self::AccessTokenHistory,
        Self::AccessTokenTransitions,
        Self::AccessTokenUsage,
        Self::MfaDeviceHistory,
        Self::MfaDeviceTransitions,
    ];

    /// The name in configuration, database and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessTokenHistory => "access_token_history",
            Self::AccessTokenTransitions => "access_token_transitions",
            Self::AccessTokenUsage => "access_token_usage",
            Self::MfaDeviceHistory => "mfa_device_history",
            Self::MfaDeviceTransitions => "mfa_device_transitions",
        }
    }
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
