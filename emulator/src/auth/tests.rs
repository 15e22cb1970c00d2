//! The signature against vectors that the official SDK made.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::*;

const VECTORS: &str = include_str!("../../tests/data/acs3_vectors.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

/// The request of a vector's profile, with a URL encoded in one of the ways that clients do.
fn request(vector: &Value, profile: &Value, raw_query: &str) -> GatewayRequest {
    let mut headers = HeaderMap::new();
    for (name, value) in profile["headers"].as_object().unwrap() {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.insert(name, HeaderValue::from_str(value.as_str().unwrap()).unwrap());
    }
    let authorization = HeaderValue::from_str(profile["authorization"].as_str().unwrap()).unwrap();
    headers.insert("authorization", authorization);
    let body = Bytes::from(vector["body"].as_str().unwrap().to_owned());
    let method = Method::from_bytes(vector["method"].as_str().unwrap().as_bytes()).unwrap();
    GatewayRequest::new(method, vector["path"].as_str().unwrap(), raw_query, headers, body)
}

fn key(credentials: &Value) -> AccessKey {
    let text = |name: &str| credentials[name].as_str().map(str::to_owned);
    let mut key = AccessKey::new(text("access_key_id").unwrap(), text("access_key_secret").unwrap());
    key.security_token = text("security_token");
    key
}

fn each_profile(mut check: impl FnMut(&str, &Value, &Value, AccessKey, DateTime<Utc>)) {
    let vectors = vectors();
    let now = timestamp::parse(vectors["frozen"]["x-acs-date"].as_str().unwrap()).unwrap();
    for vector in vectors["acs3"].as_array().unwrap() {
        let credential = vector["credential"].as_str().unwrap();
        for profile in ["minimal", "python_sdk"] {
            let name = format!("{} {profile}", vector["name"]);
            check(&name, vector, &vector[profile], key(&vectors["credentials"][credential]), now);
        }
    }
}

#[test]
fn every_vector_verifies_in_both_profiles() {
    let mut count = 0;
    each_profile(|name, vector, profile, key, now| {
        let canonical_query = profile["canonical_query"].as_str().unwrap();
        for raw_query in [canonical_query.to_owned(), canonical_query.replace("%20", "+")] {
            let request = request(vector, profile, &raw_query);
            let authorization = authorization(&request).unwrap();
            let verdict = authenticate(&request, &authorization, &key, &mut Nonces::default(), now);
            assert!(verdict.is_ok(), "{name}: {verdict:?}");
        }
        count += 1;
    });
    assert_eq!(count, 16);
}

#[test]
fn canonical_request_and_string_to_sign_are_those_of_the_vectors() {
    each_profile(|name, vector, profile, key, _| {
        let request = request(vector, profile, profile["canonical_query"].as_str().unwrap());
        let authorization = authorization(&request).unwrap();
        let body_hash = signature::sha256_hex(&request.body);
        let canonical = signature::canonical_request(&request, &authorization.signed_headers, &body_hash);
        assert_eq!(canonical, profile["canonical_request"].as_str().unwrap(), "{name}");
        let to_sign = signature::string_to_sign(&canonical);
        assert_eq!(to_sign, profile["string_to_sign"].as_str().unwrap(), "{name}");
        assert_eq!(signature::sign(&key.secret, &to_sign), profile["signature"].as_str().unwrap(), "{name}");
    });
}

#[test]
fn the_example_of_the_published_document_verifies() {
    let vectors = vectors();
    let example = &vectors["published_document_example"];
    let canonical = example["canonical_request"].as_str().unwrap();
    let to_sign = signature::string_to_sign(canonical);
    assert_eq!(to_sign, example["string_to_sign"].as_str().unwrap());
    let secret = example["access_key_secret"].as_str().unwrap();
    assert_eq!(signature::sign(secret, &to_sign), example["signature_published"].as_str().unwrap());
}

#[test]
fn any_changed_part_breaks_the_signature() {
    each_profile(|name, vector, profile, key, now| {
        let raw_query = profile["canonical_query"].as_str().unwrap();
        let refused = |request: &GatewayRequest, key: &AccessKey| {
            let authorization = authorization(request).unwrap();
            authenticate(request, &authorization, key, &mut Nonces::default(), now).unwrap_err().code
        };
        let other_query = request(vector, profile, &format!("{raw_query}&X=1"));
        assert_eq!(refused(&other_query, &key), "SignatureDoesNotMatch", "{name}");

        let mut other_body = request(vector, profile, raw_query);
        other_body.body = Bytes::from_static(b"x");
        assert_eq!(refused(&other_body, &key), "SignatureDoesNotMatch", "{name}");

        let mut other_method = request(vector, profile, raw_query);
        other_method.method = Method::GET;
        assert_eq!(refused(&other_method, &key), "SignatureDoesNotMatch", "{name}");

        let mut other_host = request(vector, profile, raw_query);
        other_host.headers.insert("host", HeaderValue::from_static("example.com"));
        assert_eq!(refused(&other_host, &key), "SignatureDoesNotMatch", "{name}");

        let mut unsigned = request(vector, profile, raw_query);
        unsigned.headers.insert("x-acs-surprise", HeaderValue::from_static("1"));
        assert_eq!(refused(&unsigned, &key), "IncompleteSignature", "{name}");

        let mut other_key = key.clone();
        other_key.secret.push('x');
        assert_eq!(refused(&request(vector, profile, raw_query), &other_key), "SignatureDoesNotMatch", "{name}");
    });
}

#[test]
fn an_authorization_without_all_its_parts_is_incomplete() {
    for header in [
        "",
        "Bearer x",
        "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=b",
        "ACS3-HMAC-SHA256 Credential=,SignedHeaders=b,Signature=c",
        "ACS3-HMAC-SHA256Credential=a,SignedHeaders=b,Signature=c",
    ] {
        assert_eq!(Authorization::parse(header), None, "{header}");
    }
}
