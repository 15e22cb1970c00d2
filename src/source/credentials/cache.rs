//! Keeps credentials until they end or are refused.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::{Credentials, CredentialsError, Provider};

/// Sessions are renewed this long before they end, so that no request is sent with one that ends on the way.
const REFRESH_MARGIN: TimeDelta = TimeDelta::minutes(5);

/// The credentials of one account, read when first needed.
#[derive(Debug)]
pub(in crate::source) struct CredentialCache {
    provider: Provider,
    current: Mutex<Option<Arc<Credentials>>>,
}

impl CredentialCache {
    /// An empty cache in front of `provider`.
    pub(in crate::source) fn new(provider: Provider) -> Self {
        Self { provider, current: Mutex::new(None) }
    }

    /// The credentials to use at `now`, read anew where there are none or they are about to end.
    pub(in crate::source) async fn get(&self, now: DateTime<Utc>) -> Result<Arc<Credentials>, CredentialsError> {
        let mut current = self.current.lock().await;
        if let Some(credentials) = current.as_ref().filter(|credentials| is_fresh(credentials, now)) {
            return Ok(Arc::clone(credentials));
        }
        let credentials = Arc::new(self.provider.load().await?);
        *current = Some(Arc::clone(&credentials));
        Ok(credentials)
    }

    /// Forgets `refused`, so that the next request reads anew; what another request has read since stays.
    pub(in crate::source) async fn forget(&self, refused: &Arc<Credentials>) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|credentials| Arc::ptr_eq(credentials, refused)) {
            *current = None;
        }
    }
}

fn is_fresh(credentials: &Credentials, now: DateTime<Utc>) -> bool {
    credentials.expires_at.is_none_or(|expires_at| now + REFRESH_MARGIN < expires_at)
}

#[cfg(test)]
mod tests {
    use crate::{config::CredentialsConfig, source::Environment};

    use super::*;

    fn cache() -> CredentialCache {
        let config = CredentialsConfig::Env { id_var: "I".to_owned(), secret_var: "S".to_owned(), token_var: None };
        let environment = Environment::of_pairs([("I", "id"), ("S", "secret")]);
        CredentialCache::new(Provider::new(&config, environment))
    }

    #[tokio::test]
    async fn credentials_are_read_once_until_they_are_forgotten() {
        let cache = cache();
        let first = cache.get(DateTime::UNIX_EPOCH).await.unwrap();
        assert!(Arc::ptr_eq(&first, &cache.get(DateTime::UNIX_EPOCH).await.unwrap()));
        cache.forget(&first).await;
        let second = cache.get(DateTime::UNIX_EPOCH).await.unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
        cache.forget(&first).await;
        assert!(Arc::ptr_eq(&second, &cache.get(DateTime::UNIX_EPOCH).await.unwrap()));
    }

    #[test]
    fn a_session_is_fresh_until_five_minutes_before_it_ends() {
        let mut credentials = Credentials::new("id", "secret", None, "a test").unwrap();
        let now = DateTime::UNIX_EPOCH;
        assert!(is_fresh(&credentials, now));
        credentials.expires_at = Some(now + TimeDelta::minutes(5));
        assert!(!is_fresh(&credentials, now));
        credentials.expires_at = Some(now + TimeDelta::minutes(5) + TimeDelta::seconds(1));
        assert!(is_fresh(&credentials, now));
    }
}
