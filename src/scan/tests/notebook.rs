//! An observer in memory, which tells what it keeps as live, what it saw and how often it started over.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::{
    inventory::{AccessToken, Listed, MfaDevice, Object, RejectedItem},
    scan::Observer,
};

/// What an observer that admits asks of a kind of object.
pub(super) trait Renamed: Object + Send {
    fn rename(&mut self, id: &str);
}

impl Renamed for AccessToken {
    fn rename(&mut self, id: &str) {
        self.id = id.to_owned();
    }
}

impl Renamed for MfaDevice {
    fn rename(&mut self, id: &str) {
        self.serial_number = id.to_owned();
    }
}

/// Why a full notebook ends the scan.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the notebook is full")]
pub(super) struct Full;

pub(super) struct Notebook<T> {
    kept: BTreeSet<String>,
    /// The last observation of each object since the last restart.
    pub(super) seen: BTreeMap<String, (T, DateTime<Utc>)>,
    /// Every id that was ever observed, restarts or not.
    pub(super) named: BTreeSet<String>,
    pub(super) rejected: Vec<RejectedItem>,
    pub(super) restart_count: usize,
    is_full: bool,
    /// Ids that are kept under another one.
    pub(super) aliases: BTreeMap<String, String>,
}

impl<T> Notebook<T> {
    /// A notebook that keeps `ids` as live.
    pub(super) fn keeping<I: Into<String>>(ids: impl IntoIterator<Item = I>) -> Self {
        Self {
            kept: ids.into_iter().map(Into::into).collect(),
            seen: BTreeMap::new(),
            named: BTreeSet::new(),
            rejected: Vec::new(),
            restart_count: 0,
            is_full: false,
            aliases: BTreeMap::new(),
        }
    }

    pub(super) fn empty() -> Self {
        Self::keeping::<String>([])
    }

    /// A notebook that refuses every observation.
    pub(super) fn full() -> Self {
        Self { is_full: true, ..Self::empty() }
    }

    pub(super) fn seen_ids(&self) -> BTreeSet<String> {
        self.seen.keys().cloned().collect()
    }
}

impl<T: Renamed> Observer<T> for Notebook<T> {
    type Error = Full;

    async fn restart(&mut self) -> Result<(), Full> {
        self.restart_count += 1;
        self.seen.clear();
        self.rejected.clear();
        Ok(())
    }

    async fn admit(&mut self, items: &mut Vec<Listed<T>>, _: &mut [RejectedItem]) -> Result<(), Full> {
        let read = items.drain(..).map(|listed| {
            let mut item: T = listed.read();
            if let Some(alias) = self.aliases.get(item.id()) {
                item.rename(alias);
            }
            Listed::from(item)
        });
        *items = read.collect();
        Ok(())
    }

    async fn observe(&mut self, items: Vec<Listed<T>>, observed_at: DateTime<Utc>) -> Result<(), Full> {
        if self.is_full {
            return Err(Full);
        }
        let items: Vec<T> = items.into_iter().map(Listed::read).collect();
        self.named.extend(items.iter().map(|item| item.id().to_owned()));
        self.seen.extend(items.into_iter().map(|item| (item.id().to_owned(), (item, observed_at))));
        Ok(())
    }

    fn reject(&mut self, items: Vec<RejectedItem>, _: DateTime<Utc>) {
        self.rejected.extend(items);
    }

    async fn vanished(&mut self) -> Result<Vec<String>, Full> {
        Ok(self.kept.iter().filter(|id| !self.seen.contains_key(*id)).cloned().collect())
    }
}
