//! How an object stands.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// How an object stands; a deleted one as it stood when it went.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Now {
    /// An activation code.
    AccessToken(AccessTokenNow),
    /// An MFA device.
    MfaDevice(MfaDeviceNow),
}

/// How a code stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccessTokenNow {
    /// `Name`.
    pub token_name: Option<String>,
    /// `Status` as reported.
    pub status: String,
    /// The status with the computed expiry taken into account.
    pub effective_status: String,
    /// When the status was first read.
    pub status_since_at: DateTime<Utc>,
    /// `CreationTime`.
    pub created_at: Option<DateTime<Utc>>,
    /// The computed expiry.
    pub expires_at: Option<DateTime<Utc>>,
    /// `Count`.
    pub max_use_count: Option<i32>,
    /// `RegisteredCount`.
    pub registered_count: Option<i32>,
    /// What is left of `Count`.
    pub remaining_use_count: Option<i32>,
    /// When it was first read.
    pub first_seen_at: DateTime<Utc>,
    /// The latest instant at which it is proven to exist.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When its absence was proven; `None` for a live code.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// How a device stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MfaDeviceNow {
    /// `bound` or `unbound`.
    pub status: String,
    /// When the status was first read.
    pub status_since_at: DateTime<Utc>,
    /// The user it is bound to.
    pub user_key: Option<i64>,
    /// `ActivateDate`.
    pub activated_at: Option<DateTime<Utc>>,
    /// When it was first read.
    pub first_seen_at: DateTime<Utc>,
    /// The latest instant at which it is proven to exist.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When its absence was proven; `None` for a live device.
    pub deleted_at: Option<DateTime<Utc>>,
}
