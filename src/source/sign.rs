//! ACS3-HMAC-SHA256: what a request's headers must be, from nothing but its parts.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::credentials::Credentials;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// SHA-256 of nothing: every call here has an empty body.
const EMPTY_BODY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The parts of one attempt; date and nonce must be fresh for each.
#[derive(Clone, Copy)]
pub(super) struct Unsigned<'a> {
    pub(super) method: &'a str,
    /// Exactly the `Host` header, with the port where it is not the scheme's default.
    pub(super) host: &'a str,
    pub(super) canonical_query: &'a str,
    pub(super) action: &'a str,
    pub(super) version: &'a str,
    pub(super) date: DateTime<Utc>,
    pub(super) nonce: &'a str,
    pub(super) credentials: &'a Credentials,
}

/// The signed headers and `authorization`, names in lower case.
pub(super) fn sign(unsigned: &Unsigned<'_>) -> Vec<(&'static str, String)> {
    let mut headers = headers_to_sign(unsigned);
    let canonical_request = canonical_request(unsigned, &headers);
    let string_to_sign = format!("{ALGORITHM}\n{}", hex::encode(Sha256::digest(canonical_request)));
    let secret = unsigned.credentials.secret.expose_secret();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(string_to_sign.as_bytes());
    let authorization = format!(
        "{ALGORITHM} Credential={},SignedHeaders={},Signature={}",
        unsigned.credentials.access_key_id,
        signed_header_names(&headers),
        hex::encode(mac.finalize().into_bytes()),
    );
    headers.push(("authorization", authorization));
    headers
}

/// `params` as the server will sign them; what is sent must be this very text.
///
/// Keys are sorted by their raw bytes, so `.10` comes before `.2`.
pub(super) fn canonical_query(params: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = params.iter().collect();
    sorted.sort();
    let pairs: Vec<_> =
        sorted.into_iter().map(|(key, value)| format!("{}={}", percent_encode(key), percent_encode(value))).collect();
    pairs.join("&")
}

/// Sorted by name, as the canonical form wants them.
fn headers_to_sign(unsigned: &Unsigned<'_>) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("host", unsigned.host.to_owned()),
        ("x-acs-action", unsigned.action.to_owned()),
        ("x-acs-content-sha256", EMPTY_BODY_SHA256.to_owned()),
        ("x-acs-date", unsigned.date.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("x-acs-signature-nonce", unsigned.nonce.to_owned()),
        ("x-acs-version", unsigned.version.to_owned()),
    ];
    if let Some(token) = &unsigned.credentials.security_token {
        headers.push(("x-acs-accesskey-id", unsigned.credentials.access_key_id.clone()));
        headers.push(("x-acs-security-token", token.expose_secret().to_owned()));
    }
    headers.sort();
    headers
}

fn canonical_request(unsigned: &Unsigned<'_>, headers: &[(&'static str, String)]) -> String {
    let canonical_headers: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    format!(
        "{}\n/\n{}\n{canonical_headers}\n{}\n{EMPTY_BODY_SHA256}",
        unsigned.method,
        unsigned.canonical_query,
        signed_header_names(headers),
    )
}

fn signed_header_names(headers: &[(&'static str, String)]) -> String {
    let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    names.join(";")
}

/// RFC 3986: everything but the unreserved characters, byte by byte, in upper case.
pub(super) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
