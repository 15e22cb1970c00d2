//! Keeps credentials until they end or are refused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Credentials, CredentialsError, Provider};

/// Sessions are renewed this long before they end, so that no request is sent with one that ends on the way.
const REFRESH_MARGIN: TimeDelta = TimeDelta::minutes(5);

/// A session that could not be renewed in time is used on, and renewing it is tried again after this long.
const REFRESH_PAUSE: TimeDelta = TimeDelta::seconds(30);

/// The credentials of one account, read when first needed. One caller at a time reads anew: who needs credentials
/// waits for that one and shares what came of it; who has a session that is still valid goes on with it.
#[derive(Debug)]
pub(in crate::source) struct CredentialCache {
    provider: Provider,
    state: Mutex<State>,
    /// Held by who reads anew. Whoever gives up reading, by being dropped, leaves the turn to the next.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Arc<Credentials>>,
    /// Readings that ended, well or not.
    reading_count: u64,
    /// When the last of them did.
    read_at: Option<DateTime<Utc>>,
    /// Why the last of them failed.
    failure: Option<CredentialsError>,
}

impl CredentialCache {
    /// An empty cache in front of `provider`.
    pub(in crate::source) fn new(provider: Provider) -> Self {
        Self { provider, state: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// The credentials to use at `now`, read anew where there are none or they are about to end.
    pub(in crate::source) async fn get(&self, now: DateTime<Utc>) -> Result<Arc<Credentials>, CredentialsError> {
        let (valid, reading_count) = {
            let state = self.state();
            match state.valid(now) {
                Some(valid) if is_fresh(&valid, now) || state.was_read_lately(now) => return Ok(valid),
                valid => (valid, state.reading_count),
            }
        };
        let _turn = match (self.turn.try_lock(), valid) {
            (Ok(turn), _) => turn,
            (Err(_), Some(valid)) => return Ok(valid),
            (Err(_), None) => self.turn.lock().await,
        };
        if let Some(shared) = self.state().outcome_since(reading_count, now) {
            return shared;
        }
        let read = self.provider.load().await;
        self.state().end_reading(read, now)
    }

    /// Forgets `refused`, so that the next request reads anew; what another request has read since stays.
    pub(in crate::source) fn forget(&self, refused: &Arc<Credentials>) {
        let mut state = self.state();
        if state.current.as_ref().is_some_and(|credentials| Arc::ptr_eq(credentials, refused)) {
            state.current = None;
        }
    }

    /// Never held across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What has not ended at `now`.
    fn valid(&self, now: DateTime<Utc>) -> Option<Arc<Credentials>> {
        let has_not_ended = |credentials: &&Arc<Credentials>| credentials.expires_at.is_none_or(|end| now < end);
        self.current.as_ref().filter(has_not_ended).cloned()
    }

    fn was_read_lately(&self, now: DateTime<Utc>) -> bool {
        self.read_at.is_some_and(|at| (now - at).abs() < REFRESH_PAUSE)
    }

    /// What came of a reading that ended since there were `reading_count`.
    fn outcome_since(
        &self,
        reading_count: u64,
        now: DateTime<Utc>,
    ) -> Option<Result<Arc<Credentials>, CredentialsError>> {
        if self.reading_count == reading_count {
            return None;
        }
        self.valid(now).map(Ok).or_else(|| self.failure.clone().map(Err))
    }

    fn end_reading(
        &mut self,
        read: Result<Credentials, CredentialsError>,
        now: DateTime<Utc>,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        self.reading_count += 1;
        self.read_at = Some(now);
        let error = match read {
            Ok(credentials) => {
                let credentials = Arc::new(credentials);
                self.current = Some(Arc::clone(&credentials));
                self.failure = None;
                return Ok(credentials);
            }
            Err(error) => error,
        };
        let has_failed_before = self.failure.replace(error.clone()).is_some();
        let Some(valid) = self.valid(now) else { return Err(error) };
        if !has_failed_before {
            let mend = error.mend();
            tracing::warn!(
                error.code = error.code(),
                "the session is used on, since it cannot be renewed: {error}; {mend}"
            );
        }
        Ok(valid)
    }
}

fn is_fresh(credentials: &Credentials, now: DateTime<Utc>) -> bool {
    credentials.expires_at.is_none_or(|expires_at| now + REFRESH_MARGIN < expires_at)
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
