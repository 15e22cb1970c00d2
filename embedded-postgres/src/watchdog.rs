//! Stops the server when its last user is gone, even by `kill -9`.
//!
//! A shell in a process group of its own reads a named pipe in the cluster's directory, and every user
//! holds that pipe open for writing. A parent-death signal would not do: it follows the thread that
//! started the server, and the change of account clears it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::error::{AtPath, Error};
use crate::locks::{POLL, StartLock, server_is_alive};
use crate::options::Durability;
use crate::place::Place;

/// Run from a file in the cluster's directory, so that a list of processes stays readable.
const SCRIPT: &str = include_str!("watchdog.sh");

/// How long a watchdog may take to answer; it has nothing else to do.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Our hold on the watchdog. Dropping it lets go.
#[derive(Debug)]
pub(crate) struct Watchdog {
    pipe: File,
    /// Present in the process that started it.
    shell: Option<Child>,
}

impl Watchdog {
    /// Starts the watchdog of a cluster that has no server.
    pub(crate) fn start(place: &Place, data: &Path, durability: Durability, _turn: &StartLock) -> Result<Self, Error> {
        let (path, script) = (place.file("watchdog"), place.file("watchdog.sh"));
        remove_if_there(&path)?;
        remove_if_there(&script)?; // not overwritten: an old watchdog may still be reading it
        place.write("watchdog.sh", SCRIPT)?;
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).at("create", &path)?;
        // Opened for both ways first: either way alone would block until the other is there.
        let both = OpenOptions::new().read(true).write(true).open(&path).at("open", &path)?;
        let reader = File::open(&path).at("open", &path)?;
        let pipe = OpenOptions::new().write(true).open(&path).at("open", &path)?;
        drop(both);

        let shell = Command::new("/bin/sh")
            .args([&script, place.path(), data])
            .arg(match durability {
                Durability::Durable => "durable",
                Durability::Throwaway => "throwaway",
            })
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .current_dir("/")
            .stdin(reader)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C must not reach it before it has work to do.
            .process_group(0)
            .spawn()
            .at("run", Path::new("/bin/sh"))?;
        Ok(Self { pipe, shell: Some(shell) })
    }

    /// Takes hold of the watchdog of a running server. `None` if there is none that answers: it was
    /// killed, or has begun to stop the server.
    pub(crate) fn join(place: &Place, _turn: &StartLock) -> Result<Option<Self>, Error> {
        let (path, answer) = (place.file("watchdog"), place.file("attached"));
        let opened = OpenOptions::new()
            .write(true)
            .custom_flags(OFlag::O_NONBLOCK.bits()) // fails instead of waiting for a reader
            .open(&path);
        let Ok(pipe) = opened else {
            return Ok(None);
        };
        remove_if_there(&answer)?;
        let watchdog = Self { pipe, shell: None };
        if watchdog.say("attach", "").is_err() {
            return Ok(None);
        }
        let deadline = Instant::now() + ANSWER_LIMIT;
        while !answer.exists() {
            if Instant::now() > deadline || !server_is_alive(place)? {
                return Ok(None);
            }
            std::thread::sleep(POLL);
        }
        Ok(Some(watchdog))
    }

    /// The process group that is making the cluster is to be ended with us.
    pub(crate) fn guard_maker(&self, child: &Child) -> Result<(), Error> {
        self.say("maker", &child.id().to_string())
    }

    /// The makers have ended.
    pub(crate) fn guard_nothing(&self) -> Result<(), Error> {
        self.say("maker", "")
    }

    /// The server is to be stopped with its last user.
    pub(crate) fn guard_server(&self, child: &Child) -> Result<(), Error> {
        self.say("server", &child.id().to_string())
    }

    /// Lets go of a watchdog that has no more work, and waits for it to end if it is our child.
    pub(crate) fn dismiss(mut self) {
        let shell = self.shell.take();
        drop(self);
        if let Some(mut shell) = shell {
            let _ = shell.wait(); // fails only if there is no such child, which is as good
        }
    }

    /// One short line, which the kernel writes whole.
    fn say(&self, word: &str, value: &str) -> Result<(), Error> {
        (&self.pipe).write_all(format!("{word} {value}\n").as_bytes()).at("write to", Path::new("the watchdog"))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shell.take().into_iter().for_each(reap_later);
    }
}

/// Waits in the background for a child that outlives our use of it, so that it leaves no zombie.
pub(crate) fn reap_later(mut child: Child) {
    std::thread::spawn(move || child.wait());
}

fn remove_if_there(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).at("remove", path),
        _ => Ok(()),
    }
}
