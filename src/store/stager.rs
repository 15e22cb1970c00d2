//! Works on what a scan has to write, with the session that it is written with: loads what is kept, compares, and stages.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use sqlx::Connection;

use super::{
    StoreError,
    baseline::FirstVersion,
    copy::CopyRows,
    diff::Difference,
    digests::DigestSet,
    erasure::Erased,
    kept::{Contents, Kept},
    session::TargetSession,
    spool::Spool,
};
use crate::inventory::Digest;

/// Objects compared and staged at once: bounds memory.
const BATCH_SIZE: usize = 2_000;

/// Fewer where they are large: a description may have megabytes.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// The first batch may be as small as this while more may come, and each after it twice as large as the one before: few
/// changes do not wait for the end, and many make few round trips.
const FIRST_BATCH_SIZE: usize = 250;

/// What waits to be written, and where it waits.
pub(super) struct Stager<T: Kept> {
    pub(super) session: TargetSession,
    pub(super) staged: Staged,
    /// First versions of a baseline, which need no staging.
    pub(super) spool: Spool,
    /// Nothing is kept of the target yet, tombstones included.
    is_empty: bool,
    kind: PhantomData<fn() -> T>,
}

/// What came of one piece of work.
pub(super) enum Done {
    /// Of [`Stager::load`].
    Loaded(Loaded),
    /// Of [`Stager::stage`].
    Staged {
        /// The digests of the rows that were found for what was staged.
        replaced: Vec<i64>,
    },
}

/// What is kept of the target.
pub(super) struct Loaded {
    pub(super) digests: DigestSet,
    pub(super) has_overdue: bool,
    pub(super) erased: Option<Box<Erased>>,
}

/// What is in the staging table.
#[derive(Debug, Default)]
pub(super) struct Staged {
    exists: bool,
    row_count: i64,
    contents: Contents,
}

impl Staged {
    pub(super) fn is_empty(&self) -> bool {
        self.row_count == 0
    }

    /// Whether statements that join it need to know its size: a table that nobody has analysed counts as a few rows,
    /// and is joined row by row.
    pub(super) fn is_large(&self) -> bool {
        self.row_count >= 200
    }

    /// What it holds rows of.
    pub(super) fn contents(&self) -> Contents {
        self.contents
    }
}

/// Objects that wait to be compared and staged.
pub(super) struct Batch<T> {
    pending: Vec<Pending<T>>,
    size_bytes: usize,
    worthwhile_size: usize,
}

/// An object that is new or changed.
pub(super) struct Pending<T> {
    pub(super) item: T,
    pub(super) id_hash: u64,
    /// Whether it came before.
    pub(super) is_repeated: bool,
    pub(super) digest: Digest,
    pub(super) observed_at: DateTime<Utc>,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self { pending: Vec::new(), size_bytes: 0, worthwhile_size: FIRST_BATCH_SIZE }
    }
}

impl<T> Batch<T> {
    pub(super) fn push(&mut self, pending: Pending<T>) {
        self.size_bytes += pending.digest.size_bytes;
        self.pending.push(pending);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether it is worth a round trip though more may come.
    pub(super) fn is_worth_it(&self) -> bool {
        self.pending.len() >= self.worthwhile_size
    }

    pub(super) fn is_full(&self) -> bool {
        self.pending.len() >= BATCH_SIZE || self.size_bytes >= BATCH_BYTES
    }

    /// Takes it, and leaves the next one, empty.
    pub(super) fn take(&mut self) -> Self {
        let worthwhile_size = (self.worthwhile_size * 2).min(BATCH_SIZE);
        std::mem::replace(self, Self { worthwhile_size, ..Self::default() })
    }
}

impl<T: Kept> Stager<T> {
    /// With nothing staged.
    pub(super) fn new(session: TargetSession) -> Self {
        Self { session, staged: Staged::default(), spool: Spool::default(), is_empty: false, kind: PhantomData }
    }

    /// Loads what is kept now.
    pub(super) async fn load(mut self) -> (Self, Result<Done, StoreError>) {
        let pid = self.session.conn.pid;
        let TargetSession { store, conn, target, erasure_key, started_at, .. } = &mut self.session;
        let loading = async {
            let live = T::load_live(&mut *conn, &target.account_id, *started_at).await?;
            let erased = match erasure_key {
                Some(key) => Some(Box::new(Box::pin(Erased::load(&mut *conn, &target.account_id, key)).await?)),
                None => None,
            };
            Ok::<_, sqlx::Error>((live, erased))
        };
        let loaded = store.watch(pid, loading).await.map(|(live, erased)| {
            // The digests came as one value, which no later answer is as large as.
            conn.shrink_buffers();
            let digests = DigestSet::new(live.digests.unwrap_or_default());
            Done::Loaded(Loaded { digests, has_overdue: live.has_overdue, erased })
        });
        if let Ok(Done::Loaded(live)) = &loaded {
            self.is_empty = live.digests.len() == 0 && self.session.known.is_baseline;
        }
        (self, loaded)
    }

    /// Compares a batch with its rows, where there are any, and stages the differences.
    pub(super) async fn stage(mut self, batch: Batch<T>) -> (Self, Result<Done, StoreError>) {
        let (store, pid) = (self.session.store.clone(), self.session.conn.pid);
        let staging = async {
            if self.is_empty {
                return self.open(batch.pending).await.map(|()| Vec::new());
            }
            self.compare(batch.pending).await
        };
        let staged = store.watch(pid, staging).await.map(|replaced| Done::Staged { replaced });
        (self, staged)
    }

    /// The ids of live rows that have one of the `unseen` digests and are not staged.
    pub(super) async fn load_vanished(&mut self, unseen: &[i64]) -> Result<Vec<String>, StoreError> {
        let (store, pid) = (self.session.store.clone(), self.session.conn.pid);
        let loading = async {
            self.ensure_staging().await?;
            let TargetSession { conn, target, .. } = &mut self.session;
            Ok::<_, StoreError>(T::load_vanished(conn, &target.account_id, unseen).await?)
        };
        store.watch(pid, loading).await
    }

    /// Stages what differs from its row; returns the digests of the rows that were found.
    async fn compare(&mut self, batch: Vec<Pending<T>>) -> Result<Vec<i64>, StoreError> {
        let ids: Vec<String> = batch.iter().map(|pending| pending.item.id().to_owned()).collect();
        let rows = T::load_rows(&mut self.session.conn, &self.session.target.account_id, &ids).await?;
        let mut copy = CopyRows::new(T::COLUMN_COUNT);
        for pending in batch {
            let row = rows.get(pending.item.id());
            let difference = pending.item.compare(row, pending.observed_at, self.session.known);
            self.encode(&mut copy, &pending, &difference);
        }
        self.copy(copy).await?;
        Ok(rows.values().map(T::digest_of).collect())
    }

    /// Opens first versions: in the spool where one row says all there is to say.
    async fn open(&mut self, batch: Vec<Pending<T>>) -> Result<(), StoreError> {
        let mut copy = CopyRows::new(T::COLUMN_COUNT);
        let mut first = CopyRows::new(T::BASELINE.map_or(0, |baseline| baseline.column_count));
        for pending in batch {
            let difference = pending.item.compare(None, pending.observed_at, self.session.known);
            match T::BASELINE {
                Some(baseline) if difference.anomalies.is_empty() && !pending.is_repeated => {
                    let version = FirstVersion {
                        account_id: &self.session.target.account_id,
                        scan_id: self.session.scan_id,
                        observed_at: pending.observed_at,
                        digest: pending.digest.value,
                    };
                    first.clear();
                    (baseline.encode)(&pending.item, version, first.begin_row());
                    self.spool.add(pending.id_hash, first.as_bytes()).await?;
                }
                _ => self.encode(&mut copy, &pending, &difference),
            }
        }
        self.copy(copy).await
    }

    fn encode(&mut self, copy: &mut CopyRows, pending: &Pending<T>, difference: &Difference) {
        self.staged.row_count += 1;
        self.staged.contents.add(difference);
        let Pending { item, digest, observed_at, .. } = pending;
        encode_common(copy.begin_row(), self.staged.row_count, digest.value, *observed_at, difference);
        item.encode(copy);
    }

    async fn copy(&mut self, copy: CopyRows) -> Result<(), StoreError> {
        if !copy.as_bytes().is_empty() {
            self.ensure_staging().await?;
            copy.send(&mut self.session.conn, T::COPY).await?;
        }
        Ok(())
    }

    async fn ensure_staging(&mut self) -> Result<(), StoreError> {
        if !self.staged.exists {
            self.session.conn.has_temporary_tables = true;
            sqlx::query(T::STAGING).execute(&mut *self.session.conn).await?;
            self.staged.exists = true;
        }
        Ok(())
    }
}

/// Writes the columns that the staging tables have in common.
fn encode_common(row: &mut CopyRows, seq: i64, digest: i64, observed_at: DateTime<Utc>, difference: &Difference) {
    let transition = difference.transition.as_ref();
    let anomalies: Vec<_> = difference
        .anomalies
        .iter()
        .map(|anomaly| serde_json::json!({ "kind": anomaly.kind.name(), "detail": anomaly.detail }))
        .collect();
    row.i64(Some(seq))
        .text(Some(difference.write.name()))
        .instant(Some(observed_at))
        .i64(Some(digest))
        .text(Some(difference.change_kind))
        .text(Some(&difference.changed_columns.join(",")))
        .instant(transition.map(|transition| transition.not_before_at))
        .text(transition.and_then(|transition| transition.from_status.as_deref()))
        .instant(transition.and_then(|transition| transition.occurred_at))
        .text(transition.map(|transition| transition.time_basis))
        .bool(transition.map(|transition| transition.is_expected))
        .text(transition.and_then(|transition| transition.anomaly.as_deref()))
        .jsonb(&serde_json::Value::from(anomalies).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_of_many_objects_or_of_large_ones() {
        assert!(!batch(BATCH_SIZE - 1, 300).is_full() && batch(BATCH_SIZE, 300).is_full());
        assert!(!batch(3, 2 << 20).is_full() && batch(4, 2 << 20).is_full());
    }

    #[test]
    fn batches_grow_until_they_are_full() {
        let mut sizes = Vec::new();
        let mut waiting = Batch::default();
        for item in 0..2 * BATCH_SIZE {
            waiting.push(pending(item, 300));
            if waiting.is_worth_it() {
                sizes.push(waiting.take().pending.len());
                assert!(waiting.is_empty());
            }
        }
        assert_eq!(sizes, [250, 500, 1_000, 2_000]);
    }

    fn batch(count: usize, size_bytes: usize) -> Batch<usize> {
        let mut batch = Batch::default();
        (0..count).for_each(|item| batch.push(pending(item, size_bytes)));
        batch
    }

    fn pending(item: usize, size_bytes: usize) -> Pending<usize> {
        let digest = Digest { value: 0, size_bytes };
        Pending { item, id_hash: 0, is_repeated: false, digest, observed_at: DateTime::UNIX_EPOCH }
    }
}
