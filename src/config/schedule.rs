//! `[schedule]`: when targets are scanned and history is purged.

use serde::Deserialize;

use super::{Checks, parse_cron};

/// Six-field cron expressions, seconds first, in UTC; `"off"` disables one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// When activation codes are scanned.
    pub access_tokens: String,
    /// When MFA devices are scanned.
    pub mfa_devices: String,
    /// When closed history is purged.
    pub retention: String,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            access_tokens: "0 */15 * * * *".into(),
            mfa_devices: "0 5 * * * *".into(),
            retention: "0 30 3 * * *".into(),
        }
    }
}

impl ScheduleConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        let expressions = [
            ("schedule.access_tokens", &self.access_tokens),
            ("schedule.mfa_devices", &self.mfa_devices),
            ("schedule.retention", &self.retention),
        ];
        for (key, expression) in expressions {
            if let Err(error) = parse_cron(expression) {
                checks.refuse(key, error.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::checks::messages, *};

    #[test]
    fn each_expression_is_checked_by_its_key() {
        let config = ScheduleConfig { mfa_devices: "5 * * * *".into(), ..Default::default() };
        let messages = messages(|checks| config.check(checks));
        assert_eq!(messages.len(), 1);
        assert!(messages[0].starts_with("schedule.mfa_devices "), "{messages:?}");
    }
}
