//! One way to get an account's credentials.

use std::{path::PathBuf, sync::Arc};

use futures::future::{BoxFuture, FutureExt};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    config::{AssumeRole, CredentialsConfig},
    source::{AccountClient, context::Context},
};

use super::{
    Credentials, CredentialsError,
    chain::{self, Settled},
    ecs_role, env,
    oidc::{self, Oidc},
    profile, uri,
};

/// Reads credentials from one place.
#[derive(Debug)]
pub(in crate::source) struct Provider {
    place: Place,
    context: Context,
}

/// A new kind of source is a variant here.
#[derive(Debug)]
pub(super) enum Place {
    Chain(Settled),
    Env {
        id_var: String,
        secret_var: String,
        token_var: Option<String>,
    },
    Profile {
        file: Option<PathBuf>,
        profile: Option<String>,
    },
    /// What a profile holds itself.
    Keys(Credentials),
    EcsRole {
        role_name: Option<String>,
    },
    Oidc(Oidc),
    /// May itself be what opens the door.
    Uri(SecretString),
    Assumed {
        base: Arc<AccountClient>,
        role: AssumeRole,
    },
}

impl Provider {
    /// The provider that `config` asks for.
    pub(in crate::source) fn new(config: &CredentialsConfig, context: &Context) -> Self {
        let place = match config.clone() {
            CredentialsConfig::Default => Place::Chain(Settled::default()),
            CredentialsConfig::Env { id_var, secret_var, token_var } => Place::Env { id_var, secret_var, token_var },
            CredentialsConfig::Profile { file, profile } => Place::Profile { file, profile },
            CredentialsConfig::EcsRole { role_name } => Place::EcsRole { role_name },
            CredentialsConfig::Oidc { role_arn, provider_arn, token_file, session_name } => {
                Place::Oidc(Oidc { role_arn, provider_arn, token_file, session_name, policy: None })
            }
            CredentialsConfig::Assumed { base, role } => {
                return Self::new(&base, context).assuming(role);
            }
        };
        Self::of(place, context)
    }

    /// The provider of `place`.
    pub(super) fn of(place: Place, context: &Context) -> Self {
        Self { place, context: context.clone() }
    }

    /// `role`, assumed with what this provider reads.
    pub(super) fn assuming(self, role: AssumeRole) -> Self {
        let context = self.context.clone();
        let base = AccountClient::with_provider(self, &context);
        Self::assumed(Arc::new(base), role, &context)
    }

    /// `role`, assumed by `base`.
    pub(in crate::source) fn assumed(base: Arc<AccountClient>, role: AssumeRole, context: &Context) -> Self {
        Self::of(Place::Assumed { base, role }, context)
    }

    /// What it reads, for the tests of those who make it.
    #[cfg(test)]
    pub(super) fn into_place(self) -> Place {
        self.place
    }

    /// Reads the credentials as they are now. Boxed, since a role may be assumed with a role, and so on.
    ///
    /// # Errors
    /// What was looked for and where; see [`CredentialsError`].
    pub(in crate::source) fn load(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        async {
            match &self.place {
                Place::Chain(settled) => chain::load(settled, &self.context).await,
                Place::Env { id_var, secret_var, token_var } => {
                    env::load(&self.context.environment, id_var, secret_var, token_var.as_deref())
                }
                Place::Profile { file, profile } => {
                    profile::find(file.as_deref(), profile.as_deref(), &self.context).await?.load().await
                }
                Place::Keys(credentials) => Ok(credentials.clone()),
                Place::EcsRole { role_name } => ecs_role::load(role_name.as_deref(), &self.context).await,
                Place::Oidc(oidc) => oidc::load(oidc, &self.context).await,
                Place::Uri(uri) => uri::load(uri.expose_secret(), &self.context).await,
                Place::Assumed { base, role } => base.assume_role(role).await.map_err(|cause| {
                    CredentialsError::RoleNotAssumed { role_arn: role.role_arn.clone(), cause: Box::new(cause) }
                }),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use crate::source::Environment;

    use super::*;

    const CLI: &str = r#"{"current":"a","profiles":[
        {"name":"a","mode":"AK","access_key_id":"cli","access_key_secret":"s"},
        {"name":"b","mode":"External","process_command":"x"}]}"#;
    const INI: &str = "[default]\ntype=access_key\naccess_key_id=ini\naccess_key_secret=s\n";

    async fn load(file: Option<&str>, profile: Option<&str>) -> Result<String, CredentialsError> {
        let home = tempfile::tempdir().unwrap();
        for (path, text) in [(".aliyun/config.json", CLI), (".alibabacloud/credentials", INI)] {
            std::fs::create_dir_all(home.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(home.path().join(path), text).unwrap();
        }
        let config =
            CredentialsConfig::Profile { file: file.map(PathBuf::from), profile: profile.map(ToOwned::to_owned) };
        let variables = Environment::of_pairs([("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true")]);
        let environment = Environment::with_home(variables, home.path().display().to_string());
        let provider = Provider::new(&config, &Context::of_environment(environment));
        provider.load().await.map(|credentials| credentials.access_key_id)
    }

    #[tokio::test]
    async fn a_named_file_may_have_either_format() {
        assert_eq!(load(Some("~/.aliyun/config.json"), None).await.unwrap(), "cli");
        assert_eq!(load(Some("~/.alibabacloud/credentials"), None).await.unwrap(), "ini");
    }

    #[tokio::test]
    async fn without_a_file_both_default_places_are_tried() {
        assert_eq!(load(None, None).await.unwrap(), "cli");
        assert_eq!(load(None, Some("default")).await.unwrap(), "ini");
        let unsupported = load(None, Some("b")).await.unwrap_err();
        assert!(matches!(unsupported, CredentialsError::ModeUnsupported { .. }), "{unsupported}");
        let missing = load(None, Some("c")).await.unwrap_err();
        assert!(matches!(missing, CredentialsError::NothingFound { .. }), "{missing}");
    }
}
