//! Fetches the server from the distribution's packages into our cache, installing nothing.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::discover::on_path;
use super::packages::PackageTools;
use super::{OLDEST_MAJOR, Programs, cache};
use crate::account::Account;

/// Fetches the distribution's `PostgreSQL`, or `major` of it, and returns the reason if that fails.
pub(super) fn fetch(account: &Account, major: Option<u32>) -> Result<Programs, String> {
    for tool in ["apt-get", "apt-cache", "dpkg-query", "dpkg-deb"] {
        if !on_path(OsStr::new(tool)) {
            return Err(format!("none was installed, and none can be fetched without {tool}"));
        }
    }
    let cache = cache::dir(account).ok_or("there is no home directory to fetch into")?;
    let io = |error: std::io::Error| format!("{}: {error}", cache.display());
    fs::create_dir_all(&cache).map_err(io)?;
    open_to_all(&cache).map_err(io)?;

    // One fetch at a time; the second finds what the first brought.
    let lock = File::create(cache.join("fetch.lock")).map_err(io)?;
    lock.lock().map_err(io)?;
    let brought = cache::installations(account)
        .into_iter()
        .filter_map(Result::ok)
        .find(|programs| major.is_none_or(|major| programs.major == major));
    if let Some(programs) = brought {
        return Ok(programs);
    }

    tracing::info!("PostgreSQL is not installed: fetching its packages into {}", cache.display());
    let work = tempfile::Builder::new().prefix("fetch-").tempdir_in(&cache).map_err(io)?;
    let root = work.path().join("root");
    let major = bring(work.path(), &root, major)?;
    open_to_all(&root).map_err(io)?;

    // Renamed into place when it is whole, so that a killed fetch leaves nothing that looks usable.
    let home = cache.join(format!("postgresql-{major}"));
    if home.exists() {
        fs::remove_dir_all(&home).map_err(io)?; // found unusable above
    }
    fs::rename(&root, &home).map_err(io)?;
    cache::installation(&home, account).ok_or("the packages held no server")?
}

/// Downloads and unpacks the server with what it needs, and returns its major version.
fn bring(work: &Path, root: &Path, major: Option<u32>) -> Result<u32, String> {
    let tools = PackageTools::set_up(work.join("apt")).map_err(|error| error.to_string())?;
    tools.update();
    let major = match major {
        Some(major) => major,
        None => offered_major(&tools)?,
    };
    if major < OLDEST_MAJOR {
        return Err(format!("the distribution offers PostgreSQL {major}, older than {OLDEST_MAJOR}"));
    }
    tools.unpack(&needed(&tools, major)?, root)?;
    // Without LLVM beside it, which is larger than all the rest, this module fails on first use.
    let _ = fs::remove_file(root.join(format!("usr/lib/postgresql/{major}/lib/llvmjit.so")));
    Ok(major)
}

/// The major version behind the distribution's `postgresql` package.
fn offered_major(tools: &PackageTools) -> Result<u32, String> {
    tools
        .dependencies("postgresql")?
        .iter()
        .find_map(|name| name.strip_prefix("postgresql-")?.parse().ok())
        .ok_or_else(|| "the distribution offers no postgresql package".to_owned())
}

/// The server and client packages, and every library below them that the system lacks. What else
/// they depend on serves installing them, which is not done.
fn needed(tools: &PackageTools, major: u32) -> Result<BTreeSet<String>, String> {
    let installed = tools.installed()?;
    let mut waiting = vec![format!("postgresql-{major}"), format!("postgresql-client-{major}")];
    let mut needed = BTreeSet::new();
    while let Some(package) = waiting.pop() {
        let libraries = tools.dependencies(&package)?.into_iter().filter(|name| {
            name.starts_with("lib")
                && !name.starts_with("libllvm")
                && !name.ends_with("-perl")
                && !installed.contains(name)
        });
        needed.insert(package);
        waiting.extend(libraries.filter(|name| !needed.contains(name)));
    }
    Ok(needed)
}

/// The server's account reads the programs too, whatever our umask.
fn open_to_all(dir: &Path) -> std::io::Result<()> {
    fs::set_permissions(dir, Permissions::from_mode(0o755))
}
