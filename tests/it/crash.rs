//! The program is killed at every statement and every call of a scan, one after the other, and starts again:
//! the database is always that before the scan or that after it, and in the end as if nothing had happened.

mod scene;

use std::sync::{Arc, Mutex, OnceLock};

use emulator::Fault;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use stocktake::inventory::Source;

use crate::support::{
    Desk,
    dump::Dump,
    pg_proxy::{Moment, OPEN, PgProxy, RoundTrip, Then},
};
use scene::Scene;

/// Points tried at once: more than the processors of a small machine, for most of a point is waiting.
const LANES: usize = 3;

/// Where the program is killed. A kill after an answer of the API is a kill before what follows it.
#[derive(Clone, Debug)]
enum Point {
    Statement(RoundTrip, Moment),
    Call(u64),
}

/// What an undisturbed run leaves, and a second one after it.
struct Reference {
    before: Dump,
    once: Dump,
    twice: Dump,
    /// In the order in which they are reached.
    points: Vec<Point>,
    call_count: u64,
}

#[tokio::test]
async fn a_scan_that_is_killed_anywhere_leaves_the_database_before_it_or_after_it() {
    let mut point_count = 0;
    // What comes before is the same as with the first, and was tried there.
    for (source, scene, begin) in [
        (Source::AccessTokens, Scene::eventful().await, "connect"),
        (Source::MfaDevices, Scene::eventful().await, OPEN),
        (Source::AccessTokens, Scene::uneventful().await, OPEN),
        (Source::AccessTokens, Scene::with_a_rejected_item().await, "select applied_scan_id"),
    ] {
        let scene = Arc::new(scene);
        let reference = Arc::new(refer(&scene, source).await);
        let begins = |point: &Point| matches!(point, Point::Statement(trip, _) if trip.statement.starts_with(begin));
        let mut points = reference.points.clone();
        points.drain(..points.iter().position(begins).unwrap());
        if begin != "select applied_scan_id" {
            points.extend((0..reference.call_count).map(Point::Call));
        }
        point_count += points.len();
        let queue = Arc::new(Mutex::new(points));
        let lanes = (0..LANES).map(|_| {
            let (scene, reference, queue) = (Arc::clone(&scene), Arc::clone(&reference), Arc::clone(&queue));
            tokio::spawn(async move {
                let next = || queue.lock().unwrap().pop();
                while let Some(point) = next() {
                    try_point(&scene, source, &reference, &point).await;
                }
            })
        });
        for lane in lanes.collect::<Vec<_>>() {
            lane.await.unwrap();
        }
    }
    println!("{point_count} crash points, each recovered");
}

/// Runs the scan undisturbed, and notes what it asks of database and API.
async fn refer(scene: &Scene, source: Source) -> Reference {
    let desk = scene.desk().await;
    let before = Dump::of(&desk.database, scene.since).await;
    let proxy = PgProxy::start(&desk.database.url).await;
    let (code, stderr) = sync(&desk, source, proxy.url()).await;
    assert_eq!(code, scene.exit_code, "{stderr}");
    let once = Dump::of(&desk.database, scene.since).await;
    scene.check(source, &before, &once);
    let call_count = desk.emulator.request_count();
    let trips = proxy.seen();
    sync(&desk, source, &desk.database.url).await;
    let twice = Dump::of(&desk.database, scene.since).await;
    desk.database.remove().await;

    Reference { before, once, twice, points: points(trips), call_count }
}

/// Where a kill can make a difference: before each statement that writes or locks, or that is part of the
/// transaction; before the first look after one, which is after that one; and with a commit or a write of its own on
/// the way back. Between two looks nothing changes, and to prepare a statement or to say farewell does nothing.
fn points(trips: Vec<RoundTrip>) -> Vec<Point> {
    let mut points = Vec::new();
    let mut in_transaction = false;
    let mut is_after_look = false;
    for trip in trips {
        let statement = trip.statement.as_str();
        if statement.starts_with("prepare ") || statement == "terminate" {
            continue;
        }
        let is_commit = statement == "commit";
        in_transaction = (in_transaction || statement == "begin") && !is_commit;
        let is_look = !in_transaction && statement.starts_with("select") && !statement.contains("lock");
        let is_write = !in_transaction && ["insert", "update", "with"].iter().any(|verb| statement.starts_with(verb));
        if !(is_look && is_after_look) {
            points.push(Point::Statement(trip.clone(), Moment::Before));
        }
        if is_commit || is_write {
            points.push(Point::Statement(trip, Moment::After));
        }
        is_after_look = is_look;
    }
    points
}

async fn try_point(scene: &Scene, source: Source, reference: &Reference, point: &Point) {
    let desk = scene.desk().await;
    let proxy = PgProxy::start(&desk.database.url).await;
    let pid = Arc::new(OnceLock::new());
    let die = {
        let pid = Arc::clone(&pid);
        move || kill(*pid.get().unwrap(), Signal::SIGKILL).unwrap()
    };
    match point.clone() {
        Point::Call(number) => drop(desk.emulator.add_fault(Fault::mutate(move |_| die()).after(number))),
        Point::Statement(wanted, at) => proxy.script(move |trip, moment| {
            if trip.number != wanted.number || moment != at {
                return Then::Pass;
            }
            assert_eq!(trip.statement, wanted.statement, "the run is not that of the reference");
            die();
            Then::Cut
        }),
    }
    let child = command(&desk, source, proxy.url()).spawn().unwrap();
    pid.set(Pid::from_raw(i32::try_from(child.id()).unwrap())).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), None, "{point:?} was not reached: {}", String::from_utf8_lossy(&output.stderr));
    desk.database.end_sessions().await;

    let found = Dump::of(&desk.database, scene.since).await;
    let is_before = found.lines == reference.before.lines;
    if !is_before {
        found.assert_equals(&reference.once, &format!("killed at {point:?}: half a scan"));
    }
    let wanted = if is_before { &reference.once } else { &reference.twice };
    sync(&desk, source, &desk.database.url).await;
    let end = Dump::of(&desk.database, scene.since).await;
    end.assert_equals(wanted, &format!("killed at {point:?} and started again"));
    assert_eq!((end.died_count, end.running_count), (found.running_count, 0), "{point:?}");
    desk.database.remove().await;
}

fn command(desk: &Desk, source: Source, url: &str) -> std::process::Command {
    let mut command = desk.command(&["sync", "--source", source.name()]);
    // No certificate is needed here, and to read those of the machine is half of the start.
    command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/dev/null");
    command.env("DATABASE_URL", url).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    command
}

async fn sync(desk: &Desk, source: Source, url: &str) -> (i32, String) {
    let mut command = command(desk, source, url);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
}
