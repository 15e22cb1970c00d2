//! Starts, awaits and stops the server of a finished cluster.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::error::{AtPath, Error};
use crate::locks::{POLL, await_server_end};
use crate::options::Durability;
use crate::place::Place;
use crate::postmaster::Postmaster;
use crate::work::Work;

/// Replaying the log after a crash may take minutes; a server that will not start ends much sooner.
const START_LIMIT: Duration = Duration::from_secs(300);

/// How long a fast stop may take, for its checkpoint, before an immediate one is asked for.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// Between our look at a port and the server's use of it, another program may take it.
const PORT_ATTEMPTS: u32 = 5;

/// Starts the server on the port it had before, or on another if that is taken, and waits until
/// it answers.
pub(crate) fn start(work: &Work<'_>, settings: &[(String, String)]) -> Result<(Child, u16), Error> {
    remove_stale_pid(work)?;
    let mut attempt = 1;
    loop {
        let port = choose_port(work)?;
        let failure = match try_port(work, port, settings) {
            Ok(child) => return Ok((child, port)),
            Err(failure) => failure,
        };
        let is_taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err();
        if !is_taken || attempt == PORT_ATTEMPTS {
            return Err(failure);
        }
        attempt += 1;
    }
}

/// The number in the file of a killed server may be another program's by now, and `PostgreSQL`
/// would refuse to start. That no server is alive was found out by a lock, which is certain.
fn remove_stale_pid(work: &Work<'_>) -> Result<(), Error> {
    let path = work.data.join("postmaster.pid");
    if path.exists() {
        tracing::info!("the database was not shut down the last time and recovers now");
        fs::remove_file(&path).at("remove", &path)?;
    }
    Ok(())
}

fn choose_port(work: &Work<'_>) -> Result<u16, Error> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| listener.local_addr());
    let before: Option<u16> = work.place.read("port").ok().and_then(|text| text.parse().ok());
    let address = match before.map(bind) {
        Some(Ok(address)) => address,
        _ => bind(0).at("listen on", Path::new("127.0.0.1"))?,
    };
    work.place.write("port", &address.port().to_string())?;
    Ok(address.port())
}

fn try_port(work: &Work<'_>, port: u16, settings: &[(String, String)]) -> Result<Child, Error> {
    let mut command = work.programs.command("postgres", work.account);
    command.arg("-D").arg(work.data).args(["-p", &port.to_string()]);
    for (name, value) in settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    let mut child = command
        .args(["-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "unix_socket_directories="]) // the system's is not ours to write to
        .args(["-c", "logging_collector=off"]) // it would take the log, and with it the lock, away
        .current_dir(work.data) // the watchdog knows the server by it
        .stdout(work.output()?)
        .stderr(work.output()?)
        .process_group(0) // Ctrl-C is for us, and we stop the server
        .spawn()
        .at("run", &work.programs.bin_dir().join("postgres"))?;
    work.watchdog.guard_server(&child)?;
    let pid = i32::try_from(child.id()).ok();
    let deadline = Instant::now() + START_LIMIT;
    loop {
        if Postmaster::read(work.data).is_some_and(|it| it.is_ready && Some(it.pid) == pid) {
            return Ok(child);
        }
        let has_ended = child.try_wait().at("wait for", Path::new("the server"))?.is_some();
        if has_ended || Instant::now() > deadline {
            let _ = child.kill(); // a server that has ended cannot be killed, which is fine
            let _ = child.wait();
            return Err(Error::Start { log: work.place.file("server.log"), output: last_lines(work.place) });
        }
        std::thread::sleep(POLL);
    }
}

/// Waits until the server that another process started answers. `None` if it ends instead.
pub(crate) fn await_ready(place: &Place, data: &Path) -> Result<Option<Postmaster>, Error> {
    let deadline = Instant::now() + START_LIMIT;
    while Instant::now() < deadline && !await_server_end(place, Duration::ZERO)? {
        match Postmaster::read(data) {
            Some(postmaster) if postmaster.is_ready => return Ok(Some(postmaster)),
            _ => std::thread::sleep(POLL),
        }
    }
    Ok(None)
}

/// Stops whatever server is alive in the place: fast for data that is kept, else at once.
pub(crate) fn stop(place: &Place, data: &Path, durability: Durability) -> Result<(), Error> {
    let steps: &[Signal] = match durability {
        Durability::Durable => &[Signal::SIGINT, Signal::SIGQUIT],
        Durability::Throwaway => &[Signal::SIGQUIT],
    };
    for &signal in steps {
        if await_server_end(place, Duration::ZERO)? {
            return Ok(());
        }
        if let Some(postmaster) = Postmaster::read(data) {
            postmaster.signal(signal);
        }
        if await_server_end(place, STOP_LIMIT)? {
            return Ok(());
        }
    }
    Err(Error::Stop { dir: place.path().to_owned(), waited_s: STOP_LIMIT.as_secs() })
}

/// The end of the log in one line, for a message.
pub(crate) fn last_lines(place: &Place) -> String {
    let log = fs::read(place.file("server.log")).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join(" | ")
}
