//! What the server itself refuses: no space, deadlocks, serialization, a restart.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
};

use embedded_postgres::{Cluster, Options};
use emulator::Fault;
use sqlx::{Connection, PgConnection};
use stocktake::store::Outcome;

use super::{behind_a_proxy, change, expect_nothing_changed, recorded, scan, stock};
use crate::support::{TestDatabase, World, applied, cluster, pg_proxy::CLOSE};

/// What shows that somebody of this database waits for a lock.
const WAITS: &str = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";

/// Waits until `query` finds something: the server tells nobody that it waits.
async fn await_found(query: &'static str, database: &TestDatabase) {
    while sqlx::query(query).fetch_optional(&database.pool).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
}

/// A disk of a few megabytes, for the server.
struct TinyDisk {
    folder: tempfile::TempDir,
}

impl TinyDisk {
    /// `None` where this process may not mount.
    fn mount() -> Option<Self> {
        let folder = tempfile::TempDir::new().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(folder.path()).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let disk = Self { folder };
        let server = std::fs::metadata(cluster().dir().join("data"))
            .unwrap_or_else(|_| std::fs::metadata(cluster().dir()).unwrap());
        std::os::unix::fs::chown(disk.folder.path(), Some(server.uid()), Some(server.gid())).unwrap();
        Some(disk)
    }

    /// Moves the transitions here, the last that a scan writes of its objects, and leaves it no room.
    async fn fill_with(&self, database: &TestDatabase) {
        let path = self.folder.path().display();
        database.execute(&format!("create tablespace tiny location '{path}'")).await;
        database.execute("alter table inventory.access_token_transitions set tablespace tiny").await;
        database.execute("create table public.ballast (filler text) tablespace tiny").await;
        let fill = "insert into public.ballast select repeat('x', 1900) from generate_series(1, 20)";
        while sqlx::query(fill).execute(&database.pool).await.is_ok() {}
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        // Lazily: a server process may still have a file open.
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

#[tokio::test]
async fn a_serialization_failure_changes_nothing() {
    let (world, proxy) = behind_a_proxy().await;
    let name = world.database.url.rsplit_once('/').unwrap().1;
    world
        .database
        .execute(&format!("alter database {name} set default_transaction_isolation = 'repeatable read'"))
        .await;
    // For sessions to come.
    world.database.end_sessions().await;
    // The fence waits for its row, and finds it changed.
    let signal = proxy.pause("select applied_scan_id from inventory.targets");
    let disturb = async {
        proxy.wait_for("select applied_scan_id from inventory.targets", 1).await;
        let mut other = world.database.pool.begin().await.unwrap();
        sqlx::query("update inventory.targets set is_scheduled = is_scheduled").execute(&mut *other).await.unwrap();
        signal.notify_one();
        await_found(WAITS, &world.database).await;
        other.commit().await.unwrap();
    };
    let (report, ()) = tokio::join!(scan(&world), disturb);
    assert!(recorded(&world).await.starts_with("failed | database_error | "), "{}", recorded(&world).await);
    expect_nothing_changed(&world, &report, &["could not serialize"]).await;
}

#[tokio::test]
async fn a_deadlock_changes_nothing() {
    let (world, proxy) = behind_a_proxy().await;
    let name = world.database.url.rsplit_once('/').unwrap().1;
    // The scan is to find the deadlock, and at once.
    world.database.execute(&format!("alter database {name} set deadlock_timeout = '10ms'")).await;
    let mut other = PgConnection::connect(&world.database.url).await.unwrap();
    let signal = proxy.pause(CLOSE);
    let deadlock = async {
        // The scan has the row of its target, which we want; and we have what the scan wants next.
        proxy.wait_for(CLOSE, 1).await;
        let take = "set deadlock_timeout = '1h'; begin; select from inventory.scans for update";
        sqlx::raw_sql(take).execute(&mut other).await.unwrap();
        let wait =
            sqlx::raw_sql("update inventory.targets set is_scheduled = is_scheduled; rollback").execute(&mut other);
        let go_on = async {
            await_found(WAITS, &world.database).await;
            signal.notify_one();
        };
        let (waited, ()) = tokio::join!(wait, go_on);
        waited.unwrap();
    };
    let (report, ()) = tokio::join!(scan(&world), deadlock);
    proxy.pass();
    expect_nothing_changed(&world, &report, &["deadlock detected"]).await;
}

#[tokio::test]
async fn a_database_that_restarts_in_mid_scan_is_scanned_again_without_a_restart_of_the_program() {
    let folder = tempfile::TempDir::new().unwrap();
    // The server's account must come through.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let start = |path: &Path| Cluster::start(Options::durable(path)).unwrap();
    let path = folder.path().to_owned();
    let cluster = tokio::task::spawn_blocking(move || start(&path)).await.unwrap();
    let own = TestDatabase::open(cluster.url(Cluster::DATABASE)).await;
    own.store.migrate().await.unwrap();
    let world = World::of(stock(), |_| {}).await.on(&own);
    let world = World { database: own, ..world };
    world.scan_both().await;
    change(&world);
    let path = folder.path().to_owned();
    // While the scan waits for an answer of the API.
    let restarted = std::sync::Arc::new(std::sync::Mutex::new(Some(cluster)));
    let cluster = std::sync::Arc::clone(&restarted);
    world.emulator.add_fault(
        Fault::mutate(move |_| {
            let mut cluster = cluster.lock().unwrap();
            cluster.take().unwrap().stop().unwrap();
            *cluster = Some(start(&path));
        })
        .action("ListAccessTokens"),
    );
    let report = scan(&world).await;
    assert_eq!(applied(&report).outcome, Outcome::Failed);
    assert!(recorded(&world).await.starts_with("failed | connection_lost | "), "{}", recorded(&world).await);
    expect_nothing_changed(&world, &report, &["the connection to the database broke"]).await;
    let cluster = restarted.lock().unwrap().take().unwrap();
    tokio::task::spawn_blocking(move || cluster.stop()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_disk_changes_nothing() {
    let (world, _proxy) = behind_a_proxy().await;
    let disk = TinyDisk::mount();
    match &disk {
        // They are moved to a disk of their own, which is then filled.
        Some(disk) => disk.fill_with(&world.database).await,
        None => {
            println!("no disk can be mounted here: the server's error is raised by hand");
            world
                .database
                .execute(
                    "create function public.refuse() returns trigger language plpgsql as
                     $$ begin raise 'could not extend file: No space left on device' using errcode = '53100'; end $$;
                     create trigger refuse before insert on inventory.access_token_transitions
                         execute function public.refuse()",
                )
                .await;
        }
    }
    let report = scan(&world).await;
    assert!(recorded(&world).await.starts_with("failed | database_error | "), "{}", recorded(&world).await);
    match &disk {
        Some(_) => {
            world
                .database
                .execute(
                    "drop table public.ballast; alter table inventory.access_token_transitions set tablespace pg_default",
                )
                .await;
        }
        None => world.database.execute("drop trigger refuse on inventory.access_token_transitions").await,
    }
    expect_nothing_changed(&world, &report, &["No space left on device"]).await;
    if disk.is_some() {
        world.database.execute("drop tablespace tiny").await;
    }
}
