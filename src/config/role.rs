//! `assume_role`: a RAM role that is assumed with an account's credentials.

use serde::Deserialize;

use super::Checks;

/// What a session is called in audit logs where nothing else is said.
pub const DEFAULT_SESSION_NAME: &str = "stocktake";

const POLICY_CHARS_MAX: usize = 2048;

/// A RAM role to assume; holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssumeRole {
    /// The role, `acs:ram::ACCOUNT:role/NAME`.
    pub role_arn: String,
    /// What the session is called in the audit logs of the role's account.
    #[serde(default = "default_session_name")]
    pub session_name: String,
    /// What the role's trust policy asks for, where it does.
    pub external_id: Option<String>,
    /// A policy in JSON that the session is narrowed to.
    pub policy: Option<String>,
}

impl AssumeRole {
    /// The role of this ARN, under the default session name and without narrowing.
    pub fn new(role_arn: impl Into<String>) -> Self {
        Self { role_arn: role_arn.into(), session_name: default_session_name(), external_id: None, policy: None }
    }

    pub(super) fn check(&self, key: &dyn Fn(&str) -> String, checks: &mut Checks) {
        check_role_arn(&self.role_arn, &key("role_arn"), checks);
        check_session_name(&self.session_name, &key("session_name"), checks);
        let is_external_id = |id: &String| {
            (2..=1224).contains(&id.chars().count())
                && id.chars().all(|c| c.is_ascii_alphanumeric() || "=,.@:/-_+".contains(c))
        };
        checks.require(
            self.external_id.as_ref().is_none_or(is_external_id),
            &key("external_id"),
            "is not 2 to 1224 letters, digits and `= , . @ : / - _ +`; copy it from the role's trust policy",
        );
        if let Some(policy) = &self.policy {
            check_policy(policy, &key("policy"), checks);
        }
    }
}

fn default_session_name() -> String {
    DEFAULT_SESSION_NAME.to_owned()
}

/// Holds `arn` against the form of a role's.
pub(super) fn check_role_arn(arn: &str, key: &str, checks: &mut Checks) {
    checks.require(
        arn_name(arn, "role/").is_some_and(is_role_name),
        key,
        "is not of the form `acs:ram::1772422852740001:role/name`; copy it from the role's page in RAM",
    );
}

/// Holds `name` against what STS takes for a session name.
pub(super) fn check_session_name(name: &str, key: &str, checks: &mut Checks) {
    let is_right = (2..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".@_-".contains(&byte));
    checks.require(is_right, key, "is not 2 to 64 letters, digits and `. @ _ -`; write one such as `stocktake`");
}

/// What follows `kind` in `acs:ram::DIGITS:kindNAME`.
pub(super) fn arn_name<'a>(arn: &'a str, kind: &str) -> Option<&'a str> {
    let (account, resource) = arn.strip_prefix("acs:ram::")?.split_once(':')?;
    let is_account = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    resource.strip_prefix(kind).filter(|name| is_account && !name.is_empty())
}

/// Whether RAM would take `name` for a role; nothing in it can lead a URL astray.
pub(super) fn is_role_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

fn check_policy(policy: &str, key: &str, checks: &mut Checks) {
    checks.require(
        policy.chars().count() <= POLICY_CHARS_MAX,
        key,
        "is longer than the 2048 characters that STS takes; shorten it",
    );
    checks.require(
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(policy).is_ok(),
        key,
        r#"is not a JSON object; write one such as '{"Version":"1","Statement":[…]}'"#,
    );
}

#[cfg(test)]
mod tests {
    use super::{super::checks::messages, *};

    const ARN: &str = "acs:ram::1772422852740001:role/audit";

    fn refused_keys(edit: impl FnOnce(&mut AssumeRole)) -> Vec<String> {
        let mut role = AssumeRole::new(ARN);
        edit(&mut role);
        let messages = messages(|checks| role.check(&|field| field.to_owned(), checks));
        messages.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn an_arn_names_account_and_role() {
        for arn in [ARN, "acs:ram::1:role/ResourceDirectoryAccountAccessRole", "acs:ram::0012:role/a.b-c_d"] {
            assert!(refused_keys(|role| role.role_arn = arn.into()).is_empty(), "{arn}");
        }
        for arn in [
            "",
            "audit",
            "acs:ram::1772422852740001:role/",
            "acs:ram::1772422852740001:user/audit",
            "acs:ram::17x:role/audit",
            "acs:ram:::role/audit",
            "acs:ram::1:role/a b",
            "acs:ram::1:role/a/b",
            " acs:ram::1:role/a",
            "acs:ram:cn:1:role/a",
        ] {
            assert_eq!(refused_keys(|role| role.role_arn = arn.into()), ["role_arn"], "{arn}");
        }
    }

    #[test]
    fn a_session_name_has_2_to_64_characters_of_a_few_kinds() {
        let long = "x".repeat(64);
        for name in ["ab", "Audit.bot@example_com-1", &long] {
            assert!(refused_keys(|role| role.session_name = name.into()).is_empty(), "{name}");
        }
        let too_long = "x".repeat(65);
        for name in ["", "a", "a b", "a/b", "é1", &too_long] {
            assert_eq!(refused_keys(|role| role.session_name = name.into()), ["session_name"], "{name}");
        }
    }

    #[test]
    fn an_external_id_has_2_to_1224_characters() {
        for length in [2, 1224] {
            assert!(refused_keys(|role| role.external_id = Some("x".repeat(length))).is_empty(), "{length}");
        }
        for length in [0, 1, 1225] {
            assert_eq!(refused_keys(|role| role.external_id = Some("x".repeat(length))), ["external_id"], "{length}");
        }
        assert_eq!(refused_keys(|role| role.external_id = Some("a b".into())), ["external_id"]);
    }

    #[test]
    fn a_policy_is_a_json_object_of_at_most_2048_characters() {
        let padded = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
        assert!(refused_keys(|role| role.policy = Some(padded(2048))).is_empty());
        for policy in [padded(2049), String::new(), "[]".into(), "{\"a\":".into()] {
            assert_eq!(refused_keys(|role| role.policy = Some(policy.clone())), ["policy"], "{policy}");
        }
    }
}
