//! A client written for these tests alone, with its own idea of the signature.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use emulator::{AccessKey, AccountOptions, Clock, Emulator, Inventory, Options};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(crate) const ACCOUNT: &str = "1772422852740001";
pub(crate) const KEY_ID: &str = "LTAI5tEmulatorTest";
pub(crate) const SECRET: &str = "a secret of the tests";
pub(crate) const CODES: &str = "ListAccessTokens";
pub(crate) const DEVICES: &str = "ListVirtualMFADevices";

/// Noon of an ordinary day, where every manual clock of these tests stands.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

/// The account that most tests need, with its key.
pub(crate) fn account() -> AccountOptions {
    AccountOptions::new(ACCOUNT).key(AccessKey::new(KEY_ID, SECRET))
}

/// An emulator of one account, its clock standing at noon.
pub(crate) async fn start(account: AccountOptions) -> Emulator {
    Emulator::start(Options::new().clock(Clock::Manual(noon())).seed(7).account(account)).await.unwrap()
}

/// An emulator of one account that owns this.
pub(crate) async fn start_with(edit: impl FnOnce(&mut Inventory)) -> Emulator {
    let mut inventory = Inventory::new();
    edit(&mut inventory);
    start(account().inventory(inventory)).await
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["Code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn code_ids(&self) -> Vec<String> {
        ids(&self.json()["AccessTokens"]["AccessToken"], "AccessTokenId")
    }

    pub(crate) fn serial_numbers(&self) -> Vec<String> {
        ids(&self.json()["VirtualMFADevices"]["VirtualMFADevice"], "SerialNumber")
    }
}

fn ids(items: &Value, name: &str) -> Vec<String> {
    items.as_array().unwrap().iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

/// Signs and sends; every part can be falsified.
pub(crate) struct Caller {
    pub(crate) url: String,
    pub(crate) key_id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    pub(crate) date: DateTime<Utc>,
    pub(crate) nonce: Option<String>,
    pub(crate) more_headers: Vec<(&'static str, String)>,
    pub(crate) unsigned_headers: Vec<(&'static str, String)>,
    pub(crate) method: reqwest::Method,
    http: reqwest::Client,
}

impl Caller {
    pub(crate) fn new(emulator: &Emulator) -> Self {
        Self {
            url: emulator.url(),
            key_id: KEY_ID.to_owned(),
            secret: SECRET.to_owned(),
            token: None,
            date: emulator.now(),
            nonce: None,
            more_headers: Vec::new(),
            unsigned_headers: Vec::new(),
            method: reqwest::Method::POST,
            http: http_client(),
        }
    }

    pub(crate) fn late_by(mut self, by: TimeDelta) -> Self {
        self.date -= by;
        self
    }

    pub(crate) async fn codes(&self, query: &[(&str, &str)]) -> Reply {
        self.call(CODES, query).await
    }

    pub(crate) async fn devices(&self, query: &[(&str, &str)]) -> Reply {
        self.call(DEVICES, query).await
    }

    pub(crate) async fn call(&self, action: &str, query: &[(&str, &str)]) -> Reply {
        self.try_call(action, query).await.unwrap()
    }

    pub(crate) async fn try_call(&self, action: &str, query: &[(&str, &str)]) -> reqwest::Result<Reply> {
        let response = self.request(action, query).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply { status, headers, text: response.text().await? })
    }

    pub(crate) fn request(&self, action: &str, query: &[(&str, &str)]) -> reqwest::RequestBuilder {
        static NONCE: AtomicU64 = AtomicU64::new(0);
        let nonce = self.nonce.clone().unwrap_or_else(|| format!("nonce-{}", NONCE.fetch_add(1, Ordering::Relaxed)));
        let version = match action {
            CODES => "2019-06-01",
            DEVICES => "2019-08-15",
            "ListAccounts" => "2020-03-31",
            _ => "2015-04-01",
        };
        let mut headers = vec![
            ("host", self.url.trim_start_matches("http://").to_owned()),
            ("x-acs-action", action.to_owned()),
            ("x-acs-content-sha256", hex::encode(Sha256::digest(b""))),
            ("x-acs-date", self.date.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            ("x-acs-signature-nonce", nonce),
            ("x-acs-version", version.to_owned()),
        ];
        headers.extend(self.token.clone().map(|token| ("x-acs-security-token", token)));
        for (name, value) in &self.more_headers {
            headers.retain(|(present, _)| present != name);
            headers.push((name, value.clone()));
        }
        headers.sort();
        // By key, not by the whole pair: `AccessTokenId.1=` comes before `AccessTokenId.12=`, though `=` is after `2`.
        let mut pairs = query.to_vec();
        pairs.sort();
        let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
        let query = pairs.join("&");
        let canonical: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let body_hash = hex::encode(Sha256::digest(b""));
        let canonical = format!("{}\n/\n{query}\n{canonical}\n{names}\n{body_hash}", self.method);
        let to_sign = format!("ACS3-HMAC-SHA256\n{}", hex::encode(Sha256::digest(canonical)));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(to_sign.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let authorization =
            format!("ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={signature}", self.key_id);
        let mut request = self.http.request(self.method.clone(), format!("{}/?{query}", self.url));
        for (name, value) in headers.iter().chain(&self.unsigned_headers) {
            request = request.header(*name, value);
        }
        request.header("authorization", authorization)
    }
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// A client for plain HTTP. In a build of the whole workspace reqwest has TLS and wants to know by whom.
pub(crate) fn http_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().build().unwrap()
}
