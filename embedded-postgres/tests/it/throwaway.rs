//! Throwaway clusters: quick, private, gone.

use embedded_postgres::{Cluster, Options};

use crate::support::{ask, await_that, data_of, is_alive, processes_naming, psql, server_pid};

#[test]
fn throwaway_cluster_answers_and_leaves_nothing() {
    let cluster = Cluster::start(Options::throwaway().setting("max_connections", "33")).unwrap();
    assert!(cluster.is_owner());
    assert_eq!(ask(&cluster, "select current_user || '@' || current_database()"), "stocktake@stocktake");
    assert_eq!(ask(&cluster, "show timezone"), "UTC");
    assert_eq!(ask(&cluster, "show server_encoding"), "UTF8");
    assert_eq!(ask(&cluster, "show fsync"), "off");
    assert_eq!(ask(&cluster, "show max_connections"), "33");
    assert_eq!(ask(&cluster, "create extension btree_gist"), "CREATE EXTENSION");

    let (dir, pid) = (cluster.dir().to_owned(), server_pid(&data_of(&cluster)));
    cluster.stop().unwrap();
    assert!(!dir.exists());
    await_that("the server is gone", || !is_alive(pid));
    assert!(processes_naming(&dir).is_empty());
}

#[test]
fn two_throwaway_clusters_know_nothing_of_each_other_wherever_they_are() {
    let one = Cluster::start(Options::throwaway()).unwrap();
    let other = Cluster::start(Options::throwaway().in_memory(256 << 20)).unwrap();
    assert_ne!(one.port(), other.port());
    assert_ne!(one.dir(), other.dir());
    ask(&one, "create table here ()");
    assert_eq!(ask(&other, "select to_regclass('here') is null"), "t");
    let dir = other.dir().to_owned();
    other.stop().unwrap();
    assert!(!dir.exists() && one.dir().exists());
}

#[test]
fn wrong_password_is_refused() {
    let cluster = Cluster::start(Options::throwaway()).unwrap();
    let right = cluster.url("postgres");
    let start = "postgres://stocktake:".len();
    let wrong = format!("{}{}{}", &right[..start], "0".repeat(32), &right[start + 32..]);
    let output = psql(&cluster, &wrong, "select 1");
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("password authentication failed"), "{message}");
}

#[test]
fn password_is_not_in_debug_output() {
    let cluster = Cluster::start(Options::throwaway()).unwrap();
    let url = cluster.url("x");
    let password = &url["postgres://stocktake:".len()..][..32];
    assert!(!format!("{cluster:?}").contains(password));
}
