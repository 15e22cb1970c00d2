//! Who gets a session of a role, and what it may do.

use chrono::TimeDelta;
use emulator::{ASSUME_ROLE, AccessKey, AccountOptions, Emulator, Options, Role};
use serde_json::Value;

use crate::caller::{ACCOUNT, CODES, Caller, DEVICES, Reply, account, noon};

const OTHER: &str = "1999999999990001";
const ROLE: &str = "acs:ram::1999999999990001:role/Audit";

/// Two accounts, and a role in the second that the first may assume with an external id.
async fn start() -> Emulator {
    let role = Role::new("Audit").trusting_account(ACCOUNT).external_id("ext-1");
    let other = AccountOptions::new(OTHER).key(AccessKey::new("LTAIother", "x")).generated(3, 3).role(role);
    let options = Options::new().clock(emulator::Clock::Manual(noon())).seed(7);
    Emulator::start(options.account(account().generated(5, 5)).account(other)).await.unwrap()
}

async fn assume(emulator: &Emulator, more: &[(&str, &str)]) -> Reply {
    let mut query = vec![("RoleArn", ROLE), ("RoleSessionName", "alice@example.com"), ("ExternalId", "ext-1")];
    for (name, value) in more {
        query.retain(|(known, _)| known != name);
        query.push((name, value));
    }
    query.retain(|(_, value)| !value.is_empty());
    Caller::new(emulator).call(ASSUME_ROLE, &query).await
}

fn with_session(emulator: &Emulator, session: &Value) -> Caller {
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    let mut caller = Caller::new(emulator);
    caller.key_id = text("AccessKeyId");
    caller.secret = text("AccessKeySecret");
    caller.token = Some(text("SecurityToken"));
    caller
}

#[tokio::test]
async fn a_session_signs_for_the_roles_account_until_it_ends() {
    let emulator = start().await;
    let answer = assume(&emulator, &[]).await.json();
    let user = &answer["AssumedRoleUser"];
    assert_eq!(user["Arn"], "acs:ram::1999999999990001:assumed-role/Audit/alice@example.com");
    assert!(user["AssumedRoleId"].as_str().unwrap().ends_with(":alice@example.com"));
    let session = &answer["Credentials"];
    assert_eq!(session["Expiration"], "2026-03-02T13:00:00Z");
    assert!(session["AccessKeyId"].as_str().unwrap().starts_with("STS.N"));
    let mut caller = with_session(&emulator, session);
    assert_eq!(caller.codes(&[]).await.code_ids().len(), 3);
    let identity = caller.call("GetCallerIdentity", &[]).await.json();
    assert_eq!((&identity["AccountId"], &identity["Arn"]), (&OTHER.into(), &user["Arn"]));
    assert_eq!(identity["PrincipalId"], user["AssumedRoleId"]);
    emulator.advance(TimeDelta::hours(1));
    caller.date = emulator.now();
    assert_eq!(caller.codes(&[]).await.code(), "InvalidSecurityToken.Expired");
}

#[tokio::test]
async fn only_whom_the_trust_policy_admits_gets_a_session() {
    let emulator = start().await;
    for external_id in ["", "ext-2"] {
        let reply = assume(&emulator, &[("ExternalId", external_id)]).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "NoPermission"), "{external_id}");
        assert_eq!(reply.json()["AccessDeniedDetail"]["AuthAction"], "sts:AssumeRole");
    }
    emulator.with_settings(OTHER, |settings| settings.roles[0].trusted_accounts.clear());
    assert_eq!(assume(&emulator, &[]).await.code(), "NoPermission");
    let unknown = assume(&emulator, &[("RoleArn", "acs:ram::1999999999990001:role/none")]).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "EntityNotExist.Role"));
    let nowhere = assume(&emulator, &[("RoleArn", "acs:ram::1:role/Audit")]).await;
    assert_eq!(nowhere.code(), "EntityNotExist.Role");
}

#[tokio::test]
async fn each_parameter_has_its_form() {
    let emulator = start().await;
    let long = "x".repeat(2049);
    for (name, value, code) in [
        ("RoleArn", "Audit", "InvalidParameter.RoleArn"),
        ("RoleArn", "", "InvalidParameter.RoleArn"),
        ("RoleSessionName", "a", "InvalidParameter.RoleSessionName"),
        ("RoleSessionName", "a b", "InvalidParameter.RoleSessionName"),
        ("ExternalId", "x", "InvalidParameter.ExternalId"),
        ("Policy", "{}", "InvalidParameter.PolicyGrammar"),
        ("Policy", &long, "InvalidParameter.PolicySize"),
        ("DurationSeconds", "899", "InvalidParameter.DurationSeconds"),
        ("DurationSeconds", "3601", "InvalidParameter.DurationSeconds"),
        ("DurationSeconds", "x", "InvalidParameter.DurationSeconds"),
    ] {
        let reply = assume(&emulator, &[(name, value)]).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{name} {value}");
    }
    let shortest = assume(&emulator, &[("DurationSeconds", "900")]).await.json();
    assert_eq!(shortest["Credentials"]["Expiration"], "2026-03-02T12:15:00Z");
}

#[tokio::test]
async fn a_policy_narrows_the_session_and_a_role_may_deny_too() {
    let emulator = start().await;
    let policy = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "smc:*", "Resource": "*"}]}"#;
    let answer = assume(&emulator, &[("Policy", policy)]).await.json();
    let caller = with_session(&emulator, &answer["Credentials"]);
    assert_eq!(caller.codes(&[]).await.status, 200);
    let denied = caller.devices(&[]).await;
    assert_eq!((denied.status, denied.code().as_str()), (403, "NoPermission"));
    assert_eq!(caller.call("GetCallerIdentity", &[]).await.status, 200);
    emulator.with_settings(OTHER, |settings| _ = settings.roles[0].denied_actions.insert(CODES.to_owned()));
    assert_eq!(caller.codes(&[]).await.code(), "NoPermission");
    assert_eq!(Caller::new(&emulator).call(DEVICES, &[]).await.status, 200);
}

#[tokio::test]
async fn an_unsigned_request_for_a_role_is_refused() {
    let emulator = start().await;
    let http = crate::caller::http_client();
    let url = format!("{}/?Action=AssumeRole&Version=2015-04-01&RoleArn={ROLE}&RoleSessionName=ab", emulator.url());
    let body: Value = serde_json::from_str(&http.post(url).send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(body["Code"], "IncompleteSignature");
}

const PROVIDER: &str = "acs:ram::1999999999990001:oidc-provider/ack";

/// An anonymous call as the credential libraries make it: what is common in the URL, the rest in a form.
async fn open(emulator: &Emulator, token: &str, provider: &str, more: &str) -> Value {
    let url = format!("{}/?Action=AssumeRoleWithOIDC&Format=JSON&Version=2015-04-01", emulator.url());
    let form = format!("RoleArn={ROLE}&RoleSessionName=pod&OIDCProviderArn={provider}&OIDCToken={token}{more}");
    let request = crate::caller::http_client().post(url).body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_of_a_trusted_provider_opens_a_role_without_any_signature() {
    let emulator = start().await;
    emulator.with_settings(OTHER, |settings| {
        settings.oidc_tokens.entry(PROVIDER.to_owned()).or_default().insert("good".to_owned());
    });
    assert_eq!(open(&emulator, "good", PROVIDER, "").await["Code"], "AuthenticationFail.NoPermission");
    emulator.with_settings(OTHER, |settings| _ = settings.roles[0].trusted_providers.insert(PROVIDER.to_owned()));
    let answer = open(&emulator, "good", PROVIDER, "").await;
    assert_eq!(answer["AssumedRoleUser"]["Arn"], "acs:ram::1999999999990001:assumed-role/Audit/pod");
    assert_eq!(with_session(&emulator, &answer["Credentials"]).codes(&[]).await.status, 200);
    for (token, provider) in [("bad", PROVIDER), ("good", "acs:ram::1999999999990001:oidc-provider/none")] {
        assert_eq!(open(&emulator, token, provider, "").await["Code"], "AuthenticationFail.OIDCToken.Invalid");
    }
    assert_eq!(open(&emulator, "good", PROVIDER, "&AccessKeyId=x").await["Code"], "InvalidParameter");
    assert_eq!(Caller::new(&emulator).call("AssumeRoleWithOIDC", &[]).await.code(), "InvalidParameter");
    let records = emulator.requests();
    assert!(records.iter().all(|record| record.parameter("OIDCToken").is_none()));
    assert_eq!(records[1].account.as_deref(), Some(OTHER));
}
