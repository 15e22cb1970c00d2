//! Where the keys of an account come from.
//!
//! A [`Provider`] reads them; a [`CredentialCache`] keeps them until they end or are refused.
//! A role is assumed by a client of its own, which has its credentials from a cache like this in turn.
//! A new kind of source is a file beside these, a variant of `provider::Place`, and its place in
//! [`chain`].

mod cache;
mod chain;
mod cli_profile;
mod ecs_role;
mod env;
mod environment;
mod error;
mod fetch;
mod ini_profile;
mod oidc;
mod profile;
mod provider;
mod session;
mod uri;

pub(super) use cache::CredentialCache;
#[cfg(any(test, fuzzing))]
pub(super) use cli_profile::read as read_cli_profile;
pub use environment::Environment;
pub use error::CredentialsError;
#[cfg(any(test, fuzzing))]
pub(super) use ini_profile::read as read_ini_profile;
pub(super) use provider::Provider;
pub(super) use session::read_session;

use std::fmt;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::redact::Asker;

/// An access key or a session; prints none of it.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret: SecretString,
    pub(super) security_token: Option<SecretString>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    origin: String,
}

impl Credentials {
    /// Credentials that do not say when they end, found at `origin` (for people; no secret).
    ///
    /// Blanks around the values are dropped: files and variables often end in a newline.
    ///
    /// # Errors
    /// [`CredentialsError::Invalid`] where a value could not stand in a header.
    pub(super) fn new(
        access_key_id: &str,
        secret: &str,
        security_token: Option<&str>,
        origin: impl Into<String>,
    ) -> Result<Self, CredentialsError> {
        let origin = origin.into();
        let checked = |what, value: &str| {
            let value = value.trim();
            let is_valid = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
            if is_valid {
                Ok(value.to_owned())
            } else {
                Err(CredentialsError::Invalid { what, origin: origin.clone() })
            }
        };
        Ok(Self {
            access_key_id: checked("access key id", access_key_id)?,
            secret: checked("access key secret", secret)?.into(),
            security_token: security_token
                .filter(|token| !token.trim().is_empty())
                .map(|token| checked("security token", token).map(SecretString::from))
                .transpose()?,
            expires_at: None,
            origin,
        })
    }

    /// Where they were found, for people.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// Who signs with them, and what no message may repeat.
    pub(super) fn asker(&self) -> Asker<'_> {
        let token = self.security_token.as_ref().map(ExposeSecret::expose_secret);
        let secrets = [Some(self.secret.expose_secret()), token, Some(self.access_key_id.as_str())];
        let is_session = self.expires_at.is_some();
        Asker { origin: &self.origin, is_session, secrets: secrets.into_iter().flatten().collect() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("origin", &self.origin)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_part_of_the_keys() {
        let credentials = Credentials::new("LTAIid", "s3cret", Some("t0ken"), "a test").unwrap();
        let shown = format!("{credentials:?}");
        for part in ["LTAIid", "s3cret", "t0ken"] {
            assert!(!shown.contains(part), "{shown}");
        }
    }

    #[test]
    fn blanks_around_are_dropped_and_within_are_refused_without_echo() {
        let credentials = Credentials::new(" id\n", "secret\r\n", Some(" "), "a test").unwrap();
        assert_eq!(credentials.access_key_id, "id");
        assert!(credentials.security_token.is_none());
        let error = Credentials::new("id", "two words", None, "a test").unwrap_err().to_string();
        assert!(error.contains("access key secret") && !error.contains("words"), "{error}");
    }
}
