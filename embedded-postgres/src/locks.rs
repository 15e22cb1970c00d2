//! The three locks of a cluster. The kernel frees each of them however its holder ends.
//!
//! - `start.lock`: whoever starts, joins or leaves the cluster holds it meanwhile.
//! - `users.lock`: every user shares it; who can have it alone is the last one.
//! - `server.log`: the server's processes hold it through their inherited standard error, so it is
//!   free exactly when none of them is left. A process id in a file could not tell: it may belong to
//!   another program by now, and helpers of a killed server may outlive it for a moment.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{AtPath, Error};
use crate::place::Place;

/// How often a state that nothing announces is looked at again.
pub(crate) const POLL: Duration = Duration::from_millis(5);

/// Held while the cluster changes hands.
pub(crate) struct StartLock {
    _file: File,
}

impl StartLock {
    /// Waits for its turn.
    pub(crate) fn take(place: &Place) -> Result<Self, Error> {
        let path = place.file("start.lock");
        let file = open(&path)?;
        file.lock().at("lock", &path)?;
        Ok(Self { _file: file })
    }

    /// `None` if another process has it.
    pub(crate) fn try_take(place: &Place) -> Result<Option<Self>, Error> {
        let path = place.file("start.lock");
        let file = open(&path)?;
        Ok(try_lock(&file, &path)?.then_some(Self { _file: file }))
    }
}

/// A user's share in the cluster. Taken and given back under the start lock only.
#[derive(Debug)]
pub(crate) struct UserLock {
    file: File,
}

impl UserLock {
    /// Returns the share, and whether there was no other.
    pub(crate) fn take(place: &Place, _turn: &StartLock) -> Result<(Self, bool), Error> {
        let path = place.file("users.lock");
        let file = open(&path)?;
        let alone = try_lock(&file, &path)?;
        file.lock_shared().at("lock", &path)?;
        Ok((Self { file }, alone))
    }

    /// Gives the share back and says whether it was the last.
    pub(crate) fn give_back(self, place: &Place, _turn: &StartLock) -> Result<bool, Error> {
        try_lock(&self.file, &place.file("users.lock"))
    }
}

/// Whether a server, or an `initdb`, is at work in the cluster.
pub(crate) fn server_is_alive(place: &Place) -> Result<bool, Error> {
    let path = place.file("server.log");
    match File::open(&path) {
        Ok(file) => Ok(!try_lock(&file, &path)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).at("open", &path),
    }
}

/// Waits until no server is at work, for `limit` at most, and says whether that came true.
pub(crate) fn await_server_end(place: &Place, limit: Duration) -> Result<bool, Error> {
    let deadline = Instant::now() + limit;
    while server_is_alive(place)? {
        if Instant::now() > deadline {
            return Ok(false);
        }
        std::thread::sleep(POLL);
    }
    Ok(true)
}

/// A new log, locked for the processes that will inherit it. Only when no server is alive.
pub(crate) fn open_log(place: &Place) -> Result<File, Error> {
    let path = place.file("server.log");
    if path.exists() {
        let old = place.file("server.log.old");
        fs::rename(&path, &old).at("rename", &path)?;
    }
    let file = open(&path)?;
    file.lock().at("lock", &path)?;
    Ok(file)
}

fn open(path: &Path) -> Result<File, Error> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).at("open", path)
}

fn try_lock(file: &File, path: &Path) -> Result<bool, Error> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error).at("lock", path),
    }
}
