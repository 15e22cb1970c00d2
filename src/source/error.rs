//! Why a call gave no page, by what can be done about it.

use super::{CredentialsError, Operation, Refusal, retry::Retry};

/// Why a call gave no page, after all retries of the request.
///
/// Its text is one line without secrets; [`code`](Self::code) is for machines,
/// [`mend`](Self::mend) tells the operator what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The identity may not do this: a permission is to be granted.
    #[error("permission denied: {0}")]
    Denied(Box<Refusal>),
    /// The keys or the signature were refused: the credentials are to be mended.
    #[error("credentials refused: {0}")]
    Unauthenticated(Box<Refusal>),
    /// The request's date was refused: the clock is to be set.
    #[error("request time refused: {0}")]
    ClockRefused(Box<Refusal>),
    /// Too many requests: wait, then ask more slowly.
    #[error("throttled: {0}")]
    Throttled(Box<Refusal>),
    /// The API has a passing fault: a later scan may succeed.
    #[error("API unavailable: {0}")]
    Unavailable(Box<Refusal>),
    /// The request is wrong in the API's eyes: asking the same again is useless.
    #[error("request refused: {0}")]
    Refused(Box<Refusal>),
    /// No whole answer arrived: a later scan may succeed.
    #[error("{operation} got no answer: {kind}{}", .detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default())]
    Transport {
        /// What was asked.
        operation: Operation,
        /// What failed.
        kind: TransportFault,
        /// What the system said, where it said more.
        detail: Option<String>,
    },
    /// An answer that is no error, but not what the operation returns either.
    #[error("malformed answer to {operation} (HTTP {status}): {detail}")]
    Malformed {
        /// What was asked.
        operation: Operation,
        /// The HTTP status.
        status: u16,
        /// What is wrong, without any of the answer's text.
        detail: String,
    },
    /// An answer beyond any size that a page can have.
    #[error("answer to {operation} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// What was asked.
        operation: Operation,
        /// Where reading stopped.
        limit_bytes: usize,
    },
    /// There are no credentials to sign with.
    #[error(transparent)]
    NoCredentials(#[from] CredentialsError),
    /// An endpoint of the configuration is not usable.
    #[error("`{key}` cannot be used: {reason}")]
    Endpoint {
        /// The configuration key.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The HTTP client could not be built.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Where on the way an answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportFault {
    /// No connection could be made.
    ConnectionFailed,
    /// The time for the request ran out.
    Timeout,
    /// The answer broke off.
    Interrupted,
}

impl std::fmt::Display for TransportFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ConnectionFailed => "connection failed",
            Self::Timeout => "timeout",
            Self::Interrupted => "connection broke off",
        })
    }
}

impl From<Refusal> for SourceError {
    /// Sorts by `Code` before status: products differ in the statuses they give the same code.
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code.to_ascii_lowercase();
        let is_any = |prefixes: &[&str]| prefixes.iter().any(|prefix| code.starts_with(prefix));
        let variant = if is_any(&["throttling"]) || refusal.status == 429 || refusal.retry_after.is_some() {
            Self::Throttled
        } else if is_any(&["invalidtimestamp", "illegaltimestamp"]) {
            Self::ClockRefused
        } else if is_any(&[
            "invalidaccesskeyid",
            "invalidsecuritytoken",
            "missingsecuritytoken",
            "signaturedoesnotmatch",
            "incompletesignature",
        ]) {
            Self::Unauthenticated
        } else if is_any(&["signaturenonceused", "serviceunavailable", "internalerror"])
            || matches!(refusal.status, 500 | 502 | 503 | 504)
        {
            Self::Unavailable
        } else if is_any(&["nopermission", "forbidden", "accessdenied"]) || refusal.status == 403 {
            Self::Denied
        } else {
            Self::Refused
        };
        variant(Box::new(refusal))
    }
}

impl SourceError {
    /// The API's `Code`, or a short name of our own in snake case.
    pub fn code(&self) -> String {
        let own = match self {
            Self::Transport { kind: TransportFault::ConnectionFailed, .. } => "connection_failed",
            Self::Transport { kind: TransportFault::Timeout, .. } => "timeout",
            Self::Transport { kind: TransportFault::Interrupted, .. } => "connection_interrupted",
            Self::Malformed { .. } => "malformed_answer",
            Self::TooLarge { .. } => "answer_too_large",
            Self::NoCredentials(error) => return error.code(),
            Self::Endpoint { .. } => "invalid_endpoint",
            Self::Client(_) => "no_http_client",
            _ => return self.refusal().map(|refusal| refusal.code.clone()).unwrap_or_default(),
        };
        own.to_owned()
    }

    /// What the API said, where it answered with an error.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Denied(refusal)
            | Self::Unauthenticated(refusal)
            | Self::ClockRefused(refusal)
            | Self::Throttled(refusal)
            | Self::Unavailable(refusal)
            | Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the request was refused with a 400 that names one of `parameters`.
    pub fn rejects_parameter(&self, parameters: &[&str]) -> bool {
        // No other variant: a throttled or badly signed request says nothing about its parameters.
        let Self::Refused(refusal) = self else { return false };
        refusal.status == 400 && parameters.iter().any(|parameter| refusal.names(parameter))
    }

    pub(super) fn retry(&self) -> Retry {
        match self {
            Self::Throttled(refusal) => Retry::Throttled(refusal.retry_after),
            Self::Unavailable(_) | Self::Transport { .. } => Retry::Backoff,
            Self::Malformed { status: 200..=299 | 500..=599, .. } => Retry::Backoff,
            Self::ClockRefused(refusal) if refusal.skew.is_some() => Retry::CorrectClock,
            Self::Unauthenticated(refusal) if refusal.code == "InvalidSecurityToken.Expired" => {
                Retry::RefreshCredentials
            }
            _ => Retry::No,
        }
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
