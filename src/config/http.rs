//! `[http]`: the status page.

use std::net::SocketAddr;

use serde::Deserialize;

use super::Checks;

/// The status page.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// `address:port`, or `"off"`.
    pub listen: String,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8787".into() }
    }
}

impl HttpConfig {
    /// Where to listen; `None` is `off`.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        checks.require(
            self.listen == "off" || self.address().is_some(),
            "http.listen",
            "is not an IP address and port; write one such as `127.0.0.1:8787`, or `off`",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{super::checks::messages, *};

    #[test]
    fn an_address_and_port_or_off_is_wanted() {
        let is_refused = |listen: &str| {
            let config = HttpConfig { listen: listen.into() };
            !messages(|checks| config.check(checks)).is_empty()
        };
        assert!(["127.0.0.1:8787", "[::1]:0", "off"].iter().all(|listen| !is_refused(listen)));
        assert!(["8787", "localhost:8787", "127.0.0.1", ""].iter().all(|listen| is_refused(listen)));
        assert_eq!(HttpConfig { listen: "off".into() }.address(), None);
    }
}
