//! Starts on what a crash left behind.

use std::fs;

use crate::durable::{project, start};
use crate::support::{OtherProcess, ask, await_that, data_of, is_alive, kill_hard, processes_naming, server_pid};

#[test]
fn killed_server_is_recovered() {
    let project = project();
    let cluster = start(project.path());
    ask(&cluster, "create table kept as select 42 as answer");
    kill_hard(server_pid(&data_of(&cluster)));
    // As a start in another process would find it: `cluster` has not let go.
    let again = start(project.path());
    assert_eq!(ask(&again, "select answer from kept"), "42");
    again.stop().unwrap();
    cluster.stop().unwrap();
}

#[test]
fn stale_pid_of_a_living_stranger_is_ignored() {
    let project = project();
    let cluster = start(project.path());
    let data = data_of(&cluster);
    let running = fs::read_to_string(data.join("postmaster.pid")).unwrap();
    ask(&cluster, "create table kept as select 42 as answer");
    cluster.stop().unwrap();
    let (_, rest) = running.split_once('\n').unwrap();
    fs::write(data.join("postmaster.pid"), format!("{}\n{rest}", std::process::id())).unwrap();
    assert_eq!(ask(&start(project.path()), "select answer from kept"), "42");
}

#[test]
fn unfinished_cluster_is_made_anew() {
    let project = project();
    let cluster = start(project.path());
    let (dir, data) = (cluster.dir().to_owned(), data_of(&cluster));
    cluster.stop().unwrap();
    fs::remove_file(dir.join("ready")).unwrap();
    fs::remove_file(data.join("global/pg_control")).unwrap();
    let cluster = start(project.path());
    assert_eq!(ask(&cluster, "select 1"), "1");
}

#[test]
fn orphan_without_a_watchdog_is_replaced() {
    let project = project();
    let data_dir = project.path().join(".stocktake").display().to_string();
    let other = OtherProcess::start(&["--data-dir", &data_dir]);
    let pid = server_pid(&other.data);
    let script = other.data.with_file_name("watchdog.sh");
    processes_naming(&script).into_iter().for_each(kill_hard);
    other.kill();
    assert!(is_alive(pid), "nothing stops it yet");

    let cluster = start(project.path());
    assert!(cluster.is_owner());
    await_that("the server is gone", || !is_alive(pid));
    assert_eq!(ask(&cluster, "select 1"), "1");
}

#[test]
fn leftover_throwaway_cluster_is_swept_at_the_next_start() {
    let other = OtherProcess::start(&[]);
    let (pid, dir) = (server_pid(&other.data), other.data.parent().unwrap().to_owned());
    processes_naming(&dir.join("watchdog.sh")).into_iter().for_each(kill_hard);
    other.kill();
    assert!(dir.exists());

    let _cluster = embedded_postgres::Cluster::start(embedded_postgres::Options::throwaway()).unwrap();
    // Another test's start may be at it.
    await_that("it is swept", || !dir.exists() && !is_alive(pid));
}
