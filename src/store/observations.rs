//! Takes what a scan observes: unchanged objects are ticked off by their digest, the others are staged.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::{
    StoreError,
    aside::Aside,
    digests::DigestSet,
    erasure::Erased,
    kept::Kept,
    session::TargetSession,
    stager::{Batch, Done, Pending, Stager},
};
use crate::{
    inventory::{Listed, RejectedItem},
    scan::Observer,
};

/// Bytes of answers that may wait for the digests; a database takes a second for a million.
const BACKLOG_BYTES: usize = 4 * 1024 * 1024;

/// Rejected items kept of one scan: enough to see what is wrong, and no more than that in memory.
const REJECTED_MAX: usize = 1_000;

/// What a scan has observed so far.
///
/// The database works beside the reading: it loads the digests while the first answers come, and stages while more do.
pub(crate) struct Observations<T: Kept> {
    stager: Aside<Stager<T>, Result<Done, StoreError>>,
    /// `None` until they are loaded.
    digests: Option<DigestSet>,
    /// Whether a live object was overdue when the scan began.
    has_overdue: bool,
    wants_all: bool,
    names_erased: bool,
    /// `None` where nobody was erased, and until it is loaded.
    erased: Option<Box<Erased>>,
    backlog: Backlog<T>,
    noted: Noted,
    pending: Batch<T>,
    rejected: Vec<(RejectedItem, DateTime<Utc>)>,
}

/// What was observed, for those who write it.
pub(super) struct Observed<T: Kept> {
    pub(super) stager: Stager<T>,
    pub(super) digests: DigestSet,
    pub(super) has_overdue: bool,
    pub(super) noted: Noted,
    pub(super) rejected: Vec<(RejectedItem, DateTime<Utc>)>,
}

/// Answers that came before the digests.
struct Backlog<T> {
    answers: Vec<(Vec<Listed<T>>, DateTime<Utc>)>,
    size_bytes: usize,
}

/// The objects that are new or changed, by the hashes of their ids.
#[derive(Debug, Default)]
pub(super) struct Noted {
    ids: HashSet<u64>,
    repeated: HashSet<u64>,
}

impl<T> Default for Backlog<T> {
    fn default() -> Self {
        Self { answers: Vec::new(), size_bytes: 0 }
    }
}

impl<T: Kept> Backlog<T> {
    fn push(&mut self, items: Vec<Listed<T>>, observed_at: DateTime<Utc>) {
        self.size_bytes += items.iter().map(|listed| listed.digest().size_bytes).sum::<usize>();
        self.answers.push((items, observed_at));
    }

    fn is_full(&self) -> bool {
        self.size_bytes >= BACKLOG_BYTES
    }
}

impl Noted {
    /// Notes an object; true where it was noted before.
    fn note(&mut self, id_hash: u64) -> bool {
        let is_repeated = !self.ids.insert(id_hash);
        if is_repeated {
            self.repeated.insert(id_hash);
        }
        is_repeated
    }

    /// Those that came more than once: whatever came first of them no longer counts.
    pub(super) fn repeated(&self) -> &HashSet<u64> {
        &self.repeated
    }

    pub(super) fn distinct_count(&self) -> u64 {
        self.ids.len() as u64
    }
}

impl<T: Kept> Observations<T> {
    /// Begins to observe; what is kept now is loaded meanwhile.
    pub(crate) fn begin(session: TargetSession) -> Self {
        let names_erased = session.erasure_key.is_some();
        let wants_all = session.known.is_baseline || names_erased;
        let mut stager = Aside::new(Stager::new(session));
        stager.send(Stager::load);
        Self {
            stager,
            digests: None,
            has_overdue: false,
            wants_all,
            names_erased,
            erased: None,
            backlog: Backlog::default(),
            noted: Noted::default(),
            pending: Batch::default(),
            rejected: Vec::new(),
        }
    }

    /// Gives up what was observed.
    pub(crate) async fn into_session(self) -> TargetSession {
        self.stager.into_worker().await.0.session
    }

    /// Ends the observation: what is still to be staged is staged.
    pub(super) async fn finish(mut self) -> Result<Observed<T>, (TargetSession, StoreError)> {
        let flushed = self.flush().await;
        let Self { stager, digests, has_overdue, noted, rejected, .. } = self;
        let (stager, _) = stager.into_worker().await;
        match flushed {
            Ok(()) => Ok(Observed { stager, digests: digests.unwrap_or_default(), has_overdue, noted, rejected }),
            Err(error) => Err((stager.session, error)),
        }
    }

    /// Waits for what the database is doing, and takes in what came of it.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        let Some(done) = self.stager.come_back().await else { return Ok(()) };
        match done? {
            Done::Loaded(live) => {
                (self.has_overdue, self.erased) = (live.has_overdue, live.erased);
                let mut digests = live.digests;
                for (items, observed_at) in std::mem::take(&mut self.backlog).answers {
                    sort_out(items, observed_at, &mut digests, &mut self.noted, &mut self.pending);
                }
                self.digests = Some(digests);
            }
            Done::Staged { replaced } => {
                if let Some(digests) = &mut self.digests {
                    replaced.into_iter().for_each(|digest| digests.mark_replaced(digest));
                }
            }
        }
        Ok(())
    }

    /// Has pending objects staged, if it is worth it and the database has nothing else to do.
    async fn stage_some(&mut self) -> Result<(), StoreError> {
        if self.pending.is_full() || (self.pending.is_worth_it() && self.stager.is_back()) {
            self.catch_up().await?;
            self.send_batch();
        }
        Ok(())
    }

    /// Compares all that is pending with its rows and stages the differences.
    async fn flush(&mut self) -> Result<(), StoreError> {
        self.catch_up().await?;
        if !self.pending.is_empty() {
            self.send_batch();
            self.catch_up().await?;
        }
        Ok(())
    }

    fn send_batch(&mut self) {
        let batch = self.pending.take();
        self.stager.send(|stager| stager.stage(batch));
    }
}

/// Ticks off what is unchanged; the rest is pending.
fn sort_out<T: Kept>(
    items: Vec<Listed<T>>,
    observed_at: DateTime<Utc>,
    digests: &mut DigestSet,
    noted: &mut Noted,
    pending: &mut Batch<T>,
) {
    digests.look_ahead(items.iter().map(|listed| listed.digest().value));
    for listed in items {
        let id_hash = listed.id_hash();
        // What was staged and is now seen as it is kept is staged again: the last observation counts.
        if !digests.mark(listed.digest().value) || noted.ids.contains(&id_hash) {
            let is_repeated = noted.note(id_hash);
            let digest = listed.digest();
            pending.push(Pending { item: listed.read(), id_hash, is_repeated, digest, observed_at });
        }
    }
}

impl<T: Kept> Observer<T> for Observations<T> {
    type Error = StoreError;

    fn wants_all(&self) -> bool {
        self.wants_all
    }

    async fn restart(&mut self) -> Result<(), StoreError> {
        // What is staged was seen by this scan and stays: should the next attempt break off, it is still
        // applied, and otherwise the later observation of an object replaces the earlier one. What was
        // rejected stays too: it cannot be observed again, and nothing that the API sent is lost.
        self.catch_up().await?;
        if let Some(digests) = &mut self.digests {
            digests.forget_seen();
        }
        Ok(())
    }

    async fn admit(&mut self, items: &mut Vec<Listed<T>>, rejected: &mut [RejectedItem]) -> Result<(), StoreError> {
        if !self.names_erased {
            return Ok(());
        }
        self.catch_up().await?;
        let Some(erased) = &self.erased else { return Ok(()) };
        let mut objects: Vec<T> = items.drain(..).map(Listed::read).collect();
        let TargetSession { store, conn, .. } = &mut self.stager.worker().session;
        // Boxed: hardly any account needs it, and every scan would carry it.
        Box::pin(store.watch(conn.pid, T::withhold(erased, conn, &mut objects, rejected))).await?;
        items.extend(objects.into_iter().map(Listed::from));
        Ok(())
    }

    async fn observe(&mut self, items: Vec<Listed<T>>, observed_at: DateTime<Utc>) -> Result<(), StoreError> {
        match &mut self.digests {
            Some(digests) => sort_out(items, observed_at, digests, &mut self.noted, &mut self.pending),
            None => {
                self.backlog.push(items, observed_at);
                if self.stager.is_back() || self.backlog.is_full() {
                    self.catch_up().await?;
                }
            }
        }
        self.stage_some().await
    }

    fn reject(&mut self, items: Vec<RejectedItem>, observed_at: DateTime<Utc>) {
        let room = REJECTED_MAX.saturating_sub(self.rejected.len());
        self.rejected.extend(items.into_iter().take(room).map(|item| (item, observed_at)));
    }

    async fn vanished(&mut self) -> Result<Vec<String>, StoreError> {
        self.flush().await?;
        let unseen = self.digests.as_ref().map(DigestSet::unseen).unwrap_or_default();
        if unseen.is_empty() {
            return Ok(Vec::new());
        }
        self.stager.worker().load_vanished(&unseen).await
    }
}
