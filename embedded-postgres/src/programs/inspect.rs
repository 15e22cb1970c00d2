//! Tries a folder of programs: right version, right extension, and they run at all.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{OLDEST_MAJOR, Programs, bare_command};
use crate::account::Account;

/// The exclusion constraints of the schema need it; it comes with the server in most distributions.
const EXTENSION: &str = "extension/btree_gist.control";

/// Returns the installation in `bin_dir`, or the reason why it will not do.
pub(super) fn inspect(bin_dir: &Path, library_path: Option<&Path>, account: &Account) -> Result<Programs, String> {
    let library_path = library_path.map(|path| path.as_os_str().to_owned());
    let run = |name: &str, argument: &str| {
        let mut command = bare_command(&bin_dir.join(name), library_path.as_deref(), account);
        output_of(command.arg(argument))
    };
    for name in ["initdb", "postgres"] {
        if !bin_dir.join(name).is_file() {
            return Err(format!("{} has no {name}", bin_dir.display()));
        }
    }
    let version = run("postgres", "--version")
        .and_then(|line| version_in(&line))
        .ok_or_else(|| format!("{}/postgres does not run", bin_dir.display()))?;
    let major = major_of(&version).ok_or_else(|| format!("{} has no version number", bin_dir.display()))?;
    if major < OLDEST_MAJOR {
        return Err(format!("{} is PostgreSQL {version}, older than {OLDEST_MAJOR}", bin_dir.display()));
    }
    let named_by_config = run("pg_config", "--sharedir").map(|line| PathBuf::from(line.trim()));
    let has_extension =
        named_by_config.into_iter().chain(share_dirs(bin_dir, major)).any(|dir| dir.join(EXTENSION).is_file());
    if !has_extension {
        return Err(format!("{} lacks the btree_gist extension", bin_dir.display()));
    }
    Ok(Programs { bin_dir: bin_dir.to_owned(), library_path, major, version })
}

/// Where the shared files lie when `pg_config`, which many systems package apart, cannot be asked.
fn share_dirs(bin_dir: &Path, major: u32) -> Vec<PathBuf> {
    let prefix = bin_dir.parent().unwrap_or(bin_dir);
    vec![
        prefix.join("share"),
        prefix.join("share/postgresql"),
        prefix.join(format!("share/postgresql@{major}")),
        prefix.join("share/pgsql"),
        prefix.join(format!("../../../share/postgresql/{major}")), // Debian, also when fetched
        prefix.join(format!("../share/postgresql{major}")),        // Alpine
        prefix.join(format!("../../share/postgresql{major}")),     // openSUSE
    ]
}

/// What a program printed, if it ended well.
pub(super) fn output_of(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn version_in(line: &str) -> Option<String> {
    line.split_once("(PostgreSQL) ")?.1.split_whitespace().next().map(str::to_owned)
}

/// The leading number of `15.18` or `19beta1`.
fn major_of(version: &str) -> Option<u32> {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_read_from_releases_and_betas() {
        let of = |line| version_in(line).and_then(|version| major_of(&version));
        assert_eq!(of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(of("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(of("psql: not found"), None);
    }
}
