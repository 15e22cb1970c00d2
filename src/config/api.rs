//! `[api]`: how the APIs are called.

use std::time::Duration;

use serde::Deserialize;

use super::{Checks, endpoint::refuse_endpoint};

/// How the APIs are called.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiConfig {
    /// Where SMC answers; plain http only to loopback.
    pub smc_endpoint: String,
    /// Where IMS answers.
    pub ims_endpoint: String,
    /// Where STS answers.
    pub sts_endpoint: String,
    /// Where `ResourceManager` answers, which lists the members of an organization.
    pub resourcemanager_endpoint: String,
    /// The time one request may take, from connecting to the last byte.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// Attempts a request, the first included.
    pub max_attempts: u32,
    /// Requests a second and account.
    pub requests_per_second: u32,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            smc_endpoint: "https://smc.aliyuncs.com".into(),
            ims_endpoint: "https://ims.aliyuncs.com".into(),
            sts_endpoint: "https://sts.aliyuncs.com".into(),
            resourcemanager_endpoint: "https://resourcemanager.aliyuncs.com".into(),
            request_timeout: Duration::from_secs(30),
            max_attempts: 5,
            requests_per_second: 10,
        }
    }
}

impl ApiConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        let endpoints = [
            ("api.smc_endpoint", &self.smc_endpoint),
            ("api.ims_endpoint", &self.ims_endpoint),
            ("api.sts_endpoint", &self.sts_endpoint),
            ("api.resourcemanager_endpoint", &self.resourcemanager_endpoint),
        ];
        for (key, endpoint) in endpoints {
            if let Some(message) = refuse_endpoint(endpoint) {
                checks.refuse(key, message);
            }
        }
        checks.require(
            !self.request_timeout.is_zero(),
            "api.request_timeout",
            "is zero: no request could be answered; write a duration such as `30s`",
        );
        checks.require(self.max_attempts >= 1, "api.max_attempts", "is 0: no request would be sent; write 1 or more");
        checks.require(
            self.requests_per_second >= 1,
            "api.requests_per_second",
            "is 0: no request would be sent; write 1 or more",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{super::checks::messages, *};

    #[test]
    fn each_value_is_checked_by_its_key() {
        let config = ApiConfig {
            smc_endpoint: "http://example.com".into(),
            ims_endpoint: "https://example.com/path".into(),
            sts_endpoint: "example.com".into(),
            resourcemanager_endpoint: "https://u@example.com".into(),
            request_timeout: Duration::ZERO,
            max_attempts: 0,
            requests_per_second: 0,
        };
        let messages = messages(|checks| config.check(checks));
        let keys: Vec<_> = messages.iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(
            keys,
            [
                "api.smc_endpoint",
                "api.ims_endpoint",
                "api.sts_endpoint",
                "api.resourcemanager_endpoint",
                "api.request_timeout",
                "api.max_attempts",
                "api.requests_per_second",
            ]
        );
    }
}
