//! Whose turn it is: how much goes on at once.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::inventory::Source;

/// Scans of one source that run at once; more wait their turn.
///
/// Each holds a database connection while it reads, for its lock, and a server allows 100 as it comes.
const SCANS_MAX: usize = 24;

/// Scans of any source that began a moment ago. As long as they end within it they keep this machine busy, and more of them
/// would end no sooner, each with a connection of its own.
const YOUNG_SCANS_MAX: usize = 8;

/// Accounts of which STS was asked a moment ago whose they are: each may open a connection of its own to ask.
const YOUNG_QUESTIONS_MAX: usize = 16;

/// A moment: what takes longer waits for its API, and another one may begin beside it.
const YOUTH: Duration = Duration::from_millis(250);

/// The turns of each source: an API that answers nobody must not keep the scans of the other one waiting for longer than
/// its own are young.
///
/// Nor must an account whose identity nobody tells: any number of them wait, but they do not ask all at once.
pub(super) struct Turns {
    identities: Queue,
    access_tokens: Queue,
    mfa_devices: Queue,
}

impl Default for Turns {
    fn default() -> Self {
        // One for both sources: the one whose scans take longer would else go on alone when the other one is through.
        let young = Arc::new(Semaphore::new(YOUNG_SCANS_MAX));
        let scans = || Queue::new(SCANS_MAX, Arc::clone(&young), YOUTH);
        let questions = Arc::new(Semaphore::new(YOUNG_QUESTIONS_MAX));
        let identities = Queue::new(Semaphore::MAX_PERMITS, questions, YOUTH);
        Self { identities, access_tokens: scans(), mfa_devices: scans() }
    }
}

impl Turns {
    pub(super) fn of_identities(&self) -> &Queue {
        &self.identities
    }

    pub(super) fn of(&self, source: Source) -> &Queue {
        match source {
            Source::AccessTokens => &self.access_tokens,
            Source::MfaDevices => &self.mfa_devices,
        }
    }
}

/// Where turns are waited for; first come, first served.
pub(super) struct Queue {
    all: Semaphore,
    /// May be another queue's, too.
    young: Arc<Semaphore>,
    youth: Duration,
}

impl Queue {
    fn new(max: usize, young: Arc<Semaphore>, youth: Duration) -> Self {
        Self { all: Semaphore::new(max), young, youth }
    }

    /// Waits for a turn.
    pub(super) async fn take(&self) -> Turn<'_> {
        let place = self.all.acquire().await.expect("nobody closes the semaphore");
        let young = self.young.acquire().await.expect("nobody closes the semaphore");
        Turn { place, young, youth: self.youth }
    }
}

/// The right to do one thing.
pub(super) struct Turn<'a> {
    place: SemaphorePermit<'a>,
    young: SemaphorePermit<'a>,
    youth: Duration,
}

impl Turn<'_> {
    /// Does `work`, and gives the turn back.
    pub(super) async fn run<T>(self, work: impl Future<Output = T>) -> T {
        let Self { place: _place, young, youth } = self;
        let mut work = pin!(work);
        let done = timeout(youth, &mut work).await;
        drop(young);
        match done {
            Ok(done) => done,
            Err(_) => work.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures::{
        FutureExt,
        future::{join_all, select_all},
    };

    use super::*;

    #[tokio::test]
    async fn few_begin_at_once_and_more_beside_those_that_take_long() {
        let queue = Queue::new(4, Arc::new(Semaphore::new(2)), Duration::from_millis(1));
        let begin = || Some(Box::pin(queue.take().now_or_never()?.run(pending::<()>())));
        let mut wedged: Vec<_> = std::iter::from_fn(begin).collect();
        assert_eq!(wedged.len(), 2);
        while wedged.len() < 4 {
            let turn = tokio::select! {
                turn = queue.take() => turn,
                _ = select_all(&mut wedged) => unreachable!("they are wedged"),
            };
            wedged.push(Box::pin(turn.run(pending())));
        }
        let moment = Duration::from_millis(20);
        assert!(timeout(moment, select_all(&mut wedged)).await.is_err());
        assert!(queue.take().now_or_never().is_none(), "there are no more");
        drop(wedged.pop());
        assert_eq!(queue.take().await.run(async { 7 }).await, 7);
        assert!(queue.take().now_or_never().is_some(), "the turn was given back");
    }

    #[tokio::test]
    async fn a_source_that_answers_nobody_lets_the_scans_of_the_other_one_begin() {
        let young = Arc::new(Semaphore::new(1));
        let [silent, other] = [(); 2].map(|()| Queue::new(2, Arc::clone(&young), Duration::from_millis(1)));
        let wedged = (0..4).map(|_| async { silent.take().await.run(pending::<()>()).await });
        let begun =
            async { timeout(Duration::from_secs(10), other.take()).await.expect("it begins").run(async { 7 }).await };
        tokio::select! {
            biased;
            _ = join_all(wedged) => unreachable!("they are wedged"),
            seven = begun => assert_eq!(seven, 7),
        }
    }
}
