//! What the caller asks for.

use std::path::PathBuf;

/// What becomes of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Kept between runs; survives a crash of the machine.
    Durable,
    /// Fast and forgotten: nothing is synced to disk and the directory is removed at the end.
    Throwaway,
}

/// Where the `PostgreSQL` programs may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// `STOCKTAKE_PG_BIN` if it is set, else the system's, else the cache, else fetched into the cache.
    Anywhere,
    /// This folder alone.
    Folder(PathBuf),
    /// Not the system's: only the cache, or fetched into it.
    FetchedOnly,
}

/// How to start a cluster.
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) search: Search,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) memory_bytes: Option<u64>,
}

impl Options {
    /// A cluster that is kept in `data_dir` between runs and shared by every process that names it.
    pub fn durable(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: Some(data_dir.into()), search: Search::Anywhere, settings: Vec::new(), memory_bytes: None }
    }

    /// A cluster of this process alone in a temporary directory, gone when it stops.
    pub fn throwaway() -> Self {
        Self { data_dir: None, search: Search::Anywhere, settings: Vec::new(), memory_bytes: None }
    }

    /// Restricts where the programs may come from.
    pub fn search(mut self, search: Search) -> Self {
        self.search = search;
        self
    }

    /// A server setting, `max_connections` for instance. Ignored when a running server is joined.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// A throwaway cluster of at most `size_bytes`: kept in memory, which is faster, where the machine has plenty.
    pub fn in_memory(mut self, size_bytes: u64) -> Self {
        self.memory_bytes = Some(size_bytes);
        self
    }

    /// What becomes of the data.
    pub fn durability(&self) -> Durability {
        match self.data_dir {
            Some(_) => Durability::Durable,
            None => Durability::Throwaway,
        }
    }
}
