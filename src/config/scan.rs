//! `[scan]`: how a listing is read and when its scan may delete.

use std::time::Duration;

use serde::Deserialize;

use super::Checks;

/// How a listing is read and when its scan may delete.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScanConfig {
    /// Which parameters `ListAccessTokens` is sent.
    pub paging: Paging,
    /// Pages fetched at once.
    pub concurrency: u32,
    /// Readings of a listing before it is called incomplete.
    pub scan_attempts: u32,
    /// The time one scan may take.
    #[serde(with = "humantime_serde")]
    pub deadline: Duration,
    /// A scan that would delete more than this many rows is held if it also breaks `max_delete_ratio`.
    pub max_delete_count: u32,
    /// The share of the live rows that a scan may delete beyond `max_delete_count`.
    pub max_delete_ratio: f64,
}

/// Which parameters `ListAccessTokens` is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Paging {
    /// The undocumented `PageNumber` and `PageSize` are tried first.
    #[default]
    Auto,
    /// Only documented parameters.
    Documented,
}

/// A gateway answers no faster for more connections; past this they only queue behind the rate limit.
const MAX_CONCURRENCY: u32 = 64;

impl Default for ScanConfig {
    fn default() -> Self {
        Self {
            paging: Paging::Auto,
            concurrency: 4,
            scan_attempts: 3,
            deadline: Duration::from_secs(30 * 60),
            max_delete_count: 20,
            max_delete_ratio: 0.3,
        }
    }
}

impl ScanConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        checks.require(
            (1..=MAX_CONCURRENCY).contains(&self.concurrency),
            "scan.concurrency",
            "is out of range; write 1 to 64",
        );
        checks.require(self.scan_attempts >= 1, "scan.scan_attempts", "is 0: nothing would be read; write 1 or more");
        checks.require(
            !self.deadline.is_zero(),
            "scan.deadline",
            "is zero: every scan would end at once; write a duration such as `30m`",
        );
        // Written so that a NaN is refused too.
        checks.require(
            (0.0..=1.0).contains(&self.max_delete_ratio),
            "scan.max_delete_ratio",
            "is out of range; write a share from 0 to 1",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{super::checks::messages, *};

    #[test]
    fn values_out_of_range_are_refused() {
        let config = ScanConfig {
            concurrency: 65,
            scan_attempts: 0,
            deadline: Duration::ZERO,
            max_delete_ratio: f64::NAN,
            ..ScanConfig::default()
        };
        assert_eq!(messages(|checks| config.check(checks)).len(), 4);
        for concurrency in [0, 65] {
            let config = ScanConfig { concurrency, ..ScanConfig::default() };
            assert_eq!(messages(|checks| config.check(checks)).len(), 1);
        }
    }

    #[test]
    fn the_ends_of_each_range_are_accepted() {
        for (concurrency, max_delete_ratio) in [(1, 0.0), (64, 1.0)] {
            let config = ScanConfig { concurrency, max_delete_ratio, ..ScanConfig::default() };
            assert!(messages(|checks| config.check(checks)).is_empty());
        }
    }
}
