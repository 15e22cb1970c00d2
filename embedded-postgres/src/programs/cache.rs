//! Where fetched programs are kept between runs.

use std::path::{Path, PathBuf};

use super::Programs;
use super::discover::folders;
use super::inspect::inspect;
use crate::account::Account;

/// The server's account must be able to read the programs, which it could not below root's home.
const SYSTEM_CACHE: &str = "/var/cache/stocktake";

/// The cache's folder, or `None` for a user without a home.
pub(super) fn dir(account: &Account) -> Option<PathBuf> {
    if account.is_stand_in() {
        return Some(PathBuf::from(SYSTEM_CACHE));
    }
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("stocktake"))
}

/// Every installation that was fetched before.
pub(super) fn installations(account: &Account) -> Vec<Result<Programs, String>> {
    let Some(cache) = dir(account) else {
        return Vec::new();
    };
    folders(&cache, "postgresql-", "").iter().filter_map(|root| installation(root, account)).collect()
}

/// The installation in a tree that packages were unpacked into, if it holds a server at all.
pub(super) fn installation(root: &Path, account: &Account) -> Option<Result<Programs, String>> {
    let bin_dir = folders(&root.join("usr/lib/postgresql"), "", "bin").into_iter().next()?;
    let libraries = folders(&root.join("usr/lib"), "", "")
        .into_iter()
        .find(|dir| dir.file_name().is_some_and(|name| name.to_string_lossy().contains("-linux-")));
    Some(inspect(&bin_dir, libraries.as_deref(), account))
}
