//! The policies that narrow a session, as far as actions go.

use serde::Deserialize;

/// An inline policy that has passed the grammar check.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Policy {
    version: Version,
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
enum Version {
    #[serde(rename = "1")]
    One,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    action: OneOrMany,
    /// Every object of the emulated products matches: only that something is said is checked.
    #[serde(rename = "Resource")]
    _resource: OneOrMany,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Policy {
    /// `None` where the gateway would refuse the grammar.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether an action such as `smc:ListAccessTokens` is allowed and not denied.
    pub(crate) fn permits(&self, action: &str) -> bool {
        let is_matched = |effect| {
            self.statement.iter().any(|statement| statement.effect == effect && statement.action.matches(action))
        };
        is_matched(Effect::Allow) && !is_matched(Effect::Deny)
    }
}

impl OneOrMany {
    fn matches(&self, action: &str) -> bool {
        match self {
            Self::One(pattern) => matches(pattern, action),
            Self::Many(patterns) => patterns.iter().any(|pattern| matches(pattern, action)),
        }
    }
}

/// Whatever the case; a star at the end stands for anything.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    pattern.strip_suffix('*').map_or(pattern == action, |start| action.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(statements: &str, action: &str) -> bool {
        Policy::parse(&format!(r#"{{"Version":"1","Statement":[{statements}]}}"#)).unwrap().permits(action)
    }

    #[test]
    fn an_action_must_be_allowed_and_not_denied() {
        let listed = r#"{"Effect":"Allow","Action":["smc:ListAccessTokens","ram:List*"],"Resource":"*"}"#;
        assert!(permits(listed, "smc:ListAccessTokens") && permits(listed, "ram:ListVirtualMFADevices"));
        assert!(!permits(listed, "smc:DeleteAccessToken") && !permits("", "smc:ListAccessTokens"));
        let but = format!(r#"{listed},{{"Effect":"Deny","Action":"ram:*","Resource":["*"]}}"#);
        assert!(permits(&but, "smc:ListAccessTokens") && !permits(&but, "ram:ListVirtualMFADevices"));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in [
            "",
            "{}",
            r#"{"Version":"2","Statement":[]}"#,
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*"}]}"#,
            r#"{"Version":"1","Statement":[{"Effect":"allow","Action":"*","Resource":"*"}]}"#,
        ] {
            assert_eq!(Policy::parse(text), None, "{text}");
        }
    }
}
