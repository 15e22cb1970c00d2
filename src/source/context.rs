//! What every client of an account is built from, and the way of one request through it.

use std::{fmt, num::NonZeroU32, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use governor::Quota;
use reqwest::RequestBuilder;

use crate::{clock::Clock, config::ApiConfig};

use super::{
    Environment, HttpClient, Operation, SourceError,
    answer::{Head, accept},
    decode::Decode,
    endpoint::Endpoint,
    http::transport_error,
    redact::Asker,
    retry::RetryPolicy,
};

/// Cheap to clone: a role is assumed by a client of its own.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) http: HttpClient,
    pub(super) environment: Environment,
    pub(super) retry: RetryPolicy,
    pub(super) quota: Quota,
    endpoints: Arc<Endpoints>,
    clock: SharedClock,
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
    resourcemanager: Endpoint,
}

#[derive(Clone)]
struct SharedClock(Arc<dyn Clock>);

impl fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl Context {
    /// Sends nothing yet.
    ///
    /// # Errors
    /// [`SourceError::Endpoint`] where an endpoint of `api` cannot be used.
    pub(super) fn new(
        http: HttpClient,
        api: &ApiConfig,
        environment: Environment,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SourceError> {
        let endpoint = |operation: Operation, text| Endpoint::parse(operation.endpoint_key(), text);
        let endpoints = Endpoints {
            smc: endpoint(Operation::ListAccessTokens, &api.smc_endpoint)?,
            ims: endpoint(Operation::ListVirtualMfaDevices, &api.ims_endpoint)?,
            sts: endpoint(Operation::GetCallerIdentity, &api.sts_endpoint)?,
            resourcemanager: endpoint(Operation::ListAccounts, &api.resourcemanager_endpoint)?,
        };
        Ok(Self {
            http,
            environment,
            retry: RetryPolicy::new(api.max_attempts),
            quota: Quota::per_second(NonZeroU32::new(api.requests_per_second).unwrap_or(NonZeroU32::MIN)),
            endpoints: Arc::new(endpoints),
            clock: SharedClock(clock),
        })
    }

    /// The usual endpoints, a clock that stands still, and these variables.
    #[cfg(any(test, fuzzing))]
    pub(super) fn of_environment(environment: Environment) -> Self {
        let api = ApiConfig::default();
        let clock = crate::clock::ManualClock::new(DateTime::UNIX_EPOCH);
        let http = HttpClient::new(&api).expect("the environment of a test names no odd proxy");
        Self::new(http, &api, environment, Arc::new(clock)).expect("the default endpoints can be used")
    }

    /// The same, whose only real waits are a few milliseconds.
    #[cfg(test)]
    pub(super) fn quick(mut self) -> Self {
        use std::time::Duration;
        self.retry.first_delay = Duration::from_millis(1);
        self.retry.first_throttled_delay = Duration::from_millis(1);
        self.retry.max_delay = Duration::from_millis(2);
        self.retry.max_retry_after = Duration::from_millis(60);
        self
    }

    /// The worker's clock.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.0.now()
    }

    /// Where `operation` is answered.
    pub(super) fn endpoint(&self, operation: Operation) -> &Endpoint {
        match operation {
            Operation::ListAccessTokens => &self.endpoints.smc,
            Operation::ListVirtualMfaDevices => &self.endpoints.ims,
            Operation::ListAccounts => &self.endpoints.resourcemanager,
            Operation::GetCallerIdentity | Operation::AssumeRole | Operation::AssumeRoleWithOidc => &self.endpoints.sts,
        }
    }

    /// Sends `request` once and decodes what it is answered; no message of it repeats a secret of `asker`.
    pub(super) async fn exchange<T>(
        &self,
        operation: Operation,
        request: RequestBuilder,
        asker: &Asker<'_>,
        decoder: &impl Decode<T>,
    ) -> Result<(T, Received), SourceError> {
        let response = request.send().await.map_err(|error| transport_error(operation, error))?;
        let head = Head::read(response.status().as_u16(), response.headers(), self.now());
        let body = self.http.read_body(operation, response).await?;
        let received = Received { at: self.now(), skew: head.skew };
        if head.is_success()
            && let Some(skimmed) = decoder.skim(&body)
        {
            return Ok((skimmed, received));
        }
        let members = accept(operation, &head, &body, asker)?;
        let decoded = decoder.decode(&members).map_err(|malformed| malformed.at(operation, head.status))?;
        Ok((decoded, received))
    }
}
