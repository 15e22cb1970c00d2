//! Calls the APIs for one account: signs, sends, waits, tries again.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use governor::{DefaultDirectRateLimiter, RateLimiter};
use reqwest::header::{ACCEPT, CONTENT_LENGTH};

use crate::{
    clock::Clock,
    config::{ApiConfig, AssumeRole, CredentialsConfig},
};

use super::{
    Environment, HttpClient, Operation, SourceError,
    context::{Context, Received},
    credentials::{CredentialCache, Credentials, Provider},
    decode::Decode,
    retry::Step,
    sign::{Unsigned, canonical_query, sign},
};

/// The APIs as one account sees them. Calls may be made at once; all share one rate limit.
#[derive(Debug)]
pub struct AccountClient {
    context: Context,
    credentials: CredentialCache,
    limiter: DefaultDirectRateLimiter,
    /// What is added to the clock for `x-acs-date`, since the API refused a date.
    correction_ms: AtomicI64,
    sent_count: AtomicU64,
    retried_count: AtomicU64,
    throttled_count: AtomicU64,
}

/// How many requests an account has made since its client was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// Requests sent, retries included.
    pub sent: u64,
    /// Those that repeated a failed one.
    pub retried: u64,
    /// Those that were answered with throttling.
    pub throttled: u64,
}

impl AccountClient {
    /// A client for the account whose keys `credentials` tells where to find. Sends nothing and
    /// reads no key yet.
    ///
    /// # Errors
    /// [`SourceError::Endpoint`] where an endpoint of `api` cannot be used.
    pub fn new(
        http: HttpClient,
        api: &ApiConfig,
        credentials: &CredentialsConfig,
        environment: Environment,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SourceError> {
        let context = Context::new(http, api, environment, clock)?;
        Ok(Self::with_provider(Provider::new(credentials, &context), &context))
    }

    /// A client for the account of `role`, which is assumed with the keys of `base`. Clients that share a base
    /// share its session.
    pub fn assuming(base: Arc<Self>, role: AssumeRole) -> Self {
        let context = base.context.clone();
        Self::with_provider(Provider::assumed(base, role, &context), &context)
    }

    /// A client that signs with what `provider` reads.
    pub(super) fn with_provider(provider: Provider, context: &Context) -> Self {
        Self {
            context: context.clone(),
            credentials: CredentialCache::new(provider),
            limiter: RateLimiter::direct(context.quota),
            correction_ms: AtomicI64::new(0),
            sent_count: AtomicU64::new(0),
            retried_count: AtomicU64::new(0),
            throttled_count: AtomicU64::new(0),
        }
    }

    /// The requests so far.
    pub fn request_counts(&self) -> RequestCounts {
        RequestCounts {
            sent: self.sent_count.load(Ordering::Relaxed),
            retried: self.retried_count.load(Ordering::Relaxed),
            throttled: self.throttled_count.load(Ordering::Relaxed),
        }
    }

    /// The access key id that requests are signed with now; it changes when the keys do.
    ///
    /// # Errors
    /// Where there are no credentials.
    pub async fn access_key_id(&self) -> Result<String, SourceError> {
        Ok(self.credentials.get(self.corrected_now()).await?.access_key_id.clone())
    }

    /// Where the keys come from that requests are signed with now, for people.
    ///
    /// # Errors
    /// Where there are no credentials.
    pub async fn key_origin(&self) -> Result<String, SourceError> {
        Ok(self.credentials.get(self.corrected_now()).await?.origin().to_owned())
    }

    /// Calls `operation` until its answer can be decoded or trying again is useless.
    pub(super) async fn call<T>(
        &self,
        operation: Operation,
        params: &[(String, String)],
        decoder: impl Decode<T>,
    ) -> Result<(T, Received), SourceError> {
        let query = canonical_query(params);
        let mut attempts = self.context.retry.start();
        loop {
            let credentials = self.credentials.get(self.corrected_now()).await?;
            let error = match self.attempt(operation, &query, &credentials, &decoder).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if matches!(error, SourceError::Throttled(_)) {
                self.throttled_count.fetch_add(1, Ordering::Relaxed);
            }
            if matches!(error, SourceError::Unauthenticated(_)) {
                // Someone may be mending the file or the session: the next call reads it anew.
                self.credentials.forget(&credentials);
            }
            let step = attempts.after_failure(error.retry());
            if step == Step::GiveUp {
                return Err(error);
            }
            tracing::debug!(
                api.action = operation.action(),
                error.code = error.code(),
                attempt.count = attempts.failed_count(),
                "the request failed and is sent again: {error}"
            );
            self.retried_count.fetch_add(1, Ordering::Relaxed);
            match step {
                Step::Wait(delay) => tokio::time::sleep(delay).await,
                Step::CorrectClock => self.correct_clock(&error),
                // They are forgotten already.
                Step::RefreshCredentials | Step::GiveUp => {}
            }
        }
    }

    /// One request: its own nonce, date and signature, never the bytes of another.
    async fn attempt<T>(
        &self,
        operation: Operation,
        canonical_query: &str,
        credentials: &Credentials,
        decoder: &impl Decode<T>,
    ) -> Result<(T, Received), SourceError> {
        self.limiter.until_ready().await;
        let endpoint = self.context.endpoint(operation);
        let headers = sign(&Unsigned {
            method: "POST",
            host: endpoint.host(),
            canonical_query,
            action: operation.action(),
            version: operation.version(),
            date: self.corrected_now(),
            nonce: &uuid::Uuid::new_v4().simple().to_string(),
            credentials,
        });
        let mut request = self
            .context
            .http
            .to(endpoint)
            .post(endpoint.url(canonical_query))
            .header(ACCEPT, "application/json")
            .header(CONTENT_LENGTH, 0);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.sent_count.fetch_add(1, Ordering::Relaxed);
        self.context.exchange(operation, request, &credentials.asker(), decoder).await
    }

    fn corrected_now(&self) -> DateTime<Utc> {
        let correction = TimeDelta::milliseconds(self.correction_ms.load(Ordering::Relaxed));
        let now = self.context.now();
        now.checked_add_signed(correction).unwrap_or(now)
    }

    /// Signs from now on with the API's own time.
    fn correct_clock(&self, error: &SourceError) {
        if let Some(skew) = error.refusal().and_then(|refusal| refusal.skew) {
            self.correction_ms.store(-skew.num_milliseconds(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
