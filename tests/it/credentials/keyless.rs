//! Keys that nobody holds: of an instance, a pod, a profile and a URI, alone and beneath a role.

use std::path::Path;

use chrono::TimeDelta;
use emulator::{
    ASSUME_ROLE, ASSUME_ROLE_WITH_OIDC, CREDENTIALS_URI, Fault, Instance, METADATA_SESSION, METADATA_TOKEN, Role,
};
use stocktake::{config::CredentialsConfig, inventory::Source, source::Environment};
use tempfile::TempDir;

use super::{ROLE_ARN, assume_role, failure, role};
use crate::support::{ACCOUNT_ID, Desk, World, account, desk::ended};

const PROVIDER_ARN: &str = "acs:ram::1772422852740001:oidc-provider/ack";

/// An account whose own role `vm` can be had without keys: on an instance, in a pod, and at a URI.
async fn keyless_world() -> World {
    let vm = Role::new("vm").trusting_ecs().trusting_provider(PROVIDER_ARN);
    let read = account().generated(60, 20).role(vm).oidc_token(PROVIDER_ARN, "t0ken-1");
    let world = World::of(read.role(role().trusting_account(ACCOUNT_ID)), |_| {}).await;
    world.emulator.set_instance(Some(Instance::new(ACCOUNT_ID, "vm").needing_token()));
    world
}

/// What a process finds in this home, and around it the emulated instance.
fn environment<const N: usize>(world: &World, home: &Path, more: [(&str, &str); N]) -> Environment {
    let mut variables = vec![("HOME", home.to_str().unwrap())];
    variables.extend(more);
    Environment::of_pairs(variables).with_metadata_service(world.emulator.addr())
}

fn write(home: &Path, file: &str, text: &str) {
    let path = home.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The requests for keys since the last time, by [`WAYS`].
fn counts(world: &World) -> [u64; 5] {
    let counts = WAYS.map(|action| world.emulator.request_count_of(action));
    world.emulator.clear_requests();
    counts
}

const WAYS: [&str; 5] = [METADATA_TOKEN, METADATA_SESSION, ASSUME_ROLE_WITH_OIDC, CREDENTIALS_URI, ASSUME_ROLE];

#[tokio::test]
async fn an_instance_is_read_with_its_role_whether_configured_or_found_by_the_chain() {
    let home = TempDir::new().unwrap();
    let mut world = keyless_world().await;
    let environment = environment(&world, home.path(), []);
    for role_name in [None, Some("vm".to_owned())] {
        world.restart(CredentialsConfig::EcsRole { role_name }, &environment);
        world.scan_both().await;
        assert_eq!(counts(&world), [1, 1, 0, 0, 0]);
    }
    world.restart(CredentialsConfig::Default, &environment);
    world.scan_both().await;
    world.advance(TimeDelta::hours(5) + TimeDelta::minutes(56));
    world.scan_both().await;
    assert_eq!(counts(&world), [2, 2, 0, 0, 0], "six hours less five minutes");
}

#[tokio::test]
async fn an_instance_without_tokens_is_asked_the_old_way_unless_that_is_forbidden() {
    let home = TempDir::new().unwrap();
    let mut world = keyless_world().await;
    world.emulator.set_instance(Some(Instance::new(ACCOUNT_ID, "vm")));
    world.emulator.add_fault(Fault::raw(404, "text/plain", "no").action(METADATA_TOKEN).always());
    let strict = environment(&world, home.path(), [("ALIBABA_CLOUD_IMDSV1_DISABLED", "true")]);
    world.restart(CredentialsConfig::EcsRole { role_name: None }, &strict);
    let line = failure(&world).await;
    assert!(line.contains("ALIBABA_CLOUD_IMDSV1_DISABLED") && line.contains("attach a RAM role"), "{line}");
    let lax = environment(&world, home.path(), []);
    world.restart(CredentialsConfig::EcsRole { role_name: None }, &lax);
    world.scan_whole(Source::AccessTokens).await;
}

#[tokio::test]
async fn a_pod_is_read_with_its_token_which_is_read_anew_for_each_session() {
    let home = TempDir::new().unwrap();
    write(home.path(), "token", "t0ken-1\n");
    let token_file = home.path().join("token");
    let by_config = CredentialsConfig::Oidc {
        role_arn: Some("acs:ram::1772422852740001:role/vm".into()),
        provider_arn: Some(PROVIDER_ARN.into()),
        token_file: Some(token_file.clone()),
        session_name: Some("pod-1".into()),
    };
    let by_variables = [
        ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1772422852740001:role/vm"),
        ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", PROVIDER_ARN),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", token_file.to_str().unwrap()),
    ];
    let mut world = keyless_world().await;
    let environment = environment(&world, home.path(), by_variables);
    for credentials in [by_config, CredentialsConfig::Default] {
        write(home.path(), "token", "t0ken-1\n");
        world.emulator.with_settings(ACCOUNT_ID, |settings| {
            settings.oidc_tokens.get_mut(PROVIDER_ARN).unwrap().insert("t0ken-1".into());
        });
        world.restart(credentials, &environment);
        world.scan_both().await;
        world.emulator.with_settings(ACCOUNT_ID, |settings| {
            let tokens = settings.oidc_tokens.get_mut(PROVIDER_ARN).unwrap();
            tokens.clear();
            tokens.insert("t0ken-2".into());
        });
        world.advance(TimeDelta::hours(1));
        let line = failure(&world).await;
        assert!(line.contains("OIDCToken") && line.contains("[redacted]") && !line.contains("t0ken"), "{line}");
        write(home.path(), "token", "t0ken-2");
        world.scan_both().await;
        let requests = world.emulator.requests();
        assert_eq!(counts(&world), [0, 0, 3, 0, 0]);
        let url_or_header = |request: &emulator::RequestRecord| {
            request.query.iter().chain(&request.headers).any(|(_, value)| value.contains("t0ken"))
        };
        assert!(!requests.iter().any(url_or_header), "the token is in no URL");
    }
}

#[tokio::test]
async fn profiles_lead_to_roles_instances_and_uris() {
    let home = TempDir::new().unwrap();
    let mut world = keyless_world().await;
    let environment = environment(&world, home.path(), []);
    let uri = world.emulator.credentials_uri(ACCOUNT_ID, "vm");
    write(home.path(), "token", "t0ken-1");
    let token = home.path().join("token").display().to_string();
    let config = format!(
        r#"{{"current":"none","profiles":[
        {{"name":"keys-and-role","mode":"RamRoleArn","access_key_id":"LTAI5tTest","access_key_secret":"test-secret",
          "ram_role_arn":"{ROLE_ARN}","ram_session_name":"cli","external_id":"ext-1"}},
        {{"name":"instance-and-role","mode":"ChainableRamRoleArn","source_profile":"instance",
          "ram_role_arn":"{ROLE_ARN}","external_id":"ext-1"}},
        {{"name":"instance","mode":"EcsRamRole"}},
        {{"name":"uri","mode":"CredentialsURI","credentials_uri":"{uri}"}},
        {{"name":"pod","mode":"OIDC","ram_role_arn":"acs:ram::1772422852740001:role/vm",
          "oidc_provider_arn":"{PROVIDER_ARN}","oidc_token_file":"{token}"}}]}}"#
    );
    write(home.path(), "config.json", &config);
    let ini = format!(
        "[keys-and-role]\ntype=ram_role_arn\naccess_key_id=LTAI5tTest\naccess_key_secret=test-secret\n\
         role_arn={ROLE_ARN}\nexternal_id=ext-1\n[instance]\ntype=ecs_ram_role\nrole_name=vm\n\
         [pod]\ntype=oidc_role_arn\nrole_arn=acs:ram::1772422852740001:role/vm\n\
         oidc_provider_arn={PROVIDER_ARN}\noidc_token_file_path={token}\n"
    );
    write(home.path(), "c.ini", &ini);
    for (file, name, expected) in [
        ("config.json", "keys-and-role", [0, 0, 0, 0, 1]),
        ("config.json", "instance-and-role", [1, 1, 0, 0, 1]),
        ("config.json", "instance", [1, 1, 0, 0, 0]),
        ("config.json", "uri", [0, 0, 0, 1, 0]),
        ("config.json", "pod", [0, 0, 1, 0, 0]),
        ("c.ini", "keys-and-role", [0, 0, 0, 0, 1]),
        ("c.ini", "instance", [1, 1, 0, 0, 0]),
        ("c.ini", "pod", [0, 0, 1, 0, 0]),
    ] {
        let file = Some(home.path().join(file));
        world.restart(CredentialsConfig::Profile { file, profile: Some(name.into()) }, &environment);
        world.scan_whole(Source::MfaDevices).await;
        assert_eq!(counts(&world), expected, "{name}");
    }
}

#[tokio::test]
async fn the_chain_ends_at_a_uri_and_names_every_place_where_there_is_none() {
    let home = TempDir::new().unwrap();
    let mut world = keyless_world().await;
    world.emulator.set_instance(None);
    world.restart(CredentialsConfig::Default, &environment(&world, home.path(), []));
    let line = failure(&world).await;
    for place in ["ALIBABA_CLOUD_ACCESS_KEY_ID", "config.json", ".alibabacloud/credentials", "ECS metadata service"] {
        assert!(line.contains(place), "{place}: {line}");
    }
    assert!(!line.contains('\n'));
    let uri = world.emulator.credentials_uri(ACCOUNT_ID, "vm");
    let with_uri = environment(&world, home.path(), [("ALIBABA_CLOUD_CREDENTIALS_URI", &uri)]);
    world.restart(CredentialsConfig::Default, &with_uri);
    world.scan_whole(Source::AccessTokens).await;
}

#[tokio::test]
async fn a_role_over_an_instance_survives_the_end_of_both_sessions() {
    let home = TempDir::new().unwrap();
    let mut world = keyless_world().await;
    let credentials = CredentialsConfig::EcsRole { role_name: None }.assuming(assume_role());
    world.restart(credentials, &environment(&world, home.path(), []));
    world.scan_both().await;
    assert_eq!(counts(&world), [1, 1, 0, 0, 1]);
    let ended = || Fault::error(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.");
    world.emulator.add_fault(ended().action("ListAccessTokens"));
    world.emulator.add_fault(ended().action(ASSUME_ROLE));
    world.scan_both().await;
    assert_eq!(counts(&world), [1, 1, 0, 0, 2]);
    world.emulator.add_fault(ended().action(ASSUME_ROLE).times(2));
    world.emulator.add_fault(ended().action("ListAccessTokens"));
    let line = failure(&world).await;
    for part in ["InvalidSecurityToken.Expired", ROLE_ARN, "asks for a session from the RAM role of this ECS instance"]
    {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[tokio::test]
async fn check_says_where_keys_come_from_and_no_library_logs_a_token() {
    let desk = Desk::new().await;
    desk.emulator.with_settings(ACCOUNT_ID, |settings| {
        settings.roles.push(Role::new("pod").trusting_provider(PROVIDER_ARN));
        settings.roles.push(Role::new("stocktake").trusting_account(ACCOUNT_ID));
        settings.oidc_tokens.entry(PROVIDER_ARN.into()).or_default().insert("t0ken-1".into());
    });
    write(desk.folder.path(), "token", "t0ken-1");
    desk.configure(&format!(
        "[[account]]\nname = \"prod\"\n[account.credentials]\nkind = \"oidc\"\ntoken_file = \"token\"\n\
         role_arn = \"acs:ram::1772422852740001:role/pod\"\nprovider_arn = \"{PROVIDER_ARN}\"\n\
         [account.credentials.assume_role]\nrole_arn = \"{ROLE_ARN}\"\n"
    ));
    let mut command = desk.command(&["check"]);
    command.env("RUST_LOG", "trace,h2=off");
    let ended = ended(command).await;
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    let origin = format!(
        "credentials: from role `{ROLE_ARN}`, assumed with role `acs:ram::1772422852740001:role/pod`, opened by the token in `token`"
    );
    assert!(ended.stdout.contains(&origin), "{}", ended.stdout);
    assert!(ended.stdout.contains("AssumedRoleUser of account 1772422852740001"), "{}", ended.stdout);
    let said = ended.stdout + &ended.stderr;
    assert!(said.contains("TRACE") && !said.contains("t0ken-1"));
    let issued = desk.emulator.with_settings(ACCOUNT_ID, |settings| settings.keys.clone());
    assert!(issued.iter().filter(|key| key.session.is_some()).count() == 2);
    for key in issued {
        assert!(!said.contains(&key.secret) && key.security_token.is_none_or(|token| !said.contains(&token)));
    }
}
