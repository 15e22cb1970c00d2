//! An answer is decoded without losing or inventing anything, or refused in one harmless line.

use std::fmt::Debug;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

use super::{asker, assert_harmless_line};
use crate::{
    inventory::{AccessToken, Anomaly, Listed, MfaDevice, Object, RejectedItem, id_hash},
    source::{
        Operation,
        answer::{Head, accept},
        decode::{Members, decode_access_tokens, decode_mfa_devices, skim_access_tokens, skim_mfa_devices},
        identity, sts,
    },
};

const CODE_FIELDS: [&str; 8] =
    ["AccessTokenId", "Name", "Description", "Status", "TimeToLiveInDays", "Count", "RegisteredCount", "CreationTime"];
const DEVICE_FIELDS: [&str; 3] = ["SerialNumber", "User", "ActivateDate"];
const USER_FIELDS: [&str; 3] = ["UserId", "UserPrincipalName", "DisplayName"];
const SECRET_FIELDS: [&str; 3] = ["AccessTokenCode", "Base32StringSeed", "QRCodePNG"];

/// Takes `body` for the answer to every operation, as a success and as each kind of error.
///
/// # Panics
/// Where an item is lost, a field of it, or a secret is kept; where U+0000 is; where a refusal is no harmless line.
pub fn check_answer(body: &[u8]) {
    check_skim(body);
    for status in [200, 302, 400, 503] {
        let head = Head::read(status, &HeaderMap::new(), chrono::DateTime::UNIX_EPOCH);
        for operation in [Operation::ListAccessTokens, Operation::ListVirtualMfaDevices, Operation::AssumeRole] {
            match accept(operation, &head, body, &asker()) {
                Ok(answer) => {
                    assert_eq!(status, 200);
                    check_operation(operation, &answer, body);
                }
                Err(error) => {
                    [error.to_string(), error.code(), error.mend()].iter().for_each(|line| assert_harmless_line(line));
                }
            }
        }
    }
}

/// What a quick reading tells, the thorough one tells as well.
fn check_skim(body: &[u8]) {
    let body = Bytes::copy_from_slice(body);
    let head = Head::read(200, &HeaderMap::new(), chrono::DateTime::UNIX_EPOCH);
    for reads_all in [false, true] {
        if let Some(skimmed) = skim_access_tokens(&body, reads_all) {
            let answer = accept(Operation::ListAccessTokens, &head, &body, &asker()).expect("it is a success");
            let listing = decode_access_tokens(&answer).expect("it lists codes");
            assert_eq!((skimmed.total_count, skimmed.rejected), (listing.total_count, listing.rejected));
            check_skimmed(skimmed.items, listing.items);
        }
        if let Some(skimmed) = skim_mfa_devices(&body, reads_all) {
            let answer = accept(Operation::ListVirtualMfaDevices, &head, &body, &asker()).expect("it is a success");
            let listing = decode_mfa_devices(&answer).expect("it lists devices");
            assert_eq!((skimmed.is_truncated, skimmed.marker), (listing.is_truncated, listing.marker));
            assert_eq!(skimmed.rejected, listing.rejected);
            check_skimmed(skimmed.items, listing.items);
        }
    }
}

fn check_skimmed<T: Object + PartialEq + Debug>(skimmed: Vec<Listed<T>>, read: Vec<T>) {
    assert_eq!(skimmed.len(), read.len());
    for (skimmed, object) in skimmed.into_iter().zip(read) {
        assert_eq!((skimmed.id_hash(), skimmed.digest()), (id_hash(object.id()), object.digest()), "{object:?}");
        assert_eq!(skimmed.read(), object);
    }
}

fn check_operation(operation: Operation, answer: &Members<'_>, body: &[u8]) {
    // Another reading of the same bytes; there is none where they hold what `Value` cannot, such as great depth.
    let value: Option<Value> = serde_json::from_slice(body).ok();
    match operation {
        Operation::ListAccessTokens => {
            if let Ok(listing) = decode_access_tokens(answer) {
                let sent = value.as_ref().map(|value| listed(value, "AccessTokens", "AccessToken"));
                check_items(sent, "AccessTokenId", listing.items, &listing.rejected, check_code);
            }
        }
        Operation::ListVirtualMfaDevices => {
            if let Ok(listing) = decode_mfa_devices(answer) {
                assert!(listing.marker.is_none_or(|marker| !marker.is_empty()));
                let sent = value.as_ref().map(|value| listed(value, "VirtualMFADevices", "VirtualMFADevice"));
                check_items(sent, "SerialNumber", listing.items, &listing.rejected, check_device);
            }
        }
        _ => {
            let errors = [sts::decode(answer, "the fuzzer").err(), identity::decode(answer).err()];
            errors.iter().flatten().for_each(|malformed| assert_harmless_line(&malformed.0));
        }
    }
}

/// The items of an answer, in every shape that their container has.
fn listed<'a>(answer: &'a Value, container: &str, list: &str) -> Vec<&'a Value> {
    match &answer[container] {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => match members.get(list) {
            Some(Value::Array(items)) => items.iter().collect(),
            Some(Value::Object(item)) if item.is_empty() => Vec::new(),
            Some(item @ Value::Object(_)) => vec![item],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Each item that was sent is an object that was read or one that was rejected, in order.
fn check_items<T: Object>(
    sent: Option<Vec<&Value>>,
    id_field: &str,
    items: Vec<T>,
    rejected: &[RejectedItem],
    check: impl Fn(T, Option<&Map<String, Value>>),
) {
    for item in rejected {
        assert!(!item.reason.is_empty() && !item.original.contains('\0') && item.original.len() <= 64 * 1024);
        if let Ok(original) = serde_json::from_str(&item.original) {
            assert_storable(&original);
        }
    }
    let Some(sent) = sent else { return items.into_iter().for_each(|item| check(item, None)) };
    assert_eq!(sent.len(), items.len() + rejected.len(), "every item is read or rejected");
    let readable = sent.into_iter().filter_map(Value::as_object).filter(|item| {
        let id = item.get(id_field).and_then(Value::as_str).map(without_nul);
        id.is_some_and(|id| !id.is_empty() && id.len() <= AccessToken::ID_BYTES_MAX)
    });
    let readable: Vec<_> = readable.collect();
    assert_eq!(readable.len(), items.len(), "an item is rejected only for want of a usable id");
    for (item, sent) in items.into_iter().zip(readable) {
        assert_eq!(Some(item.id().to_owned()), sent[id_field].as_str().map(without_nul));
        check(item, Some(sent));
    }
}

fn check_code(code: AccessToken, sent: Option<&Map<String, Value>>) {
    let AccessToken { id, name, description, status, extra, anomalies, .. } = code;
    assert!(!status.is_empty());
    let is_read = |field: &str| match field {
        "AccessTokenId" => true,
        // Another word stands for one that was not sent.
        "Status" => status != "unknown",
        "Name" => name.is_some(),
        "Description" => description.is_some(),
        "TimeToLiveInDays" => code.ttl_days.is_some(),
        "Count" => code.max_use_count.is_some(),
        "RegisteredCount" => code.registered_count.is_some(),
        _ => code.created_at.is_some(),
    };
    for days in [code.ttl_days, code.max_use_count, code.registered_count].into_iter().flatten() {
        assert!(days >= 0);
    }
    check_kept(sent, "", &CODE_FIELDS, &extra, is_read);
    check_texts([Some(&id), name.as_ref(), description.as_ref(), Some(&status)], extra, &anomalies);
}

fn check_device(device: MfaDevice, sent: Option<&Map<String, Value>>) {
    let MfaDevice { serial_number, user, activated_at, extra, anomalies } = device;
    let sent_user = sent.and_then(|sent| sent.get("User"));
    let names_nobody = sent_user.and_then(Value::as_object).is_some_and(Map::is_empty);
    let is_read = |field: &str| match field {
        "SerialNumber" => true,
        "User" => user.is_some() || names_nobody,
        _ => activated_at.is_some(),
    };
    check_kept(sent, "", &DEVICE_FIELDS, &extra, is_read);
    if let Some(user) = &user {
        assert!(!user.id.is_empty() && user.id.len() <= AccessToken::ID_BYTES_MAX);
        let is_read = |field: &str| match field {
            "UserId" => true,
            "UserPrincipalName" => user.principal_name.is_some(),
            _ => user.display_name.is_some(),
        };
        check_kept(sent_user.and_then(Value::as_object), "User.", &USER_FIELDS, &extra, is_read);
    }
    let (id, names) = user.map(|user| (user.id, [user.principal_name, user.display_name])).unzip();
    let [principal_name, display_name] = names.unwrap_or_default();
    check_texts([Some(&serial_number), id.as_ref(), principal_name.as_ref(), display_name.as_ref()], extra, &anomalies);
}

/// Each member that was sent is in its field, or is null, or is in `extra`, secrets without their value.
fn check_kept(
    sent: Option<&Map<String, Value>>,
    prefix: &str,
    fields: &[&str],
    extra: &Map<String, Value>,
    is_read: impl Fn(&str) -> bool,
) {
    for (name, value) in sent.into_iter().flatten() {
        if fields.contains(&name.as_str()) && (value.is_null() || value == "" || is_read(name)) {
            continue;
        }
        let name = without_nul(&format!("{prefix}{name}"));
        assert!(extra.contains_key(&name), "{name:?} is lost");
    }
}

fn check_texts(texts: [Option<&String>; 4], extra: Map<String, Value>, anomalies: &[Anomaly]) {
    for text in texts.into_iter().flatten().chain(anomalies.iter().map(|anomaly| &anomaly.detail)) {
        assert!(!text.contains('\0'), "{text:?}");
    }
    for anomaly in anomalies {
        assert!(anomaly.detail.chars().count() <= 600, "an anomaly quotes {} bytes", anomaly.detail.len());
    }
    assert_storable(&Value::Object(extra));
}

/// No U+0000 in any text or name, and no secret under its name.
fn assert_storable(value: &Value) {
    match value {
        Value::String(text) => assert!(!text.contains('\0'), "{text:?}"),
        Value::Array(items) => items.iter().for_each(assert_storable),
        Value::Object(members) => {
            for (name, value) in members {
                assert!(!name.contains('\0'), "{name:?}");
                let own_name = name.rsplit('.').next().unwrap_or(name);
                if SECRET_FIELDS.iter().any(|secret| secret.eq_ignore_ascii_case(own_name)) {
                    assert_eq!(value, "[redacted]", "{name}");
                }
                assert_storable(value);
            }
        }
        _ => (),
    }
}

fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}
