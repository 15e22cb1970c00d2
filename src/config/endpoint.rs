//! What an endpoint of an API may look like.

use std::net::IpAddr;

/// Says what is wrong with an endpoint and how to mend it; `None` when it will do.
///
/// An endpoint is a scheme, a host and perhaps a port. Plain http is for this machine alone: requests
/// carry tokens that anybody on the way could read. The text is not repeated, it may hold a password.
pub(super) fn refuse_endpoint(text: &str) -> Option<&'static str> {
    let (is_plain, authority) = match text.split_once("://") {
        Some(("https", authority)) => (false, authority),
        Some(("http", authority)) => (true, authority),
        _ => return Some("is not an https URL; write one such as `https://smc.aliyuncs.com`"),
    };
    if authority.contains('@') {
        return Some("holds a user name or password; write only scheme, host and port");
    }
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    if authority.contains(['/', '?', '#']) {
        return Some("goes on after the host; write only scheme, host and port");
    }
    let Some(host) = host(authority) else {
        return Some("names no valid host; write one such as `https://smc.aliyuncs.com`");
    };
    if is_plain && !is_loopback(host) {
        return Some("is plain http to another machine; use https (http is only for loopback, such as `127.0.0.1`)");
    }
    None
}

/// The host of `host` or `host:port`, without the brackets of an IPv6 address.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        address.parse::<std::net::Ipv6Addr>().ok()?;
        (address, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        (Some(host).filter(|host| !host.is_empty() && is_name)?, port)
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n > 0);
    port.is_none_or(is_port).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_hosts_and_plain_loopback_are_accepted() {
        for endpoint in [
            "https://smc.aliyuncs.com",
            "https://smc.aliyuncs.com/",
            "https://smc-vpc.cn-hangzhou.aliyuncs.com:443",
            "https://[2400:3200::1]:8443",
            "http://127.0.0.1:8088",
            "http://127.9.9.9",
            "http://[::1]:8088",
            "http://localhost:8088",
        ] {
            assert_eq!(refuse_endpoint(endpoint), None, "{endpoint}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for endpoint in [
            "",
            "smc.aliyuncs.com",
            "ftp://smc.aliyuncs.com",
            "https://",
            "https://host/path",
            "https://host//",
            "https://host?x=1",
            "https://host#x",
            "https://user:pw@host",
            "https://host:0",
            "https://host:70000",
            "https://host:+1",
            "https://a host",
            "https://[::1",
            "https://[::1]8080",
            "http://smc.aliyuncs.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://0.0.0.0:8088",
            "http://169.254.169.254",
        ] {
            assert!(refuse_endpoint(endpoint).is_some(), "{endpoint}");
        }
    }
}
