//! Everything that the status page shows, read in one snapshot.

use chrono::{DateTime, Utc};

use super::{
    Freshness, HeldScan, ScanLine, StatusCount, TransitionCount,
    freshness::select_freshness,
    inventory_counts::select_status_counts,
    scans::{select_held_scans, select_newest_scans},
    snapshot::begin_snapshot,
    transition_counts::select_transition_counts,
};
use crate::store::{Store, StoreError};

/// What the database says of all targets at one instant.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Every target.
    pub targets: Vec<Freshness>,
    /// Whose deletes wait.
    pub held: Vec<HeldScan>,
    /// The newest scans.
    pub scans: Vec<ScanLine>,
    /// The live inventory by status.
    pub statuses: Vec<StatusCount>,
    /// Changes of status by day.
    pub transitions: Vec<TransitionCount>,
}

impl Store {
    /// Reads `scan_limit` scans, the transitions since `since`, and all else whole.
    ///
    /// # Errors
    /// Where the database refuses, or takes longer than five seconds over one of the questions.
    pub async fn overview(&self, scan_limit: i64, since: DateTime<Utc>) -> Result<Overview, StoreError> {
        let mut conn = self.connection().await?;
        let mut tx = begin_snapshot(&mut conn).await?;
        let overview = Overview {
            targets: select_freshness(&mut *tx).await?,
            held: select_held_scans(&mut *tx).await?,
            scans: select_newest_scans(&mut *tx, scan_limit).await?,
            statuses: select_status_counts(&mut *tx).await?,
            transitions: select_transition_counts(&mut *tx, since).await?,
        };
        tx.commit().await?;
        Ok(overview)
    }
}
