//! Who runs the server, and where it is kept when that account cannot come along.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use nix::unistd::Uid;

use crate::durable::{project, start};
use crate::support::{ask, data_of};

#[test]
fn server_never_runs_as_root() {
    let project = project();
    let cluster = start(project.path());
    let owner = data_of(&cluster).metadata().unwrap().uid();
    let ours = Uid::effective();
    assert!(if ours.is_root() { owner != 0 } else { owner == ours.as_raw() });
}

#[test]
fn roots_private_directory_is_served_from_the_system() {
    if !Uid::effective().is_root() {
        return; // a user's server can enter where the user can
    }
    let closed = tempfile::tempdir().unwrap();
    fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap(); // as /root
    let cluster = start(closed.path());
    let data = data_of(&cluster);
    assert!(data.starts_with("/var/lib/stocktake"));
    ask(&cluster, "create table kept as select 42 as answer");
    cluster.stop().unwrap();

    let cluster = start(closed.path());
    assert_eq!(data_of(&cluster), data);
    assert_eq!(ask(&cluster, "select answer from kept"), "42");
    cluster.stop().unwrap();

    // Whoever deletes the project's data directory begins anew.
    fs::remove_dir_all(closed.path().join(".stocktake")).unwrap();
    let cluster = start(closed.path());
    let second = data_of(&cluster);
    assert_ne!(second, data);
    assert_eq!(ask(&cluster, "select to_regclass('kept') is null"), "t");
    cluster.stop().unwrap();
    for data in [data, second] {
        fs::remove_dir_all(data.parent().unwrap()).unwrap();
    }
    let _ = fs::remove_dir(Path::new("/var/lib/stocktake")); // unless others are kept there
}

#[test]
fn root_serves_a_users_cluster_as_that_user() {
    if !Uid::effective().is_root() {
        return;
    }
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    let project = project();
    let cluster = start(project.path());
    let data = data_of(&cluster);
    cluster.stop().unwrap();
    let status =
        std::process::Command::new("chown").args(["-R", &format!("{}:{}", nobody.uid, nobody.gid)]).arg(&data).status();
    assert!(status.unwrap().success());
    chown(data.parent().unwrap(), Some(nobody.uid.as_raw()), None).unwrap();

    let cluster = start(project.path());
    assert_eq!(data.join("postmaster.pid").metadata().unwrap().uid(), nobody.uid.as_raw());
    assert_eq!(ask(&cluster, "select 1"), "1");
}
