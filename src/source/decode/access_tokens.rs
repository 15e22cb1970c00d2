//! The answer of `ListAccessTokens`.

use serde_json::value::RawValue;

use crate::inventory::{AccessToken, Anomaly, AnomalyKind, RejectedItem};

use super::{
    Malformed,
    container::items,
    field::{self, Fields},
    json::Members,
    keep::reject,
    number::whole_number,
};

/// The statuses that the API documents.
pub(super) const KNOWN_STATUSES: [&str; 3] = ["unactivated", "activated", "expired"];

/// What stands for a status that the API did not send.
const NO_STATUS: &str = "unknown";

/// A hundred years: far beyond the 90 days that the API takes, and no date overflows by it.
pub(super) const TTL_DAYS_MAX: i32 = 36_500;

/// What one answer lists.
#[derive(Debug, PartialEq)]
pub(in crate::source) struct AccessTokenListing<T = AccessToken> {
    pub(in crate::source) items: Vec<T>,
    pub(in crate::source) rejected: Vec<RejectedItem>,
    pub(in crate::source) total_count: Option<u64>,
}

/// Reads an answer.
///
/// # Errors
/// Where it lists nothing and does not say how many there are: that is no empty inventory.
pub(in crate::source) fn decode_access_tokens(answer: &Members<'_>) -> Result<AccessTokenListing, Malformed> {
    let total_count = answer.get("TotalCount").and_then(whole_number);
    let total_count = total_count.and_then(|count| u64::try_from(count).ok());
    let raw_items = items(answer.get("AccessTokens"), "AccessToken")?.unwrap_or_default();
    if raw_items.is_empty() && total_count.is_none() {
        return Err(Malformed::new("neither AccessTokens nor TotalCount"));
    }
    let mut listing =
        AccessTokenListing { items: Vec::with_capacity(raw_items.len()), rejected: Vec::new(), total_count };
    for raw in raw_items {
        match decode_item(raw) {
            Ok(item) => listing.items.push(item),
            Err(rejected) => listing.rejected.push(rejected),
        }
    }
    Ok(listing)
}

/// The code that `raw` is.
///
/// # Errors
/// The item, where it has no usable id.
pub(super) fn decode_item(raw: &RawValue) -> Result<AccessToken, RejectedItem> {
    let Some(members) = Members::of_value(raw) else {
        return Err(reject("not an object that can be read", raw));
    };
    let mut fields = Fields::default();
    let id = field::id(&mut fields, "AccessTokenId", members.get("AccessTokenId"), raw)?;
    let mut token = AccessToken {
        id,
        name: None,
        description: None,
        status: String::new(),
        ttl_days: None,
        max_use_count: None,
        registered_count: None,
        created_at: None,
        extra: serde_json::Map::new(),
        anomalies: Vec::new(),
    };
    let mut status = None;
    for (name, raw) in members {
        match name.as_ref() {
            "AccessTokenId" => {}
            "Name" => token.name = fields.text(&name, raw),
            "Description" => token.description = fields.text(&name, raw),
            "Status" => status = Some(raw),
            "TimeToLiveInDays" => token.ttl_days = fields.count(&name, raw, TTL_DAYS_MAX),
            "Count" => token.max_use_count = fields.count(&name, raw, i32::MAX),
            "RegisteredCount" => token.registered_count = fields.count(&name, raw, i32::MAX),
            "CreationTime" => token.created_at = fields.instant(&name, raw),
            _ => fields.unknown(&name, raw),
        }
    }
    token.status = decode_status(&mut fields, status);
    token.extra = fields.extra;
    token.anomalies = fields.anomalies;
    Ok(token)
}

fn decode_status(fields: &mut Fields, raw: Option<&RawValue>) -> String {
    let Some(raw) = raw else {
        fields.note_unreadable("Status", "missing");
        return NO_STATUS.to_owned();
    };
    let Some(text) = field::string(raw).filter(|text| !text.is_empty()) else {
        fields.unreadable::<()>("Status", raw);
        return NO_STATUS.to_owned();
    };
    let status = fields.stored("Status", &text);
    if !KNOWN_STATUSES.contains(&status.as_str()) {
        let detail = crate::source::redact::truncated(&status, field::DETAIL_CHARS_MAX);
        fields.anomalies.push(Anomaly::new(AnomalyKind::UnknownStatus, detail));
    }
    status
}

#[cfg(test)]
#[path = "access_tokens_tests.rs"]
mod tests;
