//! Where an API answers: checked once, so that a request cannot go astray.

use std::net::IpAddr;

use reqwest::Url;

use super::SourceError;

/// A scheme and a host, nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    base: Url,
    host: String,
    is_loopback: bool,
}

impl Endpoint {
    /// Reads the endpoint that the configuration gives under `key`.
    ///
    /// # Errors
    /// [`SourceError::Endpoint`] for anything but `https://host[:port]`, or plain http beyond loopback.
    pub(super) fn parse(key: &'static str, text: &str) -> Result<Self, SourceError> {
        let refuse = |reason: &str| Err(SourceError::Endpoint { key, reason: reason.to_owned() });
        let Ok(base) = Url::parse(text) else {
            return refuse("it is not a URL such as `https://smc.aliyuncs.com`");
        };
        let Some(name) = base.host_str() else {
            return refuse("it names no host");
        };
        let is_loopback = is_loopback(name);
        match base.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            "http" => return refuse("plain http is allowed only to a loopback host; use https"),
            _ => return refuse("its scheme is neither https nor http"),
        }
        // Never echoed: this is where a password would be.
        if !base.username().is_empty() || base.password().is_some() {
            return refuse("it holds a user name or a password");
        }
        if base.path() != "/" || base.query().is_some() || base.fragment().is_some() {
            return refuse("it goes on after the host; give only scheme, host and port");
        }
        let host = match base.port() {
            Some(port) => format!("{name}:{port}"),
            None => name.to_owned(),
        };
        Ok(Self { base, host, is_loopback })
    }

    /// The `Host` header: what is signed and what is sent.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is this machine, which no proxy must stand between.
    pub(super) fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// The URL of a call. `canonical_query` holds only characters that no URL parser rewrites.
    pub(super) fn url(&self, canonical_query: &str) -> Url {
        let mut url = self.base.clone();
        url.set_query(Some(canonical_query).filter(|query| !query.is_empty()));
        url
    }
}

/// Whether `host`, as a URL has it, is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        Endpoint::parse("api.smc_endpoint", text).unwrap_err().to_string()
    }

    #[test]
    fn plain_http_goes_only_to_loopback() {
        for text in ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9/", "http://127.9.9.9"] {
            assert!(Endpoint::parse("api.smc_endpoint", text).unwrap().is_loopback(), "{text}");
        }
        for text in ["http://smc.aliyuncs.com", "http://10.0.0.1", "http://localhost.evil.example", "http://[::2]"] {
            assert!(reason(text).contains("plain http is allowed only to a loopback host"), "{text}");
        }
    }

    #[test]
    fn the_host_header_has_the_port_only_where_it_is_not_the_default() {
        let host = |text| Endpoint::parse("api.smc_endpoint", text).unwrap().host().to_owned();
        assert_eq!(host("https://SMC.aliyuncs.com"), "smc.aliyuncs.com");
        assert_eq!(host("https://smc.aliyuncs.com:443/"), "smc.aliyuncs.com");
        assert_eq!(host("https://smc.aliyuncs.com:8443"), "smc.aliyuncs.com:8443");
        assert_eq!(host("http://[::1]:8080"), "[::1]:8080");
    }

    #[test]
    fn what_is_not_just_a_host_is_refused_without_echoing_it() {
        for text in
            ["smc.aliyuncs.com", "ftp://smc.aliyuncs.com", "https://u:hunter2@h", "https://h/p", "https://h/?q=1", ""]
        {
            let reason = reason(text);
            assert!(reason.starts_with("`api.smc_endpoint` cannot be used: "), "{reason}");
            assert!(!reason.contains("hunter2"));
        }
    }
}
