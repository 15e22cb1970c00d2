//! The order of the chain, and what is told when it ends.

use std::{fs, path::Path};

use super::*;

const CLI: &str = r#"{"current":"default","profiles":[
    {"name":"default","mode":"AK","access_key_id":"cli","access_key_secret":"s"},
    {"name":"two","mode":"AK","access_key_id":"cli2","access_key_secret":"s"}]}"#;
const INI: &str = "[default]\ntype=access_key\naccess_key_id=ini\naccess_key_secret=s\n\
    [two]\ntype=access_key\naccess_key_id=ini2\naccess_key_secret=s\n";

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), ".aliyun/config.json", CLI);
    write(home.path(), ".alibabacloud/credentials.ini", INI);
    home
}

fn write(home: &Path, file: &str, text: &str) {
    fs::create_dir_all(home.join(file).parent().unwrap()).unwrap();
    fs::write(home.join(file), text).unwrap();
}

/// Without a metadata service unless the test gives one.
fn context<const N: usize>(home: &Path, pairs: [(&str, &str); N]) -> Context {
    let nowhere = "127.0.0.1:1".parse().unwrap();
    let environment = Environment::with_home(Environment::of_pairs(pairs), home.display().to_string());
    Context::of_environment(environment.with_metadata_service(nowhere))
}

async fn id<const N: usize>(home: &Path, pairs: [(&str, &str); N]) -> String {
    load(&Settled::default(), &context(home, pairs)).await.unwrap().access_key_id
}

#[tokio::test]
async fn the_environment_comes_first_then_the_cli_then_the_ini_file() {
    let home = home();
    let key = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "env"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s")];
    assert_eq!(id(home.path(), key).await, "env");
    assert_eq!(id(home.path(), [("ALIBABA_CLOUD_ACCESS_KEY_ID", "half")]).await, "cli");
    assert_eq!(id(home.path(), []).await, "cli");
    assert_eq!(id(home.path(), [("ALIBABA_CLOUD_PROFILE", "two")]).await, "cli2");
    let no_cli = ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "TRUE");
    assert_eq!(id(home.path(), [no_cli]).await, "ini");
    assert_eq!(id(home.path(), [no_cli, ("ALIBABA_CLOUD_PROFILE", "two")]).await, "ini2");
    fs::remove_file(home.path().join(".aliyun/config.json")).unwrap();
    assert_eq!(id(home.path(), []).await, "ini");
    write(home.path(), ".alibabacloud/credentials", &INI.replace("=ini", "=bare"));
    assert_eq!(id(home.path(), []).await, "bare");
    write(home.path(), "elsewhere", &INI.replace("=ini", "=elsewhere"));
    assert_eq!(id(home.path(), [("ALIBABA_CLOUD_CREDENTIALS_FILE", "~/elsewhere")]).await, "elsewhere");
}

#[tokio::test]
async fn when_nothing_is_found_every_place_is_named() {
    let home = tempfile::tempdir().unwrap();
    let all = context(
        home.path(),
        [
            ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/a"),
            ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "p"),
            ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/nowhere/token"),
            ("ALIBABA_CLOUD_CREDENTIALS_URI", "http://broker.example/hunter2"),
        ],
    );
    let error = load(&Settled::default(), &all).await.unwrap_err();
    let CredentialsError::NothingFound { tried } = &error else { panic!("{error}") };
    let places = [
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "/nowhere/token",
        ".aliyun/config.json",
        ".alibabacloud/credentials",
        "ECS metadata",
        "credentials URI",
    ];
    assert_eq!(tried.len(), places.len());
    for (place, error) in places.iter().zip(tried) {
        assert!(error.to_string().contains(place), "{place}: {error}");
    }
    let line = error.to_string();
    assert!(!line.contains('\n') && !line.contains("hunter2"), "{line}");
}

#[tokio::test]
async fn places_that_are_switched_off_or_not_set_are_not_asked() {
    let home = tempfile::tempdir().unwrap();
    let few = context(
        home.path(),
        [
            ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true"),
            ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
            ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/a"),
        ],
    );
    let error = load(&Settled::default(), &few).await.unwrap_err().to_string();
    for place in ["config.json", "ECS", "URI", "OIDC"] {
        assert!(!error.contains(place), "{place}: {error}");
    }
}

#[tokio::test]
async fn the_place_that_had_keys_is_asked_alone_from_then_on() {
    let home = home();
    let context = context(home.path(), []);
    let settled = Settled::default();
    assert_eq!(load(&settled, &context).await.unwrap().access_key_id, "cli");
    fs::remove_file(home.path().join(".aliyun/config.json")).unwrap();
    let error = load(&settled, &context).await.unwrap_err().to_string();
    assert!(error.starts_with('`') && error.contains("config.json") && !error.contains("ini"), "{error}");
}
