//! Where the programs are looked for, and which are taken.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::inspect::{inspect, output_of};
use super::{OLDEST_MAJOR, Programs, cache, fetch};
use crate::account::Account;
use crate::error::Error;
use crate::options::Search;

/// Names a folder of programs that is used without further search.
const FOLDER_VARIABLE: &str = "STOCKTAKE_PG_BIN";

/// Distributions that keep several versions: the folder above, how a version's name begins, the rest.
const VERSIONED: [(&str, &str, &str); 9] = [
    ("/usr/lib/postgresql", "", "bin"),         // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                  // the PostgreSQL project's RPMs
    ("/usr/lib", "postgresql", "bin"),          // openSUSE
    ("/usr/lib64", "postgresql-", "bin"),       // Gentoo
    ("/usr/libexec", "postgresql", ""),         // Alpine
    ("/usr/local", "pgsql", "bin"),             // built from source
    ("/opt/homebrew/opt", "postgresql", "bin"), // Homebrew on Apple processors
    ("/usr/local/opt", "postgresql", "bin"),    // Homebrew on Intel
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
];

/// Finds the programs to use. `kept` are the major versions that `data_dir` already has clusters of:
/// one of those is taken, the newest, before any newer one, because a cluster cannot change its version.
pub(crate) fn locate(
    search: &Search,
    account: &Account,
    kept: &BTreeSet<u32>,
    data_dir: &Path,
) -> Result<Programs, Error> {
    let named = match search {
        Search::Folder(dir) => Some(dir.clone()),
        Search::Anywhere => std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from),
        Search::FetchedOnly => None,
    };
    if let Some(dir) = named {
        return inspect(&dir, None, account).map_err(|reason| Error::ProgramsUnsuitable { dir, reason });
    }

    let mut reasons = Vec::new();
    if *search == Search::Anywhere {
        let found = system_dirs().into_iter().map(|dir| inspect(&dir, None, account));
        if let Some(programs) = best(found, kept, &mut reasons) {
            return Ok(programs);
        }
    }
    if let Some(programs) = best(cache::installations(account), kept, &mut reasons) {
        return Ok(programs);
    }
    match fetch::fetch(account, kept.last().copied()) {
        Ok(programs) => return Ok(programs),
        Err(reason) => reasons.push(reason),
    }
    Err(match kept.last() {
        Some(&major) => Error::VersionGone { dir: data_dir.to_owned(), major },
        None => Error::ProgramsMissing { reason: reasons.join("; "), remedy: remedy().to_owned() },
    })
}

/// The newest of the candidates whose version is among `kept`, if there is any kept.
fn best(
    candidates: impl IntoIterator<Item = Result<Programs, String>>,
    kept: &BTreeSet<u32>,
    reasons: &mut Vec<String>,
) -> Option<Programs> {
    candidates
        .into_iter()
        .filter_map(|candidate| candidate.map_err(|reason| reasons.push(reason)).ok())
        .filter(|programs| kept.is_empty() || kept.contains(&programs.major))
        .max_by_key(|programs| programs.major)
}

/// Every folder of the system that might hold a server, each once.
fn system_dirs() -> BTreeSet<PathBuf> {
    let versioned = VERSIONED.iter().flat_map(|(parent, prefix, rest)| folders(Path::new(parent), prefix, rest));
    let by_config = output_of(Command::new("pg_config").arg("--bindir")).map(|line| PathBuf::from(line.trim()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    versioned
        .chain(by_config)
        .chain(on_path)
        .filter_map(|dir| dir.join("postgres").canonicalize().ok())
        .filter_map(|postgres| postgres.parent().map(Path::to_owned))
        .collect()
}

/// The folders `parent/PREFIX*/rest`.
pub(super) fn folders(parent: &Path, prefix: &str, rest: &str) -> Vec<PathBuf> {
    let Ok(entries) = parent.read_dir() else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()))
        .map(|entry| entry.path().join(rest))
        .collect()
}

/// The command that installs `PostgreSQL` on this kind of machine.
fn remedy() -> &'static str {
    const MANAGERS: [(&str, &str); 5] = [
        ("apt-get", "run `apt-get install postgresql`"),
        ("dnf", "run `dnf install postgresql-server postgresql-contrib`"),
        ("apk", "run `apk add postgresql postgresql-contrib`"),
        ("pacman", "run `pacman -S postgresql`"),
        ("brew", "run `brew install postgresql@17`"),
    ];
    const { assert!(OLDEST_MAJOR <= 17, "Homebrew's formula must be new enough") };
    MANAGERS
        .iter()
        .find(|(program, _)| on_path(OsStr::new(program)))
        .map_or("install PostgreSQL 15 or newer with its contrib extensions", |(_, remedy)| remedy)
}

/// Whether a program of this name is on PATH.
pub(super) fn on_path(program: &OsStr) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}
