//! Which profile is read, and what each mode becomes.

use secrecy::ExposeSecret;

use crate::source::Environment;

use super::*;

const CONFIG: &str = r#"{"current":"work","profiles":[
    {"name":"default","mode":"AK","access_key_id":"id0","access_key_secret":"secret0","sts_token":"","expired_seconds":900},
    {"name":"work","mode":"StsToken","access_key_id":"STS.id1","access_key_secret":"secret1","sts_token":"token1"},
    {"name":"tokenless","mode":"StsToken","access_key_id":"STS.id2","access_key_secret":"secret2","sts_token":""},
    {"name":"role","mode":"RamRoleArn","access_key_id":"id3","access_key_secret":"secret3",
     "ram_role_arn":"acs:ram::1:role/a","ram_session_name":"cli","external_id":"ext","policy":"{}"},
    {"name":"roleless","mode":"RamRoleArn","access_key_id":"id3","access_key_secret":"secret3"},
    {"name":"chained","mode":"ChainableRamRoleArn","source_profile":"role","ram_role_arn":"acs:ram::1:role/b"},
    {"name":"loop-a","mode":"ChainableRamRoleArn","source_profile":"loop-b","ram_role_arn":"acs:ram::1:role/b"},
    {"name":"loop-b","mode":"ChainableRamRoleArn","source_profile":"loop-a","ram_role_arn":"acs:ram::1:role/b"},
    {"name":"orphan","mode":"ChainableRamRoleArn","source_profile":"none","ram_role_arn":"acs:ram::1:role/b"},
    {"name":"ecs","mode":"EcsRamRole","ram_role_name":"r"},
    {"name":"ecs-any","mode":"EcsRamRole","ram_role_name":null},
    {"name":"pod","mode":"OIDC","ram_role_arn":"acs:ram::1:role/c","oidc_provider_arn":"p","oidc_token_file":"/t",
     "role_session_name":"sdk"},
    {"name":"uri","mode":"CredentialsURI","credentials_uri":"http://localhost/x"},
    {"name":"program","mode":"External","process_command":"cat /etc/keys"},
    {"name":"browser","mode":"OAuth"},{"name":"sso","mode":"CloudSSO"},{"name":"rsa","mode":"RsaKeyPair"}],
    "meta_path":""}"#;

fn read_profile(profile: Option<&str>) -> Result<Place, CredentialsError> {
    let context = Context::of_environment(Environment::of_pairs([]));
    read("c.json", CONFIG, profile, &context).map(Provider::into_place)
}

fn keys(profile: Option<&str>) -> Credentials {
    match read_profile(profile).unwrap() {
        Place::Keys(keys) => keys,
        other => panic!("no keys: {other:?}"),
    }
}

#[test]
fn the_current_profile_is_read_unless_another_is_named() {
    let current = keys(None);
    assert_eq!(current.access_key_id, "STS.id1");
    assert_eq!(current.security_token.as_ref().unwrap().expose_secret(), "token1");
    assert_eq!(current.origin(), "profile `work` of `c.json`");
    let named = keys(Some("default"));
    assert_eq!(named.access_key_id, "id0");
    assert!(named.security_token.is_none());
}

#[test]
fn a_role_is_assumed_with_the_profiles_own_keys_or_with_another_profile() {
    let Place::Assumed { role, .. } = read_profile(Some("role")).unwrap() else { panic!("a role") };
    let expected = AssumeRole {
        role_arn: "acs:ram::1:role/a".into(),
        session_name: "cli".into(),
        external_id: Some("ext".into()),
        policy: Some("{}".into()),
    };
    assert_eq!(role, expected);
    let Place::Assumed { role, .. } = read_profile(Some("chained")).unwrap() else { panic!("a role") };
    assert_eq!(role, AssumeRole::new("acs:ram::1:role/b"));
}

#[test]
fn instances_pods_and_uris_are_told_apart() {
    let ecs = |profile| match read_profile(Some(profile)).unwrap() {
        Place::EcsRole { role_name } => role_name,
        other => panic!("{other:?}"),
    };
    assert_eq!((ecs("ecs").as_deref(), ecs("ecs-any")), (Some("r"), None));
    let Place::Oidc(pod) = read_profile(Some("pod")).unwrap() else { panic!("a pod") };
    assert_eq!((pod.role_arn.as_deref(), pod.session_name.as_deref()), (Some("acs:ram::1:role/c"), Some("sdk")));
    let Place::Uri(uri) = read_profile(Some("uri")).unwrap() else { panic!("a URI") };
    assert_eq!(uri.expose_secret(), "http://localhost/x");
}

#[test]
fn debug_shows_no_key_and_no_uri() {
    for profile in ["default", "role", "chained", "uri"] {
        let shown = format!("{:?}", read_profile(Some(profile)).unwrap());
        for secret in ["secret0", "secret3", "id0", "id3", "localhost"] {
            assert!(!shown.contains(secret), "{profile}: {shown}");
        }
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let error = |profile| read_profile(Some(profile)).unwrap_err().to_string();
    for (profile, mode) in [("program", "External"), ("browser", "OAuth"), ("sso", "CloudSSO"), ("rsa", "RsaKeyPair")] {
        let expected = format!("profile `{profile}` of `c.json` has mode `{mode}`, which is not supported");
        assert_eq!(error(profile), expected);
    }
    assert_eq!(error("none"), "`c.json` has no profile `none`");
    assert_eq!(error("orphan"), "`c.json` has no profile `none`");
    assert_eq!(error("tokenless"), "profile `tokenless` of `c.json` has no `sts_token`");
    assert_eq!(error("roleless"), "profile `roleless` of `c.json` has no `ram_role_arn`");
    assert_eq!(error("loop-a"), "profiles of `c.json` lead in a circle: `loop-a`, `loop-b`, `loop-a`");
}

#[test]
fn a_malformed_file_is_not_quoted() {
    let text = r#"{"profiles":[{"name":"a","access_key_secret":["hunter2"]}, "hunter2"]}"#;
    let context = Context::of_environment(Environment::of_pairs([]));
    let error = read("c.json", text, None, &context).unwrap_err().to_string();
    assert!(error.starts_with("`c.json` is not a credentials file: line 1") && !error.contains("hunter2"));
}
