//! The properties, for answers that look like the API's, for the seeds of `fuzz/`, and for what fuzzing once found.

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{check_answer, check_endpoint, check_message, check_profiles};
use crate::config::fuzzing::{check_config, check_cron, check_endpoint as check_configured_endpoint};

/// Names that the decoders know, so that arbitrary JSON gets past their first look.
const NAMES: [&str; 30] = [
    "AccessTokens",
    "AccessToken",
    "AccessTokenId",
    "AccessTokenCode",
    "TotalCount",
    "Status",
    "Count",
    "RegisteredCount",
    "CreationTime",
    "Name",
    "Description",
    "TimeToLiveInDays",
    "VirtualMFADevices",
    "VirtualMFADevice",
    "SerialNumber",
    "User",
    "UserId",
    "UserPrincipalName",
    "DisplayName",
    "ActivateDate",
    "IsTruncated",
    "Marker",
    "Code",
    "Message",
    "RequestId",
    "Credentials",
    "AccessKeyId",
    "AccessKeySecret",
    "SecurityToken",
    "Expiration",
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
        prop::sample::select(&super::SECRETS[..]).prop_map(Value::from),
    ];
    let name = prop_oneof![4 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => any::<String>()];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// An item that mostly has an id.
fn arbitrary_item() -> impl Strategy<Value = Value> {
    (arbitrary_object(), prop::option::weighted(0.8, "[a-z\\x00]{1,3}")).prop_map(|(mut item, id)| {
        if let (Some(id), Some(members)) = (id, item.as_object_mut()) {
            members.extend(["AccessTokenId", "SerialNumber"].map(|name| (name.to_owned(), Value::from(id.as_str()))));
        }
        item
    })
}

/// A code nearly as the API documents it: each field as it should be, or as it might be.
fn documented_item() -> impl Strategy<Value = Value> {
    let text = || prop_oneof!["[a-z ]{0,8}", ".{0,8}", "[\\x00-\\x7f]{0,3}"].prop_map(Value::from);
    let count = || {
        let number = prop_oneof![0..200_i64, any::<i64>()];
        prop_oneof![
            number.clone().prop_map(Value::from),
            number.prop_map(|number| Value::from(number.to_string())),
            "0{0,3}[0-9 ]{1,10}".prop_map(Value::from),
            Just(Value::Null),
        ]
    };
    let instant = prop_oneof![
        6 => "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z",
        1 => "[0-9]{4}-02-(28|29|30)T2[0-5]:59:60Z",
        1 => "2022-09-09T02:35Z|2022-09-09T10:35:44\\+08:00|2022-09-09T02:35:44.123Z",
    ];
    let status = prop_oneof![4 => "unactivated|activated|expired", 1 => ".{0,3}"];
    let fields = (text(), text(), text(), status, instant, count(), count(), count());
    (fields, prop::option::weighted(0.1, any::<prop::sample::Index>()), prop::option::weighted(0.1, arbitrary_json()))
        .prop_map(|((id, name, description, status, instant, days, count, registered), missing, more)| {
            let mut item = json!({
                "AccessTokenId": id, "Name": name, "Description": description, "Status": status, "CreationTime": instant,
                "TimeToLiveInDays": days, "Count": count, "RegisteredCount": registered,
            });
            let members = item.as_object_mut().unwrap();
            if let Some(index) = missing {
                let name = index.get(&members.keys().cloned().collect::<Vec<_>>()).clone();
                members.remove(&name);
            }
            members.extend(more.map(|value| ("More".to_owned(), value)));
            item
        })
}

/// A device nearly as the API documents it.
fn documented_device() -> impl Strategy<Value = Value> {
    let text = || prop_oneof![4 => "[a-z ]{1,8}", 1 => ".{0,8}", 1 => "[\\x00-\\x7f]{0,3}"].prop_map(Value::from);
    let name = || prop_oneof![6 => text(), 1 => Just(Value::Null), 1 => arbitrary_json()];
    let names = ["UserId", "UserPrincipalName", "DisplayName", "More"];
    let named = (prop::collection::vec(name(), 4), prop::bits::u8::masked(15), prop::bool::weighted(0.8));
    let user = named.prop_map(move |(values, given, is_usual)| {
        let given = if is_usual { 7 } else { given };
        let members = names.iter().zip(values).enumerate().filter(|(n, _)| given & (1 << n) != 0);
        Value::Object(members.map(|(_, (name, value))| ((*name).to_owned(), value)).collect())
    });
    let user = prop_oneof![6 => user, 2 => Just(json!({})), 1 => Just(Value::Null), 1 => arbitrary_json()];
    let instant = prop_oneof![3 => "20[0-9]{2}-0[1-9]-1[0-9]T1[0-9]:[0-5][0-9]:[0-5][0-9]Z", 1 => ".{0,3}"];
    let more = prop::option::weighted(0.1, arbitrary_json());
    (text(), prop::option::weighted(0.9, user), prop::option::weighted(0.7, instant), more).prop_map(
        |(serial, user, instant, more)| {
            let given = [("SerialNumber", Some(serial)), ("User", user), ("ActivateDate", instant.map(Value::from))];
            let given = given.into_iter().chain([("More", more)]);
            Value::Object(given.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
        },
    )
}

fn arbitrary_object() -> impl Strategy<Value = Value> {
    prop::collection::vec((any::<prop::sample::Index>(), arbitrary_json()), 0..6).prop_map(|members| {
        let named = members.into_iter().map(|(index, value)| (index.get(&NAMES).to_string(), value));
        Value::Object(named.collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_decoded_or_refused(body in prop::collection::vec(any::<u8>(), 0..256)) {
        check_answer(&body);
        check_message(&body);
    }

    #[test]
    fn arbitrary_json_is_decoded_or_refused_whole_or_cut(answer in arbitrary_object(), cut in any::<prop::sample::Index>()) {
        let body = answer.to_string();
        check_answer(body.as_bytes());
        check_answer(&body.as_bytes()[..cut.index(body.len())]);
    }

    #[test]
    fn every_item_is_read_or_rejected_and_storable(
        items in prop::collection::vec(prop_oneof![3 => arbitrary_item(), 1 => arbitrary_json()], 1..4),
    ) {
        let body = json!({
            "AccessTokens": {"AccessToken": items}, "TotalCount": items.len(),
            "VirtualMFADevices": {"VirtualMFADevice": items}, "IsTruncated": false,
        });
        check_answer(body.to_string().as_bytes());
    }

    #[test]
    fn a_code_that_is_skimmed_is_the_code_that_is_read(items in prop::collection::vec(documented_item(), 1..3)) {
        check_answer(json!({"AccessTokens": {"AccessToken": items}, "TotalCount": items.len()}).to_string().as_bytes());
    }

    #[test]
    fn a_device_that_is_skimmed_is_the_device_that_is_read(
        items in prop::collection::vec(documented_device(), 1..3),
        is_truncated in prop_oneof![Just(json!(true)), Just(json!("false")), arbitrary_json()],
        marker in prop_oneof![Just(Value::Null), ".{0,2}".prop_map(Value::from), arbitrary_json()],
    ) {
        let devices = json!({"VirtualMFADevice": items});
        check_answer(
            json!({"VirtualMFADevices": devices, "IsTruncated": is_truncated, "Marker": marker}).to_string().as_bytes(),
        );
    }

    #[test]
    fn any_text_is_read_or_refused_in_a_line(text in ".{0,40}|([0-9*/,L#?@ \t\n-]|MON|off|JAN){0,24}") {
        check_cron(&text);
        check_config(&text);
        check_profiles(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_a_plain_endpoint_beyond_loopback(
        scheme in "http|http|https|HTTP|ftp|",
        mark in "://|://|://|:|//|",
        user in "|||u@|u:p@",
        host in "localhost|127\\.0\\.0\\.1|127\\.1|0x7f\\.1|\\[::1\\]|\\[::ffff:7f00:1\\]|10\\.0\\.0\\.1|h\\.example|.{0,6}",
        port in "|||:80|:0|:99999|:",
        rest in "||/|/|//|/p|\\?q|#f|\\\\",
    ) {
        let text = format!("{scheme}{mark}{user}{host}{port}{rest}");
        check_endpoint(&text);
        check_configured_endpoint(&text);
    }
}

#[test]
fn every_seed_of_the_fuzz_targets_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut seed_count = 0;
    for target in fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap()) {
        for seed in fs::read_dir(target.path()).unwrap() {
            let input = fs::read(seed.unwrap().path()).unwrap();
            let text = String::from_utf8_lossy(&input);
            match target.file_name().to_str().unwrap() {
                "answer" => check_answer(&input),
                "message" => check_message(&input),
                "endpoint" => (check_endpoint(&text), check_configured_endpoint(&text)).0,
                "cron" => check_cron(&text),
                "config" => check_config(&text),
                "profiles" => check_profiles(&text),
                other => panic!("{other} is no target"),
            }
            seed_count += 1;
        }
    }
    assert!(seed_count >= 12, "{seed_count}");
}

#[test]
fn an_anomaly_quotes_a_bounded_part_of_what_is_odd() {
    let long = format!("\\u0000{}", "x".repeat(2_000));
    for member in [format!(r#""{long}":1"#), format!(r#""Name":["{long}"]"#), format!(r#""Status":"{long}""#)] {
        let item = format!(r#"{{"AccessTokenId":"a",{member}}}"#);
        check_answer(format!(r#"{{"TotalCount":1,"AccessTokens":{{"AccessToken":[{item}]}}}}"#).as_bytes());
    }
}

#[test]
fn depth_overflows_no_stack() {
    // A quarter of the stack of a worker's thread leaves 26 bytes a level.
    let nest = |open: &str, close: &str| format!("{}{}", open.repeat(20_000), close.repeat(20_000));
    let run = move || {
        for deep in [nest("[", "]"), nest("{\"a\":", "}"), "[".repeat(20_000)] {
            check_answer(
                format!(r#"{{"TotalCount":1,"AccessTokens":{{"AccessToken":[{{"AccessTokenId":"a","x":{deep}}}]}}}}"#)
                    .as_bytes(),
            );
            check_answer(deep.as_bytes());
            check_profiles(&format!("{{\"profiles\":{deep}}}"));
            check_config(&format!("a = {deep}"));
        }
        let link = |n| {
            format!(r#"{{"name":"{n}","mode":"ChainableRamRoleArn","ram_role_arn":"r","source_profile":"{}"}}"#, n + 1)
        };
        let links: Vec<_> = (0..20_000).map(link).collect();
        check_profiles(&format!(r#"{{"current":"0","profiles":[{}]}}"#, links.join(",")));
        check_config(&format!("a{} = 1", ".a".repeat(20_000)));
        check_config(&format!("[a{}]", ".a".repeat(20_000)));
        check_config(&nest("[", "]"));
    };
    std::thread::Builder::new().stack_size(1 << 19).spawn(run).unwrap().join().unwrap();
}
