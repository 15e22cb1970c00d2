//! What is asked of the metadata service, in which order, and when it is done without a token.

use crate::source::{
    Environment,
    child_test::is_child_with,
    scripted_server::{Reply, ScriptedServer},
};

use super::*;

const SESSION: &str = r#"{"Code":"Success","AccessKeyId":"STS.id","AccessKeySecret":"s","SecurityToken":"t",
    "Expiration":"2026-06-01T09:00:00Z"}"#;

fn text(body: &str) -> Reply {
    Reply::json(200, body)
}

async fn ask(
    script: Vec<Reply>,
    role: Option<&str>,
    variables: &[(&str, &str)],
) -> (Result<Credentials, CredentialsError>, Vec<String>) {
    let server = ScriptedServer::start(script).await;
    let environment =
        Environment::of_pairs(variables.iter().copied()).with_metadata_service(server.host().parse().unwrap());
    let session = load(role, &Context::of_environment(environment)).await;
    (session, server.requests())
}

/// The first line, and the headers that matter.
fn shown(head: &str) -> String {
    let of_service = |line: &&str| line.to_lowercase().starts_with("x-aliyun");
    let headers: Vec<_> = head.lines().filter(of_service).collect();
    format!("{} {}", head.lines().next().unwrap().trim_end_matches(" HTTP/1.1"), headers.join(" ")).trim().to_owned()
}

#[tokio::test]
async fn a_token_is_asked_for_then_the_role_then_its_session() {
    // Around the proxy that the environment names for the rest of the world.
    let nowhere = "http://127.0.0.1:1";
    if !is_child_with(&[("http_proxy", nowhere), ("all_proxy", nowhere), ("no_proxy", "")]) {
        return;
    }
    let (session, requests) = ask(vec![text("t0ken"), text("audit\n"), text(SESSION)], None, &[]).await;
    assert_eq!(session.unwrap().access_key_id, "STS.id");
    let requests: Vec<_> = requests.iter().map(|head| shown(head)).collect();
    assert_eq!(
        requests,
        [
            "PUT /latest/api/token x-aliyun-ecs-metadata-token-ttl-seconds: 21600",
            "GET /latest/meta-data/ram/security-credentials/ x-aliyun-ecs-metadata-token: t0ken",
            "GET /latest/meta-data/ram/security-credentials/audit x-aliyun-ecs-metadata-token: t0ken",
        ]
    );
}

#[tokio::test]
async fn a_role_that_is_named_is_not_asked_for_and_leads_nowhere_else() {
    let named = [("ALIBABA_CLOUD_ECS_METADATA", "from-variable")];
    for (role, expected) in [(Some("a/../../x?y"), "a%2F..%2F..%2Fx%3Fy"), (None, "from-variable")] {
        let (_, requests) = ask(vec![text("t"), text(SESSION)], role, &named).await;
        assert_eq!(requests.len(), 2);
        let start = format!("GET /latest/meta-data/ram/security-credentials/{expected} ");
        assert!(requests[1].starts_with(&start), "{}", requests[1]);
    }
}

#[tokio::test]
async fn without_a_token_the_old_way_is_taken_unless_it_is_forbidden() {
    let no_token = || vec![Reply::json(404, ""), text("audit"), text(SESSION)];
    let (session, requests) = ask(no_token(), None, &[]).await;
    session.unwrap();
    assert!(requests[1..].iter().all(|head| !head.to_lowercase().contains("x-aliyun")), "{requests:?}");
    let (session, requests) = ask(no_token(), None, &[("ALIBABA_CLOUD_IMDSV1_DISABLED", "true")]).await;
    assert_eq!(
        session.unwrap_err().to_string(),
        "the ECS metadata service gave no session: HTTP 404 for a token, and ALIBABA_CLOUD_IMDSV1_DISABLED is set"
    );
    assert_eq!(requests.len(), 1);
}

#[tokio::test]
async fn a_silent_service_is_given_up_after_a_second_a_request() {
    let start = std::time::Instant::now();
    let (session, requests) =
        ask(vec![Reply::Silence], Some("audit"), &[("ALIBABA_CLOUD_IMDSV1_DISABLED", "true")]).await;
    assert!(session.unwrap_err().to_string().contains("timeout for a token"));
    assert_eq!(requests.len(), 1);
    // Far less than the time of other requests, however slow this machine is.
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[tokio::test]
async fn whatever_else_it_answers_is_no_session_and_is_not_quoted() {
    let elsewhere = Reply::with_headers(302, "location: http://127.0.0.1:1/\r\n", b"");
    for (answer, cause) in [
        (Reply::json(404, "hunter2"), "HTTP 404 for the role's session"),
        (elsewhere, "HTTP 302 for the role's session"),
        (text("hunter2"), "not JSON at line 1, column 1"),
        (text(&SESSION.replace("Success", "hunter2")), "a Code that is not Success"),
        (text(&" ".repeat(65_537)), "more than 65536 bytes for the role's session"),
    ] {
        let (session, _) = ask(vec![text("t"), answer], Some("audit"), &[]).await;
        assert_eq!(session.unwrap_err().to_string(), format!("the ECS metadata service gave no session: {cause}"));
    }
    let (session, _) = ask(vec![text("t"), text(" \n")], None, &[]).await;
    assert!(session.unwrap_err().to_string().ends_with("no name of a role"));
}
