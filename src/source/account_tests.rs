//! Whole calls against a scripted server: what is sent, how often, and what becomes of it.

use std::time::{Duration, Instant};

use chrono::DateTime;

use crate::{
    clock::ManualClock,
    source::{
        AccessTokenQuery, ListAccessTokens, ListMfaDevices, MfaDeviceQuery, TransportFault,
        child_test::is_child_with,
        scripted_server::{Reply, ScriptedServer},
    },
};

use super::*;

const EMPTY: &str = r#"{"AccessTokens":{"AccessToken":[]},"TotalCount":0}"#;

fn empty() -> Reply {
    Reply::json(200, EMPTY)
}

fn error(status: u16, code: &str) -> Reply {
    Reply::json(status, &format!(r#"{{"Code":"{code}","Message":"m","RequestId":"r"}}"#))
}

fn api(host: &str) -> ApiConfig {
    let endpoint = format!("http://{host}");
    ApiConfig {
        smc_endpoint: endpoint.clone(),
        ims_endpoint: endpoint.clone(),
        sts_endpoint: endpoint,
        requests_per_second: 1000,
        ..ApiConfig::default()
    }
}

fn env_config() -> CredentialsConfig {
    CredentialsConfig::Env {
        id_var: "ID".to_owned(),
        secret_var: "SECRET".to_owned(),
        token_var: Some("TOKEN".to_owned()),
    }
}

fn quick(
    http: HttpClient,
    api: &ApiConfig,
    credentials: &CredentialsConfig,
    environment: Environment,
    clock: ManualClock,
) -> Arc<AccountClient> {
    let context = Context::new(http, api, environment, Arc::new(clock)).unwrap().quick();
    Arc::new(AccountClient::with_provider(Provider::new(credentials, &context), &context))
}

fn build(api: &ApiConfig, http: HttpClient, environment: Environment) -> Arc<AccountClient> {
    let clock = ManualClock::new("2024-01-02T03:04:05Z".parse().unwrap());
    quick(http, api, &env_config(), environment, clock)
}

fn client(server: &ScriptedServer) -> Arc<AccountClient> {
    let api = api(&server.host());
    let environment = Environment::of_pairs([("ID", "LTAIid"), ("SECRET", "s3cret")]);
    build(&api, HttpClient::new(&api).unwrap(), environment)
}

async fn list(client: &Arc<AccountClient>) -> Result<crate::source::AccessTokenPage, SourceError> {
    client.list_access_tokens(&AccessTokenQuery::default()).await
}

/// The error after the script, and how many requests were sent for it.
async fn failure(script: Vec<Reply>) -> (SourceError, usize) {
    let server = ScriptedServer::start(script).await;
    let error = list(&client(&server)).await.unwrap_err();
    (error, server.requests().len())
}

#[tokio::test]
async fn the_canonical_query_is_sent_verbatim_and_the_body_is_empty() {
    let server = ScriptedServer::start(vec![empty()]).await;
    let query = AccessTokenQuery { name: Some("a b*c~d+e%f'激".to_owned()), ..AccessTokenQuery::default() };
    client(&server).list_access_tokens(&query).await.unwrap();
    let head = server.requests().remove(0);
    assert!(head.starts_with("POST /?Name=a%20b%2Ac~d%2Be%25f%27%E6%BF%80 HTTP/1.1\r\n"), "{head}");
    let headers = [
        ("host", server.host().as_str()),
        ("content-length", "0"),
        ("accept", "application/json"),
        ("user-agent", concat!("stocktake/", env!("CARGO_PKG_VERSION"))),
        ("x-acs-action", "ListAccessTokens"),
        ("x-acs-version", "2019-06-01"),
        ("x-acs-date", "2024-01-02T03:04:05Z"),
        ("content-type", ""),
        ("x-acs-security-token", ""),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, value) in headers {
        assert_eq!(server.header(&name), [value], "{name}");
    }
    assert_eq!(head.to_ascii_lowercase().matches("\r\nhost:").count(), 1);
    assert_eq!(head.to_ascii_lowercase().matches("\r\ncontent-length:").count(), 1);
}

#[tokio::test]
async fn an_empty_query_has_no_question_mark_and_a_session_sends_its_token() {
    let server = ScriptedServer::start(vec![empty()]).await;
    let api = api(&server.host());
    let environment = Environment::of_pairs([("ID", "STS.id"), ("SECRET", "s3cret"), ("TOKEN", "t0ken")]);
    list(&build(&api, HttpClient::new(&api).unwrap(), environment)).await.unwrap();
    assert!(server.requests()[0].starts_with("POST / HTTP/1.1\r\n"));
    assert_eq!(server.header("x-acs-security-token"), ["t0ken"]);
    assert_eq!(server.header("x-acs-accesskey-id"), ["STS.id"]);
}

#[tokio::test]
async fn a_page_tells_when_it_arrived_and_how_far_the_clocks_differ() {
    let reply = Reply::with_headers(200, "date: Tue, 02 Jan 2024 03:04:00 GMT\r\n", EMPTY.as_bytes());
    let server = ScriptedServer::start(vec![reply]).await;
    let page = list(&client(&server)).await.unwrap().page;
    let start: DateTime<Utc> = "2024-01-02T03:04:05Z".parse().unwrap();
    assert!(page.observed_at > start && page.observed_at < start + TimeDelta::milliseconds(1));
    assert_eq!(page.skew.unwrap().num_seconds(), 5);
}

#[tokio::test]
async fn every_attempt_has_its_own_nonce_and_signature() {
    let broken = vec![error(503, "ServiceUnavailable"), error(400, "SignatureNonceUsed"), error(502, "x"), empty()];
    let server = ScriptedServer::start(broken).await;
    let client = client(&server);
    list(&client).await.unwrap();
    for header in ["x-acs-signature-nonce", "authorization"] {
        let mut values = server.header(header);
        values.sort();
        values.dedup();
        assert_eq!(values.len(), 4, "{header}");
    }
    assert_eq!(client.request_counts(), RequestCounts { sent: 4, retried: 3, throttled: 0 });
}

#[tokio::test]
async fn passing_faults_are_tried_up_to_max_attempts_in_total() {
    for (status, code) in [(500, "InternalError"), (400, "Throttling.User"), (429, "x"), (503, "y"), (504, "z")] {
        let (failure, sent_count) = failure(vec![error(status, code)]).await;
        assert_eq!((failure.code().as_str(), sent_count), (code, 5));
    }
}

#[tokio::test]
async fn refusals_are_not_tried_again() {
    for (status, code) in [
        (403, "NoPermission"),
        (404, "InvalidAccessKeyId.NotFound"),
        (400, "SignatureDoesNotMatch"),
        (400, "InvalidParameter"),
        (400, "InvalidTimeStamp.Expired"),
        (200, "Forbidden.RAM"),
        (501, "x"),
    ] {
        let (failure, sent_count) = failure(vec![error(status, code)]).await;
        assert_eq!((failure.code().as_str(), sent_count), (code, 1));
    }
}

#[tokio::test]
async fn retry_after_is_waited_for_and_capped() {
    let throttled =
        |wait: &str| Reply::with_headers(400, &format!("x-acs-retry-after: {wait}\r\n"), br#"{"Code":"Other"}"#);
    let server = ScriptedServer::start(vec![throttled("30"), throttled("99999999"), empty()]).await;
    let client = client(&server);
    let start = Instant::now();
    list(&client).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(30 + 60), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(client.request_counts().throttled, 2);
}

#[tokio::test]
async fn malformed_and_truncated_answers_are_asked_for_again() {
    let truncated = Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"Acc".to_vec());
    let script = vec![truncated, Reply::json(200, ""), Reply::json(200, "{}"), Reply::json(500, "<html>"), empty()];
    let server = ScriptedServer::start(script).await;
    assert_eq!(list(&client(&server)).await.unwrap().total_count, Some(0));
    assert_eq!(server.requests().len(), 5);
    let (error, sent_count) = failure(vec![Reply::json(200, "{}")]).await;
    assert_eq!((error.code().as_str(), sent_count), ("malformed_answer", 5));
}

#[tokio::test]
async fn a_refused_date_is_corrected_once_from_the_date_header_and_stays_corrected() {
    let body = br#"{"Code":"InvalidTimeStamp.Expired","Message":"m"}"#;
    let late = Reply::with_headers(400, "date: Tue, 02 Jan 2024 04:04:05 GMT\r\n", body);
    let server = ScriptedServer::start(vec![late.clone(), empty()]).await;
    let client = client(&server);
    list(&client).await.unwrap();
    list(&client).await.unwrap();
    let dates = server.header("x-acs-date");
    assert_eq!(dates[0], "2024-01-02T03:04:05Z");
    // The header tells whole seconds, so the correction is good to a second.
    assert!(dates[1..].iter().all(|date| date.starts_with("2024-01-02T04:04:0")), "{dates:?}");

    let (error, sent_count) = failure(vec![late]).await;
    assert!(matches!(error, SourceError::ClockRefused(_)));
    assert_eq!(sent_count, 2);
}

#[tokio::test]
async fn an_ended_session_is_read_anew_once() {
    let server = ScriptedServer::start(vec![error(400, "InvalidSecurityToken.Expired")]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let write = |token: &str| {
        let profile = format!(
            r#"{{"profiles":[{{"name":"default","mode":"StsToken","access_key_id":"STS.x","access_key_secret":"s","sts_token":"{token}"}}]}}"#
        );
        std::fs::write(file.path(), profile).unwrap();
    };
    write("t1");
    let api = api(&server.host());
    let config = CredentialsConfig::Profile { file: Some(file.path().to_owned()), profile: None };
    let clock = ManualClock::new(DateTime::UNIX_EPOCH);
    let http = HttpClient::new(&api).unwrap();
    let client = quick(http, &api, &config, Environment::of_pairs([]), clock);
    let error = list(&client).await.unwrap_err();
    assert_eq!((error.code().as_str(), server.requests().len()), ("InvalidSecurityToken.Expired", 2));
    write("t2");
    list(&client).await.unwrap_err();
    assert_eq!(server.header("x-acs-security-token")[2], "t2");
}

#[tokio::test]
async fn redirects_are_refused() {
    let target = ScriptedServer::start(vec![empty()]).await;
    let location = format!("location: http://{}/\r\n", target.host());
    for status in [301, 302, 307, 308] {
        let (error, sent_count) = failure(vec![Reply::with_headers(status, &location, b"")]).await;
        assert_eq!((error.code().as_str(), sent_count), ("redirected", 1));
    }
    assert!(target.requests().is_empty());
}

#[tokio::test]
async fn a_silent_api_times_out_and_a_closed_port_fails_to_connect() {
    let server = ScriptedServer::start(vec![Reply::Silence]).await;
    let mut api = api(&server.host());
    api.request_timeout = Duration::from_millis(40);
    api.max_attempts = 2;
    let environment = Environment::of_pairs([("ID", "LTAIid"), ("SECRET", "s3cret")]);
    let client = build(&api, HttpClient::new(&api).unwrap(), environment.clone());
    let error = list(&client).await.unwrap_err();
    assert_eq!((error.code().as_str(), server.requests().len()), ("timeout", 2));
    assert_eq!(error.to_string(), "ListAccessTokens got no answer: timeout");

    api.smc_endpoint = "http://127.0.0.1:1".to_owned();
    api.request_timeout = Duration::from_secs(5);
    let error = list(&build(&api, HttpClient::new(&api).unwrap(), environment)).await.unwrap_err();
    assert!(matches!(error, SourceError::Transport { kind: TransportFault::ConnectionFailed, .. }), "{error}");
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");
}

/// How a call ends whose answer is `reply`, where a body may have `body_bytes_max` and a request the usual time.
async fn bounded(reply: Reply, body_bytes_max: usize) -> Result<crate::source::AccessTokenPage, SourceError> {
    bounded_in(ApiConfig::default().request_timeout, reply, body_bytes_max).await
}

async fn bounded_in(
    request_timeout: Duration,
    reply: Reply,
    body_bytes_max: usize,
) -> Result<crate::source::AccessTokenPage, SourceError> {
    let server = ScriptedServer::start(vec![reply]).await;
    let api = ApiConfig { request_timeout, max_attempts: 1, ..api(&server.host()) };
    let http = HttpClient::new(&api).unwrap().with_body_bytes_max(body_bytes_max);
    let environment = Environment::of_pairs([("ID", "LTAIid"), ("SECRET", "s3cret")]);
    let result = list(&build(&api, http, environment)).await;
    assert_eq!(server.requests().len(), 1);
    result
}

#[tokio::test]
async fn the_bound_on_a_body_counts_decoded_bytes_of_answers_and_errors() {
    let spaces = include_bytes!("../../tests/data/megabyte_of_spaces.gz");
    for status in [200, 500] {
        let bomb = Reply::with_headers(status, "content-encoding: gzip\r\n", spaces);
        let plain = Reply::json(status, &" ".repeat(100_001));
        for reply in [bomb, plain] {
            assert_eq!(bounded(reply, 100_000).await.unwrap_err().code(), "answer_too_large");
        }
    }
    assert!(bounded(empty(), EMPTY.len()).await.is_ok(), "the bound itself is allowed");
    assert_eq!(bounded(empty(), EMPTY.len() - 1).await.unwrap_err().code(), "answer_too_large");
}

#[tokio::test]
async fn a_body_without_end_is_cut_off_by_its_size_or_by_the_time_of_its_request() {
    let flood = bounded(Reply::Endless(Duration::ZERO), 100).await.unwrap_err();
    assert_eq!(flood.code(), "answer_too_large");
    let trickle = Reply::Endless(Duration::from_millis(1));
    let trickle = bounded_in(Duration::from_millis(40), trickle, usize::MAX).await.unwrap_err();
    assert_eq!(trickle.code(), "timeout");
}

#[tokio::test]
async fn devices_are_paged_by_marker_and_the_caller_is_asked_for() {
    let devices = r#"{"VirtualMFADevices":{},"IsTruncated":true,"Marker":"m=="}"#;
    let identity = r#"{"AccountId":"1772422852740001","Arn":"acs:ram::1772422852740001:user/a"}"#;
    let script = [devices, devices, identity].map(|body| Reply::json(200, body));
    let server = ScriptedServer::start(script.to_vec()).await;
    let client = client(&server);
    let page = client.list_mfa_devices(MfaDeviceQuery::default()).await.unwrap();
    client.list_mfa_devices(MfaDeviceQuery { marker: page.marker.as_deref(), reads_all: true }).await.unwrap();
    assert_eq!(client.caller_identity().await.unwrap().account_id, "1772422852740001");
    let lines: Vec<_> = server.requests().iter().map(|head| head.lines().next().unwrap().to_owned()).collect();
    let expected = ["POST /?MaxItems=100 HTTP/1.1", "POST /?Marker=m%3D%3D&MaxItems=100 HTTP/1.1", "POST / HTTP/1.1"];
    assert_eq!(lines, expected);
    assert_eq!(server.header("x-acs-version"), ["2019-08-15", "2019-08-15", "2015-04-01"]);
}

#[tokio::test]
async fn loopback_is_never_behind_a_proxy() {
    let nowhere = "http://127.0.0.1:1";
    if is_child_with(&[("http_proxy", nowhere), ("all_proxy", nowhere), ("no_proxy", "")]) {
        let server = ScriptedServer::start(vec![empty()]).await;
        list(&client(&server)).await.unwrap();
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let server = ScriptedServer::start(vec![empty()]).await;
    let api = api(&server.host());
    let client = build(&api, HttpClient::new(&api).unwrap(), Environment::of_pairs([]));
    let error = list(&client).await.unwrap_err();
    assert_eq!(error.to_string(), "environment variable `ID` is not set");
    assert_eq!((error.code().as_str(), server.requests().len()), ("no_credentials", 0));
}

#[tokio::test]
async fn requests_are_spaced_by_the_rate_limit() {
    let server = ScriptedServer::start(vec![empty()]).await;
    let api = ApiConfig { requests_per_second: 12, ..api(&server.host()) };
    let environment = Environment::of_pairs([("ID", "LTAIid"), ("SECRET", "s3cret")]);
    let client = build(&api, HttpClient::new(&api).unwrap(), environment);
    let start = Instant::now();
    // The burst of one second, and one more.
    for _ in 0..13 {
        list(&client).await.unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(80), "{:?}", start.elapsed());
}

#[test]
fn debug_shows_no_secret() {
    let api = ApiConfig::default();
    let environment = Environment::of_pairs([("ID", "LTAIid"), ("SECRET", "s3cret")]);
    let shown = format!("{:?}", build(&api, HttpClient::new(&api).unwrap(), environment));
    assert!(!shown.contains("s3cret") && !shown.contains("LTAIid"));
}
