//! `[database]`: where the inventory is kept.

use std::{fmt, path::PathBuf};

use serde::Deserialize;

use super::Checks;

/// Where the inventory is kept.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// A PostgreSQL URL; absent means an embedded PostgreSQL in `data_dir`.
    pub url: Option<String>,
    /// Where the embedded PostgreSQL keeps its data between runs.
    pub data_dir: PathBuf,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: None, data_dir: ".stocktake".into() }
    }
}

/// Prints nothing of the URL, which may hold a password in more places than its authority.
impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig")
            .field("url", &self.url.as_ref().map(|_| "[REDACTED]"))
            .field("data_dir", &self.data_dir)
            .finish()
    }
}

impl DatabaseConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        let is_postgres =
            self.url.as_deref().is_none_or(|url| url.starts_with("postgres://") || url.starts_with("postgresql://"));
        checks.require(
            is_postgres,
            "database.url",
            "is not a PostgreSQL URL; write `postgres://user@host:5432/database`, or leave it out for an embedded \
             PostgreSQL",
        );
        checks.require(
            !self.data_dir.as_os_str().is_empty(),
            "database.data_dir",
            "is empty; name a directory such as `.stocktake`",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{super::checks::messages, *};

    #[test]
    fn debug_and_refusals_print_nothing_of_the_url() {
        for url in ["postgres://u:hunter2@host/db", "mysql://u:hunter2@host/db"] {
            let config = DatabaseConfig { url: Some(url.into()), ..DatabaseConfig::default() };
            let printed = format!("{config:?} {:?}", messages(|checks| config.check(checks)));
            assert!(!printed.contains("hunter2"), "{printed}");
        }
    }

    #[test]
    fn other_databases_are_refused() {
        let config = DatabaseConfig { url: Some("mysql://host/db".into()), ..Default::default() };
        assert_eq!(messages(|checks| config.check(checks)).len(), 1);
    }
}
