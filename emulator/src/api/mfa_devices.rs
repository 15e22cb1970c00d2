//! IMS `ListVirtualMFADevices`: pages chained by an opaque marker.

use serde::Serialize;

use super::ApiError;
use crate::account::Account;
use crate::inventory::{MfaDevice, User};
use crate::request::GatewayRequest;
use crate::timestamp;

/// The documented default, and the most a page may have.
const MAX_ITEMS: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    #[serde(rename = "VirtualMFADevices")]
    virtual_mfa_devices: Wrapper<'a>,
    request_id: &'a str,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

#[derive(Serialize)]
struct Wrapper<'a> {
    #[serde(rename = "VirtualMFADevice")]
    virtual_mfa_device: Vec<Item<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item<'a> {
    user: UserItem<'a>,
    serial_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    activate_date: Option<String>,
}

/// Empty, as `{}`, if the device is bound to nobody.
#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
struct UserItem<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_principal_name: Option<&'a str>,
}

/// Answers one request.
pub(crate) fn list(request: &GatewayRequest, account: &Account, request_id: &str) -> Result<Vec<u8>, ApiError> {
    let prefix = account.settings.marker_prefix.as_str();
    let max_items = max_items(request)?.min(account.settings.page_limit);
    let from_slot = match request.parameter("Marker").filter(|marker| !marker.is_empty()) {
        Some(marker) => marker_slot(prefix, marker).ok_or_else(|| {
            ApiError::new(400, "InvalidParameter.Marker", "The specified parameter Marker is not valid.")
        })?,
        None => 0,
    };
    let mut rest = account.inventory.device_shelf().oldest_first(from_slot);
    let page: Vec<(usize, &MfaDevice)> = rest.by_ref().take(max_items).collect();
    let next = rest.next().map(|(slot, _)| slot);
    let answer = Answer {
        virtual_mfa_devices: Wrapper { virtual_mfa_device: page.iter().map(|(_, device)| item(device)).collect() },
        request_id,
        is_truncated: next.is_some(),
        marker: next.map(|slot| slot_marker(prefix, slot)),
    };
    Ok(serde_json::to_vec(&answer).expect("a struct of strings is always JSON"))
}

fn max_items(request: &GatewayRequest) -> Result<usize, ApiError> {
    let Some(text) = request.parameter("MaxItems") else { return Ok(MAX_ITEMS) };
    match text.parse() {
        Ok(number @ 1..=MAX_ITEMS) => Ok(number),
        _ => {
            let message = "The specified parameter MaxItems is not valid.";
            Err(ApiError::new(400, "InvalidParameter.MaxItems", message))
        }
    }
}

fn item(device: &MfaDevice) -> Item<'_> {
    Item {
        user: device.user.as_ref().map(user_item).unwrap_or_default(),
        serial_number: &device.serial_number,
        activate_date: device.activated_at.map(timestamp::format),
    }
}

fn user_item(user: &User) -> UserItem<'_> {
    UserItem {
        user_id: Some(&user.user_id),
        display_name: Some(&user.display_name),
        user_principal_name: Some(&user.upn),
    }
}

fn slot_marker(prefix: &str, slot: usize) -> String {
    format!("{prefix}{:016x}emu{:x}==", slot, checksum(slot))
}

/// The slot behind a marker that was given out; anything else is `None`.
fn marker_slot(prefix: &str, marker: &str) -> Option<usize> {
    let digits = marker.strip_prefix(prefix)?.get(..16)?;
    let slot = usize::from_str_radix(digits, 16).ok()?;
    (slot_marker(prefix, slot) == marker).then_some(slot)
}

fn checksum(slot: usize) -> u16 {
    (slot as u16).wrapping_mul(40_503) ^ 0x5EED
}
