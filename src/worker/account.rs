//! One account of the configuration, with its client and its proven id.

use std::sync::Arc;

use tokio::sync::OnceCell;

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
    verified_id: OnceCell<String>,
}

/// Why it is not certain whose keys an account has.
pub(super) enum IdentityTrouble {
    /// The keys belong to another account: nothing may be written in the configured one's name.
    Mismatch(Trouble),
    /// STS gave no answer.
    Unknown(Trouble),
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
            verified_id: OnceCell::new(),
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
        self.config.name == wanted
            || self.config.id.as_deref() == Some(wanted)
            || self.verified_id.get().is_some_and(|id| id == wanted)
    }

    /// The id that STS states for the keys, asked once; it must be the configured one where there is one.
    pub(super) async fn verify_id(&self) -> Result<&str, IdentityTrouble> {
        let id = self
            .verified_id
            .get_or_try_init(|| async {
                let identity = self.client.caller_identity().await.map_err(|error| {
                    IdentityTrouble::Unknown(Trouble {
                        code: error.code(),
                        cause: format!("STS could not say whose keys these are: {error}"),
                        mend: error.mend(),
                    })
                })?;
                match &self.config.id {
                    Some(configured) if *configured != identity.account_id => {
                        Err(IdentityTrouble::Mismatch(mismatch(configured, &identity.account_id)))
                    }
                    _ => Ok(identity.account_id),
                }
            })
            .await?;
        Ok(id)
    }
}

fn mismatch(configured: &str, actual: &str) -> Trouble {
    Trouble {
        code: "account_mismatch".into(),
        cause: format!("the configuration says account {configured}, but the keys belong to {actual}"),
        mend: "correct account.id or account.credentials; nothing was changed".into(),
    }
}
