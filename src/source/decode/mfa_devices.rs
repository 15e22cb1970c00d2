//! The answer of `ListVirtualMFADevices`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::inventory::{AccessToken, AnomalyKind, MfaDevice, MfaUser, RejectedItem};

use super::{
    Malformed,
    container::items,
    field::{self, Fields},
    json::{Members, kind},
    keep::{reject, without_nul},
};

/// What one answer lists.
#[derive(Debug, PartialEq)]
pub(in crate::source) struct MfaDeviceListing<T = MfaDevice> {
    pub(in crate::source) items: Vec<T>,
    pub(in crate::source) rejected: Vec<RejectedItem>,
    pub(in crate::source) is_truncated: bool,
    pub(in crate::source) marker: Option<String>,
}

/// Reads an answer.
///
/// # Errors
/// Where the container or a readable `IsTruncated` is missing: such an answer proves no end.
pub(in crate::source) fn decode_mfa_devices(answer: &Members<'_>) -> Result<MfaDeviceListing, Malformed> {
    let Some(raw_items) = items(answer.get("VirtualMFADevices"), "VirtualMFADevice")? else {
        return Err(Malformed::new("no VirtualMFADevices"));
    };
    let Some(is_truncated) = answer.get("IsTruncated").and_then(boolean) else {
        return Err(Malformed::new("no readable IsTruncated"));
    };
    let mut listing = MfaDeviceListing {
        items: Vec::with_capacity(raw_items.len()),
        rejected: Vec::new(),
        is_truncated,
        marker: answer.text(&["Marker"]).filter(|marker| !marker.is_empty()),
    };
    for raw in raw_items {
        match decode_item(raw) {
            Ok(item) => listing.items.push(item),
            Err(rejected) => listing.rejected.push(rejected),
        }
    }
    Ok(listing)
}

pub(super) fn boolean(raw: &RawValue) -> Option<bool> {
    match raw.get().trim_matches('"').to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The device that `raw` is.
///
/// # Errors
/// The item, where it has no usable serial number.
pub(super) fn decode_item(raw: &RawValue) -> Result<MfaDevice, RejectedItem> {
    let Some(members) = Members::of_value(raw) else {
        return Err(reject("not an object that can be read", raw));
    };
    let mut fields = Fields::default();
    let serial_number = field::id(&mut fields, "SerialNumber", members.get("SerialNumber"), raw)?;
    let mut user = None;
    let mut activated_at = None;
    for (name, raw) in members {
        match name.as_ref() {
            "SerialNumber" => {}
            "User" => user = decode_user(&mut fields, raw),
            "ActivateDate" => activated_at = fields.instant(&name, raw),
            _ => fields.unknown(&name, raw),
        }
    }
    if let (Some(activated_at), None) = (activated_at, &user) {
        let detail = format!("ActivateDate: {}", activated_at.to_rfc3339());
        fields.note(AnomalyKind::ActivatedWithoutUser, detail);
    }
    let Fields { extra, anomalies } = fields;
    Ok(MfaDevice { serial_number, user, activated_at, extra, anomalies })
}

/// The user that `raw` names:
///
/// - null, `{}`: nobody;
/// - an object with a `UserId`, or else a `UserPrincipalName`: that user;
/// - anything else: nobody, and an anomaly.
fn decode_user(fields: &mut Fields, raw: &RawValue) -> Option<MfaUser> {
    if kind(raw) == b'n' {
        return None;
    }
    let Some(members) = Members::of_value(raw) else {
        return fields.unreadable("User", raw);
    };
    if members.is_empty() {
        return None;
    }
    // Judged before any of its members is noted, so that an odd object is kept once, as a whole.
    let names_user = members.get("UserId").is_some_and(|id| is_key_number(id) || is_key_text(id))
        || members.get("UserPrincipalName").is_some_and(is_key_text);
    if !names_user {
        return fields.unreadable("User", raw);
    }
    let mut id = None;
    let mut principal_name = None;
    let mut display_name = None;
    for (name, raw) in members {
        let field = format!("User.{name}");
        match name.as_ref() {
            "UserId" => id = decode_user_id(fields, &field, raw),
            "UserPrincipalName" => principal_name = fields.text(&field, raw),
            "DisplayName" => display_name = fields.text(&field, raw),
            _ => fields.unknown(&field, raw),
        }
    }
    let id = id.or_else(|| principal_name.clone().filter(|name| is_key(name)))?;
    Some(MfaUser { id, principal_name, display_name })
}

/// A number keeps its exact text: user ids are beyond what a double holds.
fn decode_user_id(fields: &mut Fields, field: &str, raw: &RawValue) -> Option<String> {
    if is_key_number(raw) {
        return Some(raw.get().to_owned());
    }
    let id = fields.text(field, raw)?;
    match id.as_str() {
        "" => None,
        text if is_key(text) => Some(id),
        _ => fields.unreadable(field, raw),
    }
}

/// Whether `raw` is a number that can tell one user from another.
fn is_key_number(raw: &RawValue) -> bool {
    matches!(kind(raw), b'-' | b'0'..=b'9') && is_key(raw.get())
}

/// Whether `raw` is a text that can.
fn is_key_text(raw: &RawValue) -> bool {
    field::string(raw).is_some_and(|text: Cow<'_, str>| is_key(&without_nul(&text)))
}

pub(super) fn is_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= AccessToken::ID_BYTES_MAX
}

#[cfg(test)]
#[path = "mfa_devices_tests.rs"]
mod tests;
