//! No answer, however odd, makes a decoder panic, leaves U+0000 behind or loses an item.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Members, decode_access_tokens, decode_mfa_devices};

/// Names that the decoders know, so that arbitrary JSON gets past their first look.
const NAMES: [&str; 18] = [
    "AccessTokens",
    "AccessToken",
    "AccessTokenId",
    "TotalCount",
    "Status",
    "Count",
    "CreationTime",
    "Name",
    "TimeToLiveInDays",
    "VirtualMFADevices",
    "VirtualMFADevice",
    "SerialNumber",
    "User",
    "UserId",
    "UserPrincipalName",
    "ActivateDate",
    "IsTruncated",
    "Marker",
];

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        "[\\x00-\\x7f]{0,8}".prop_map(Value::from),
        "[0-9T:.Z+-]{0,24}".prop_map(Value::from),
    ];
    let name = prop_oneof![4 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => any::<String>()];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn arbitrary_object() -> impl Strategy<Value = Value> {
    prop::collection::vec((any::<prop::sample::Index>(), arbitrary_json()), 0..10).prop_map(|members| {
        let named = members.into_iter().map(|(index, value)| (index.get(&NAMES).to_string(), value));
        Value::Object(named.collect())
    })
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

fn decode_both(body: &[u8]) {
    if let Ok(answer) = Members::of_body(body) {
        let _ = decode_access_tokens(&answer);
        let _ = decode_mfa_devices(&answer);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
        decode_both(&body);
    }

    #[test]
    fn arbitrary_json_does_not_panic_whole_or_cut(answer in arbitrary_object(), cut in any::<prop::sample::Index>()) {
        let body = answer.to_string();
        decode_both(body.as_bytes());
        decode_both(&body.as_bytes()[..cut.index(body.len())]);
    }

    #[test]
    fn every_item_is_read_or_rejected_and_storable(
        items in prop::collection::vec(prop_oneof![arbitrary_object(), arbitrary_json()], 1..6),
    ) {
        let count = items.len();
        let body = json!({
            "AccessTokens": {"AccessToken": items}, "TotalCount": count,
            "VirtualMFADevices": {"VirtualMFADevice": items}, "IsTruncated": false,
        }).to_string();
        let answer = Members::of_body(body.as_bytes()).unwrap();
        let tokens = decode_access_tokens(&answer).unwrap();
        prop_assert_eq!(tokens.items.len() + tokens.rejected.len(), count);
        for token in tokens.items {
            prop_assert!(!token.id.is_empty() && !token.status.is_empty());
            let texts = [Some(token.id), token.name, token.description, Some(token.status)];
            assert_storable(texts, token.extra)?;
        }
        let devices = decode_mfa_devices(&answer).unwrap();
        prop_assert_eq!(devices.items.len() + devices.rejected.len(), count);
        for device in devices.items {
            let (id, name) = device.user.map(|user| (user.id, user.principal_name)).unzip();
            prop_assert!(id.as_ref().is_none_or(|id| !id.is_empty()));
            assert_storable([Some(device.serial_number), id, name.flatten(), None], device.extra)?;
        }
        for rejected in tokens.rejected.iter().chain(&devices.rejected) {
            prop_assert!(!rejected.original.contains('\0') && !rejected.original.contains("\\u0000"));
        }
    }
}

fn assert_storable(texts: [Option<String>; 4], extra: Map<String, Value>) -> Result<(), TestCaseError> {
    prop_assert!(texts.iter().flatten().all(|text| !text.contains('\0')));
    prop_assert!(!has_nul(&Value::Object(extra)));
    Ok(())
}
