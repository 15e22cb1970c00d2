//! Finds a profile's file and tells the two formats apart.

use std::path::{Path, PathBuf};

use super::{Credentials, CredentialsError, Environment, cli_profile, ini_profile};

/// Reads `profile` from `file`, whichever of the two formats it has.
pub(super) async fn load_file(file: &Path, profile: Option<&str>) -> Result<Credentials, CredentialsError> {
    let path = file.display().to_string();
    let text = read_text(file).await?;
    if text.trim_start().starts_with('{') {
        cli_profile::read(&path, &text, profile)
    } else {
        ini_profile::read(&path, &text, profile)
    }
}

/// Reads `profile` from the CLI's `config.json` at its usual place.
pub(super) async fn load_cli(
    environment: &Environment,
    profile: Option<&str>,
) -> Result<Credentials, CredentialsError> {
    let file = match environment.get("ALIBABA_CLOUD_CONFIG_FILE") {
        Some(file) => expand_home(Path::new(&file), environment),
        None => in_home(environment, ".aliyun/config.json")?,
    };
    cli_profile::read(&file.display().to_string(), &read_text(&file).await?, profile)
}

/// Reads `profile` from the SDKs' ini file: the one that the environment names, else the first
/// that is there of the two names the SDKs use.
pub(super) async fn load_ini(
    environment: &Environment,
    profile: Option<&str>,
) -> Result<Credentials, CredentialsError> {
    let file = match environment.get("ALIBABA_CLOUD_CREDENTIALS_FILE") {
        Some(file) => expand_home(Path::new(&file), environment),
        None => {
            let bare = in_home(environment, ".alibabacloud/credentials")?;
            let with_extension = in_home(environment, ".alibabacloud/credentials.ini")?;
            if !bare.is_file() && with_extension.is_file() { with_extension } else { bare }
        }
    };
    ini_profile::read(&file.display().to_string(), &read_text(&file).await?, profile)
}

/// `~/x` is `x` in the user's directory.
pub(super) fn expand_home(path: &Path, environment: &Environment) -> PathBuf {
    match (path.strip_prefix("~"), environment.home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

fn in_home(environment: &Environment, file: &'static str) -> Result<PathBuf, CredentialsError> {
    environment.home().map(|home| home.join(file)).ok_or(CredentialsError::NoHome { file })
}

/// Off the runtime's threads: a home directory may be on a network.
async fn read_text(file: &Path) -> Result<String, CredentialsError> {
    let unreadable = |cause: String| CredentialsError::FileUnreadable { path: file.display().to_string(), cause };
    let owned = file.to_owned();
    let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(owned));
    match read.await {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(error) => Err(unreadable(error.to_string())),
    }
}
