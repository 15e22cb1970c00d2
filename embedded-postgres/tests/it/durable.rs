//! Kept clusters: the next run finds what the last one left.

use std::fs;
use std::path::Path;

use embedded_postgres::{Cluster, Error, Options};

use crate::support::{ask, await_that, data_of, is_alive, server_pid};

/// A project's directory, which the account that stands in for root must be able to enter.
pub(crate) fn project() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

pub(crate) fn start(project: &Path) -> Cluster {
    Cluster::start(Options::durable(project.join(".stocktake"))).unwrap()
}

#[test]
fn restart_keeps_data_and_address() {
    let project = project();
    let cluster = start(project.path());
    assert_eq!(ask(&cluster, "show fsync"), "on");
    assert_eq!(ask(&cluster, "show full_page_writes"), "on");
    assert_eq!(ask(&cluster, "show data_checksums"), "on");
    ask(&cluster, "create table kept as select 42 as answer");
    let (url, pid) = (cluster.url("stocktake"), server_pid(&data_of(&cluster)));
    cluster.stop().unwrap();
    await_that("the server is gone", || !is_alive(pid));

    let cluster = start(project.path());
    assert!(cluster.is_owner());
    assert_eq!(cluster.url("stocktake"), url);
    assert_eq!(ask(&cluster, "select answer from kept"), "42");
}

#[test]
fn server_moves_when_its_port_was_taken() {
    let project = project();
    let cluster = start(project.path());
    let port = cluster.port();
    cluster.stop().unwrap();
    let _other_program = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let cluster = start(project.path());
    assert_ne!(cluster.port(), port);
    assert_eq!(ask(&cluster, "select 1"), "1");
}

#[test]
fn data_of_someone_else_is_left_alone() {
    let project = project();
    let first = start(project.path());
    let dir = first.dir().to_owned();
    first.stop().unwrap();
    fs::remove_dir_all(&dir).unwrap();
    fs::create_dir_all(dir.join("data")).unwrap();
    fs::write(dir.join("data/precious"), "").unwrap();

    let error = Cluster::start(Options::durable(project.path().join(".stocktake"))).unwrap_err();
    assert!(matches!(error, Error::NotOurs { .. }), "{error}");
    assert!(dir.join("data/precious").exists());
}

#[test]
fn secrets_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let project = project();
    let cluster = start(project.path());
    let mode = |name: &str| cluster.dir().join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("password"), 0o600);
    assert_eq!(mode("data"), 0o700);
}
