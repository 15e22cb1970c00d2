//! Why a configuration cannot be used: each problem a line with place, key and mend.

use std::{fmt, io, path::PathBuf};

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was asked for is not there.
    #[error("{}: no such file; name another with --config, or leave --config out", path.display())]
    Missing {
        /// What was asked for.
        path: PathBuf,
    },
    /// The file is there and cannot be read.
    #[error("{}: cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Keys or values that will not do, a line each.
    #[error("{}", lines(problems))]
    Invalid {
        /// What is wrong, in the order of the file; never empty.
        problems: Vec<Problem>,
    },
}

/// One thing that is wrong. Its text never repeats a value that may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it was written.
    pub place: Place,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of the file, from 1.
    File {
        /// The file, as it was named.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// Nowhere: a default, or a key that is absent.
    Default,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            // A name may hold anything but `=`, and a problem is one line.
            Self::Variable(name) => write!(f, "{}", name.escape_debug()),
            Self::Default => f.write_str("configuration"),
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
