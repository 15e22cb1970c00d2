//! Which answers are refusals, and what is taken from them.

use reqwest::header::HeaderValue;

use crate::source::credentials::Credentials;

use super::*;

const OPERATION: Operation = Operation::ListAccessTokens;

fn credentials() -> Credentials {
    Credentials::new("LTAIid", "s3cret", None, "a test").unwrap()
}

fn head(status: u16, headers: &[(&'static str, &'static str)]) -> Head {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, HeaderValue::from_static(value));
    }
    Head::read(status, &map, "2024-01-02T03:04:15.5Z".parse().unwrap())
}

fn error(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> SourceError {
    accept(OPERATION, &head(status, headers), body.as_bytes(), &credentials().asker()).unwrap_err()
}

#[test]
fn the_recorded_error_is_read() {
    let body = include_str!("../../tests/data/samples/error.internal_error.json");
    let error = error(500, &[], body);
    assert!(matches!(error, SourceError::Unavailable(_)));
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.code, "InternalError");
    assert_eq!(refusal.request_id.as_deref(), Some("E2DA3097-79B9-53AE-B0DF-281DC54F****"));
    assert!(
        error
            .to_string()
            .starts_with("API unavailable: ListAccessTokens was answered 500 InternalError: An error occurred")
    );
}

#[test]
fn a_code_in_a_200_is_an_error_unless_it_means_success() {
    assert_eq!(error(200, &[], r#"{"Code":"Forbidden.RAM","Message":"no"}"#).code(), "Forbidden.RAM");
    assert_eq!(error(200, &[], r#"{"code":"Throttling"}"#).code(), "Throttling");
    for body in [
        r#"{"Code":"200"}"#,
        r#"{"Code":200}"#,
        r#"{"code":"OK"}"#,
        r#"{"Code":"Success"}"#,
        r#"{"Code":""}"#,
        r#"{"Code":null}"#,
    ] {
        assert!(accept(OPERATION, &head(200, &[]), body.as_bytes(), &credentials().asker()).is_ok(), "{body}");
    }
}

#[test]
fn bodies_that_are_no_json_keep_the_status() {
    for body in ["<html>Bad Gateway</html>", "", "null"] {
        let error = error(502, &[], body);
        assert_eq!(error.code(), "http_502");
        assert!(error.to_string().ends_with("was answered 502 http_502: the body is not JSON"), "{error}");
    }
    assert_eq!(error(200, &[], "").code(), "malformed_answer");
    assert_eq!(error(200, &[], "<html>").code(), "malformed_answer");
}

#[test]
fn lower_case_keys_and_explicit_denials_are_understood() {
    let body = r#"{"code":"NoPermission","message":"m","requestId":"r","accessDeniedDetail":{"NoPermissionType":"ExplicitDeny"}}"#;
    let error = error(403, &[], body);
    assert_eq!(error.to_string(), "permission denied: ListAccessTokens was answered 403 NoPermission: m (request r)");
    assert_eq!(
        error.mend(),
        "remove the policy statement that denies `smc:ListAccessTokens` to the identity of a test"
    );
}

#[test]
fn no_text_of_the_answer_carries_the_keys() {
    let body = r#"{"Code":"LTAIid.s3cret","Message":"key LTAIid,\nserver string to sign is:POST&s3cret","RequestId":"s3cret"}"#;
    let error = error(400, &[], body);
    for text in [error.to_string(), format!("{error:?}"), error.code(), error.mend()] {
        assert!(!text.contains("LTAIid") && !text.contains("s3cret") && !text.contains('\n'), "{text}");
    }
}

#[test]
fn headers_tell_the_skew_and_the_wait() {
    let date = ("date", "Tue, 02 Jan 2024 03:04:05 GMT");
    assert_eq!(head(200, &[date]).skew, Some(TimeDelta::milliseconds(10_500)));
    assert_eq!(head(200, &[("date", "yesterday")]).skew, None);
    let waited = error(400, &[("x-acs-retry-after", "1500")], r#"{"Code":"Whatever"}"#);
    assert_eq!(waited.refusal().unwrap().retry_after, Some(Duration::from_millis(1500)));
    assert!(matches!(waited, SourceError::Throttled(_)));
    for none in ["0", "-1", "soon", ""] {
        assert_eq!(head(400, &[("x-acs-retry-after", none)]).retry_after, None);
    }
}

#[test]
fn a_redirect_names_only_the_host() {
    let error = error(302, &[("location", "https://evil.example/login?token=abc")], "");
    assert_eq!(error.code(), "redirected");
    assert!(error.to_string().ends_with("to evil.example; redirects are not followed"), "{error}");
}
