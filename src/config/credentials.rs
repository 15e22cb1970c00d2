//! `credentials` of an account: where keys come from, never the keys themselves.

use std::path::PathBuf;

use serde::Deserialize;

use super::Checks;

/// Where keys come from; never the keys themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CredentialsConfig {
    /// The chain of the official SDKs.
    #[default]
    Default,
    /// Named environment variables.
    Env {
        /// Names the variable of the access key id.
        id_var: String,
        /// Names the variable of the access key secret.
        secret_var: String,
        /// Names the variable of the security token, where there is one.
        token_var: Option<String>,
    },
    /// A profile of the CLI (`config.json`) or of an ini file.
    Profile {
        /// The file; absent means the default places.
        file: Option<PathBuf>,
        /// The profile; absent means the file's current one.
        profile: Option<String>,
    },
}

impl CredentialsConfig {
    pub(super) fn check(&self, key: &impl Fn(&str) -> String, checks: &mut Checks) {
        match self {
            Self::Default => {}
            Self::Env { id_var, secret_var, token_var } => {
                let variables =
                    [("id_var", Some(id_var)), ("secret_var", Some(secret_var)), ("token_var", token_var.as_ref())];
                for (field, variable) in variables {
                    // Capitals only, so that a key pasted by mistake is refused here, unprinted,
                    // and not named later as a variable that is not set.
                    checks.require(
                        variable.is_none_or(|variable| is_variable_name(variable)),
                        &key(field),
                        "is not the name of an environment variable in capitals, such as `PROD_ACCESS_KEY_SECRET`; the \
                         key itself is never written here",
                    );
                }
            }
            Self::Profile { file, profile } => {
                checks.require(
                    file.as_ref().is_none_or(|file| !file.as_os_str().is_empty()),
                    &key("file"),
                    "is empty; name a file, or leave it out for the default places",
                );
                checks.require(
                    profile.as_ref().is_none_or(|profile| !profile.is_empty()),
                    &key("profile"),
                    "is empty; name a profile, or leave it out for the current one",
                );
            }
        }
    }
}

fn is_variable_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::{super::checks::messages, *};

    #[test]
    fn a_key_in_place_of_a_variable_is_refused_unprinted() {
        let config = CredentialsConfig::Env {
            id_var: "LTAI5tExampleExample".into(),
            secret_var: "abcdefABCDEF0123456789abcdefAB".into(),
            token_var: Some("TOKEN".into()),
        };
        let messages = messages(|checks| config.check(&|field| field.to_owned(), checks));
        assert_eq!(messages.len(), 2);
        assert!(messages.iter().all(|line| !line.contains("LTAI") && !line.contains("abcdef")), "{messages:?}");
    }
}
