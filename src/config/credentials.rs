//! `credentials` of an account: where keys come from, never the keys themselves.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de::Error};

use super::{
    AssumeRole, Checks,
    role::{arn_name, check_role_arn, check_session_name, is_role_name},
};

/// Where keys come from; never the keys themselves.
///
/// In the file, [`Self::Assumed`] is no kind of its own but a table, `assume_role`, beside any `kind`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
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
    /// The RAM role of the ECS instance that this runs on.
    EcsRole {
        /// The role; absent means the one that the instance names.
        role_name: Option<String>,
    },
    /// A role that an identity provider's token opens; what is absent is read from the official variables.
    Oidc {
        /// The role.
        role_arn: Option<String>,
        /// The identity provider.
        provider_arn: Option<String>,
        /// Where the token is; it is read anew for each session.
        token_file: Option<PathBuf>,
        /// What the session is called in audit logs.
        session_name: Option<String>,
    },
    /// A role, assumed with keys from elsewhere.
    #[serde(skip)]
    Assumed {
        /// Where the keys that assume it come from.
        base: Box<CredentialsConfig>,
        /// The role.
        role: AssumeRole,
    },
}

impl CredentialsConfig {
    /// `role`, assumed with these credentials.
    pub fn assuming(self, role: AssumeRole) -> Self {
        Self::Assumed { base: Box::new(self), role }
    }

    pub(super) fn check(&self, key: &dyn Fn(&str) -> String, checks: &mut Checks) {
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
            Self::EcsRole { role_name } => checks.require(
                role_name.as_ref().is_none_or(|name| is_role_name(name)),
                &key("role_name"),
                "is not the name of a RAM role, letters, digits and `. - _`; leave it out to ask the instance",
            ),
            Self::Oidc { role_arn, provider_arn, token_file, session_name } => {
                if let Some(role_arn) = role_arn {
                    check_role_arn(role_arn, &key("role_arn"), checks);
                }
                checks.require(
                    provider_arn.as_ref().is_none_or(|arn| arn_name(arn, "oidc-provider/").is_some()),
                    &key("provider_arn"),
                    "is not of the form `acs:ram::1772422852740001:oidc-provider/name`",
                );
                checks.require(
                    token_file.as_ref().is_none_or(|file| !file.as_os_str().is_empty()),
                    &key("token_file"),
                    "is empty; name the file that holds the token, or leave it out for ALIBABA_CLOUD_OIDC_TOKEN_FILE",
                );
                if let Some(session_name) = session_name {
                    check_session_name(session_name, &key("session_name"), checks);
                }
            }
            Self::Assumed { base, role } => {
                base.check(key, checks);
                role.check(&|field| key(&format!("assume_role.{field}")), checks);
            }
        }
    }
}

impl<'de> Deserialize<'de> for CredentialsConfig {
    /// Takes `assume_role` off the table; what is left is one kind.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = toml::Table::deserialize(deserializer)?;
        let role = table.remove("assume_role");
        let base = Self::deserialize(toml::Value::Table(table)).map_err(|error| D::Error::custom(error.message()))?;
        let Some(role) = role else { return Ok(base) };
        let role = role.try_into().map_err(|error: toml::de::Error| D::Error::custom(error.message()))?;
        Ok(base.assuming(role))
    }
}

fn is_variable_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::{super::checks::messages, *};

    fn refusals(config: &CredentialsConfig) -> Vec<String> {
        messages(|checks| config.check(&|field| field.to_owned(), checks))
    }

    #[test]
    fn a_key_in_place_of_a_variable_is_refused_unprinted() {
        let messages = refusals(&CredentialsConfig::Env {
            id_var: "LTAI5tExampleExample".into(),
            secret_var: "abcdefABCDEF0123456789abcdefAB".into(),
            token_var: Some("TOKEN".into()),
        });
        assert_eq!(messages.len(), 2);
        assert!(messages.iter().all(|line| !line.contains("LTAI") && !line.contains("abcdef")), "{messages:?}");
    }

    #[test]
    fn each_value_of_a_role_is_checked_by_its_key() {
        let none = CredentialsConfig::Oidc { role_arn: None, provider_arn: None, token_file: None, session_name: None };
        assert!(refusals(&none).is_empty());
        let wrong = CredentialsConfig::Oidc {
            role_arn: Some("acs:ram::1:user/a".into()),
            provider_arn: Some("acs:ram::1:role/a".into()),
            token_file: Some(PathBuf::new()),
            session_name: Some("a".into()),
        };
        let keys: Vec<_> = refusals(&wrong).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(keys, ["role_arn", "provider_arn", "token_file", "session_name"]);
        for name in ["", "a/b", "a b", "../x"] {
            assert_eq!(refusals(&CredentialsConfig::EcsRole { role_name: Some(name.into()) }).len(), 1, "{name}");
        }
        assert!(refusals(&CredentialsConfig::EcsRole { role_name: Some("Audit-1.x".into()) }).is_empty());
        let role = AssumeRole { session_name: "a b".into(), ..AssumeRole::new("acs:ram::1:role/a") };
        assert!(refusals(&none.assuming(role))[0].starts_with("assume_role.session_name "));
    }
}
