//! What an API said when it refused a request.

use std::{fmt, time::Duration};

use chrono::TimeDelta;

use super::Operation;

/// An answer that is an error; holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was asked.
    pub operation: Operation,
    /// The HTTP status.
    pub status: u16,
    /// `Code`; `http_502` and the like where the answer had none, `redirected` for a redirect.
    pub code: String,
    /// `Message`, redacted, on one line.
    pub message: String,
    /// `RequestId`, which Alibaba Cloud's support asks for.
    pub request_id: Option<String>,
    /// How long the API asked to wait.
    pub retry_after: Option<Duration>,
    /// The worker's clock minus the API's `Date` header, where it sent one.
    pub skew: Option<TimeDelta>,
    /// Where the credentials came from, for people.
    pub key_origin: Option<String>,
    /// Whether the credentials were a session that is asked for anew, and not keys that somebody keeps.
    pub is_session: bool,
    /// Whether a policy denies the action outright, so that granting it elsewhere does not help.
    pub is_explicit_deny: bool,
}

impl Refusal {
    /// A refusal of which no more is known than this.
    pub fn new(operation: Operation, status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            operation,
            status,
            code: code.into(),
            message: message.into(),
            request_id: None,
            retry_after: None,
            skew: None,
            key_origin: None,
            is_session: false,
            is_explicit_deny: false,
        }
    }

    /// Whether `Code` or `Message` names `parameter`.
    pub(super) fn names(&self, parameter: &str) -> bool {
        let parameter = parameter.to_ascii_lowercase();
        [&self.code, &self.message].iter().any(|text| text.to_ascii_lowercase().contains(&parameter))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was answered {} {}", self.operation, self.status, self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}
