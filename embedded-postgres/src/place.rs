//! The cluster's directory: what lies where, and whether it is ours.
//!
//! ```text
//! <data_dir>/postgres/<major>/
//!   made-by-stocktake   the mark: nothing is removed or changed in a folder without it
//!   data/               what initdb made; the one part that belongs to the server's account
//!   moved-to            where `data` is instead, when the server's account cannot come here
//!   ready               initdb has finished
//!   password  port      how to connect, for the next run and for other processes
//!   server.log          of the running server, `server.log.old` of the one before
//!   start.lock users.lock watchdog watchdog.sh attached      see `locks` and `watchdog`
//! ```

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::{AtPath, Error};
use crate::{memory, random};

const MARK: &str = "made-by-stocktake";
/// The file of the superuser's password.
pub(crate) const PASSWORD: &str = "password";

const READY: &str = "ready";
const MOVED_TO: &str = "moved-to";

/// Where a durable cluster's data goes when root's server account cannot pass through its directory,
/// as below /root.
const SYSTEM_HOME: &str = "/var/lib/stocktake";

/// How the directory of a throwaway cluster begins, so that leftovers can be found.
pub(crate) const THROWAWAY_PREFIX: &str = "stocktake-postgres-";

/// One cluster's directory.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    dir: PathBuf,
}

impl Place {
    pub(crate) fn at(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The directory of a kept cluster of one major version, which is created if need be.
    pub(crate) fn durable(data_dir: &Path, major: u32, account: &Account) -> Result<Self, Error> {
        let dir = std::path::absolute(data_dir).at("find", data_dir)?.join("postgres").join(major.to_string());
        // Not `DirBuilder`'s recursive mode alone: the umask must not shut out the server's account.
        let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.exists()).collect();
        for dir in missing.into_iter().rev() {
            make_dir(dir, account.dir_mode())?;
        }
        Ok(Self { dir })
    }

    /// A new temporary directory that the server's account can reach; in memory if there is room for `memory_bytes`.
    pub(crate) fn throwaway(account: &Account, memory_bytes: Option<u64>) -> Result<Self, Error> {
        let in_memory = memory_bytes.filter(|size_bytes| memory::has_room(*size_bytes)).map(|_| memory::DIR.into());
        let parent = in_memory
            .into_iter()
            .chain(temp_dirs())
            .find(|dir| account.can_enter(dir))
            .unwrap_or_else(std::env::temp_dir);
        let dir = tempfile::Builder::new()
            .prefix(THROWAWAY_PREFIX)
            .tempdir_in(&parent)
            .at("make a directory in", &parent)?
            .keep();
        set_mode(&dir, account.dir_mode())?;
        Ok(Self { dir })
    }

    /// Claims the directory for us. Data that lies there without our mark is someone else's.
    pub(crate) fn claim(&self) -> Result<(), Error> {
        if !self.is_ours() && self.dir.join("data").exists() {
            return Err(Error::NotOurs { dir: self.dir.clone() });
        }
        write_private(&self.dir.join(MARK), "")
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.dir.join(MARK).is_file()
    }

    /// Where the server's data is, or is to be. Only under the start lock, as it may choose.
    pub(crate) fn settle_data(&self, account: &Account) -> Result<PathBuf, Error> {
        let pointer = self.dir.join(MOVED_TO);
        if let Ok(text) = fs::read_to_string(&pointer) {
            let moved = PathBuf::from(text.trim_end());
            if moved.starts_with(SYSTEM_HOME) && moved.exists() {
                return Ok(moved);
            }
            tracing::warn!("the database in {} is gone: beginning anew", moved.display());
        } else {
            let data = self.dir.join("data");
            if data.exists() || account.can_enter(&self.dir) {
                return Ok(data);
            }
        }
        // The name is chosen, not derived from the path: whoever deletes the project's data directory
        // begins anew, and whoever moves it keeps the data.
        let home = Path::new(SYSTEM_HOME);
        if !home.exists() {
            make_dir(home, 0o711)?;
        }
        let own = home.join(random::hex(8)?);
        make_dir(&own, 0o711)?;
        let data = own.join("data");
        write_private(&pointer, &data.display().to_string())?;
        tracing::info!(
            "the database is kept in {}, because the account that runs PostgreSQL for root cannot enter {}",
            data.display(),
            self.dir.display(),
        );
        Ok(data)
    }

    /// Whether the cluster in `data` was finished.
    pub(crate) fn is_ready(&self, data: &Path) -> bool {
        self.dir.join(READY).is_file() && data.exists()
    }

    /// On the disk before the server has anything to lose: without the file the data would be made anew.
    pub(crate) fn set_ready(&self) -> Result<(), Error> {
        write_private(&self.dir.join(READY), "")?;
        File::open(&self.dir).and_then(|dir| dir.sync_all()).at("sync", &self.dir)
    }

    pub(crate) fn forget_ready(&self) -> Result<(), Error> {
        let path = self.dir.join(READY);
        if path.exists() {
            fs::remove_file(&path).at("remove", &path)?;
        }
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Result<String, Error> {
        let path = self.dir.join(name);
        fs::read_to_string(&path).map(|text| text.trim_end().to_owned()).at("read", &path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        write_private(&self.dir.join(name), text)
    }
}

/// The major versions that `data_dir` has finished clusters of.
pub(crate) fn kept_majors(data_dir: &Path) -> BTreeSet<u32> {
    let Ok(entries) = data_dir.join("postgres").read_dir() else {
        return BTreeSet::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join(READY).is_file())
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Where throwaway clusters may lie. The environment's choice may be closed to the server's account.
pub(crate) fn temp_dirs() -> [PathBuf; 2] {
    [std::env::temp_dir(), PathBuf::from("/tmp")]
}

pub(crate) fn make_dir(dir: &Path, mode: u32) -> Result<(), Error> {
    match DirBuilder::new().mode(mode).create(dir) {
        // Another process that starts at the same instant may have been first.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.at("create", dir).and_then(|()| set_mode(dir, mode)),
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    fs::set_permissions(path, Permissions::from_mode(mode)).at("set the mode of", path)
}

/// Writes a file that nobody else can read.
fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .at("write", path)
}
