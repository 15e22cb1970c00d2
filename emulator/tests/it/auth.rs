//! Who is let in, and what the others are told.

use chrono::TimeDelta;
use emulator::{AccessKey, AccountOptions};

use crate::caller::{ACCOUNT, CODES, Caller, DEVICES, KEY_ID, SECRET, account, noon, start};

#[tokio::test]
async fn a_signed_request_is_answered_by_post_and_by_get() {
    let emulator = start(account()).await;
    let mut caller = Caller::new(&emulator);
    let name = [("Name", "a b*c~d+e%f/激活码"), ("Status", "activated")];
    assert_eq!(caller.codes(&name).await.status, 200);
    caller.method = reqwest::Method::GET;
    assert_eq!(caller.codes(&name).await.status, 200);
    assert_eq!(emulator.requests()[0].parameter("Name"), Some("a b*c~d+e%f/激活码"));
}

#[tokio::test]
async fn a_wrong_secret_is_told_the_server_string_to_sign() {
    let emulator = start(account()).await;
    let mut caller = Caller::new(&emulator);
    caller.secret.push('x');
    let reply = caller.codes(&[("Name", "secret-name")]).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "SignatureDoesNotMatch"));
    let body = reply.json();
    let message = body["Message"].as_str().unwrap();
    assert!(message.contains("server string to sign is:ACS3-HMAC-SHA256\n"), "{message}");
    assert!(message.contains("Name=secret-name") && message.contains(KEY_ID), "{message}");
    assert!(!message.contains(SECRET), "{message}");
    assert_eq!(body["HostId"], "smc.aliyuncs.com");
    assert_eq!(body["Recommend"], "https://api.aliyun.com/troubleshoot?q=SignatureDoesNotMatch&product=smc");
    assert_eq!(reply.headers["x-acs-request-id"], body["RequestId"].as_str().unwrap());
}

#[tokio::test]
async fn an_unknown_key_is_not_found() {
    let emulator = start(account()).await;
    let mut caller = Caller::new(&emulator);
    caller.key_id = "LTAIunknown".to_owned();
    let reply = caller.devices(&[]).await;
    assert_eq!((reply.status, reply.code().as_str()), (404, "InvalidAccessKeyId.NotFound"));
    assert_eq!(reply.json()["HostId"], "ims.aliyuncs.com");
    assert_eq!(emulator.requests()[0].account, None);
}

#[tokio::test]
async fn a_disabled_key_is_inactive() {
    let emulator = start(account()).await;
    emulator.with_settings(ACCOUNT, |settings| settings.keys[0].active = false);
    assert_eq!(Caller::new(&emulator).codes(&[]).await.code(), "InvalidAccessKeyId.Inactive");
}

#[tokio::test]
async fn a_nonce_serves_once() {
    let emulator = start(account()).await;
    let mut caller = Caller::new(&emulator);
    caller.nonce = Some("the-nonce".to_owned());
    assert_eq!(caller.codes(&[]).await.status, 200);
    let reply = caller.codes(&[]).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "SignatureNonceUsed"));
    emulator.advance(TimeDelta::minutes(16));
    caller.date = emulator.now();
    assert_eq!(caller.codes(&[]).await.status, 200);
}

#[tokio::test]
async fn a_forged_request_does_not_use_the_nonce_up() {
    let emulator = start(account()).await;
    let mut caller = Caller::new(&emulator);
    caller.nonce = Some("the-nonce".to_owned());
    caller.secret = "wrong".to_owned();
    assert_eq!(caller.codes(&[]).await.code(), "SignatureDoesNotMatch");
    caller.secret = SECRET.to_owned();
    assert_eq!(caller.codes(&[]).await.status, 200);
}

#[tokio::test]
async fn the_date_may_be_a_quarter_of_an_hour_off_by_the_emulated_clock() {
    let emulator = start(account()).await;
    for (late_by_s, status) in [(900, 200), (-900, 200), (901, 400), (-901, 400)] {
        let reply = Caller::new(&emulator).late_by(TimeDelta::seconds(late_by_s)).codes(&[]).await;
        assert_eq!(reply.status, status, "{late_by_s}");
        assert_eq!(reply.headers["date"], "Mon, 02 Mar 2026 12:00:00 GMT");
        assert_eq!(reply.headers.get_all("date").iter().count(), 1);
        if status == 400 {
            assert_eq!(reply.code(), "InvalidTimeStamp.Expired");
        }
    }
    let mut caller = Caller::new(&emulator);
    caller.more_headers = vec![("x-acs-date", noon().to_rfc2822())];
    assert_eq!(caller.codes(&[]).await.code(), "InvalidTimeStamp.Format");
}

#[tokio::test]
async fn a_token_must_be_the_keys_own_and_in_time() {
    let key = AccessKey::new("STS.key", SECRET).with_token("CAIS+/=").expiring_at(noon() + TimeDelta::hours(1));
    let emulator = start(AccountOptions::new(ACCOUNT).key(key).key(AccessKey::new(KEY_ID, SECRET))).await;
    let with = |key_id: &str, token: Option<&str>| {
        let mut caller = Caller::new(&emulator);
        caller.key_id = key_id.to_owned();
        caller.token = token.map(str::to_owned);
        caller
    };
    assert_eq!(with("STS.key", Some("CAIS+/=")).codes(&[]).await.status, 200);
    assert_eq!(with("STS.key", None).codes(&[]).await.code(), "MissingSecurityToken");
    let mismatch = "InvalidSecurityToken.MismatchWithAccessKey";
    assert_eq!(with("STS.key", Some("other")).codes(&[]).await.code(), mismatch);
    assert_eq!(with(KEY_ID, Some("CAIS+/=")).codes(&[]).await.code(), mismatch);
    emulator.advance(TimeDelta::hours(1));
    let reply = with("STS.key", Some("CAIS+/=")).codes(&[]).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "InvalidSecurityToken.Expired"));
}

#[tokio::test]
async fn every_acs_header_must_be_signed() {
    let emulator = start(account()).await;
    let mut caller = Caller::new(&emulator);
    caller.unsigned_headers = vec![("x-acs-credentials-provider", "env".to_owned())];
    let reply = caller.codes(&[]).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "IncompleteSignature"));
    caller.more_headers = std::mem::take(&mut caller.unsigned_headers);
    assert_eq!(caller.codes(&[]).await.status, 200);
}

#[tokio::test]
async fn a_request_without_a_signature_is_incomplete() {
    let emulator = start(account()).await;
    let http = crate::caller::http_client();
    let request = http.post(emulator.url()).header("x-acs-action", CODES).header("x-acs-version", "2019-06-01");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains("\"IncompleteSignature\""));
    assert_eq!(emulator.requests()[0].code.as_deref(), Some("IncompleteSignature"));
}

#[tokio::test]
async fn a_denied_action_is_forbidden_with_its_detail() {
    let emulator = start(account().deny(DEVICES)).await;
    let caller = Caller::new(&emulator);
    assert_eq!(caller.codes(&[]).await.status, 200);
    let reply = caller.devices(&[]).await;
    assert_eq!((reply.status, reply.code().as_str()), (403, "NoPermission"));
    let detail = &reply.json()["AccessDeniedDetail"];
    assert_eq!(detail["AuthAction"], "ram:ListVirtualMFADevices");
    assert_eq!(detail["AuthPrincipalOwnerId"], ACCOUNT);
    assert_eq!(detail["NoPermissionType"], "ImplicitDeny");
    emulator.with_settings(ACCOUNT, |settings| settings.denied_actions.clear());
    assert_eq!(caller.devices(&[]).await.status, 200);
}

#[tokio::test]
async fn unknown_actions_and_versions_are_refused() {
    let emulator = start(account()).await;
    let mut caller = Caller::new(&emulator);
    let reply = caller.call("DeleteAccessToken", &[]).await;
    assert_eq!((reply.status, reply.code().as_str()), (404, "InvalidAction.NotFound"));
    caller.more_headers = vec![("x-acs-version", "2014-05-26".to_owned())];
    assert_eq!(caller.codes(&[]).await.code(), "InvalidVersion");
}

#[tokio::test]
async fn the_caller_learns_whose_key_it_has() {
    let other = AccountOptions::new("1000000000000002").key(AccessKey::new("STS.other", SECRET).with_token("t"));
    let options = emulator::Options::new().account(account()).account(other);
    let emulator = emulator::Emulator::start(options).await.unwrap();
    let mut caller = Caller::new(&emulator);
    let identity = caller.call("GetCallerIdentity", &[]).await.json();
    assert_eq!((&identity["AccountId"], &identity["IdentityType"]), (&ACCOUNT.into(), &"RAMUser".into()));
    caller.key_id = "STS.other".to_owned();
    caller.token = Some("t".to_owned());
    let identity = caller.call("GetCallerIdentity", &[]).await.json();
    assert_eq!(identity["AccountId"], "1000000000000002");
    assert_eq!(identity["Arn"], "acs:ram::1000000000000002:assumed-role/stocktake/stocktake");
}
