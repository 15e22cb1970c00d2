//! An account is read with keys of every kind, and sessions are renewed before anybody notices that they end.

mod keyless;

use chrono::TimeDelta;
use emulator::{ASSUME_ROLE, AccessKey, AccountOptions, Fault, Role};
use stocktake::{
    config::{AssumeRole, CredentialsConfig},
    inventory::Source,
    source::Environment,
};

use crate::support::{ACCOUNT_ID, World, applied, estate::Log, instant};

/// The account that the operator's keys belong to; it owns nothing that is kept.
const BASE_ID: &str = "1999999999990001";
const ROLE_ARN: &str = "acs:ram::1772422852740001:role/stocktake";

fn role() -> Role {
    Role::new("stocktake").trusting_account(BASE_ID).external_id("ext-1")
}

fn assume_role() -> AssumeRole {
    AssumeRole { external_id: Some("ext-1".into()), ..AssumeRole::new(ROLE_ARN) }
}

/// The keys that every worker of these tests finds.
fn base_keys() -> CredentialsConfig {
    CredentialsConfig::Env { id_var: "TEST_KEY_ID".into(), secret_var: "TEST_KEY_SECRET".into(), token_var: None }
}

fn base_variables() -> [(&'static str, &'static str); 2] {
    [("TEST_KEY_ID", "LTAI5tTest"), ("TEST_KEY_SECRET", "test-secret")]
}

/// An account that is read through a role, which keys of another account assume.
async fn world() -> World {
    let base = AccountOptions::new(BASE_ID).key(AccessKey::new("LTAI5tTest", "test-secret"));
    let read = AccountOptions::new(ACCOUNT_ID).generated(120, 40).role(role());
    World::of_accounts(instant("2026-06-01T08:00:00Z"), [base, read], |config| {
        config.accounts[0].credentials = base_keys().assuming(assume_role());
    })
    .await
}

/// The line that a person reads, of a scan that must fail.
async fn failure(world: &World) -> String {
    world.scan(Source::AccessTokens).await.failure_line().expect("the scan fails")
}

#[tokio::test]
async fn an_account_is_read_through_a_role_of_its_own_and_asks_sts_once() {
    let world = world().await;
    let report = world.scan_whole(Source::AccessTokens).await;
    assert_eq!(applied(&report).counts.new, 120);
    world.scan_whole(Source::MfaDevices).await;
    assert_eq!(world.emulator.request_count_of(ASSUME_ROLE), 1);
    let asked = world.emulator.requests();
    let assumed = asked.iter().find(|request| request.action == ASSUME_ROLE).unwrap();
    assert_eq!(assumed.parameter("DurationSeconds"), Some("3600"));
    assert_eq!(assumed.parameter("RoleSessionName"), Some("stocktake"));
}

#[tokio::test]
async fn a_role_is_laid_over_the_default_chain() {
    let mut world = world().await;
    let keys = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tTest"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "test-secret")];
    world.restart(CredentialsConfig::Default.assuming(assume_role()), &Environment::of_pairs(keys));
    world.scan_both().await;
}

#[tokio::test]
async fn a_session_is_renewed_five_minutes_before_it_ends() {
    let world = world().await;
    world.scan_whole(Source::AccessTokens).await;
    world.advance(TimeDelta::minutes(54));
    world.scan_whole(Source::AccessTokens).await;
    assert_eq!(world.emulator.request_count_of(ASSUME_ROLE), 1);
    world.advance(TimeDelta::minutes(1));
    world.scan_whole(Source::AccessTokens).await;
    assert_eq!(world.emulator.request_count_of(ASSUME_ROLE), 2);
}

#[tokio::test]
async fn a_session_that_ends_in_mid_scan_is_renewed_once_and_the_scan_is_whole() {
    let world = world().await;
    let ended = Fault::error(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.");
    world.emulator.add_fault(ended.action("ListAccessTokens").after(1));
    let report = world.scan_whole(Source::AccessTokens).await;
    assert_eq!(applied(&report).counts.new, 120);
    assert_eq!(world.emulator.request_count_of(ASSUME_ROLE), 2);
    assert_eq!(world.emulator.waiting_fault_count(), 0);
}

#[tokio::test]
async fn what_is_wrong_with_a_role_is_one_line_with_the_mend_and_without_secrets() {
    let mut world = world().await;
    let mut with = async |edit: fn(&mut AssumeRole)| {
        let mut role = assume_role();
        edit(&mut role);
        world.restart(base_keys().assuming(role), &Environment::of_pairs(base_variables()));
        let line = failure(&world).await;
        assert!(!line.contains('\n') && !line.contains("test-secret") && !line.contains("LTAI5tTest"), "{line}");
        let recorded = world.database.lines("select error_code, error_message from reporting.scans").await;
        assert!(!recorded.concat().contains("LTAI5tTest"), "{recorded:?}");
        line
    };
    let wrong_id = with(|role| role.external_id = Some("ext-2".into())).await;
    for part in [ROLE_ARN, "403 NoPermission", "grant `sts:AssumeRole`", "TEST_KEY_ID", "external id"] {
        assert!(wrong_id.contains(part), "{part}: {wrong_id}");
    }
    let unknown = with(|role| role.role_arn = "acs:ram::1772422852740001:role/none".into()).await;
    assert!(unknown.contains("EntityNotExist.Role") && unknown.contains("create role `acs:ram"), "{unknown}");
    let narrow = |role: &mut AssumeRole| {
        role.policy =
            Some(r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:*","Resource":"*"}]}"#.into());
    };
    assert!(with(narrow).await.contains("grant `smc:ListAccessTokens`"));
}

#[tokio::test]
async fn a_deleted_base_key_is_one_line_that_says_where_it_is() {
    let world = world().await;
    world.emulator.with_settings(BASE_ID, |settings| settings.keys.clear());
    let line = failure(&world).await;
    for part in ["InvalidAccessKeyId.NotFound", ROLE_ARN, "put an access key that exists into environment variables"] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_renewed_in_time_is_used_until_it_ends() {
    let world = world().await;
    world.scan_whole(Source::AccessTokens).await;
    world.emulator.add_fault(Fault::error(403, "NoPermission", "no").action(ASSUME_ROLE).always());
    world.advance(TimeDelta::minutes(56));
    world.scan_both().await;
    assert_eq!(world.emulator.request_count_of(ASSUME_ROLE), 2, "one more in all of the two scans");
    world.advance(TimeDelta::minutes(5));
    assert!(failure(&world).await.contains("grant `sts:AssumeRole`"));
    world.emulator.clear_faults();
    world.scan_whole(Source::AccessTokens).await;
}

#[tokio::test]
async fn throttled_sts_is_waited_for() {
    let world = world().await;
    world.emulator.add_fault(Fault::throttled(Some(20)).action(ASSUME_ROLE).times(2));
    world.scan_whole(Source::AccessTokens).await;
    assert_eq!(world.emulator.request_count_of(ASSUME_ROLE), 3);
}

#[tokio::test]
async fn keys_of_sessions_are_in_no_error_no_row_and_no_log() {
    let log = Log::capture();
    let world = world().await;
    let mut said = String::new();
    for code in ["NoPermission", "InvalidSecurityToken.Malformed", "SignatureDoesNotMatch", "InvalidParameter"] {
        world.scan_whole(Source::MfaDevices).await;
        let echo = world.emulator.with_settings(ACCOUNT_ID, |settings| {
            let key = settings.keys.last().unwrap();
            format!("{} {} {}", key.id, key.secret, key.security_token.as_deref().unwrap())
        });
        world.emulator.add_fault(Fault::error(400, code, echo).action("ListAccessTokens"));
        said += &failure(&world).await;
    }
    said += &log.text();
    said += &world.database.rows("select * from inventory.scans").await.concat();
    assert_eq!(said.matches("[redacted] [redacted] [redacted]").count(), 8, "each in the line and in the row: {said}");
    let issued = world.emulator.with_settings(ACCOUNT_ID, |settings| settings.keys.clone());
    for key in issued {
        for part in [&key.id, &key.secret, key.security_token.as_ref().unwrap()] {
            assert!(!said.contains(part.as_str()), "a part of a session is in: {said}");
        }
    }
}
