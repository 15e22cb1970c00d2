//! What the containers promise: nothing runs as root, nothing is reachable from outside, no secret is written down.

use std::process::Command;

use serde_json::Value;

const COMPOSE: &str = include_str!("../../docker-compose.yml");
const DOCKERFILE: &str = include_str!("../../Dockerfile");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn compose() -> Value {
    serde_norway::from_str(COMPOSE).expect("docker-compose.yml is YAML")
}

fn services(compose: &Value) -> &serde_json::Map<String, Value> {
    compose["services"].as_object().unwrap()
}

/// The entries of a list of texts; none where there is no list.
fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|entry| entry.as_str().unwrap()).collect()
}

/// Whether a `user:group` of numbers is given and neither is root's.
fn is_unprivileged(user: &str) -> bool {
    let ids: Vec<_> = user.split(':').map(str::parse::<u32>).collect();
    ids.len() == 2 && ids.iter().all(|id| id.as_ref().is_ok_and(|id| *id > 0))
}

#[test]
fn what_is_beside_the_worker_runs_only_when_it_is_asked_for() {
    let compose = compose();
    let mut names: Vec<_> = services(&compose).keys().collect();
    names.sort();
    assert_eq!(names, ["emulator", "grafana", "metabase", "postgres", "stocktake"]);
    for asked_for in ["emulator", "grafana", "metabase"] {
        assert_eq!(texts(&compose["services"][asked_for]["profiles"]), [asked_for]);
    }
    for always in ["postgres", "stocktake"] {
        assert!(compose["services"][always].get("profiles").is_none(), "{always}");
    }
}

#[test]
fn the_worker_waits_for_a_healthy_database_and_tells_its_own_health() {
    let compose = compose();
    for service in ["postgres", "stocktake"] {
        let check = texts(&compose["services"][service]["healthcheck"]["test"]);
        assert_eq!(check.first(), Some(&"CMD"), "{service}");
        assert!(check.len() > 1, "{service}");
    }
    assert!(texts(&compose["services"]["stocktake"]["healthcheck"]["test"]).concat().contains("/healthz"));
    let condition = &compose["services"]["stocktake"]["depends_on"]["postgres"]["condition"];
    assert_eq!(condition, "service_healthy");
}

#[test]
fn our_own_containers_have_no_privilege_and_write_nowhere() {
    let compose = compose();
    for (name, service) in services(&compose) {
        assert_ne!(service["privileged"], true, "{name}");
        assert!(service.get("cap_add").is_none(), "{name}");
        assert_ne!(service["network_mode"], "host", "{name}");
        assert_eq!(texts(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        if name == "postgres" {
            continue; // its image steps down from root by itself, and it writes its data
        }
        assert_eq!(service["read_only"], true, "{name}");
        assert!(is_unprivileged(service["user"].as_str().unwrap()), "{name}");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        for volume in texts(&service["volumes"]) {
            assert!(volume.ends_with(":ro"), "{name} could write to {volume}");
        }
    }
}

#[test]
fn an_image_of_others_is_pinned() {
    for (name, service) in services(&compose()) {
        let image = service["image"].as_str().unwrap();
        let is_pinned = image.rsplit_once(':').is_some_and(|(_, tag)| tag.contains(|c: char| c.is_ascii_digit()));
        assert!(is_pinned || image == "stocktake", "{name} runs {image}");
    }
}

#[test]
fn every_port_is_bound_to_the_loopback() {
    let compose = compose();
    let mut count = 0;
    for (name, service) in services(&compose) {
        for port in texts(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name} publishes {port}");
            count += 1;
        }
    }
    assert!(count >= 2, "the status page and PostgreSQL should be reachable from this machine");
}

#[test]
fn no_secret_is_written_down() {
    let compose = compose();
    for (name, service) in services(&compose) {
        let Some(variables) = service.get("environment").and_then(Value::as_object) else {
            assert!(service.get("environment").is_none(), "{name}: name the variables, one a line");
            continue;
        };
        for (variable, value) in variables {
            let is_secret = ["PASSWORD", "SECRET", "TOKEN", "KEY"].iter().any(|word| variable.contains(word));
            let is_handed_on = value.is_null() || value.as_str().is_some_and(|value| value.starts_with("${"));
            assert!(!is_secret || is_handed_on, "{name} has a literal {variable}");
            // `:-` would put a password of ours in place of one that was forgotten.
            let has_default = value.as_str().is_some_and(|value| value.contains(":-"));
            assert!(!is_secret || !has_default, "{name} has a default {variable}");
        }
    }
    for (file, text) in [
        ("docker-compose.yml", COMPOSE),
        (
            "datasources/stocktake.yaml",
            include_str!("../../dashboards/grafana/provisioning/datasources/stocktake.yaml"),
        ),
        ("config/compose.toml", include_str!("../../config/compose.toml")),
        ("config/stocktake.toml", include_str!("../../config/stocktake.toml")),
    ] {
        for url in text.split("postgres://").skip(1) {
            let authority = url.split(['/', '"']).next().unwrap();
            let user = authority.split('@').next().unwrap();
            assert!(!user.contains(':'), "{file} has a password in postgres://{authority}");
        }
    }
}

#[test]
fn what_compose_mounts_and_builds_is_here() {
    let compose = compose();
    for (name, service) in services(&compose) {
        for volume in texts(&service["volumes"]) {
            let source = volume.split(':').next().unwrap();
            if source.starts_with('.') {
                assert!(std::path::Path::new(ROOT).join(source).is_file(), "{name} mounts {source}");
            } else {
                assert!(compose["volumes"].get(source).is_some(), "{name} uses the undeclared volume {source}");
            }
        }
    }
    let page = toml::from_str::<toml::Table>(include_str!("../../config/compose.toml")).unwrap();
    let port = page["http"]["listen"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let published = texts(&compose["services"]["stocktake"]["ports"]);
    assert!(published.iter().any(|entry| entry.ends_with(&format!(":{port}"))), "{published:?} lacks {port}");
}

#[test]
fn the_image_runs_as_nobody() {
    let last_stage = DOCKERFILE.rsplit("\nFROM ").next().unwrap();
    let users: Vec<&str> = last_stage.lines().filter_map(|line| line.strip_prefix("USER ")).collect();
    assert!(users.last().is_some_and(|user| is_unprivileged(user.trim())), "{users:?}");
    for line in DOCKERFILE.lines().filter(|line| line.starts_with("ENV ") || line.starts_with("ARG ")) {
        assert!(!["PASSWORD", "SECRET", "TOKEN"].iter().any(|word| line.contains(word)), "{line}");
    }
}

#[test]
fn docker_itself_accepts_the_compose_file() {
    let is_there =
        Command::new("docker").args(["compose", "version"]).output().is_ok_and(|ended| ended.status.success());
    if !is_there {
        eprintln!("skipped: `docker compose` is not on this machine; the other tests read the file themselves");
        return;
    }
    let checked = Command::new("docker")
        .args(["compose", "--profile", "*", "config", "--quiet"])
        .env("POSTGRES_PASSWORD", "any")
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
