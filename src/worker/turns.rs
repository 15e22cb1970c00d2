//! Whose turn it is: how many scans run at once.

use tokio::sync::Semaphore;

use crate::inventory::Source;

/// Scans of one source that run at once; more wait their turn.
///
/// Each holds a database connection while it reads, for its lock, and a server allows 100 as it comes.
const SCANS_OF_A_SOURCE: usize = 24;

/// The turns of each source: an API that answers nobody must not keep the scans of the other one waiting.
pub(super) struct Turns {
    access_tokens: Semaphore,
    mfa_devices: Semaphore,
}

impl Default for Turns {
    fn default() -> Self {
        let turns = || Semaphore::new(SCANS_OF_A_SOURCE);
        Self { access_tokens: turns(), mfa_devices: turns() }
    }
}

impl Turns {
    pub(super) fn of(&self, source: Source) -> &Semaphore {
        match source {
            Source::AccessTokens => &self.access_tokens,
            Source::MfaDevices => &self.mfa_devices,
        }
    }
}
