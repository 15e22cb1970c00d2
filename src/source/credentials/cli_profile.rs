//! Profiles of the official CLI: `config.json`.

use serde::Deserialize;

use crate::{
    config::{AssumeRole, DEFAULT_SESSION_NAME},
    source::{context::Context, redact::one_line},
};

use super::{Credentials, CredentialsError, Provider, oidc::Oidc, provider::Place};

/// Profiles that may lead to one another; a chain of roles is short, and each costs a call.
const CHAIN_MAX: usize = 16;

/// No `Debug`: it holds secrets.
#[derive(Deserialize)]
struct CliConfig {
    current: Option<String>,
    #[serde(default)]
    profiles: Vec<CliProfile>,
}

#[derive(Deserialize)]
struct CliProfile {
    #[serde(default)]
    name: String,
    mode: Option<String>,
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    sts_token: Option<String>,
    ram_role_name: Option<String>,
    ram_role_arn: Option<String>,
    /// The CLI's name for it; the SDKs call it `role_session_name`.
    ram_session_name: Option<String>,
    role_session_name: Option<String>,
    external_id: Option<String>,
    policy: Option<String>,
    source_profile: Option<String>,
    oidc_provider_arn: Option<String>,
    oidc_token_file: Option<String>,
    credentials_uri: Option<String>,
}

/// What `profile`, or else the one that the file calls current, describes in the `text` of the file at `path`.
pub(in crate::source) fn read(
    path: &str,
    text: &str,
    profile: Option<&str>,
    context: &Context,
) -> Result<Provider, CredentialsError> {
    // The parser's own message may quote the text, and the text holds secrets.
    let config: CliConfig = serde_json::from_str(text).map_err(|error| CredentialsError::FileMalformed {
        path: path.to_owned(),
        cause: format!("line {}, column {}", error.line(), error.column()),
    })?;
    let current = config.current.as_deref();
    let wanted = profile.or(current).filter(|name| !name.is_empty()).unwrap_or("default");
    Reader { path, profiles: &config.profiles, context }.provider(wanted, &mut Vec::new())
}

struct Reader<'a> {
    path: &'a str,
    profiles: &'a [CliProfile],
    context: &'a Context,
}

impl<'a> Reader<'a> {
    /// What the profile `wanted` describes; `seen` are those that led to it.
    fn provider(&self, wanted: &'a str, seen: &mut Vec<&'a str>) -> Result<Provider, CredentialsError> {
        let path = self.path.to_owned();
        if seen.contains(&wanted) {
            seen.push(wanted);
            return Err(CredentialsError::ProfileCycle {
                path,
                profiles: seen.iter().map(|name| one_line(name)).collect(),
            });
        }
        if seen.len() == CHAIN_MAX {
            let cause = format!("more than {CHAIN_MAX} profiles lead to one another");
            return Err(CredentialsError::FileMalformed { path, cause });
        }
        seen.push(wanted);
        let found = self.profiles.iter().find(|profile| profile.name == wanted);
        let profile = found.ok_or_else(|| CredentialsError::ProfileMissing { path, profile: one_line(wanted) })?;
        let origin = format!("profile `{}` of `{}`", one_line(wanted), self.path);
        let required = |value: &'a Option<String>, field| required(value, field, &origin);
        let place = match given(&profile.mode).unwrap_or("AK") {
            "AK" => Place::Keys(profile.keys(&origin, None)?),
            "StsToken" => Place::Keys(profile.keys(&origin, Some(required(&profile.sts_token, "sts_token")?))?),
            "RamRoleArn" => {
                let keys = profile.keys(&origin, given(&profile.sts_token))?;
                return Ok(self.of(Place::Keys(keys)).assuming(profile.role(&origin)?));
            }
            "ChainableRamRoleArn" => {
                let source = self.provider(required(&profile.source_profile, "source_profile")?, seen)?;
                return Ok(source.assuming(profile.role(&origin)?));
            }
            "EcsRamRole" => Place::EcsRole { role_name: given(&profile.ram_role_name).map(str::to_owned) },
            "OIDC" => Place::Oidc(Oidc {
                role_arn: Some(required(&profile.ram_role_arn, "ram_role_arn")?.to_owned()),
                provider_arn: Some(required(&profile.oidc_provider_arn, "oidc_provider_arn")?.to_owned()),
                token_file: Some(required(&profile.oidc_token_file, "oidc_token_file")?.into()),
                session_name: profile.session_name().map(str::to_owned),
                policy: given(&profile.policy).map(str::to_owned),
            }),
            "CredentialsURI" => Place::Uri(required(&profile.credentials_uri, "credentials_uri")?.into()),
            // The CLI would run a program, ask a browser, or sign with a private key.
            mode => return Err(CredentialsError::ModeUnsupported { origin, mode: one_line(mode) }),
        };
        Ok(self.of(place))
    }

    fn of(&self, place: Place) -> Provider {
        Provider::of(place, self.context)
    }
}

impl CliProfile {
    fn keys(&self, origin: &str, token: Option<&str>) -> Result<Credentials, CredentialsError> {
        let id = required(&self.access_key_id, "access_key_id", origin)?;
        Credentials::new(id, required(&self.access_key_secret, "access_key_secret", origin)?, token, origin)
    }

    fn role(&self, origin: &str) -> Result<AssumeRole, CredentialsError> {
        Ok(AssumeRole {
            role_arn: required(&self.ram_role_arn, "ram_role_arn", origin)?.to_owned(),
            session_name: self.session_name().unwrap_or(DEFAULT_SESSION_NAME).to_owned(),
            external_id: given(&self.external_id).map(str::to_owned),
            policy: given(&self.policy).map(str::to_owned),
        })
    }

    fn session_name(&self) -> Option<&str> {
        given(&self.ram_session_name).or_else(|| given(&self.role_session_name))
    }
}

/// What is absent and what is blank are the same to the CLI, which writes every key.
fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|value| !value.is_empty())
}

fn required<'a>(value: &'a Option<String>, field: &'static str, origin: &str) -> Result<&'a str, CredentialsError> {
    given(value).ok_or_else(|| CredentialsError::FieldMissing { origin: origin.to_owned(), field })
}

#[cfg(test)]
#[path = "cli_profile_tests.rs"]
mod tests;
