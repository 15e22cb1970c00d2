//! One way to get an account's credentials.

use std::path::PathBuf;

use crate::config::CredentialsConfig;

use super::{Credentials, CredentialsError, Environment, chain, env, profile};

/// Reads credentials from the place that the configuration names.
#[derive(Clone, Debug)]
pub struct Provider {
    place: Place,
    environment: Environment,
}

/// A new kind of source is a variant here.
#[derive(Clone, Debug)]
enum Place {
    Chain,
    Env { id_var: String, secret_var: String, token_var: Option<String> },
    ProfileOfFile { file: PathBuf, profile: Option<String> },
    Profile { profile: Option<String> },
}

impl Provider {
    /// The provider that `config` asks for, looking variables up in `environment`.
    pub fn new(config: &CredentialsConfig, environment: Environment) -> Self {
        let place = match config.clone() {
            CredentialsConfig::Default => Place::Chain,
            CredentialsConfig::Env { id_var, secret_var, token_var } => Place::Env { id_var, secret_var, token_var },
            CredentialsConfig::Profile { file: Some(file), profile } => {
                Place::ProfileOfFile { file: profile::expand_home(&file, &environment), profile }
            }
            CredentialsConfig::Profile { file: None, profile } => {
                let profile = profile.or_else(|| environment.get("ALIBABA_CLOUD_PROFILE"));
                Place::Profile { profile }
            }
        };
        Self { place, environment }
    }

    /// Reads the credentials as they are now.
    ///
    /// # Errors
    /// What was looked for and where; see [`CredentialsError`].
    pub async fn load(&self) -> Result<Credentials, CredentialsError> {
        match &self.place {
            Place::Chain => chain::load(&self.environment).await,
            Place::Env { id_var, secret_var, token_var } => {
                env::load(&self.environment, id_var, secret_var, token_var.as_deref())
            }
            Place::ProfileOfFile { file, profile } => profile::load_file(file, profile.as_deref()).await,
            Place::Profile { profile } => self.load_profile(profile.as_deref()).await,
        }
    }

    /// The CLI's file, then the ini file. Asked for by name, so the switch that takes the CLI's
    /// profiles out of the default chain does not count.
    async fn load_profile(&self, profile: Option<&str>) -> Result<Credentials, CredentialsError> {
        use CredentialsError::{FileUnreadable, NoHome, ProfileMissing};
        let cli = match profile::load_cli(&self.environment, profile).await {
            Err(error @ (FileUnreadable { .. } | NoHome { .. } | ProfileMissing { .. })) => error,
            // The profile is there: even if it cannot be used, it is the one that was meant.
            found => return found,
        };
        match profile::load_ini(&self.environment, profile).await {
            Err(ini @ (FileUnreadable { .. } | NoHome { .. } | ProfileMissing { .. })) => {
                Err(CredentialsError::NothingFound { tried: vec![cli, ini] })
            }
            found => found,
        }
    }
}

#[cfg(test)]
mod tests {
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
        Provider::new(&config, environment).load().await.map(|credentials| credentials.access_key_id)
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
