//! `[retention]`: what is purged.

use std::time::Duration;

use serde::Deserialize;

use super::Checks;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Further back than this an instant cannot be told from a typing error.
const MAX_HISTORY: Duration = Duration::from_secs(1000 * 31_557_600);

/// What is purged.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// How long closed history is kept after it closed.
    #[serde(with = "humantime_serde")]
    pub history: Duration,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        // Three years as `3y` is read: of 365.25 days each.
        Self { history: Duration::from_secs(3 * 31_557_600) }
    }
}

impl RetentionConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        checks.require(
            (DAY..=MAX_HISTORY).contains(&self.history),
            "retention.history",
            "is out of range; write a duration from `1d` to `1000y`",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{super::checks::messages, *};

    #[test]
    fn history_is_kept_for_a_day_at_least() {
        let is_refused = |history| {
            let config = RetentionConfig { history };
            !messages(|checks| config.check(checks)).is_empty()
        };
        assert!(is_refused(DAY - Duration::from_secs(1)));
        assert!(!is_refused(DAY));
        assert!(!is_refused(MAX_HISTORY));
        assert!(is_refused(Duration::MAX));
    }
}
