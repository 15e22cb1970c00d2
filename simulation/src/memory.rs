//! What the database was seen to hold so far: whatever is there later must follow from it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::PgPool;
use stocktake::inventory::Source;

use crate::{
    rows::{self, Records, Row, Scan, TargetRow},
    time::At,
};

/// One source, as it was after the last look.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) rows: BTreeMap<String, Row>,
    pub(crate) records: Records,
    /// The same, with what a purge took since.
    pub(crate) ever: Records,
    pub(crate) scans: BTreeMap<i64, Scan>,
    pub(crate) target: TargetRow,
    /// The true instant of each reading of a worker's clock that a scan began with.
    pub(crate) beginnings: HashMap<At, At>,
    /// Objects that were there all through a complete scan and that no answer of it named.
    pub(crate) slipped: BTreeSet<String>,
}

/// One source, as it is now, and what is new in it.
#[derive(Debug)]
pub(crate) struct After {
    pub(crate) rows: BTreeMap<String, Row>,
    pub(crate) records: Records,
    pub(crate) scans: Vec<Scan>,
    pub(crate) target: TargetRow,
    pub(crate) anomaly_count: i64,
}

impl Memory {
    /// Reads what came after the last look.
    pub(crate) async fn look(&self, pool: &PgPool, source: Source) -> Result<After, sqlx::Error> {
        let newest = self.scans.last_key_value().map_or(0, |(id, _)| *id);
        let open = self.scans.values().filter(|scan| scan.outcome == "running");
        let open: Vec<i64> = open.map(|scan| scan.scan_id).collect();
        let scans = rows::load_scans(pool, source, newest, &open).await?;
        let scan_ids: Vec<i64> = scans.iter().map(|scan| scan.scan_id).collect();
        let anomaly_count = match scans.last() {
            Some(scan) => rows::count_anomalies(pool, scan.scan_id).await?,
            None => 0,
        };
        Ok(After {
            rows: rows::load_rows(pool, source).await?,
            records: rows::load_records(pool, source, Some(&scan_ids)).await?,
            scans,
            target: rows::load_target(pool, source).await?,
            anomaly_count,
        })
    }

    /// Takes over what was checked.
    pub(crate) fn keep(&mut self, after: After) {
        self.rows = after.rows;
        self.target = after.target;
        self.ever.history.extend(after.records.history.clone());
        self.ever.transitions.extend(after.records.transitions.clone());
        self.records.history.extend(after.records.history);
        self.records.transitions.extend(after.records.transitions);
        self.records.usage.extend(after.records.usage);
        self.scans.extend(after.scans.into_iter().map(|scan| (scan.scan_id, scan)));
    }

    /// Forgets what a purge of a dataset may take.
    pub(crate) fn purge(&mut self, dataset: &str, cutoff: At) {
        match dataset.rsplit('_').next() {
            Some("history") => self.records.history.retain(|_, row| row.valid_to_at >= cutoff),
            Some("transitions") => self.records.transitions.retain(|_, row| row.not_after_at >= cutoff),
            _ => self.records.usage.retain(|_, row| row.seen_at >= cutoff),
        }
    }
}
