//! Calls the APIs for one account: signs, sends, waits, tries again.

use std::num::NonZeroU32;
use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::header::{ACCEPT, CONTENT_LENGTH};

use crate::{
    clock::Clock,
    config::{ApiConfig, CredentialsConfig},
};

use super::{
    Environment, HttpClient, Operation, SourceError,
    answer::{Head, accept},
    credentials::{CredentialCache, Credentials, Provider},
    decode::{Malformed, Members},
    endpoint::Endpoint,
    http::transport_error,
    retry::{RetryPolicy, Step},
    sign::{Unsigned, canonical_query, sign},
};

/// The APIs as one account sees them. Calls may be made at once; all share one rate limit.
#[derive(Debug)]
pub struct AccountClient {
    http: HttpClient,
    endpoints: Endpoints,
    credentials: CredentialCache,
    limiter: DefaultDirectRateLimiter,
    pub(super) retry: RetryPolicy,
    clock: ClockHandle,
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

/// What is known of an answer beside its content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    pub(super) at: DateTime<Utc>,
    pub(super) skew: Option<TimeDelta>,
}

#[derive(Debug)]
struct Endpoints {
    smc: Endpoint,
    ims: Endpoint,
    sts: Endpoint,
}

struct ClockHandle(Arc<dyn Clock>);

impl std::fmt::Debug for ClockHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
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
        let per_second = NonZeroU32::new(api.requests_per_second).unwrap_or(NonZeroU32::MIN);
        let endpoint = |operation: Operation, text| Endpoint::parse(operation.endpoint_key(), text);
        Ok(Self {
            http,
            endpoints: Endpoints {
                smc: endpoint(Operation::ListAccessTokens, &api.smc_endpoint)?,
                ims: endpoint(Operation::ListVirtualMfaDevices, &api.ims_endpoint)?,
                sts: endpoint(Operation::GetCallerIdentity, &api.sts_endpoint)?,
            },
            credentials: CredentialCache::new(Provider::new(credentials, environment)),
            limiter: RateLimiter::direct(Quota::per_second(per_second)),
            retry: RetryPolicy::new(api.max_attempts),
            clock: ClockHandle(clock),
            correction_ms: AtomicI64::new(0),
            sent_count: AtomicU64::new(0),
            retried_count: AtomicU64::new(0),
            throttled_count: AtomicU64::new(0),
        })
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
        Ok(self.credentials.get(self.clock.0.now()).await?.access_key_id.clone())
    }

    /// Calls `operation` until its answer can be decoded or trying again is useless.
    pub(super) async fn call<T>(
        &self,
        operation: Operation,
        params: &[(String, String)],
        decode: impl Fn(&Members<'_>) -> Result<T, Malformed> + Send + Sync,
    ) -> Result<(T, Received), SourceError> {
        let query = canonical_query(params);
        let mut attempts = self.retry.start();
        loop {
            let credentials = self.credentials.get(self.clock.0.now()).await?;
            let error = match self.attempt(operation, &query, &credentials, &decode).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if matches!(error, SourceError::Throttled(_)) {
                self.throttled_count.fetch_add(1, Ordering::Relaxed);
            }
            if matches!(error, SourceError::Unauthenticated(_)) {
                // Someone may be mending the file or the session: the next call reads it anew.
                self.credentials.forget(&credentials).await;
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
        decode: impl Fn(&Members<'_>) -> Result<T, Malformed>,
    ) -> Result<(T, Received), SourceError> {
        self.limiter.until_ready().await;
        let endpoint = self.endpoint(operation);
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
            .http
            .to(endpoint)
            .post(endpoint.url(canonical_query))
            .header(ACCEPT, "application/json")
            .header(CONTENT_LENGTH, 0);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.sent_count.fetch_add(1, Ordering::Relaxed);
        let response = request.send().await.map_err(|error| transport_error(operation, error))?;
        let head = Head::read(response.status().as_u16(), response.headers(), self.clock.0.now());
        let body = self.http.read_body(operation, response).await?;
        let received = Received { at: self.clock.0.now(), skew: head.skew };
        let members = accept(operation, &head, &body, credentials)?;
        let decoded = decode(&members).map_err(|malformed| malformed.at(operation, head.status))?;
        Ok((decoded, received))
    }

    fn endpoint(&self, operation: Operation) -> &Endpoint {
        match operation {
            Operation::ListAccessTokens => &self.endpoints.smc,
            Operation::ListVirtualMfaDevices => &self.endpoints.ims,
            Operation::GetCallerIdentity => &self.endpoints.sts,
        }
    }

    fn corrected_now(&self) -> DateTime<Utc> {
        let correction = TimeDelta::milliseconds(self.correction_ms.load(Ordering::Relaxed));
        let now = self.clock.0.now();
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
