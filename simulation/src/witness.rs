//! Sees every request as the emulator answers it, and gives a signal at the one it was told to wait for.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use emulator::{Fault, RequestView};
use stocktake::inventory::Source;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{time::At, truth::World};

/// How long the answer waits for whoever is told: a scan that has its last answer is applied before anybody can cut in.
const HEAD_START: Duration = Duration::from_millis(20);

/// One request, at the true instant of its answer.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) at: At,
    pub(crate) source: Option<Source>,
    /// The codes that it looks up.
    pub(crate) ids: Vec<String>,
    /// True for a listing from its beginning.
    pub(crate) is_first: bool,
}

/// What a request sets off while it is answered.
#[derive(Clone, Debug)]
pub(crate) enum Signal {
    Stop(CancellationToken),
    Tell(Arc<Notify>),
}

/// The requests of the scan that runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Witness(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    asked: Vec<Asked>,
    signal: Option<(usize, Signal)>,
}

impl Witness {
    /// A fault that sees everything, and strikes only who gives the signal; to be added before any other.
    pub(crate) fn fault(&self, world: &Arc<World>) -> Fault {
        let (witness, world) = (self.clone(), Arc::clone(world));
        Fault::delay(HEAD_START).always().when(move |request| witness.see(request, world.time.now()))
    }

    /// Forgets the requests; the one after `request_count` more gives the signal.
    pub(crate) fn begin(&self, signal: Option<(usize, Signal)>) {
        *self.lock() = Seen { asked: Vec::new(), signal };
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    /// True where it tells somebody.
    fn see(&self, request: &RequestView<'_>, at: At) -> bool {
        let mut seen = self.lock();
        let source = match request.action {
            emulator::LIST_ACCESS_TOKENS => Some(Source::AccessTokens),
            emulator::LIST_VIRTUAL_MFA_DEVICES => Some(Source::MfaDevices),
            _ => None,
        };
        let looked_up = request.query.iter().filter(|(name, _)| name.starts_with("AccessTokenId."));
        let ids = looked_up.map(|(_, id)| id.clone()).collect();
        seen.asked.push(Asked { at, source, ids, is_first: request.parameter("Marker").is_none() });
        if seen.signal.as_ref().is_some_and(|(after, _)| seen.asked.len() > *after) {
            match seen.signal.take() {
                Some((_, Signal::Stop(stop))) => stop.cancel(),
                Some((_, Signal::Tell(notify))) => {
                    notify.notify_one();
                    return true;
                }
                None => {}
            }
        }
        false
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().expect("no code panics while it holds the witness")
    }
}
