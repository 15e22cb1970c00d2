//! Tells whoever watches how far a scan is.

use chrono::{DateTime, Utc};

use crate::{
    inventory::{Listed, RejectedItem, Target},
    scan::Observer,
};

/// Is told what scans see, as they see it.
pub trait Progress: Send + Sync + 'static {
    /// A scan of `target` begins.
    fn begin(&self, target: &Target, account_name: &str);
    /// It saw `item_count` more objects.
    fn observe(&self, target: &Target, item_count: usize);
    /// It ended, in the words of `summary`.
    fn end(&self, target: &Target, summary: &str);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _: &Target, _: &str) {}
    fn observe(&self, _: &Target, _: usize) {}
    fn end(&self, _: &Target, _: &str) {}
}

/// An observer that tells `progress` what passes through it.
pub(super) struct Watched<'a, O> {
    pub(super) observer: &'a mut O,
    pub(super) progress: &'a dyn Progress,
    pub(super) target: &'a Target,
}

impl<T: Send, O: Observer<T>> Observer<T> for Watched<'_, O> {
    type Error = O::Error;

    fn wants_all(&self) -> bool {
        self.observer.wants_all()
    }

    async fn restart(&mut self) -> Result<(), Self::Error> {
        self.observer.restart().await
    }

    async fn admit(&mut self, items: &mut Vec<Listed<T>>, rejected: &mut [RejectedItem]) -> Result<(), Self::Error> {
        self.observer.admit(items, rejected).await
    }

    async fn observe(&mut self, items: Vec<Listed<T>>, observed_at: DateTime<Utc>) -> Result<(), Self::Error> {
        self.progress.observe(self.target, items.len());
        self.observer.observe(items, observed_at).await
    }

    fn reject(&mut self, items: Vec<RejectedItem>, observed_at: DateTime<Utc>) {
        self.observer.reject(items, observed_at);
    }

    async fn vanished(&mut self) -> Result<Vec<String>, Self::Error> {
        self.observer.vanished().await
    }
}
