//! What the metrics measure in the database, read in one snapshot.

use super::{
    Freshness, HeldScan, ScanCount,
    freshness::select_freshness,
    scans::{select_held_scans, select_scan_counts},
    snapshot::begin_snapshot,
};
use crate::store::{Store, StoreError};

/// What the database says to a scrape.
#[derive(Clone, Debug, Default)]
pub struct Measurements {
    /// Every target.
    pub targets: Vec<Freshness>,
    /// Whose deletes wait.
    pub held: Vec<HeldScan>,
    /// How scans ended.
    pub scans: Vec<ScanCount>,
}

impl Store {
    /// Reads them.
    ///
    /// # Errors
    /// Where the database refuses, or takes longer than five seconds over one of the questions.
    pub async fn measurements(&self) -> Result<Measurements, StoreError> {
        let mut conn = self.connection().await?;
        let mut tx = begin_snapshot(&mut conn).await?;
        let measurements = Measurements {
            targets: select_freshness(&mut *tx).await?,
            held: select_held_scans(&mut *tx).await?,
            scans: select_scan_counts(&mut *tx).await?,
        };
        tx.commit().await?;
        Ok(measurements)
    }
}
