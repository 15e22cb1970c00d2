//! STS: whose key this is, and sessions of roles.

mod assume_role;
mod caller_identity;
mod oidc;
mod parameters;

pub(crate) use assume_role::assume_role;
pub(crate) use caller_identity::get as get_caller_identity;
pub(crate) use oidc::{assume_role_with_oidc, role_owner};

use serde::Serialize;

use crate::account::{AccessKey, Account};
use crate::role::Session;
use crate::timestamp;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AssumedRoleUser {
    arn: String,
    assumed_role_id: String,
}

/// What every issued session is answered as.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SessionKeys {
    access_key_id: String,
    access_key_secret: String,
    security_token: String,
    expiration: String,
}

impl SessionKeys {
    pub(crate) fn of(key: &AccessKey) -> Self {
        Self {
            access_key_id: key.id.clone(),
            access_key_secret: key.secret.clone(),
            security_token: key.security_token.clone().unwrap_or_default(),
            expiration: key.expires_at.map(timestamp::format).unwrap_or_default(),
        }
    }
}

impl AssumedRoleUser {
    fn of(account: &Account, session: &Session) -> Self {
        Self {
            arn: format!("acs:ram::{}:assumed-role/{}/{}", account.id, session.role, session.name),
            assumed_role_id: format!("{}:{}", role_id(account, &session.role), session.name),
        }
    }
}

/// The number that RAM gives a role.
fn role_id(account: &Account, role: &str) -> u64 {
    let place = account.settings.roles.iter().position(|known| known.name == role).unwrap_or_default();
    300_000_000_000_000_001 + place as u64
}
