//! What can go wrong, by what the caller can do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no cluster. Every message is one line that a person can act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Install `PostgreSQL`, or say where it is.
    #[error("no usable PostgreSQL programs: {reason}; {remedy}, or name their folder in STOCKTAKE_PG_BIN")]
    ProgramsMissing {
        /// What was looked at, and why it would not do.
        reason: String,
        /// The command that installs them here.
        remedy: String,
    },
    /// Mend the folder that was named by hand.
    #[error("the PostgreSQL programs in {} cannot be used: {reason}", dir.display())]
    ProgramsUnsuitable {
        /// The folder that was named.
        dir: PathBuf,
        /// Why it would not do.
        reason: String,
    },
    /// Bring back the major version that wrote the kept data, or move the data away.
    #[error("{} holds a cluster of PostgreSQL {major}, whose programs are gone: install postgresql-{major} again, or move that folder away to begin anew", dir.display())]
    VersionGone {
        /// The folder of the kept cluster.
        dir: PathBuf,
        /// Its major version.
        major: u32,
    },
    /// Choose another directory: this one was not made by us, so nothing in it is touched.
    #[error("{} exists and was not made by this program: choose another data directory", dir.display())]
    NotOurs {
        /// The directory in question.
        dir: PathBuf,
    },
    /// Create an account that may run the server.
    #[error(
        "PostgreSQL refuses to run as root, and there is neither a `postgres` nor a `nobody` account to run it: create one"
    )]
    NoAccount,
    /// Read the output: `initdb` or the first statements failed.
    #[error("the new cluster could not be made: {output}")]
    Initdb {
        /// The last lines that the program wrote.
        output: String,
    },
    /// Read the server's log.
    #[error("the PostgreSQL server did not start (log: {}): {output}", log.display())]
    Start {
        /// The server's log file.
        log: PathBuf,
        /// Its last lines.
        output: String,
    },
    /// Look at the server that will not end.
    #[error("the PostgreSQL server of {} did not stop within {waited_s} s", dir.display())]
    Stop {
        /// The cluster's directory.
        dir: PathBuf,
        /// How long it was waited for, in seconds.
        waited_s: u64,
    },
    /// A file or a process could not be had; permissions or space, mostly.
    #[error("could not {action}")]
    Io {
        /// What was being done, and to which path.
        action: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Names the path in an input or output error, which the standard library leaves out.
pub(crate) trait AtPath<T> {
    fn at(self, verb: &str, path: &Path) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> AtPath<T> for Result<T, E> {
    fn at(self, verb: &str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io { action: format!("{verb} {}", path.display()), source: source.into() })
    }
}
