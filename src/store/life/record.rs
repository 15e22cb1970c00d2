//! What is known of one object, in plain data.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::inventory::Source;

/// The life of one code or device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Life {
    /// The account.
    pub account_id: String,
    /// The operator's label.
    pub account_name: String,
    /// The listing.
    pub source: Source,
    /// The `access_token_id`, or the `device_key` as text.
    pub object_id: String,
    /// How it stands.
    pub now: Now,
    /// Its versions that are kept, in order.
    pub versions: Vec<Version>,
    /// Its transitions that are kept, in order.
    pub transitions: Vec<StatusChange>,
    /// Changes of `RegisteredCount`, in order.
    pub samples: Vec<UsageSample>,
    /// What was odd, in order.
    pub anomalies: Vec<Oddity>,
    /// Names of the users of a device by `user_key`, where they were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub user_names: BTreeMap<i64, String>,
}

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

/// What an object was during one period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Version {
    /// Its number, from 1.
    pub version_no: i32,
    /// When it was first read.
    pub valid_from_at: DateTime<Utc>,
    /// When the next was, or the absence proven; `None` for the current one.
    pub valid_to_at: Option<DateTime<Utc>>,
    /// The status.
    pub status: String,
    /// The other columns of the history view, by name.
    pub fields: BTreeMap<&'static str, Value>,
    /// `baseline`, `appeared`, `changed` or `reappeared`.
    pub change_kind: String,
    /// What differs from the version before.
    pub changed_columns: Vec<String>,
    /// `superseded` or `deleted`; `None` for the current one.
    pub close_reason: Option<String>,
    /// The scan that opened it.
    pub scan_id: i64,
}

/// A change of status, or of a device's user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusChange {
    /// The old status; `None` where the object appeared.
    pub from_status: Option<String>,
    /// The new status.
    pub to_status: String,
    /// The user before; always `None` for a code.
    pub from_user_key: Option<i64>,
    /// The user after; always `None` for a code.
    pub to_user_key: Option<i64>,
    /// The latest instant at which the old state is proven.
    pub not_before_at: DateTime<Utc>,
    /// When the new state was first read.
    pub not_after_at: DateTime<Utc>,
    /// The instant itself, where it can be known.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Where that comes from.
    pub time_basis: String,
    /// False for a change that cannot happen.
    pub is_expected: bool,
    /// What is odd about it.
    pub anomaly: Option<String>,
    /// The scan that recorded it.
    pub scan_id: i64,
}

/// A change of `RegisteredCount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsageSample {
    /// When it was read.
    pub seen_at: DateTime<Utc>,
    /// The count then.
    pub registered_count: i32,
    /// The count before.
    pub previous_count: Option<i32>,
}

/// Something that should not have been so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Oddity {
    /// What kind.
    pub kind: String,
    /// What exactly.
    pub detail: String,
    /// When it was met.
    pub detected_at: DateTime<Utc>,
    /// The scan that met it.
    pub scan_id: i64,
}

/// The names in a list of the views.
pub(super) fn split_list(list: Option<String>) -> Vec<String> {
    list.unwrap_or_default().split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
