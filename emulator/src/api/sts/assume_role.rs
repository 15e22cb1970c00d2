//! STS `AssumeRole`: a session of a role for whoever its trust policy admits.

use chrono::{DateTime, Utc};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::parameters::{SessionParameters, invalid};
use super::{AssumedRoleUser, SessionKeys};
use crate::account::Account;
use crate::api::ApiError;
use crate::request::GatewayRequest;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    request_id: &'a str,
    assumed_role_user: AssumedRoleUser,
    credentials: SessionKeys,
}

/// Answers a request that a key of account `caller` has signed.
pub(crate) fn assume_role(
    accounts: &mut [Account],
    caller: &str,
    request: &GatewayRequest,
    now: DateTime<Utc>,
    request_id: &str,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<u8>, ApiError> {
    let parameters = SessionParameters::read(request)?;
    let external_id = request.parameter("ExternalId");
    if external_id.is_some_and(|id| !(2..=1224).contains(&id.chars().count())) {
        return Err(invalid("ExternalId", "The parameter ExternalId is wrongly formed."));
    }
    let mut account = accounts.iter_mut().find(|account| account.id == parameters.account);
    let role = parameters.role(account.as_deref())?;
    let is_admitted = role.trusted_accounts.contains(caller)
        && role.external_id.as_deref().is_none_or(|expected| external_id == Some(expected));
    if !is_admitted {
        return Err(ApiError::no_permission("sts:AssumeRole", caller, "stocktake"));
    }
    let (session, duration) = parameters.session_of(role)?;
    let account = account.as_mut().expect("a role was found in it");
    let assumed_role_user = AssumedRoleUser::of(account, &session);
    let key = account.issue(session, now + duration, rng);
    let answer = Answer { request_id, assumed_role_user, credentials: SessionKeys::of(&key) };
    Ok(serde_json::to_vec(&answer).expect("a struct of strings is always JSON"))
}
