//! What each shape of a `ListAccessTokens` answer becomes.

use serde_json::json;

use super::*;

fn decode(answer: &str) -> Result<AccessTokenListing, Malformed> {
    decode_access_tokens(&Members::of_body(answer.as_bytes()).unwrap())
}

fn item(json: &str) -> AccessToken {
    let answer = format!(r#"{{"AccessTokens":{{"AccessToken":[{json}]}},"TotalCount":1}}"#);
    let mut listing = decode(&answer).unwrap();
    assert_eq!(listing.rejected, []);
    listing.items.pop().unwrap()
}

fn notes(item: &AccessToken) -> Vec<(AnomalyKind, &str)> {
    item.anomalies.iter().map(|anomaly| (anomaly.kind, anomaly.detail.as_str())).collect()
}

#[test]
fn the_documented_sample_is_read() {
    let sample = include_str!("../../../tests/data/samples/list_access_tokens.documented.json");
    let listing = decode(sample).unwrap();
    let expected = AccessToken {
        id: "at-bp1akz2zp67r0k6r****".to_owned(),
        name: Some("test_name".to_owned()),
        description: Some("This is an activation code".to_owned()),
        status: "activated".to_owned(),
        ttl_days: Some(30),
        max_use_count: Some(100),
        registered_count: Some(5),
        created_at: Some("2022-09-09T02:35:44Z".parse().unwrap()),
        extra: serde_json::Map::new(),
        anomalies: Vec::new(),
    };
    assert_eq!(listing.items, [expected]);
    assert_eq!(listing.total_count, Some(2));
}

#[test]
fn an_answer_that_says_nothing_is_no_empty_inventory() {
    for answer in [
        "{}",
        r#"{"RequestId":"x"}"#,
        r#"{"AccessTokens":null}"#,
        r#"{"AccessTokens":{}}"#,
        r#"{"AccessTokens":[],"TotalCount":"many"}"#,
        r#"{"AccessTokens":[],"TotalCount":-1}"#,
        r#"{"AccessTokens":"none","TotalCount":0}"#,
    ] {
        assert!(decode(answer).is_err(), "{answer}");
    }
}

#[test]
fn empty_shapes_with_a_total_are_empty() {
    for container in ["null", "{}", "[]", r#"{"AccessToken":[]}"#, r#"{"AccessToken":null}"#] {
        let listing = decode(&format!(r#"{{"AccessTokens":{container},"TotalCount":"0"}}"#)).unwrap();
        assert_eq!((listing.items.len(), listing.total_count), (0, Some(0)), "{container}");
    }
    assert_eq!(decode(r#"{"TotalCount":7}"#).unwrap().total_count, Some(7));
}

#[test]
fn items_without_a_total_are_read_and_prove_nothing() {
    let listing = decode(r#"{"AccessTokens":[{"AccessTokenId":"a","Status":"expired"}]}"#).unwrap();
    assert_eq!((listing.items.len(), listing.total_count), (1, None));
}

#[test]
fn numbers_come_as_numbers_or_strings_and_optional_texts_may_be_missing() {
    let token = item(r#"{"AccessTokenId":"a","Status":"expired","Count":1000,"TimeToLiveInDays":"0","Name":null}"#);
    assert_eq!((token.max_use_count, token.ttl_days, token.registered_count), (Some(1000), Some(0), None));
    assert_eq!((token.name.clone(), token.description.clone()), (None, None));
    assert_eq!(notes(&token), []);
}

#[test]
fn what_cannot_be_read_is_null_with_its_original() {
    let token = item(
        r#"{"AccessTokenId":"a","Status":"expired","TimeToLiveInDays":36501,"Count":"2147483648",
            "RegisteredCount":-1,"CreationTime":"yesterday","Name":{"b":1,"a":[2]},"Description":"\ud800"}"#,
    );
    assert_eq!((token.ttl_days, token.max_use_count, token.registered_count), (None, None, None));
    assert_eq!((token.created_at, token.name.clone(), token.description.clone()), (None, None, None));
    use AnomalyKind::UnreadableField;
    let expected = [
        (UnreadableField, "TimeToLiveInDays: 36501"),
        (UnreadableField, "Count: 2147483648"),
        (UnreadableField, "RegisteredCount: -1"),
        (UnreadableField, "CreationTime: yesterday"),
        (UnreadableField, r#"Name: {"a":[2],"b":1}"#),
        (UnreadableField, r#"Description: "\ud800""#),
    ];
    assert_eq!(notes(&token), expected);
    let extra = json!({"TimeToLiveInDays": 36501, "Count": "2147483648", "RegisteredCount": -1,
        "CreationTime": "yesterday", "Name": {"b": 1, "a": [2]}, "Description": "\"\\ud800\""});
    assert_eq!(serde_json::Value::Object(token.extra), extra);
}

#[test]
fn a_long_original_is_cut_in_the_anomaly_and_whole_in_extra() {
    let long = "é".repeat(2000);
    let token = item(&format!(r#"{{"AccessTokenId":"a","Status":"expired","Count":"{long}"}}"#));
    assert_eq!(token.anomalies[0].detail, format!("Count: {}…", "é".repeat(500)));
    assert_eq!(token.extra["Count"], json!(long));
}

#[test]
fn unknown_statuses_stay_and_missing_ones_are_unknown() {
    let status = |json: &str| {
        let token = item(&format!(r#"{{"AccessTokenId":"a"{json}}}"#));
        (token.status.clone(), token.anomalies)
    };
    let note = |kind, detail: &str| vec![Anomaly::new(kind, detail)];
    for known in KNOWN_STATUSES {
        assert_eq!(status(&format!(r#","Status":"{known}""#)), (known.to_owned(), Vec::new()));
    }
    let frozen = status(r#","Status":"Frozen""#);
    assert_eq!(frozen, ("Frozen".to_owned(), note(AnomalyKind::UnknownStatus, "Frozen")));
    let unreadable = |detail| ("unknown".to_owned(), note(AnomalyKind::UnreadableField, detail));
    assert_eq!(status(""), unreadable("Status: missing"));
    assert_eq!(status(r#","Status":null"#), unreadable("Status: null"));
    assert_eq!(status(r#","Status":7"#), unreadable("Status: 7"));
    assert_eq!(status(r#","Status":"""#), unreadable("Status: "));
}

#[test]
fn unknown_fields_are_kept_and_secrets_are_not() {
    let token =
        item(r#"{"AccessTokenId":"a","Status":"expired","New":{"n":98765432109876543210},"AccessTokenCode":"s3cret"}"#);
    let extra = json!({"New": {"n": "98765432109876543210"}, "AccessTokenCode": "[redacted]"});
    assert_eq!(serde_json::Value::Object(token.extra.clone()), extra);
    assert_eq!(notes(&token), []);
}

#[test]
fn nul_becomes_the_replacement_character_with_one_anomaly_a_field() {
    let token = item(
        r#"{"AccessTokenId":"a\u0000","Status":"expired\u0000","Name":"\u0000x\u0000","K\u0000":{"z\u0000":"\u0000"}}"#,
    );
    assert_eq!((token.id.as_str(), token.status.as_str()), ("a\u{FFFD}", "expired\u{FFFD}"));
    assert_eq!(token.name.as_deref(), Some("\u{FFFD}x\u{FFFD}"));
    assert_eq!(token.extra["K\u{FFFD}"], json!({"z\u{FFFD}": "\u{FFFD}"}));
    let fields: Vec<_> = token
        .anomalies
        .iter()
        .filter(|anomaly| anomaly.kind == AnomalyKind::NulCharacter)
        .map(|anomaly| anomaly.detail.as_str())
        .collect();
    assert_eq!(fields, ["AccessTokenId", "Name", "K\u{FFFD}", "Status"]);
}

#[test]
fn items_without_a_usable_id_are_rejected_and_do_not_stop_the_others() {
    let long = "x".repeat(AccessToken::ID_BYTES_MAX + 1);
    let answer = format!(
        r#"{{"AccessTokens":{{"AccessToken":[{{}},{{"AccessTokenId":null}},{{"AccessTokenId":7}},{{"AccessTokenId":""}},
            {{"AccessTokenId":"{long}"}},null,"at-1",[1],{{"AccessTokenId":"ok","Status":"expired"}},{{"AccessTokenId":"\ud800"}}]}},
            "TotalCount":10}}"#
    );
    let listing = decode(&answer).unwrap();
    assert_eq!(listing.items.len(), 1);
    let rejected: Vec<_> = listing.rejected.iter().map(|item| (item.reason.as_str(), item.original.as_str())).collect();
    let long_original = format!(r#"{{"AccessTokenId":"{long}"}}"#);
    let expected = [
        ("no AccessTokenId", "{}"),
        ("no AccessTokenId", r#"{"AccessTokenId":null}"#),
        ("AccessTokenId is not a text", r#"{"AccessTokenId":7}"#),
        ("AccessTokenId is empty", r#"{"AccessTokenId":""}"#),
        ("AccessTokenId is longer than 512 bytes", &long_original),
        ("not an object that can be read", "null"),
        ("not an object that can be read", "\"at-1\""),
        ("not an object that can be read", "[1]"),
        ("AccessTokenId is not a text", r#"{"AccessTokenId":"\"\\ud800\""}"#),
    ];
    assert_eq!(rejected, expected);
}
