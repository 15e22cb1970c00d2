//! The signature against vectors of the official SDK and the published example.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/data/acs3_vectors.json")).unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no text `{key}` in {value}"))
}

fn credentials(value: &Value) -> Credentials {
    Credentials::new(
        text(value, "access_key_id"),
        text(value, "access_key_secret"),
        value["security_token"].as_str(),
        "a test vector",
    )
    .unwrap()
}

fn params(query: &Value) -> Vec<(String, String)> {
    let query = query.as_object().unwrap();
    query.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn parsed_url(host: &str, canonical_query: &str) -> String {
    let endpoint = crate::source::endpoint::Endpoint::parse("test", &format!("https://{host}"));
    endpoint.unwrap().url(canonical_query).to_string()
}

#[test]
fn every_vector_gives_its_query_request_signature_and_url() {
    let vectors = vectors();
    let frozen = &vectors["frozen"];
    let cases = vectors["acs3"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let name = text(case, "name");
        let minimal = &case["minimal"];
        let credentials = credentials(&vectors["credentials"][text(case, "credential")]);
        let canonical_query = canonical_query(&params(&case["query"]));
        let unsigned = Unsigned {
            method: text(case, "method"),
            host: text(case, "host"),
            canonical_query: &canonical_query,
            action: text(case, "action"),
            version: text(case, "version"),
            date: text(frozen, "x-acs-date").parse().unwrap(),
            nonce: text(frozen, "x-acs-signature-nonce"),
            credentials: &credentials,
        };
        assert_eq!(canonical_query, text(minimal, "canonical_query"), "{name}");
        let to_sign = headers_to_sign(&unsigned);
        assert_eq!(canonical_request(&unsigned, &to_sign), text(minimal, "canonical_request"), "{name}");
        let mut expected: Vec<(String, String)> = params(&minimal["headers"]);
        expected.push(("authorization".to_owned(), text(minimal, "authorization").to_owned()));
        let signed: Vec<(String, String)> =
            sign(&unsigned).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(signed, expected, "{name}");
        assert_eq!(parsed_url(unsigned.host, &canonical_query), text(minimal, "url_rfc3986"), "{name}");
    }
}

#[test]
fn the_published_example_gives_its_published_signature() {
    let vectors = vectors();
    let example = &vectors["published_document_example"];
    let headers = &example["headers"];
    let credentials = credentials(example);
    let canonical_query = canonical_query(&params(&example["query"]));
    let unsigned = Unsigned {
        method: "POST",
        host: text(headers, "host"),
        canonical_query: &canonical_query,
        action: text(headers, "x-acs-action"),
        version: text(headers, "x-acs-version"),
        date: text(example, "date").parse().unwrap(),
        nonce: text(example, "nonce"),
        credentials: &credentials,
    };
    let to_sign = headers_to_sign(&unsigned);
    assert_eq!(canonical_request(&unsigned, &to_sign), text(example, "canonical_request"));
    let (_, authorization) = sign(&unsigned).pop().unwrap();
    assert!(authorization.ends_with(&format!("Signature={}", text(example, "signature_published"))));
}

#[test]
fn an_empty_value_keeps_its_equals_sign() {
    assert_eq!(canonical_query(&[("Name".to_owned(), String::new())]), "Name=");
}

proptest! {
    #[test]
    fn the_url_carries_the_canonical_query_verbatim(name in ".*", marker in any::<String>()) {
        let params = [("Name".to_owned(), name), ("Marker".to_owned(), marker)];
        let query = canonical_query(&params);
        let url = parsed_url("ims.aliyuncs.com", &query);
        prop_assert_eq!(url, format!("https://ims.aliyuncs.com/?{query}"));
    }
}
