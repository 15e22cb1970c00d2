//! An activation code of the Server Migration Center.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Anomaly, Digest, DigestBuilder, Object};

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

/// What is kept of an activation code, wherever its texts are.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "they are those of `AccessToken`")]
pub struct AccessTokenFields<'a> {
    pub id: &'a str,
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
    pub status: &'a str,
    pub ttl_days: Option<i32>,
    pub max_use_count: Option<i32>,
    pub registered_count: Option<i32>,
    pub created_at: Option<DateTime<Utc>>,
    pub extra: Option<&'a Map<String, Value>>,
}

impl AccessTokenFields<'_> {
    /// The code of these fields, with nothing odd about it.
    pub fn to_code(self) -> AccessToken {
        AccessToken {
            id: self.id.to_owned(),
            name: self.name.map(str::to_owned),
            description: self.description.map(str::to_owned),
            status: self.status.to_owned(),
            ttl_days: self.ttl_days,
            max_use_count: self.max_use_count,
            registered_count: self.registered_count,
            created_at: self.created_at,
            extra: self.extra.cloned().unwrap_or_default(),
            anomalies: Vec::new(),
        }
    }

    /// The digest of a code of these fields, made in `builder`.
    pub fn digest(&self, builder: &mut DigestBuilder) -> Digest {
        builder
            .text(Some(self.id))
            .text(Some(self.status))
            .text(self.name)
            .text(self.description)
            .number(self.ttl_days.map(i64::from))
            .number(self.max_use_count.map(i64::from))
            .number(self.registered_count.map(i64::from))
            .number(self.created_at.map(|at| at.timestamp_micros()))
            .extra(self.extra)
            .finish()
    }
}

impl Object for AccessToken {
    fn id(&self) -> &str {
        &self.id
    }

    fn digest(&self) -> Digest {
        let fields = AccessTokenFields {
            id: &self.id,
            name: self.name.as_deref(),
            description: self.description.as_deref(),
            status: &self.status,
            ttl_days: self.ttl_days,
            max_use_count: self.max_use_count,
            registered_count: self.registered_count,
            created_at: self.created_at,
            extra: Some(&self.extra),
        };
        fields.digest(&mut DigestBuilder::default())
    }
}
