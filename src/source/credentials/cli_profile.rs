//! Profiles of the official CLI: `config.json`.

use serde::Deserialize;

use super::{Credentials, CredentialsError};

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
}

/// Reads `profile`, or else the one that the file calls current, from the `text` of the file at `path`.
pub(super) fn read(path: &str, text: &str, profile: Option<&str>) -> Result<Credentials, CredentialsError> {
    // The parser's own message may quote the text, and the text holds secrets.
    let config: CliConfig = serde_json::from_str(text).map_err(|error| CredentialsError::FileMalformed {
        path: path.to_owned(),
        cause: format!("line {}, column {}", error.line(), error.column()),
    })?;
    let wanted = profile.or(config.current.as_deref()).filter(|name| !name.is_empty()).unwrap_or("default");
    let found = config.profiles.into_iter().find(|profile| profile.name == wanted);
    let profile =
        found.ok_or_else(|| CredentialsError::ProfileMissing { path: path.to_owned(), profile: wanted.to_owned() })?;
    profile.into_credentials(format!("profile `{wanted}` of `{path}`"))
}

impl CliProfile {
    fn into_credentials(self, origin: String) -> Result<Credentials, CredentialsError> {
        let needs_token = match self.mode.as_deref() {
            None | Some("" | "AK") => false,
            Some("StsToken") => true,
            Some(mode) => {
                return Err(CredentialsError::ModeUnsupported { origin, mode: mode.to_owned() });
            }
        };
        let required = |value: Option<String>, field| {
            let missing = || CredentialsError::FieldMissing { origin: origin.clone(), field };
            value.filter(|value| !value.trim().is_empty()).ok_or_else(missing)
        };
        let id = required(self.access_key_id, "access_key_id")?;
        let secret = required(self.access_key_secret, "access_key_secret")?;
        let token = if needs_token { Some(required(self.sts_token, "sts_token")?) } else { None };
        Credentials::new(&id, &secret, token.as_deref(), origin)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const CONFIG: &str = r#"{"current":"work","profiles":[
        {"name":"default","mode":"AK","access_key_id":"id0","access_key_secret":"secret0","sts_token":"","expired_seconds":900},
        {"name":"work","mode":"StsToken","access_key_id":"STS.id1","access_key_secret":"secret1","sts_token":"token1"},
        {"name":"tokenless","mode":"StsToken","access_key_id":"STS.id2","access_key_secret":"secret2","sts_token":""},
        {"name":"program","mode":"External","process_command":"cat /etc/keys"}],
        "meta_path":""}"#;

    #[test]
    fn the_current_profile_is_read_unless_another_is_named() {
        let current = read("c.json", CONFIG, None).unwrap();
        assert_eq!(current.access_key_id, "STS.id1");
        assert_eq!(current.security_token.as_ref().unwrap().expose_secret(), "token1");
        assert_eq!(current.origin(), "profile `work` of `c.json`");
        let named = read("c.json", CONFIG, Some("default")).unwrap();
        assert_eq!(named.access_key_id, "id0");
        assert!(named.security_token.is_none());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let error = |profile| read("c.json", CONFIG, Some(profile)).unwrap_err().to_string();
        assert_eq!(error("program"), "profile `program` of `c.json` has mode `External`, which is not supported");
        assert_eq!(error("none"), "`c.json` has no profile `none`");
        assert_eq!(error("tokenless"), "profile `tokenless` of `c.json` has no `sts_token`");
    }

    #[test]
    fn a_malformed_file_is_not_quoted() {
        let text = r#"{"profiles":[{"name":"a","access_key_secret":["hunter2"]}, "hunter2"]}"#;
        let error = read("c.json", text, None).unwrap_err().to_string();
        assert!(error.starts_with("`c.json` is not a credentials file: line 1") && !error.contains("hunter2"));
    }
}
