//! One emulated account: who may call, what they may do, and what it owns.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};

use crate::api::{CodeOrder, Paging};
use crate::inventory::Inventory;
use crate::lifecycle::{Lifecycle, LifecycleRates};
use crate::role::{Role, Session};

/// A pair of keys, with a token if it came from STS.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// What `Credential=` names: `LTAI…`, or `STS.…` with a token.
    pub id: String,
    /// What requests are signed with.
    pub secret: String,
    /// The token a request must carry in `x-acs-security-token`, and sign.
    pub security_token: Option<String>,
    /// After this instant of the emulated clock the token is expired.
    pub expires_at: Option<DateTime<Utc>>,
    /// A disabled key answers `InvalidAccessKeyId.Inactive`.
    pub active: bool,
    /// What it is a session of, if STS issued it here.
    pub session: Option<Session>,
}

impl AccessKey {
    /// An active long-lived key.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            security_token: None,
            expires_at: None,
            active: true,
            session: None,
        }
    }

    /// An STS key: requests must carry this token.
    pub fn with_token(mut self, security_token: impl Into<String>) -> Self {
        self.security_token = Some(security_token.into());
        self
    }

    /// The token ends at this instant of the emulated clock.
    pub fn expiring_at(mut self, at: DateTime<Utc>) -> Self {
        self.expires_at = Some(at);
        self
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey")
            .field("id", &self.id)
            .field("has_token", &self.security_token.is_some())
            .field("expires_at", &self.expires_at)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// An account of a resource directory, as its management account sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The numeric id.
    pub account_id: String,
    /// What the directory calls it.
    pub display_name: String,
    /// `CreateSuccess`, `InviteSuccess`, `PromoteVerifying` …
    pub status: String,
}

impl Member {
    /// A member that was created in the directory.
    pub fn new(account_id: impl Into<String>, display_name: impl Into<String>) -> Self {
        Self { account_id: account_id.into(), display_name: display_name.into(), status: "CreateSuccess".to_owned() }
    }
}

/// What a test may change about an account while the emulator runs.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// The keys that sign for this account.
    pub keys: Vec<AccessKey>,
    /// The roles that can be assumed in this account.
    pub roles: Vec<Role>,
    /// The members of its resource directory, if it is the management account of one.
    pub directory: Option<Vec<Member>>,
    /// The tokens that each identity provider, by its ARN, has issued and that have not ended.
    pub oidc_tokens: BTreeMap<String, BTreeSet<String>>,
    /// Actions (`ListAccessTokens`, …) that are answered with 403 `NoPermission`.
    pub denied_actions: BTreeSet<String>,
    /// How `ListAccessTokens` treats `PageNumber` and `PageSize`, which no document mentions as parameters.
    pub paging: Paging,
    /// In which order `ListAccessTokens` lists, which no document mentions either.
    pub code_order: CodeOrder,
    /// The most items on a page of either listing, below what the APIs themselves allow.
    pub page_limit: usize,
    /// What every `Marker` begins with: it is opaque, so anything may be in it.
    pub marker_prefix: String,
    /// Whether the echoed `PageSize` and `PageNumber` change places, as they do in the documented sample.
    pub swapped_echo: bool,
    /// How much happens in the account while time passes.
    pub rates: LifecycleRates,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            roles: Vec::new(),
            directory: None,
            oidc_tokens: BTreeMap::new(),
            denied_actions: BTreeSet::new(),
            paging: Paging::Honoured,
            code_order: CodeOrder::NewestFirst,
            page_limit: usize::MAX,
            // Looks like base64 with two of the characters that a URL must escape: a client that forgets to is found out.
            marker_prefix: "AAAA+/".to_owned(),
            swapped_echo: true,
            rates: LifecycleRates::off(),
        }
    }
}

/// An account inside the running emulator.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) settings: AccountSettings,
    pub(crate) inventory: Inventory,
    pub(crate) lifecycle: Lifecycle,
}

impl Account {
    pub(crate) fn key(&self, key_id: &str) -> Option<&AccessKey> {
        self.settings.keys.iter().find(|key| key.id == key_id)
    }

    /// Lets everything happen that is due by `now`.
    pub(crate) fn live_until(&mut self, now: DateTime<Utc>) {
        self.lifecycle.live_until(&self.id, &self.settings.rates, &mut self.inventory, now);
    }
}
