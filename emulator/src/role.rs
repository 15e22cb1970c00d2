//! Roles of an account, and the sessions that are issued of them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use rand::distr::{Alphanumeric, SampleString};
use rand_chacha::ChaCha8Rng;

use crate::account::{AccessKey, Account};
use crate::policy::Policy;

/// A session that has ended must still be told from one that never was, but not by the thousand.
const MAX_SESSIONS: usize = 1000;

/// A RAM role: who may assume it, and what a session of it may do.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its name, the end of its ARN.
    pub name: String,
    /// The accounts whose keys may assume it.
    pub trusted_accounts: BTreeSet<String>,
    /// What `ExternalId` must say, if its trust policy has the condition.
    pub external_id: Option<String>,
    /// The identity providers, by ARN, whose tokens open it.
    pub trusted_providers: BTreeSet<String>,
    /// Whether an ECS instance may have it.
    pub trusts_ecs: bool,
    /// The longest session it allows.
    pub max_session: TimeDelta,
    /// Actions that are answered with 403 `NoPermission` to its sessions.
    pub denied_actions: BTreeSet<String>,
}

/// What a session key is a session of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The role's name.
    pub role: String,
    /// What who assumed it called the session.
    pub name: String,
    /// What the session is narrowed to.
    pub(crate) policy: Option<Policy>,
}

impl Role {
    /// A role that nobody may assume yet, for an hour at most.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            trusted_accounts: BTreeSet::new(),
            external_id: None,
            trusted_providers: BTreeSet::new(),
            trusts_ecs: false,
            max_session: TimeDelta::hours(1),
            denied_actions: BTreeSet::new(),
        }
    }

    /// Lets the keys of this account assume it.
    pub fn trusting_account(mut self, account: impl Into<String>) -> Self {
        self.trusted_accounts.insert(account.into());
        self
    }

    /// Asks for this external id.
    pub fn external_id(mut self, external_id: impl Into<String>) -> Self {
        self.external_id = Some(external_id.into());
        self
    }

    /// Lets the tokens of this provider open it.
    pub fn trusting_provider(mut self, arn: impl Into<String>) -> Self {
        self.trusted_providers.insert(arn.into());
        self
    }

    /// Lets an ECS instance have it.
    pub fn trusting_ecs(mut self) -> Self {
        self.trusts_ecs = true;
        self
    }

    /// Denies an action to its sessions.
    pub fn deny(mut self, action: impl Into<String>) -> Self {
        self.denied_actions.insert(action.into());
        self
    }
}

impl Account {
    /// The role of this name; RAM does not tell capitals apart.
    pub(crate) fn role(&self, name: &str) -> Option<&Role> {
        self.settings.roles.iter().find(|role| role.name.eq_ignore_ascii_case(name))
    }

    /// A new key that signs for this account until `expires_at`.
    pub(crate) fn issue(&mut self, session: Session, expires_at: DateTime<Utc>, rng: &mut ChaCha8Rng) -> AccessKey {
        let length = 40 + rng.random_range(0..40);
        let mut random = |length| Alphanumeric.sample_string(rng, length);
        let id = format!("STS.N{}", random(23));
        let secret = random(44);
        // Real tokens are Base64, whose other characters are the ones that get lost in URLs.
        let token = format!("CAIS{}+{}/{}==", random(40), random(40), random(length));
        let key = AccessKey {
            session: Some(session),
            ..AccessKey::new(id, secret).with_token(token).expiring_at(expires_at)
        };
        let keys = &mut self.settings.keys;
        if keys.iter().filter(|key| key.session.is_some()).count() >= MAX_SESSIONS
            && let Some(oldest) = keys.iter().position(|key| key.session.is_some())
        {
            keys.remove(oldest);
        }
        keys.push(key.clone());
        key
    }
}
