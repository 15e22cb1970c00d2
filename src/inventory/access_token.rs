//! An activation code of the Server Migration Center.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::Anomaly;

/// An activation code as the API reported it, never its secret.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessToken {
    /// `AccessTokenId`; at most [`AccessToken::ID_BYTES_MAX`] bytes.
    pub id: String,
    /// `Name`.
    pub name: Option<String>,
    /// `Description`.
    pub description: Option<String>,
    /// `Status` as reported, unknown values included; `unknown` where the API sent none.
    pub status: String,
    /// `TimeToLiveInDays`, 0 to 36500.
    pub ttl_days: Option<i32>,
    /// `Count`: how many sources may register with the code.
    pub max_use_count: Option<i32>,
    /// `RegisteredCount`: how many have.
    pub registered_count: Option<i32>,
    /// `CreationTime`; the API gives whole seconds.
    pub created_at: Option<DateTime<Utc>>,
    /// Fields this program does not know, and the originals of those it could not read, by their API names.
    pub extra: Map<String, Value>,
    /// What was odd about this item when it was read.
    pub anomalies: Vec<Anomaly>,
}

impl AccessToken {
    /// Longer ids are rejected: they could not be a primary key.
    pub const ID_BYTES_MAX: usize = 512;
}
