//! The official SDKs' default chain, in their order: environment, CLI profile, ini profile.
//!
//! As in the SDKs, a place that fails for whatever reason makes way for the next; what was wrong
//! with each is told only when none is left.

use super::{Credentials, CredentialsError, Environment, env, profile};

/// The first credentials of the chain.
pub(super) async fn load(environment: &Environment) -> Result<Credentials, CredentialsError> {
    let mut tried = Vec::new();
    let found = env::load(
        environment,
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        Some("ALIBABA_CLOUD_SECURITY_TOKEN"),
    );
    match found {
        Ok(credentials) => return Ok(credentials),
        Err(error) => tried.push(error),
    }
    // OIDC has its place here.
    let name = environment.get("ALIBABA_CLOUD_PROFILE");
    if !environment.is_true("ALIBABA_CLOUD_CLI_PROFILE_DISABLED") {
        match profile::load_cli(environment, name.as_deref()).await {
            Ok(credentials) => return Ok(credentials),
            Err(error) => tried.push(error),
        }
    }
    match profile::load_ini(environment, name.as_deref()).await {
        Ok(credentials) => return Ok(credentials),
        Err(error) => tried.push(error),
    }
    // The role of an ECS instance and the credentials URI have their places here.
    Err(CredentialsError::NothingFound { tried })
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    const CLI: &str = r#"{"current":"default","profiles":[
        {"name":"default","mode":"AK","access_key_id":"cli","access_key_secret":"s"},
        {"name":"two","mode":"AK","access_key_id":"cli2","access_key_secret":"s"}]}"#;
    const INI: &str = "[default]\ntype=access_key\naccess_key_id=ini\naccess_key_secret=s\n\
        [two]\ntype=access_key\naccess_key_id=ini2\naccess_key_secret=s\n";

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), ".aliyun/config.json", CLI);
        write(home.path(), ".alibabacloud/credentials.ini", INI);
        home
    }

    fn write(home: &Path, file: &str, text: &str) {
        fs::create_dir_all(home.join(file).parent().unwrap()).unwrap();
        fs::write(home.join(file), text).unwrap();
    }

    async fn id<const N: usize>(home: &Path, pairs: [(&str, &str); N]) -> String {
        let variables = Environment::of_pairs(pairs);
        let home = home.display().to_string();
        let environment = Environment::with_home(variables, home);
        load(&environment).await.unwrap().access_key_id
    }

    #[tokio::test]
    async fn the_environment_comes_first_then_the_cli_then_the_ini_file() {
        let home = home();
        let key = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "env"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s")];
        assert_eq!(id(home.path(), key).await, "env");
        assert_eq!(id(home.path(), [("ALIBABA_CLOUD_ACCESS_KEY_ID", "half")]).await, "cli");
        assert_eq!(id(home.path(), []).await, "cli");
        assert_eq!(id(home.path(), [("ALIBABA_CLOUD_PROFILE", "two")]).await, "cli2");
        let no_cli = ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "TRUE");
        assert_eq!(id(home.path(), [no_cli]).await, "ini");
        assert_eq!(id(home.path(), [no_cli, ("ALIBABA_CLOUD_PROFILE", "two")]).await, "ini2");
        fs::remove_file(home.path().join(".aliyun/config.json")).unwrap();
        assert_eq!(id(home.path(), []).await, "ini");
        write(home.path(), ".alibabacloud/credentials", &INI.replace("=ini", "=bare"));
        assert_eq!(id(home.path(), []).await, "bare");
        write(home.path(), "elsewhere", &INI.replace("=ini", "=elsewhere"));
        assert_eq!(id(home.path(), [("ALIBABA_CLOUD_CREDENTIALS_FILE", "~/elsewhere")]).await, "elsewhere");
    }

    #[tokio::test]
    async fn when_nothing_is_found_every_place_is_named() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment::with_home(Environment::of_pairs([]), home.path().display().to_string());
        let error = load(&environment).await.unwrap_err().to_string();
        for place in ["ALIBABA_CLOUD_ACCESS_KEY_ID", ".aliyun/config.json", ".alibabacloud/credentials"] {
            assert!(error.contains(place), "{error}");
        }
        assert!(!error.contains('\n'));
    }
}
