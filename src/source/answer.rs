//! Tells an answer from a refusal, and takes from it what its headers say.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{DATE, HeaderMap, LOCATION};

use super::{
    Operation, Refusal, SourceError,
    decode::Members,
    redact::{Asker, one_line, redact},
};

/// `Code` of an answer that is none the less a success, as some gateways put it into each.
const SUCCESS_CODES: [&str; 3] = ["200", "ok", "success"];

/// The status and headers of an answer, read when they arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) skew: Option<TimeDelta>,
    retry_after: Option<Duration>,
    location: Option<String>,
}

impl Head {
    /// Reads what matters; `now` is the worker's clock as the headers arrive.
    pub(super) fn read(status: u16, headers: &HeaderMap, now: DateTime<Utc>) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let date = text(DATE.as_str()).and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let retry_after_ms = text("x-acs-retry-after").and_then(|wait| wait.trim().parse().ok());
        Self {
            status,
            skew: date.map(|date| now - date.to_utc()),
            retry_after: retry_after_ms.filter(|ms| *ms > 0).map(Duration::from_millis),
            location: text(LOCATION.as_str()).map(str::to_owned),
        }
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The members of a successful answer.
///
/// # Errors
/// - a status or a `Code` that is an error: the refusal, whatever the body is;
/// - a success that is not a JSON object: [`SourceError::Malformed`].
pub(super) fn accept<'a>(
    operation: Operation,
    head: &Head,
    body: &'a [u8],
    asker: &Asker<'_>,
) -> Result<Members<'a>, SourceError> {
    match Members::of_body(body) {
        Ok(members) if head.is_success() && !has_error_code(&members) => Ok(members),
        Ok(members) => Err(refusal(operation, head, Some(&members), asker).into()),
        Err(malformed) if head.is_success() => Err(malformed.at(operation, head.status)),
        Err(_) => Err(refusal(operation, head, None, asker).into()),
    }
}

fn has_error_code(members: &Members<'_>) -> bool {
    let code = members.text(&["Code", "code"]).unwrap_or_default();
    !code.is_empty() && !SUCCESS_CODES.iter().any(|success| success.eq_ignore_ascii_case(&code))
}

fn refusal(operation: Operation, head: &Head, members: Option<&Members<'_>>, asker: &Asker<'_>) -> Refusal {
    let said = |names: [&str; 2]| {
        let text = members?.text(&names)?;
        Some(redact(&text, asker)).filter(|text| !text.is_empty())
    };
    let (own_code, own_message) = own_words(head, members.is_some());
    let denied = members.and_then(|members| members.object(&["AccessDeniedDetail", "accessDeniedDetail"]));
    let deny_kind = denied.and_then(|detail| detail.text(&["NoPermissionType", "noPermissionType"]));
    Refusal {
        request_id: said(["RequestId", "requestId"]),
        retry_after: head.retry_after,
        skew: head.skew,
        key_origin: Some(asker.origin.to_owned()),
        is_session: asker.is_session,
        is_explicit_deny: deny_kind.is_some_and(|kind| kind == "ExplicitDeny"),
        ..Refusal::new(
            operation,
            head.status,
            said(["Code", "code"]).unwrap_or(own_code),
            said(["Message", "message"]).unwrap_or(own_message),
        )
    }
}

/// Code and message where the answer gives none.
fn own_words(head: &Head, is_json: bool) -> (String, String) {
    if (300..400).contains(&head.status) {
        // Scheme and host alone: the rest of a location can hold anything.
        let target = head.location.as_deref().and_then(|to| reqwest::Url::parse(to).ok());
        let host = target.as_ref().and_then(reqwest::Url::host_str).unwrap_or("another place");
        return ("redirected".to_owned(), one_line(&format!("to {host}; redirects are not followed")));
    }
    let message = if is_json { "no message" } else { "the body is not JSON" };
    (format!("http_{}", head.status), message.to_owned())
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
