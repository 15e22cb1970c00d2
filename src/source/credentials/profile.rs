//! Finds a profile's file and tells the two formats apart.

use std::path::{Path, PathBuf};

use crate::source::context::Context;

use super::{CredentialsError, Environment, Provider, cli_profile, ini_profile};

/// What `profile` describes: in `file`, whichever of the two formats it has, or else in the CLI's file, then in the ini
/// file. Asked for by name, so the switch that takes the CLI's profiles out of the default chain does not count.
pub(super) async fn find(
    file: Option<&Path>,
    profile: Option<&str>,
    context: &Context,
) -> Result<Provider, CredentialsError> {
    use CredentialsError::{FileUnreadable, NoHome, ProfileMissing};
    if let Some(file) = file {
        return find_in(&expand_home(file, &context.environment), profile, context).await;
    }
    let named = context.environment.get("ALIBABA_CLOUD_PROFILE");
    let profile = profile.or(named.as_deref());
    let cli = match find_cli(profile, context).await {
        Err(error @ (FileUnreadable { .. } | NoHome { .. } | ProfileMissing { .. })) => error,
        // The profile is there: even if it cannot be used, it is the one that was meant.
        found => return found,
    };
    match find_ini(profile, context).await {
        Err(ini @ (FileUnreadable { .. } | NoHome { .. } | ProfileMissing { .. })) => {
            Err(CredentialsError::NothingFound { tried: vec![cli, ini] })
        }
        found => found,
    }
}

/// What `profile` describes in the CLI's `config.json` at its usual place.
pub(super) async fn find_cli(profile: Option<&str>, context: &Context) -> Result<Provider, CredentialsError> {
    let file = match context.environment.get("ALIBABA_CLOUD_CONFIG_FILE") {
        Some(file) => expand_home(Path::new(&file), &context.environment),
        None => in_home(&context.environment, ".aliyun/config.json")?,
    };
    cli_profile::read(&file.display().to_string(), &read_text(&file).await?, profile, context)
}

/// What `profile` describes in the SDKs' ini file: the one that the environment names, else the first
/// that is there of the two names the SDKs use.
pub(super) async fn find_ini(profile: Option<&str>, context: &Context) -> Result<Provider, CredentialsError> {
    let environment = &context.environment;
    let file = match environment.get("ALIBABA_CLOUD_CREDENTIALS_FILE") {
        Some(file) => expand_home(Path::new(&file), environment),
        None => {
            let bare = in_home(environment, ".alibabacloud/credentials")?;
            let with_extension = in_home(environment, ".alibabacloud/credentials.ini")?;
            if !bare.is_file() && with_extension.is_file() { with_extension } else { bare }
        }
    };
    ini_profile::read(&file.display().to_string(), &read_text(&file).await?, profile, context)
}

async fn find_in(file: &Path, profile: Option<&str>, context: &Context) -> Result<Provider, CredentialsError> {
    let path = file.display().to_string();
    let text = read_text(file).await?;
    if text.trim_start().starts_with('{') {
        cli_profile::read(&path, &text, profile, context)
    } else {
        ini_profile::read(&path, &text, profile, context)
    }
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
pub(super) async fn read_text(file: &Path) -> Result<String, CredentialsError> {
    let unreadable = |cause: String| CredentialsError::FileUnreadable { path: file.display().to_string(), cause };
    let owned = file.to_owned();
    let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(owned));
    match read.await {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(error) => Err(unreadable(error.to_string())),
    }
}
