//! Reads a listing to its end and judges whether it saw everything.
//!
//! `proof` alone can build a [`CompleteScan`] and the [`Tombstones`] that it lets the store
//! write; nothing else can end an object's life. What a scan sees it hands on page by page to
//! an [`Observer`], so that no scan ever holds a whole listing; a scan that
//! cannot be proven complete still delivers what it saw.

mod access_tokens;
mod limits;
mod listing;
mod lookup;
mod mfa_devices;
mod proof;
mod refresh;
mod tally;
#[cfg(test)]
mod tests;
mod verdict;

pub use access_tokens::scan_access_tokens;
pub use limits::{Interruption, Limits};
pub use mfa_devices::scan_mfa_devices;
pub use proof::{Absence, CompleteScan, DeleteLimits, Ruling, Tombstones};
pub use refresh::{Refresh, refresh_access_tokens};
pub use tally::Evidence;
pub use verdict::{Incompleteness, ScanReport, Verdict};

use chrono::{DateTime, Utc};

use crate::{
    config::Paging,
    inventory::{Listed, RejectedItem},
};

/// What a scan delivers its observations to, in the order in which it made them.
///
/// An object may be observed more than once; the last observation counts.
pub trait Observer<T>: Send {
    /// Why the observer could not go on; ends the scan.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Whether it will want nearly every object in full, as in a first load.
    fn wants_all(&self) -> bool {
        false
    }

    /// A new attempt at the whole listing begins: what was observed so far no longer counts as seen by
    /// [`vanished`](Self::vanished), unless it differs from what is kept.
    fn restart(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Is shown an answer before anything else sees it, and takes out of it what may not be kept.
    ///
    /// The ids that remain are those that [`vanished`](Self::vanished) tells, so that what is proven of the answer is
    /// proven of what is kept. As many items remain as there were.
    fn admit(
        &mut self,
        items: &mut Vec<Listed<T>>,
        rejected: &mut [RejectedItem],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Takes the objects of one answer, read at `observed_at`.
    fn observe(
        &mut self,
        items: Vec<Listed<T>>,
        observed_at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Takes the items of one answer that have no usable id.
    fn reject(&mut self, items: Vec<RejectedItem>, observed_at: DateTime<Utc>);

    /// The ids of the objects that are kept as live and that no observation named, in a stable order.
    fn vanished(&mut self) -> impl Future<Output = Result<Vec<String>, Self::Error>> + Send;
}

/// How a listing is read.
#[derive(Clone, Copy, Debug)]
pub struct ScanOptions {
    /// Which parameters `ListAccessTokens` is sent.
    pub paging: Paging,
    /// Pages fetched at once, at least 1.
    pub concurrency: usize,
    /// Readings of the listing before it is called incomplete, at least 1.
    pub attempts: u32,
}

/// Why a scan ended without a report.
#[derive(Debug, thiserror::Error)]
pub enum ScanError<E> {
    /// The observer could not take what was seen.
    #[error("what was seen could not be kept")]
    Observer(#[source] E),
    /// The worker is stopping.
    #[error("the scan was stopped")]
    Stopped,
}

/// Why the reading of a listing broke off, inside this module.
enum Halt<E> {
    Observer(E),
    Stopped,
    Short(Incompleteness),
}

impl<E> Halt<E> {
    /// An incomplete reading is a result; everything else ends the scan.
    fn into_incompleteness(self) -> Result<Incompleteness, ScanError<E>> {
        match self {
            Self::Short(why) => Ok(why),
            Self::Observer(error) => Err(ScanError::Observer(error)),
            Self::Stopped => Err(ScanError::Stopped),
        }
    }
}

impl<E> From<Incompleteness> for Halt<E> {
    fn from(why: Incompleteness) -> Self {
        Self::Short(why)
    }
}
