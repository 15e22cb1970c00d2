//! The metadata service of an instance, and credentials URIs.

use chrono::TimeDelta;
use emulator::{AccountOptions, CREDENTIALS_URI, Emulator, Fault, Instance, METADATA_SESSION, METADATA_TOKEN, Role};
use reqwest::Method;
use serde_json::Value;

use crate::caller::{ACCOUNT, Caller, account, noon};

const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
const TTL: (&str, &str) = ("X-aliyun-ecs-metadata-token-ttl-seconds", "21600");

async fn start(instance: Instance) -> Emulator {
    let account: AccountOptions =
        account().generated(3, 3).role(Role::new("vm").trusting_ecs()).role(Role::new("other"));
    let options = emulator::Options::new().clock(emulator::Clock::Manual(noon())).instance(instance);
    Emulator::start(options.account(account)).await.unwrap()
}

async fn ask(emulator: &Emulator, method: Method, path: &str, header: Option<(&str, &str)>) -> (u16, String) {
    let mut request = crate::caller::http_client().request(method, format!("{}{path}", emulator.url()));
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn list_with(emulator: &Emulator, session: &str) -> u16 {
    let session: Value = serde_json::from_str(session).unwrap();
    assert_eq!(session["Code"], "Success");
    let mut caller = Caller::new(emulator);
    caller.key_id = session["AccessKeyId"].as_str().unwrap().to_owned();
    caller.secret = session["AccessKeySecret"].as_str().unwrap().to_owned();
    caller.token = Some(session["SecurityToken"].as_str().unwrap().to_owned());
    caller.codes(&[]).await.status
}

#[tokio::test]
async fn a_token_opens_the_metadata_until_it_ends() {
    let emulator = start(Instance::new(ACCOUNT, "vm").needing_token()).await;
    assert_eq!(ask(&emulator, Method::GET, ROLES, None).await.0, 403);
    let (status, token) = ask(&emulator, Method::PUT, "/latest/api/token", Some(TTL)).await;
    assert_eq!(status, 200);
    let header = Some(("X-aliyun-ecs-metadata-token", token.as_str()));
    assert_eq!(ask(&emulator, Method::GET, ROLES, header).await, (200, "vm".to_owned()));
    let (status, session) = ask(&emulator, Method::GET, &format!("{ROLES}vm"), header).await;
    assert_eq!((status, list_with(&emulator, &session).await), (200, 200));
    let session: Value = serde_json::from_str(&session).unwrap();
    assert_eq!(
        (&session["Expiration"], &session["LastUpdated"]),
        (&"2026-03-02T18:00:00Z".into(), &"2026-03-02T12:00:00Z".into())
    );
    assert_eq!(ask(&emulator, Method::GET, &format!("{ROLES}other"), header).await.0, 404);
    emulator.advance(TimeDelta::hours(6));
    assert_eq!(ask(&emulator, Method::GET, ROLES, header).await.0, 403);
}

#[tokio::test]
async fn in_normal_mode_a_token_is_optional_but_must_be_good() {
    let emulator = start(Instance::new(ACCOUNT, "vm")).await;
    assert_eq!(ask(&emulator, Method::GET, ROLES, None).await, (200, "vm".to_owned()));
    let bad = Some(("X-aliyun-ecs-metadata-token", "x"));
    assert_eq!(ask(&emulator, Method::GET, ROLES, bad).await.0, 403);
    for (method, ttl, status) in [(Method::GET, "21600", 405), (Method::PUT, "21601", 400), (Method::PUT, "x", 400)] {
        assert_eq!(ask(&emulator, method, "/latest/api/token", Some((TTL.0, ttl))).await.0, status, "{ttl}");
    }
    emulator.set_instance(Some(Instance::new(ACCOUNT, "other")));
    assert_eq!(ask(&emulator, Method::GET, &format!("{ROLES}other"), None).await.0, 404, "it does not trust ECS");
    emulator.set_instance(None);
    assert_eq!(ask(&emulator, Method::GET, ROLES, None).await.0, 404);
}

#[tokio::test]
async fn a_credentials_uri_hands_out_sessions_and_faults_strike_beside_the_gateway_too() {
    let emulator = start(Instance::new(ACCOUNT, "vm")).await;
    let path = format!("/credentials/{ACCOUNT}/other");
    assert_eq!(emulator.credentials_uri(ACCOUNT, "other"), format!("{}{path}", emulator.url()));
    let (status, session) = ask(&emulator, Method::GET, &path, None).await;
    assert_eq!((status, list_with(&emulator, &session).await), (200, 200));
    emulator.add_fault(Fault::raw(500, "text/plain", "no").action(METADATA_SESSION).account(ACCOUNT));
    assert_eq!(ask(&emulator, Method::GET, &format!("{ROLES}vm"), None).await.0, 500);
    assert_eq!(ask(&emulator, Method::GET, &format!("{ROLES}vm"), None).await.0, 200);
    let counts = [CREDENTIALS_URI, METADATA_SESSION, METADATA_TOKEN].map(|action| emulator.request_count_of(action));
    assert_eq!(counts, [1, 2, 0]);
    for path in ["/credentials/1/other", "/credentials/x", "/latest/", "/x"] {
        assert_eq!(ask(&emulator, Method::GET, path, None).await.0, 404, "{path}");
    }
}
