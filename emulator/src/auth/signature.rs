//! ACS3-HMAC-SHA256, the server's side: everything is recomputed from what the request says it signed.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::request::GatewayRequest;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The three parts of an `Authorization` header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Authorization {
    pub(crate) key_id: String,
    pub(crate) signed_headers: Vec<String>,
    pub(crate) signature: String,
}

impl Authorization {
    /// Reads `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=a;b,Signature=…`; `None` if anything is missing.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let parts = header.strip_prefix(ALGORITHM)?.strip_prefix(' ')?;
        let part = |name: &str| {
            let value = parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        Some(Self {
            key_id: part("Credential")?,
            signed_headers: part("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: part("Signature")?,
        })
    }
}

/// The request in the one form that both sides hash.
pub(crate) fn canonical_request(request: &GatewayRequest, signed_headers: &[String], body_hash: &str) -> String {
    let mut names = signed_headers.to_vec();
    names.sort();
    let headers: String = names
        .iter()
        .map(|name| format!("{}:{}\n", name.to_lowercase(), request.header(name).unwrap_or_default()))
        .collect();
    let (method, path, query) = (&request.method, &request.path, canonical_query(&request.query));
    format!("{method}\n{path}\n{query}\n{headers}\n{}\n{body_hash}", names.join(";"))
}

/// What the secret is applied to.
pub(crate) fn string_to_sign(canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{}", sha256_hex(canonical_request.as_bytes()))
}

/// The signature that belongs to a string under a secret.
pub(crate) fn sign(secret: &str, string_to_sign: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(string_to_sign.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Lower-case hexadecimal SHA-256.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Sorted by the raw key's bytes, so `.10` comes before `.2`; encoded anew, whatever the URL looked like.
fn canonical_query(query: &[(String, String)]) -> String {
    let mut pairs: Vec<&(String, String)> = query.iter().collect();
    pairs.sort();
    let pairs: Vec<String> =
        pairs.iter().map(|(key, value)| format!("{}={}", percent_encode(key), percent_encode(value))).collect();
    pairs.join("&")
}

/// RFC 3986: only the unreserved characters stay.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode_upper([byte]));
        }
    }
    encoded
}
