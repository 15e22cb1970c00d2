//! One activation code.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::Keyed;
use crate::timestamp;

/// The documented values of `Status`; the set is open.
pub mod status {
    /// Not usable yet, or no longer.
    pub const UNACTIVATED: &str = "unactivated";
    /// Usable.
    pub const ACTIVATED: &str = "activated";
    /// Past its days.
    pub const EXPIRED: &str = "expired";
}

/// An activation code as the cloud knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessToken {
    /// `at-bp1…`; the key of the inventory.
    pub id: String,
    /// Absent from the answer when `None`.
    pub name: Option<String>,
    /// Absent from the answer when `None`.
    pub description: Option<String>,
    /// One of [`status`], or anything else.
    pub status: Cow<'static, str>,
    /// Days from creation to expiry.
    pub ttl_days: u32,
    /// How many sources may register.
    pub count: u32,
    /// How many have.
    pub registered_count: u32,
    /// When it was created; the wire shows whole seconds.
    pub created_at: DateTime<Utc>,
    /// Further fields of the item. One named like a known field takes its place, so a test can send a bad date.
    pub extra: Map<String, Value>,
}

impl AccessToken {
    /// An unnamed, activated code with the console's 90 days and 200 uses.
    pub fn new(id: impl Into<String>, created_at: DateTime<Utc>) -> Self {
        Self {
            id: id.into(),
            name: None,
            description: None,
            status: status::ACTIVATED.into(),
            ttl_days: 90,
            count: 200,
            registered_count: 0,
            created_at,
            extra: Map::new(),
        }
    }

    /// The true instant of expiry, as computable from the wire.
    pub fn expires_at(&self) -> DateTime<Utc> {
        timestamp::whole_second(self.created_at) + TimeDelta::days(i64::from(self.ttl_days))
    }

    /// Whether time alone can expire it: an unknown status is left as it is.
    pub(crate) fn can_expire(&self) -> bool {
        self.status == status::ACTIVATED || self.status == status::UNACTIVATED
    }
}

impl Keyed for AccessToken {
    fn key(&self) -> &str {
        &self.id
    }
}
