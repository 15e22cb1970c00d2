//! What each shape of a `ListVirtualMFADevices` answer becomes.

use serde_json::{Value, json};

use super::*;

fn decode(answer: &str) -> Result<MfaDeviceListing, Malformed> {
    decode_mfa_devices(&Members::of_body(answer.as_bytes()).unwrap())
}

fn device(members: &str) -> MfaDevice {
    let answer = format!(
        r#"{{"VirtualMFADevices":{{"VirtualMFADevice":[{{"SerialNumber":"s"{members}}}]}},"IsTruncated":false}}"#
    );
    decode(&answer).unwrap().items.pop().unwrap()
}

fn notes(device: &MfaDevice) -> Vec<(AnomalyKind, &str)> {
    device.anomalies.iter().map(|anomaly| (anomaly.kind, anomaly.detail.as_str())).collect()
}

#[test]
fn the_documented_samples_are_read() {
    let sample = include_str!("../../../tests/data/samples/list_virtual_mfa_devices.unbound_and_bound.json");
    let listing = decode(sample).unwrap();
    assert_eq!((listing.is_truncated, listing.marker.as_deref()), (true, Some("EXAMPLE")));
    let [unbound, bound] = listing.items.as_slice() else { panic!("{listing:?}") };
    assert_eq!(unbound.serial_number, "acs:ram::177242285274****:mfa/dev-01");
    assert_eq!((&unbound.user, unbound.activated_at), (&None, None));
    let user = MfaUser {
        id: "20732900249392****".to_owned(),
        principal_name: Some("test@177242285274****.onaliyun.com".to_owned()),
        display_name: Some("test".to_owned()),
    };
    assert_eq!(bound.user, Some(user));
    assert_eq!(bound.activated_at, Some("2020-10-16T06:02:09Z".parse().unwrap()));
    assert!(listing.items.iter().all(|device| device.extra.is_empty() && device.anomalies.is_empty()));

    let todays = include_str!("../../../tests/data/samples/list_virtual_mfa_devices.documented.json");
    assert_eq!(decode(todays).unwrap().items, std::slice::from_ref(bound));
}

#[test]
fn an_answer_without_container_or_end_is_malformed() {
    for answer in [
        "{}",
        r#"{"IsTruncated":false}"#,
        r#"{"VirtualMFADevices":{}}"#,
        r#"{"VirtualMFADevices":{},"IsTruncated":null}"#,
        r#"{"VirtualMFADevices":{},"IsTruncated":0}"#,
        r#"{"VirtualMFADevices":{},"IsTruncated":"maybe"}"#,
        r#"{"VirtualMFADevices":"","IsTruncated":false}"#,
    ] {
        assert!(decode(answer).is_err(), "{answer}");
    }
}

#[test]
fn empty_shapes_with_an_end_are_empty() {
    for container in ["null", "{}", "[]", r#"{"VirtualMFADevice":[]}"#] {
        for end in ["false", "\"false\"", "\"False\""] {
            let answer = format!(r#"{{"VirtualMFADevices":{container},"IsTruncated":{end},"Marker":""}}"#);
            let listing = decode(&answer).unwrap();
            assert_eq!((listing.items.len(), listing.is_truncated, listing.marker), (0, false, None));
        }
    }
    assert!(decode(r#"{"VirtualMFADevices":[],"IsTruncated":"true"}"#).unwrap().is_truncated);
}

#[test]
fn a_user_is_known_by_id_or_else_by_principal_name() {
    let id = |user: &str| device(&format!(r#","User":{user}"#)).user.map(|user| user.id);
    assert_eq!(id(r#"{"UserId":"207329002493921234567"}"#).as_deref(), Some("207329002493921234567"));
    assert_eq!(id(r#"{"UserId":207329002493921234567}"#).as_deref(), Some("207329002493921234567"));
    assert_eq!(id(r#"{"UserPrincipalName":"a@b"}"#).as_deref(), Some("a@b"));
    assert_eq!(id(r#"{"UserId":"","UserPrincipalName":"a@b"}"#).as_deref(), Some("a@b"));
    let bad = device(r#","User":{"UserId":true,"UserPrincipalName":"a@b","DisplayName":"A"}"#);
    assert_eq!(bad.user.as_ref().unwrap().id, "a@b");
    assert_eq!(bad.extra["User.UserId"], json!(true));
    assert_eq!(notes(&bad), [(AnomalyKind::UnreadableField, "User.UserId: kept in extra")]);
}

#[test]
fn no_user_is_unbound_without_anomaly() {
    for members in ["", r#","User":null"#, r#","User":{}"#] {
        let device = device(members);
        assert_eq!((device.user, device.anomalies), (None, Vec::new()), "{members}");
    }
}

#[test]
fn a_user_that_names_nobody_is_kept_whole_and_told_without_names() {
    let long = format!(r#"{{"UserId":"{}"}}"#, "x".repeat(600));
    let numbered = r#"{"UserPrincipalName":7,"DisplayName":"Ann"}"#;
    for user in
        [r#"{"DisplayName":"Ann"}"#, r#""Ann""#, "[]", r#"{"UserId":""}"#, r#"{"UserId":null}"#, &long, numbered]
    {
        let device = device(&format!(r#","User":{user}"#));
        assert_eq!(device.user, None, "{user}");
        assert_eq!(notes(&device), [(AnomalyKind::UnreadableField, "User: kept in extra")], "{user}");
        assert_eq!(device.extra["User"], serde_json::from_str::<Value>(user).unwrap());
    }
}

#[test]
fn unknown_members_are_kept_and_of_the_user_under_its_path() {
    let device = device(r#","Type":"VMFA","User":{"UserId":"1","UserName":"ann","Base32StringSeed":"s3cret"}"#);
    let extra = json!({"Type": "VMFA", "User.UserName": "ann", "User.Base32StringSeed": "[redacted]"});
    assert_eq!(Value::Object(device.extra), extra);
}

#[test]
fn an_activate_date_without_a_user_is_an_anomaly() {
    let odd = device(r#","User":{},"ActivateDate":"2020-10-16T06:02:09Z""#);
    assert_eq!(notes(&odd), [(AnomalyKind::ActivatedWithoutUser, "ActivateDate: 2020-10-16T06:02:09+00:00")]);
    assert!(odd.activated_at.is_some());
    let unreadable = device(r#","ActivateDate":"soon""#);
    assert_eq!(notes(&unreadable), [(AnomalyKind::UnreadableField, "ActivateDate: soon")]);
}

#[test]
fn nul_in_a_name_is_replaced_and_told_by_its_field_alone() {
    let device = device(r#","User":{"UserId":"1\u0000","DisplayName":"A\u0000nn"}"#);
    let user = device.user.clone().unwrap();
    assert_eq!((user.id.as_str(), user.display_name.as_deref()), ("1\u{FFFD}", Some("A\u{FFFD}nn")));
    let expected = [(AnomalyKind::NulCharacter, "User.UserId"), (AnomalyKind::NulCharacter, "User.DisplayName")];
    assert_eq!(notes(&device), expected);
}

#[test]
fn devices_without_a_usable_serial_are_rejected() {
    let answer = r#"{"VirtualMFADevices":[{"User":{}},{"SerialNumber":1},{"SerialNumber":"s"},5],"IsTruncated":false}"#;
    let listing = decode(answer).unwrap();
    assert_eq!(listing.items.len(), 1);
    let reasons: Vec<_> = listing.rejected.iter().map(|item| item.reason.as_str()).collect();
    assert_eq!(reasons, ["no SerialNumber", "SerialNumber is not a text", "not an object that can be read"]);
}
