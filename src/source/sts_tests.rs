//! What is sent to STS, and what becomes of its answers.

use std::sync::Arc;

use crate::{
    clock::ManualClock,
    config::{ApiConfig, CredentialsConfig},
    source::{
        Environment, HttpClient,
        credentials::Provider,
        scripted_server::{Reply, ScriptedServer},
    },
};

use super::*;

const SESSION: &str = r#"{"RequestId":"r","AssumedRoleUser":{"Arn":"a","AssumedRoleId":"b"},"Credentials":{
    "AccessKeyId":"STS.id","AccessKeySecret":"ses/sec","SecurityToken":"CAIS+/==","Expiration":"2024-01-02T04:04:05Z"}}"#;
const ROLE_ARN: &str = "acs:ram::1772422852740001:role/audit";

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &format!(r#"{{"Code":"{code}","Message":"{message}","RequestId":"r"}}"#))
}

fn context(server: &ScriptedServer) -> Context {
    let sts_endpoint = format!("http://{}", server.host());
    let api = ApiConfig { sts_endpoint, requests_per_second: 1000, ..ApiConfig::default() };
    let clock = ManualClock::new("2024-01-02T03:04:05Z".parse().unwrap());
    let environment = Environment::of_pairs([("ID", "LTAIid"), ("SECRET", "s3cret")]);
    Context::new(HttpClient::new(&api).unwrap(), &api, environment, Arc::new(clock)).unwrap().quick()
}

fn provider(server: &ScriptedServer) -> Provider {
    let base = CredentialsConfig::Env { id_var: "ID".into(), secret_var: "SECRET".into(), token_var: None };
    let role = AssumeRole {
        session_name: "audit@example".into(),
        external_id: Some("ext 1".into()),
        policy: Some(r#"{"Version": "1"}"#.into()),
        ..AssumeRole::new(ROLE_ARN)
    };
    Provider::new(&base.assuming(role), &context(server))
}

async fn open(server: &ScriptedServer) -> Result<Credentials, SourceError> {
    let role = OidcRole {
        role_arn: ROLE_ARN.into(),
        provider_arn: "acs:ram::1:oidc-provider/p".into(),
        session_name: "pod".into(),
        policy: None,
    };
    assume_role_with_oidc(&context(server), &role, &"eyJ.t0ken+/=".into(), "the token in `/t`").await
}

#[tokio::test]
async fn a_role_is_asked_for_by_a_signed_post_with_everything_in_the_query() {
    let server = ScriptedServer::start(vec![Reply::json(200, SESSION)]).await;
    let session = provider(&server).load().await.unwrap();
    assert_eq!(session.access_key_id, "STS.id");
    assert_eq!(session.security_token.as_ref().unwrap().expose_secret(), "CAIS+/==");
    assert_eq!(session.expires_at, Some("2024-01-02T04:04:05Z".parse().unwrap()));
    let origin = format!("role `{ROLE_ARN}`, assumed with environment variables `ID` and `SECRET`");
    assert_eq!(session.origin(), origin);
    let head = server.requests().remove(0);
    let line = "POST /?DurationSeconds=3600&ExternalId=ext%201&Policy=%7B%22Version%22%3A%20%221%22%7D&\
                RoleArn=acs%3Aram%3A%3A1772422852740001%3Arole%2Faudit&RoleSessionName=audit%40example HTTP/1.1";
    assert_eq!(head.lines().next().unwrap(), line);
    assert_eq!(server.header("x-acs-action"), ["AssumeRole"]);
    assert_eq!(server.header("x-acs-version"), ["2015-04-01"]);
    assert!(server.header("authorization")[0].contains("Credential=LTAIid,"));
}

#[tokio::test]
async fn sts_is_asked_again_after_throttling_as_any_api_is() {
    let throttled = Reply::with_headers(400, "x-acs-retry-after: 20\r\n", br#"{"Code":"Throttling.User"}"#);
    let script = vec![throttled, refusal(503, "ServiceUnavailable", "m"), Reply::json(200, SESSION)];
    let server = ScriptedServer::start(script.clone()).await;
    let start = std::time::Instant::now();
    provider(&server).load().await.unwrap();
    assert!(start.elapsed() >= std::time::Duration::from_millis(20));
    let server = ScriptedServer::start(script).await;
    open(&server).await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_refused_role_is_one_line_that_names_role_and_permission_and_no_key() {
    let echo = "no LTAIid s3cret; server string to sign is:POST&LTAIid";
    let server = ScriptedServer::start(vec![refusal(403, "NoPermission", echo)]).await;
    let error = provider(&server).load().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "role `{ROLE_ARN}` cannot be assumed: permission denied: AssumeRole was answered 403 NoPermission: \
             no [redacted] [redacted] (request r)"
        )
    );
    assert_eq!(
        (error.code().as_str(), SourceError::from(error.clone()).code().as_str()),
        ("NoPermission", "NoPermission")
    );
    let mend = error.mend();
    for part in ["sts:AssumeRole", ROLE_ARN, "environment variables `ID` and `SECRET`", "trust policy"] {
        assert!(mend.contains(part), "{mend}");
    }
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn each_refusal_has_its_own_mend() {
    for (status, code, part) in [
        (404, "EntityNotExist.Role", "create role"),
        (400, "InvalidParameter.PolicyGrammar", "check session name, external id and policy"),
        (404, "InvalidAccessKeyId.NotFound", "put an access key that exists into environment variables"),
        (429, "x", "lower `api.requests_per_second`"),
    ] {
        let server = ScriptedServer::start(vec![refusal(status, code, "m")]).await;
        let mend = provider(&server).load().await.unwrap_err().mend();
        assert!(mend.contains(part), "{code}: {mend}");
    }
}

#[tokio::test]
async fn an_identity_providers_token_travels_in_the_body_and_nobody_signs() {
    let server = ScriptedServer::start(vec![Reply::json(200, SESSION)]).await;
    let session = open(&server).await.unwrap();
    assert_eq!(session.access_key_id, "STS.id");
    let head = server.requests().remove(0);
    let line = head.lines().next().unwrap();
    let (nonce, rest) =
        line.strip_prefix("POST /?Action=AssumeRoleWithOIDC&Format=JSON&SignatureNonce=").unwrap().split_at(32);
    assert!(nonce.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(rest, "&Timestamp=2024-01-02T03%3A04%3A05Z&Version=2015-04-01 HTTP/1.1");
    assert!(
        !head.contains("eyJ") && !head.to_lowercase().contains("authorization") && !head.contains("x-acs-"),
        "{head}"
    );
    assert_eq!(server.header("content-type"), ["application/x-www-form-urlencoded"]);
    let body = "DurationSeconds=3600&OIDCProviderArn=acs%3Aram%3A%3A1%3Aoidc-provider%2Fp&OIDCToken=eyJ.t0ken%2B%2F%3D&\
                RoleArn=acs%3Aram%3A%3A1772422852740001%3Arole%2Faudit&RoleSessionName=pod";
    assert_eq!(server.bodies(), [body]);
}

#[tokio::test]
async fn a_refused_token_is_repeated_by_no_message() {
    let echo = "token eyJ.t0ken+/= and eyJ.t0ken%2B%2F%3D are bad";
    let server = ScriptedServer::start(vec![refusal(400, "AuthenticationFail.OIDCToken.Expired", echo)]).await;
    let error = open(&server).await.unwrap_err();
    assert!(error.to_string().contains("token [redacted] and [redacted] are bad"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_anonymous_request_refused_for_its_date_is_sent_again_with_the_apis_own() {
    let body = br#"{"Code":"InvalidTimeStamp.Expired","Message":"m"}"#;
    let late = Reply::with_headers(400, "date: Tue, 02 Jan 2024 04:04:05 GMT\r\n", body);
    let server = ScriptedServer::start(vec![late, Reply::json(200, SESSION)]).await;
    open(&server).await.unwrap();
    let requests = server.requests();
    assert!(requests[1].contains("Timestamp=2024-01-02T04%3A04%3A0"), "{}", requests[1]);
}

#[tokio::test]
async fn an_answer_without_a_session_is_malformed() {
    for body in ["{}", r#"{"Credentials":{}}"#, r#"{"Credentials":"STS.id"}"#] {
        let server = ScriptedServer::start(vec![Reply::json(200, body)]).await;
        let error = provider(&server).load().await.unwrap_err();
        assert_eq!(error.code(), "malformed_answer", "{body}");
    }
}
