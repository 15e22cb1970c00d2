//! No request goes out in plain text but to this machine.

use std::net::Ipv4Addr;

use reqwest::Url;

use crate::source::endpoint::Endpoint;

/// Reads `text` as an endpoint.
///
/// # Panics
/// Where an endpoint is accepted that is plain http beyond loopback, or more than scheme, host and port.
pub fn check_endpoint(text: &str) {
    let Ok(endpoint) = Endpoint::parse("api.smc_endpoint", text) else { return };
    let url = endpoint.url("a=%2F");
    let is_local = is_loopback(&url);
    assert!(url.scheme() == "https" || (url.scheme() == "http" && is_local), "{url}");
    assert_eq!(endpoint.is_loopback(), is_local, "{url}");
    assert!(url.username().is_empty() && url.password().is_none() && url.path() == "/", "{url}");
    assert_eq!((url.query(), url.fragment()), (Some("a=%2F"), None), "{url}");
    let authority = url.as_str().split('/').nth(2);
    assert_eq!(authority, Some(endpoint.host()), "the host that is signed is the host that is asked");
    assert!(endpoint.host().bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
}

/// By the addresses, where `Endpoint` asks the standard library.
fn is_loopback(url: &Url) -> bool {
    match (url.domain(), url.host_str()) {
        (Some(name), _) => name == "localhost",
        (None, Some("[::1]")) => true,
        (None, host) => host.and_then(|host| host.parse::<Ipv4Addr>().ok()).is_some_and(|host| host.octets()[0] == 127),
    }
}
