//! The HTTP client that all accounts share, and how an answer is received.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{Client, ClientBuilder, Response, redirect::Policy};
use rustls::{ClientConfig, crypto::CryptoProvider};
use rustls_platform_verifier::Verifier;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::config::ApiConfig;

use super::{Operation, SourceError, TransportFault, endpoint::Endpoint};

/// The official SDKs wait as long; a host that takes longer is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A page is some 100 kB. The bound counts decoded bytes, so a small gzip cannot fill the memory.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Bytes for which room is made because a header states them.
const TRUSTED_LENGTH: usize = 256 * 1024;

/// One pool of connections for every account and API.
#[derive(Clone, Debug)]
pub struct HttpClient {
    proxied: Client,
    /// Loopback is never behind the proxy that the environment names for the rest of the world.
    direct: Client,
    body_bytes_max: usize,
}

impl HttpClient {
    /// A client with the request timeout of `config`, whether or not this machine has CA certificates.
    ///
    /// # Errors
    /// [`SourceError::Client`] where the environment names a proxy that cannot be used.
    pub fn new(config: &ApiConfig) -> Result<Self, SourceError> {
        let tls = tls_config().map_err(|error| SourceError::Client(super::redact::one_line(&error.to_string())))?;
        let builder = || builder(config).tls_backend_preconfigured(tls.clone());
        let build = |builder: ClientBuilder| builder.build().map_err(|error| SourceError::Client(root_cause(&error)));
        Ok(Self { proxied: build(builder())?, direct: build(builder().no_proxy())?, body_bytes_max: BODY_BYTES_MAX })
    }

    /// The client for `endpoint`.
    pub(super) fn to(&self, endpoint: &Endpoint) -> &Client {
        if endpoint.is_loopback() { &self.direct } else { &self.proxied }
    }

    /// The client for what is on this machine or its link.
    pub(super) fn direct(&self) -> &Client {
        &self.direct
    }

    /// The client for what may be anywhere.
    pub(super) fn proxied(&self) -> &Client {
        &self.proxied
    }

    /// The whole decoded body of `response`.
    ///
    /// # Errors
    /// [`SourceError::TooLarge`], or [`SourceError::Transport`] where it breaks off.
    pub(super) async fn read_body(&self, operation: Operation, response: Response) -> Result<Bytes, SourceError> {
        let body = bounded_body(response, self.body_bytes_max).await;
        body.map_err(|error| transport_error(operation, error))?
            .ok_or(SourceError::TooLarge { operation, limit_bytes: self.body_bytes_max })
    }

    /// The same client with another bound.
    #[cfg(test)]
    pub(super) fn with_body_bytes_max(mut self, body_bytes_max: usize) -> Self {
        self.body_bytes_max = body_bytes_max;
        self
    }
}

/// Installs the one TLS provider for the process; calling it again changes nothing.
pub fn install_crypto_provider() {
    // The error says that there is one already, which is what was wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The decoded body of `response`; `None` where it is larger than `bytes_max`.
pub(super) async fn bounded_body(mut response: Response, bytes_max: usize) -> reqwest::Result<Option<Bytes>> {
    let stated = response.content_length().and_then(|length| usize::try_from(length).ok());
    let mut body = BytesMut::with_capacity(stated.unwrap_or_default().min(TRUSTED_LENGTH));
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > bytes_max {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body.freeze()))
}

/// The error of a call whose answer did not arrive.
pub(super) fn transport_error(operation: Operation, error: reqwest::Error) -> SourceError {
    let (kind, detail) = transport_fault(error);
    SourceError::Transport { operation, kind, detail }
}

/// What went wrong with `error`, without its URL, which holds the parameters.
pub(super) fn transport_fault(error: reqwest::Error) -> (TransportFault, Option<String>) {
    let error = error.without_url();
    let kind = if error.is_timeout() {
        TransportFault::Timeout
    } else if error.is_connect() {
        TransportFault::ConnectionFailed
    } else {
        TransportFault::Interrupted
    };
    (kind, (kind != TransportFault::Timeout).then(|| root_cause(&error)))
}

fn builder(config: &ApiConfig) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("stocktake/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT.min(config.request_timeout))
        .timeout(config.request_timeout)
        // A redirect would carry the signature to a host that was not signed for.
        .redirect(Policy::none())
        // What the official SDKs speak; HTTP/2 would replace the signed Host header.
        .http1_only()
}

/// The certificates of this machine and the bundled ones, since a verifier without any fails to build, even for plain
/// http. To read them takes longer than all else that a start does by itself, so both clients share them.
fn tls_config() -> Result<ClientConfig, rustls::Error> {
    install_crypto_provider();
    let provider = CryptoProvider::get_default().expect("it was installed just now");
    let verifier = Verifier::new_with_extra_roots(TLS_SERVER_ROOT_CERTS.iter().cloned(), Arc::clone(provider))?;
    let mut tls =
        ClientConfig::builder().dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

/// The innermost cause: the outer ones say only that a request failed.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    super::redact::one_line(&cause.to_string())
}

#[cfg(test)]
mod tests {
    use crate::source::child_test::is_child_with;

    use super::*;

    #[test]
    fn a_client_is_built_where_the_machine_has_no_certificates() {
        if is_child_with(&[("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")]) {
            HttpClient::new(&ApiConfig::default()).unwrap();
        }
    }
}
