//! A worker that is sent away to work in a task of its own, and comes back with what came of it.

use crate::task::Task;

/// A worker `W`, at hand or away; its work ends in an `R`.
pub(super) struct Aside<W, R> {
    at_hand: Option<W>,
    away: Option<Task<(W, R)>>,
}

impl<W: Send + 'static, R: Send + 'static> Aside<W, R> {
    pub(super) fn new(worker: W) -> Self {
        Self { at_hand: Some(worker), away: None }
    }

    /// Sends the worker away. It must be at hand.
    pub(super) fn send<F: Future<Output = (W, R)> + Send + 'static>(&mut self, work: impl FnOnce(W) -> F) {
        let worker = self.at_hand.take().expect("whoever sends it away has waited for it");
        self.away = Some(Task::spawn(work(worker)));
    }

    /// Whether nothing has to be waited for.
    pub(super) fn is_back(&self) -> bool {
        self.away.as_ref().is_none_or(Task::is_done)
    }

    /// Waits until the worker is at hand; returns what came of its work, if it was away.
    pub(super) async fn come_back(&mut self) -> Option<R> {
        let (worker, result) = self.away.as_mut()?.join().await;
        self.away = None;
        self.at_hand = Some(worker);
        Some(result)
    }

    /// The worker. It must be at hand.
    pub(super) fn worker(&mut self) -> &mut W {
        self.at_hand.as_mut().expect("whoever asks for it has waited for it")
    }

    /// Waits for the worker and gives it up, with what came of its work, if it was away.
    pub(super) async fn into_worker(mut self) -> (W, Option<R>) {
        let result = self.come_back().await;
        (self.at_hand.expect("it came back just now"), result)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_worker_comes_back_with_what_came_of_its_work() {
        let (end, ended) = oneshot::channel();
        let mut aside = Aside::new(vec![1]);
        assert!(aside.is_back() && aside.come_back().await.is_none());
        aside.send(|mut worker: Vec<i32>| async move {
            worker.push(ended.await.unwrap());
            (worker, "done")
        });
        assert!(!aside.is_back());
        end.send(2).unwrap();
        assert_eq!(aside.come_back().await, Some("done"));
        assert_eq!(*aside.worker(), [1, 2]);
        assert!(aside.is_back());
        aside.send(|worker| async { (worker, "again") });
        assert_eq!(aside.into_worker().await, (vec![1, 2], Some("again")));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_ends() {
        let (alive, gone) = oneshot::channel::<()>();
        let mut aside = Aside::<_, ()>::new(alive);
        aside.send(|worker| async {
            std::future::pending::<()>().await;
            (worker, ())
        });
        drop(aside);
        assert!(gone.await.is_err());
    }
}
