//! One account of the configuration, with its client and its proven id.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::timeout;

use super::claims::Rank;
use crate::{
    config::AccountConfig,
    inventory::Source,
    source::{AccountClient, SourceError},
    store::Trouble,
};

/// One account of the configuration.
pub struct Account {
    config: AccountConfig,
    rank: Rank,
    client: Arc<AccountClient>,
    verified: Mutex<Option<Verified>>,
    /// Held by whoever asks STS.
    asking: tokio::sync::Mutex<()>,
}

/// For so long a scan waits for the answer to another one's question before it asks STS itself: that one may hang.
const ASKING_LIMIT: Duration = Duration::from_secs(1);

/// What STS said of a key.
struct Verified {
    access_key_id: String,
    account_id: String,
}

/// Why an account cannot be scanned under an id.
pub(super) enum IdentityTrouble {
    /// The keys are another account's than they should be: nothing may be written in the name of either.
    Refused(Trouble),
    /// Nobody said whose keys they are.
    Unknown(Trouble),
}

impl IdentityTrouble {
    pub(super) fn into_trouble(self) -> Trouble {
        match self {
            Self::Refused(trouble) | Self::Unknown(trouble) => trouble,
        }
    }
}

impl Account {
    pub(super) fn new(config: AccountConfig, rank: Rank, client: Arc<AccountClient>) -> Self {
        Self { config, rank, client, verified: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// The operator's label.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// The id of the configuration, which STS has not confirmed yet.
    pub fn configured_id(&self) -> Option<&str> {
        self.config.id.as_deref()
    }

    /// Where it stands among the accounts of the configuration.
    pub(super) fn rank(&self) -> Rank {
        self.rank
    }

    /// The sources that are kept of it.
    pub fn sources(&self) -> &[Source] {
        &self.config.sources
    }

    /// Calls the APIs as this account.
    pub fn client(&self) -> &Arc<AccountClient> {
        &self.client
    }

    /// The id of the configuration, or else the one that STS stated last.
    pub(super) fn known_id(&self) -> Option<String> {
        let verified = self.verified.lock().expect("no code panics while it holds what is verified");
        self.config.id.clone().or_else(|| verified.as_ref().map(|verified| verified.account_id.clone()))
    }

    /// Whether `wanted` is its label or its id.
    pub fn answers_to(&self, wanted: &str) -> bool {
        self.config.name == wanted || self.config.id.as_deref() == Some(wanted)
    }

    /// The id that STS states for the keys, asked once a key; it must be the configured one where there is one.
    ///
    /// The keys may be exchanged while the worker runs, so this is asked before and after a scan.
    pub(super) async fn verify_id(&self) -> Result<String, IdentityTrouble> {
        let unknown = |cause: String, error: &SourceError| {
            IdentityTrouble::Unknown(Trouble { code: error.code(), cause, mend: error.mend() })
        };
        let access_key_id = self.client.access_key_id().await.map_err(|error| unknown(error.to_string(), &error))?;
        if let Some(account_id) = self.verified_id(&access_key_id) {
            return Ok(account_id);
        }
        let _asking = timeout(ASKING_LIMIT, self.asking.lock()).await.ok();
        if let Some(account_id) = self.verified_id(&access_key_id) {
            return Ok(account_id);
        }
        let account_id = self
            .client
            .caller_identity()
            .await
            .map_err(|error| unknown(format!("STS could not say whose keys these are: {error}"), &error))?
            .account_id;
        if let Some(configured) = self.config.id.as_ref().filter(|configured| **configured != account_id) {
            return Err(IdentityTrouble::Refused(mismatch(configured, &account_id)));
        }
        let verified = Verified { access_key_id, account_id: account_id.clone() };
        *self.verified.lock().expect("no code panics while it holds what is verified") = Some(verified);
        Ok(account_id)
    }

    /// What STS said of this key before.
    fn verified_id(&self, access_key_id: &str) -> Option<String> {
        let verified = self.verified.lock().expect("no code panics while it holds what is verified");
        verified.as_ref().filter(|known| known.access_key_id == access_key_id).map(|known| known.account_id.clone())
    }
}

fn mismatch(configured: &str, actual: &str) -> Trouble {
    Trouble {
        code: "account_mismatch".into(),
        cause: format!("the configuration says account {configured}, but the keys belong to {actual}"),
        mend: "correct account.id or account.credentials; nothing was changed".into(),
    }
}
