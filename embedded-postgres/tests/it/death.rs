//! Processes that end without a chance to clean up.

use std::path::Path;

use crate::durable::{project, start};
use crate::support::{OtherProcess, ask, await_that, data_of, is_alive, processes_naming, server_pid};

#[test]
fn killed_process_leaves_no_throwaway_cluster() {
    let killed = OtherProcess::start(&[]);
    let (pid, dir) = (server_pid(&killed.data), killed.data.parent().unwrap().to_owned());
    killed.kill();
    await_that("the server stops", || !is_alive(pid));
    await_that("the directory is removed", || !dir.exists());
    await_that("no process is left", || processes_naming(&dir).is_empty());
}

#[test]
fn killed_process_leaves_a_durable_cluster_stopped_and_whole() {
    let project = project();
    let data_dir = project.path().join(".stocktake").display().to_string();
    let cluster = start(project.path());
    ask(&cluster, "create table kept as select 42 as answer");
    cluster.stop().unwrap();

    let killed = OtherProcess::start(&["--data-dir", &data_dir]);
    let pid = server_pid(&killed.data);
    killed.kill();
    await_that("the server stops", || !is_alive(pid));
    assert_eq!(ask(&start(project.path()), "select answer from kept"), "42");
}

#[test]
fn killed_owner_does_not_take_the_server_from_others() {
    let project = project();
    let data_dir = project.path().join(".stocktake").display().to_string();
    let owner = OtherProcess::start(&["--data-dir", &data_dir]);
    let pid = server_pid(&owner.data);
    let cluster = start(project.path());
    owner.kill();
    assert_eq!(ask(&cluster, "select pg_sleep(0.5)"), "");
    assert_eq!(server_pid(&data_of(&cluster)), pid);
    cluster.stop().unwrap();
    await_that("the server is gone", || !is_alive(pid));
}

#[test]
fn start_right_after_a_kill_gets_a_server_that_stays() {
    let project = project();
    let data_dir = project.path().join(".stocktake").display().to_string();
    for _ in 0..5 {
        let killed = OtherProcess::start(&["--data-dir", &data_dir]);
        killed.kill();
        // The watchdog is stopping the old server, or has not noticed yet.
        let cluster = start(project.path());
        assert_eq!(ask(&cluster, "select pg_sleep(0.3)"), "");
        cluster.stop().unwrap();
    }
}

#[test]
fn process_killed_while_making_the_cluster_leaves_no_makers() {
    let project = project();
    let data_dir = project.path().join(".stocktake");
    let mut killed = OtherProcess::spawn(&["--data-dir", &data_dir.display().to_string()]);
    let is_being_made = || {
        let files = std::process::Command::new("find").arg(&data_dir).output().unwrap();
        String::from_utf8_lossy(&files.stdout).contains("/PG_VERSION")
    };
    await_that("initdb is at work", is_being_made);
    killed.kill().unwrap();
    killed.wait().unwrap();
    await_that("its makers end", || processes_naming(Path::new(&data_dir)).is_empty());
    assert_eq!(ask(&start(project.path()), "select 1"), "1");
}
