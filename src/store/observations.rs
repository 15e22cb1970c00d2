//! Takes what a scan observes: unchanged objects are ticked off by their digest, the others are staged.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

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
use crate::{
    inventory::{Digest, Listed, RejectedItem},
    scan::Observer,
};

/// New and changed objects compared and staged at once: bounds memory, and makes round trips rare.
const BATCH_SIZE: usize = 2_000;

/// Fewer where they are large: a description may have megabytes.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Rejected items kept of one scan: enough to see what is wrong, and no more than that in memory.
const REJECTED_MAX: usize = 1_000;

/// What a scan has observed so far.
pub(crate) struct Observations<T: Kept> {
    pub(super) session: TargetSession,
    pub(super) digests: DigestSet,
    /// Whether a live object was overdue when the scan began.
    pub(super) has_overdue: bool,
    pub(super) rejected: Vec<(RejectedItem, DateTime<Utc>)>,
    pub(super) staged: Staged,
    /// First versions of a baseline, which need no staging.
    pub(super) spool: Spool,
    pending: Batch<T>,
    /// `None` where nobody was erased.
    erased: Option<Box<Erased>>,
}

/// What waits to be written: in the staging table, and in the spool.
#[derive(Debug, Default)]
pub(super) struct Staged {
    exists: bool,
    ids: HashSet<u64>,
    /// The ids that came more than once.
    repeated: HashSet<u64>,
    /// Rows in the staging table.
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

    /// The hashes of the ids of objects that came more than once: whatever came first of them no longer counts.
    pub(super) fn repeated(&self) -> &HashSet<u64> {
        &self.repeated
    }

    fn note(&mut self, id_hash: u64) {
        if !self.ids.insert(id_hash) {
            self.repeated.insert(id_hash);
        }
    }

    pub(super) fn distinct_count(&self) -> u64 {
        self.ids.len() as u64
    }
}

/// Objects that wait to be compared and staged.
struct Batch<T> {
    pending: Vec<Pending<T>>,
    size_bytes: usize,
}

struct Pending<T> {
    item: T,
    id_hash: u64,
    digest: Digest,
    observed_at: DateTime<Utc>,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self { pending: Vec::new(), size_bytes: 0 }
    }
}

impl<T> Batch<T> {
    fn push(&mut self, pending: Pending<T>) {
        self.size_bytes += pending.digest.size_bytes;
        self.pending.push(pending);
    }

    fn is_full(&self) -> bool {
        self.pending.len() >= BATCH_SIZE || self.size_bytes >= BATCH_BYTES
    }
}

impl<T: Kept> Observations<T> {
    /// Begins to observe, with the digests of what is kept now.
    pub(crate) async fn begin(mut session: TargetSession) -> Result<Self, (TargetSession, StoreError)> {
        let pid = session.conn.pid;
        let TargetSession { store, conn, target, erasure_key, started_at, .. } = &mut session;
        let loading = async {
            let live = T::load_live(conn, &target.account_id, *started_at).await?;
            let erased = match erasure_key {
                Some(key) => Some(Box::new(Box::pin(Erased::load(conn, &target.account_id, key)).await?)),
                None => None,
            };
            Ok::<_, sqlx::Error>((live, erased))
        };
        match store.watch(pid, loading).await {
            Ok((live, erased)) => Ok(Self {
                session,
                digests: DigestSet::new(live.digests.unwrap_or_default()),
                has_overdue: live.has_overdue,
                rejected: Vec::new(),
                staged: Staged::default(),
                spool: Spool::default(),
                pending: Batch::default(),
                erased,
            }),
            Err(error) => Err((session, error)),
        }
    }

    /// Gives up what was observed.
    pub(crate) fn into_session(self) -> TargetSession {
        self.session
    }

    /// Live rows of the target when the scan began.
    pub(super) fn live_count(&self) -> u64 {
        self.digests.len() as u64
    }

    /// Compares what is pending with its rows and stages the differences.
    pub(super) async fn flush(&mut self) -> Result<(), StoreError> {
        let Batch { pending, .. } = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return Ok(());
        }
        if self.digests.len() == 0 && self.session.known.is_baseline {
            // Nothing is kept of this target yet, tombstones included.
            return self.open(pending).await;
        }
        let ids: Vec<String> = pending.iter().map(|pending| pending.item.id().to_owned()).collect();
        let rows = T::load_rows(&mut self.session.conn, &self.session.target.account_id, &ids).await?;
        let mut copy = CopyRows::new(T::COLUMN_COUNT);
        for pending in pending {
            let row = rows.get(pending.item.id());
            if let Some(row) = row {
                self.digests.mark_replaced(T::digest_of(row));
            }
            let difference = pending.item.compare(row, pending.observed_at, self.session.known);
            self.encode(&mut copy, &pending, &difference);
        }
        self.stage(copy).await
    }

    /// Opens first versions: in the spool where one row says all there is to say.
    async fn open(&mut self, pending: Vec<Pending<T>>) -> Result<(), StoreError> {
        let mut copy = CopyRows::new(T::COLUMN_COUNT);
        let mut first = CopyRows::new(T::BASELINE.map_or(0, |baseline| baseline.column_count));
        for pending in pending {
            let difference = pending.item.compare(None, pending.observed_at, self.session.known);
            match T::BASELINE {
                Some(baseline)
                    if difference.anomalies.is_empty() && !self.staged.repeated.contains(&pending.id_hash) =>
                {
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
        self.stage(copy).await
    }

    fn encode(&mut self, copy: &mut CopyRows, pending: &Pending<T>, difference: &Difference) {
        self.staged.row_count += 1;
        self.staged.contents.add(difference);
        let Pending { item, digest, observed_at, .. } = pending;
        encode_common(copy.begin_row(), self.staged.row_count, digest.value, *observed_at, difference);
        item.encode(copy);
    }

    async fn stage(&mut self, copy: CopyRows) -> Result<(), StoreError> {
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

impl<T: Kept> Observer<T> for Observations<T> {
    type Error = StoreError;

    fn wants_all(&self) -> bool {
        self.digests.len() == 0 || self.erased.is_some()
    }

    async fn restart(&mut self) -> Result<(), StoreError> {
        // What is staged was seen by this scan and stays: should the next attempt break off, it is still
        // applied, and otherwise the later observation of an object replaces the earlier one. What was
        // rejected stays too: it cannot be observed again, and nothing that the API sent is lost.
        self.digests.forget_seen();
        Ok(())
    }

    async fn admit(&mut self, items: &mut Vec<Listed<T>>, rejected: &mut [RejectedItem]) -> Result<(), StoreError> {
        let Some(erased) = &self.erased else { return Ok(()) };
        let TargetSession { store, conn, .. } = &mut self.session;
        let mut objects: Vec<T> = items.drain(..).map(Listed::read).collect();
        // Boxed: hardly any account needs it, and every scan would carry it.
        Box::pin(store.watch(conn.pid, T::withhold(erased, conn, &mut objects, rejected))).await?;
        items.extend(objects.into_iter().map(Listed::from));
        Ok(())
    }

    async fn observe(&mut self, items: Vec<Listed<T>>, observed_at: DateTime<Utc>) -> Result<(), StoreError> {
        self.digests.look_ahead(items.iter().map(|listed| listed.digest().value));
        for listed in items {
            let id_hash = listed.id_hash();
            // What was staged and is now seen as it is kept is staged again: the last observation counts.
            if !self.digests.mark(listed.digest().value) || self.staged.ids.contains(&id_hash) {
                self.staged.note(id_hash);
                let digest = listed.digest();
                self.pending.push(Pending { item: listed.read(), id_hash, digest, observed_at });
            }
            if self.pending.is_full() {
                let store = self.session.store.clone();
                store.watch(self.session.conn.pid, self.flush()).await?;
            }
        }
        Ok(())
    }

    fn reject(&mut self, items: Vec<RejectedItem>, observed_at: DateTime<Utc>) {
        let room = REJECTED_MAX.saturating_sub(self.rejected.len());
        self.rejected.extend(items.into_iter().take(room).map(|item| (item, observed_at)));
    }

    async fn vanished(&mut self) -> Result<Vec<String>, StoreError> {
        let store = self.session.store.clone();
        let pid = self.session.conn.pid;
        let comparing = async {
            self.flush().await?;
            let unseen = self.digests.unseen();
            if unseen.is_empty() {
                return Ok(Vec::new());
            }
            self.ensure_staging().await?;
            let TargetSession { conn, target, .. } = &mut self.session;
            Ok::<_, StoreError>(T::load_vanished(conn, &target.account_id, &unseen).await?)
        };
        store.watch(pid, comparing).await
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
        let batch = |count: usize, size_bytes: usize| {
            let mut batch = Batch::default();
            for item in 0..count {
                let digest = Digest { value: 0, size_bytes };
                batch.push(Pending { item, id_hash: 0, digest, observed_at: DateTime::UNIX_EPOCH });
            }
            batch.is_full()
        };
        assert!(!batch(BATCH_SIZE - 1, 300) && batch(BATCH_SIZE, 300));
        assert!(!batch(3, 2 << 20) && batch(4, 2 << 20));
    }
}
