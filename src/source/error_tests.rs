//! Which variant, retry and mend each answer of the API gets.

use std::time::Duration;

use chrono::TimeDelta;

use super::*;

fn refused(status: u16, code: &str) -> SourceError {
    Refusal::new(Operation::ListAccessTokens, status, code, "said so").into()
}

#[test]
fn codes_decide_before_statuses() {
    let backoff = Retry::Backoff;
    let refresh = Retry::RefreshCredentials;
    let cases: &[(u16, &str, Retry, &str)] = &[
        (400, "Throttling", Retry::Throttled(None), "throttled"),
        (400, "Throttling.User", Retry::Throttled(None), "throttled"),
        (429, "TooMany", Retry::Throttled(None), "throttled"),
        (503, "ServiceUnavailable", backoff, "API unavailable"),
        (400, "ServiceUnavailable", backoff, "API unavailable"),
        (500, "InternalError", backoff, "API unavailable"),
        (502, "http_502", backoff, "API unavailable"),
        (504, "http_504", backoff, "API unavailable"),
        (501, "http_501", Retry::No, "request refused"),
        (400, "SignatureNonceUsed", backoff, "API unavailable"),
        (404, "InvalidAccessKeyId.NotFound", Retry::No, "credentials refused"),
        (400, "InvalidAccessKeyId.Inactive", Retry::No, "credentials refused"),
        (403, "SignatureDoesNotMatch", Retry::No, "credentials refused"),
        (400, "IncompleteSignature", Retry::No, "credentials refused"),
        (400, "InvalidTimeStamp.Expired", Retry::No, "request time refused"),
        (400, "InvalidSecurityToken.Malformed", Retry::No, "credentials refused"),
        (403, "InvalidSecurityToken.Expired", refresh, "credentials refused"),
        (400, "MissingSecurityToken", Retry::No, "credentials refused"),
        (403, "NoPermission", Retry::No, "permission denied"),
        (403, "Forbidden.RAM", Retry::No, "permission denied"),
        (403, "Whatever", Retry::No, "permission denied"),
        (404, "InvalidApi.NotFound", Retry::No, "request refused"),
        (400, "InvalidParameter", Retry::No, "request refused"),
    ];
    for (status, code, retry, kind) in cases {
        let error = refused(*status, code);
        assert_eq!(error.retry(), *retry, "{status} {code}");
        assert!(error.to_string().starts_with(kind), "{error}");
        assert_eq!(error.code(), *code);
    }
}

#[test]
fn the_header_alone_makes_any_code_throttled() {
    let mut refusal = Refusal::new(Operation::ListAccessTokens, 400, "Other", "");
    refusal.retry_after = Some(Duration::from_millis(70));
    assert_eq!(SourceError::from(refusal).retry(), Retry::Throttled(Some(Duration::from_millis(70))));
}

#[test]
fn the_clock_is_corrected_only_where_the_api_told_its_time() {
    let mut refusal = Refusal::new(Operation::ListAccessTokens, 400, "IllegalTimestamp", "");
    refusal.skew = Some(TimeDelta::minutes(20));
    let error = SourceError::from(refusal);
    assert_eq!(error.retry(), Retry::CorrectClock);
    assert!(error.mend().ends_with("differs from the API's by 1200 s"));
}

#[test]
fn only_a_plain_400_rejects_a_parameter() {
    let names = ["PageNumber", "PageSize"];
    assert!(refused(400, "InvalidParameter.PageSize").rejects_parameter(&names));
    let by_message = Refusal::new(Operation::ListAccessTokens, 400, "InvalidParameter", "The pageNumber is unknown.");
    assert!(SourceError::from(by_message).rejects_parameter(&names));
    assert!(!refused(400, "InvalidParameter.Name").rejects_parameter(&names));
    assert!(!refused(404, "InvalidParameter.PageSize").rejects_parameter(&names));
    let echo = Refusal::new(Operation::ListAccessTokens, 400, "SignatureDoesNotMatch", "PageNumber=1");
    assert!(!SourceError::from(echo).rejects_parameter(&names));
}

#[test]
fn malformed_answers_are_asked_for_again_only_after_2xx_and_5xx() {
    let malformed = |status| {
        let detail = "not JSON".to_owned();
        SourceError::Malformed { operation: Operation::ListAccessTokens, status, detail }
    };
    assert_eq!(malformed(200).retry(), Retry::Backoff);
    assert_eq!(malformed(404).retry(), Retry::No);
    assert_eq!(malformed(200).code(), "malformed_answer");
}

#[test]
fn mends_name_the_action_and_the_place_of_the_keys() {
    let mend = |operation, status, code: &str| {
        let mut refusal = Refusal::new(operation, status, code, "");
        refusal.key_origin = Some("profile `a` of `c.json`".to_owned());
        SourceError::from(refusal).mend()
    };
    assert_eq!(
        mend(Operation::ListVirtualMfaDevices, 403, "NoPermission"),
        "grant `ram:ListVirtualMFADevices` in RAM to the identity of profile `a` of `c.json`"
    );
    assert_eq!(
        mend(Operation::ListAccessTokens, 403, "Forbidden.RAM"),
        "grant `smc:ListAccessTokens` in RAM to the identity of profile `a` of `c.json`"
    );
    assert_eq!(
        mend(Operation::ListAccessTokens, 404, "InvalidAccessKeyId.NotFound"),
        "put an access key that exists into profile `a` of `c.json`"
    );
    assert!(mend(Operation::ListAccessTokens, 400, "SignatureDoesNotMatch").starts_with("check the access key secret"));
    let mut session = Refusal::new(Operation::ListAccessTokens, 400, "InvalidSecurityToken.Expired", "");
    (session.key_origin, session.is_session) = (Some("role `r`".to_owned()), true);
    let mend_of_session = SourceError::from(session).mend();
    assert!(mend_of_session.starts_with("wait for the next scan, which asks for a session from role `r` anew"));
    assert!(mend(Operation::ListAccessTokens, 400, "Throttling").contains("api.requests_per_second"));
}
