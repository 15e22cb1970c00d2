//! The least that a client must do: sign a request, send it, read typed rows.

use std::{borrow::Cow, time::SystemTime};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;

/// The secret of every key here; it opens nothing.
pub(crate) const KEY_SECRET: &str = "benchmark-secret";

/// The id of an account; the first number stands in the API's own documentation.
pub(crate) fn account_id(account: usize) -> String {
    format!("{}", 1_772_422_852_740_001_u64 + account as u64)
}

/// The id of an account's key, in the form of the real ones.
pub(crate) fn key_id(account: usize) -> String {
    format!("LTAI5tBenchmark{account}")
}

const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// An operation of one of the APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Operation {
    pub(crate) action: &'static str,
    pub(crate) version: &'static str,
}

pub(crate) const LIST_ACCESS_TOKENS: Operation = Operation { action: "ListAccessTokens", version: "2019-06-01" };
pub(crate) const LIST_MFA_DEVICES: Operation = Operation { action: "ListVirtualMFADevices", version: "2019-08-15" };
pub(crate) const GET_CALLER_IDENTITY: Operation = Operation { action: "GetCallerIdentity", version: "2015-04-01" };

/// A page of codes, as typed rows.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CodePage<'a> {
    #[serde(borrow)]
    pub(crate) access_tokens: CodeList<'a>,
    pub(crate) total_count: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CodeList<'a> {
    #[serde(borrow)]
    pub(crate) access_token: Vec<Code<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "to decode them is what is measured")]
pub(crate) struct Code<'a> {
    access_token_id: &'a str,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    description: Option<Cow<'a, str>>,
    status: &'a str,
    creation_time: DateTime<Utc>,
    time_to_live_in_days: Cow<'a, str>,
    count: Cow<'a, str>,
    registered_count: Cow<'a, str>,
}

/// A page of devices, as typed rows.
#[derive(Deserialize)]
pub(crate) struct DevicePage<'a> {
    #[serde(rename = "VirtualMFADevices", borrow)]
    pub(crate) devices: DeviceList<'a>,
    #[serde(rename = "IsTruncated")]
    pub(crate) is_truncated: bool,
    #[serde(rename = "Marker")]
    pub(crate) marker: Option<&'a str>,
}

#[derive(Deserialize)]
pub(crate) struct DeviceList<'a> {
    #[serde(rename = "VirtualMFADevice", borrow)]
    pub(crate) device: Vec<Device<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "to decode them is what is measured")]
pub(crate) struct Device<'a> {
    serial_number: &'a str,
    activate_date: Option<DateTime<Utc>>,
    #[serde(borrow)]
    user: User<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "to decode them is what is measured")]
struct User<'a> {
    user_id: Option<&'a str>,
    #[serde(borrow)]
    display_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    user_principal_name: Option<Cow<'a, str>>,
}

/// One connection, kept alive.
pub(crate) struct Line {
    sender: SendRequest<Empty<Bytes>>,
    host: String,
}

impl Line {
    pub(crate) async fn open(host: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).await.with_context(|| format!("nobody listens on {host}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host: host.to_owned() })
    }

    /// The body of the answer to one request that an account's key signs. `query` is canonical.
    pub(crate) async fn ask(&mut self, account: usize, operation: Operation, query: &str) -> anyhow::Result<Bytes> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request(&self.host, account, operation, query)?).await?;
        ensure!(response.status().is_success(), "{} was answered {}", operation.action, response.status());
        Ok(response.into_body().collect().await?.to_bytes())
    }
}

/// The canonical query of a page of codes.
pub(crate) fn code_page(number: u64) -> String {
    format!("PageNumber={number}&PageSize=50")
}

/// The canonical query of a page of devices.
pub(crate) fn device_page(marker: Option<&str>) -> String {
    marker.map_or_else(|| "MaxItems=100".to_owned(), |marker| format!("Marker={}&MaxItems=100", encoded(marker)))
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

fn request(host: &str, account: usize, operation: Operation, query: &str) -> anyhow::Result<Request<Empty<Bytes>>> {
    let Operation { action, version } = operation;
    let date = DateTime::<Utc>::from(SystemTime::now()).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let names = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let canonical = format!(
        "POST\n/\n{query}\nhost:{host}\nx-acs-action:{action}\nx-acs-content-sha256:{EMPTY_SHA256}\nx-acs-date:{date}\n\
         x-acs-signature-nonce:{nonce}\nx-acs-version:{version}\n\n{names}\n{EMPTY_SHA256}"
    );
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", hex::encode(Sha256::digest(canonical)));
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY_SECRET.as_bytes()).context("HMAC takes a key of any length")?;
    mac.update(to_sign.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    Ok(Request::post(if query.is_empty() { "/".to_owned() } else { format!("/?{query}") })
        .header("host", host)
        .header("content-length", 0)
        .header("x-acs-action", action)
        .header("x-acs-content-sha256", EMPTY_SHA256)
        .header("x-acs-date", date)
        .header("x-acs-signature-nonce", nonce)
        .header("x-acs-version", version)
        .header(
            "authorization",
            format!("ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={signature}", key_id(account)),
        )
        .body(Empty::new())?)
}
