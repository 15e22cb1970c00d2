//! Several users of one cluster: one server, which ends with the last of them.

use crate::durable::{project, start};
use crate::support::{OtherProcess, ask, await_that, data_of, is_alive, processes_naming, server_pid};

#[test]
fn second_user_joins_and_the_last_one_stops_the_server() {
    let project = project();
    let first = start(project.path());
    let second = start(project.path());
    assert!(first.is_owner() && !second.is_owner());
    assert_eq!(first.url("stocktake"), second.url("stocktake"));
    let pid = server_pid(&data_of(&first));

    first.stop().unwrap();
    assert_eq!(ask(&second, "select 1"), "1");
    second.stop().unwrap();
    await_that("the server is gone", || !is_alive(pid));
}

#[test]
fn server_outlives_the_process_that_started_it() {
    let project = project();
    let data_dir = project.path().join(".stocktake").display().to_string();
    let owner = OtherProcess::start(&["--data-dir", &data_dir]);
    let pid = server_pid(&owner.data);
    let cluster = start(project.path());
    assert!(!cluster.is_owner());
    assert_eq!(server_pid(&data_of(&cluster)), pid);

    owner.end();
    assert_eq!(ask(&cluster, "select 1"), "1");
    let dir = cluster.dir().to_owned();
    cluster.stop().unwrap();
    await_that("the server is gone", || !is_alive(pid));
    await_that("the watchdog ends", || processes_naming(&dir).is_empty());
}

#[test]
fn simultaneous_starts_make_one_cluster() {
    let project = project();
    let owner_count = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| start(project.path()))).collect();
        let clusters: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        let pids: Vec<_> = clusters.iter().map(|cluster| server_pid(&data_of(cluster))).collect();
        assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
        clusters.iter().filter(|cluster| cluster.is_owner()).count()
    });
    assert_eq!(owner_count, 1);
}
