//! One account of the configuration, with its client and its proven id.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::{
    clock::Clock,
    config::{AccountConfig, ApiConfig},
    inventory::Source,
    source::{AccountClient, Environment, HttpClient, SourceError},
    store::Trouble,
};

/// One account of the configuration.
pub struct Account {
    config: AccountConfig,
    client: AccountClient,
    verified: Mutex<Option<Verified>>,
}

/// What STS said of a key.
#[derive(Clone)]
struct Verified {
    access_key_id: String,
    account_id: String,
}

/// Why it is not certain whose keys an account has.
pub(super) enum IdentityTrouble {
    /// The keys belong to another account: nothing may be written in the configured one's name.
    Mismatch(Trouble),
    /// STS gave no answer.
    Unknown(Trouble),
}

impl IdentityTrouble {
    pub(super) fn into_trouble(self) -> Trouble {
        match self {
            Self::Mismatch(trouble) | Self::Unknown(trouble) => trouble,
        }
    }
}

impl Account {
    pub(super) fn new(
        config: &AccountConfig,
        api: &ApiConfig,
        http: HttpClient,
        environment: Environment,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SourceError> {
        Ok(Self {
            client: AccountClient::new(http, api, &config.credentials, environment, clock)?,
            config: config.clone(),
            verified: Mutex::default(),
        })
    }

    /// The operator's label.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// The id of the configuration, which STS has not confirmed yet.
    pub fn configured_id(&self) -> Option<&str> {
        self.config.id.as_deref()
    }

    /// The sources that are kept of it.
    pub fn sources(&self) -> &[Source] {
        &self.config.sources
    }

    /// Calls the APIs as this account.
    pub fn client(&self) -> &AccountClient {
        &self.client
    }

    /// Whether `wanted` is its label or its id.
    pub fn answers_to(&self, wanted: &str) -> bool {
        self.config.name == wanted || self.config.id.as_deref() == Some(wanted)
    }

    /// The id that STS states for the keys, asked once a key; it must be the configured one where there is one.
    ///
    /// The keys may be exchanged while the worker runs, so this is asked before and after a scan.
    pub(super) async fn verify_id(&self) -> Result<String, IdentityTrouble> {
        let unknown = |error: SourceError| {
            IdentityTrouble::Unknown(Trouble {
                code: error.code(),
                cause: format!("STS could not say whose keys these are: {error}"),
                mend: error.mend(),
            })
        };
        let mut verified = self.verified.lock().await;
        let access_key_id = self.client.access_key_id().await.map_err(unknown)?;
        if let Some(known) = verified.as_ref().filter(|known| known.access_key_id == access_key_id) {
            return Ok(known.account_id.clone());
        }
        let account_id = self.client.caller_identity().await.map_err(unknown)?.account_id;
        if let Some(configured) = self.config.id.as_ref().filter(|configured| **configured != account_id) {
            return Err(IdentityTrouble::Mismatch(mismatch(configured, &account_id)));
        }
        *verified = Some(Verified { access_key_id, account_id: account_id.clone() });
        Ok(account_id)
    }
}

fn mismatch(configured: &str, actual: &str) -> Trouble {
    Trouble {
        code: "account_mismatch".into(),
        cause: format!("the configuration says account {configured}, but the keys belong to {actual}"),
        mend: "correct account.id or account.credentials; nothing was changed".into(),
    }
}
