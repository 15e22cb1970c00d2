//! What a hold says.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::inventory::Source;

/// A hold that is to be placed.
#[derive(Clone, Copy, Debug)]
pub struct NewHold<'a> {
    /// The account, by id or label.
    pub account: &'a str,
    /// The listing; `None` for the whole account, or for the one that has `object_id`.
    pub dataset: Option<Source>,
    /// The `access_token_id` or `device_key`; `None` for the whole listing.
    pub object_id: Option<&'a str>,
    /// Why.
    pub reason: &'a str,
    /// Who says so.
    pub placed_by: &'a str,
}

/// A hold as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Identifies the hold.
    pub hold_id: i64,
    /// The account.
    pub account_id: String,
    /// The operator's label; `None` where the account is not known any more.
    pub account_name: Option<String>,
    /// The listing; `None` for the whole account.
    pub dataset: Option<String>,
    /// The object; `None` for the whole listing.
    pub object_id: Option<String>,
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    pub placed_at: DateTime<Utc>,
    /// Who released it; `None` while it holds.
    pub released_by: Option<String>,
    /// When; `None` while it holds.
    pub released_at: Option<DateTime<Utc>>,
}
