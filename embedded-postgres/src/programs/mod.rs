//! The `PostgreSQL` programs: `initdb`, `postgres` and the clients beside them.

mod cache;
mod discover;
mod fetch;
mod inspect;
mod packages;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) use discover::locate;

use crate::account::Account;

/// The oldest version whose features the schema uses.
const OLDEST_MAJOR: u32 = 15;

/// One installation that was tried and works.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    bin_dir: PathBuf,
    /// The libraries of a fetched installation, as a library search path.
    library_path: Option<std::ffi::OsString>,
    major: u32,
    version: String,
}

impl Programs {
    pub(crate) fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    pub(crate) fn library_path(&self) -> Option<&std::ffi::OsStr> {
        self.library_path.as_deref()
    }

    pub(crate) fn major(&self) -> u32 {
        self.major
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// A command of this installation under `account`.
    pub(crate) fn command(&self, name: &str, account: &Account) -> Command {
        bare_command(&self.bin_dir.join(name), self.library_path(), account)
    }
}

/// A command with an environment of its own: our credentials are no business of the server, and the
/// `PG*`, `LC_*` and `TZ` variables of a shell must not change how a cluster is made.
fn bare_command(program: &Path, library_path: Option<&std::ffi::OsStr>, account: &Account) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .current_dir("/")
        .stdin(Stdio::null());
    let inherited = std::env::var_os("LD_LIBRARY_PATH");
    if let Some(path) = library_path.map(Into::into).or(inherited) {
        command.env("LD_LIBRARY_PATH", path);
    }
    account.assume(&mut command);
    command
}
