//! STS `AssumeRoleWithOIDC`: a session of a role for whoever holds an identity provider's token; nobody signs.

use chrono::{DateTime, Utc};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::parameters::SessionParameters;
use super::{AssumedRoleUser, SessionKeys};
use crate::account::Account;
use crate::api::ApiError;
use crate::request::GatewayRequest;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    request_id: &'a str,
    #[serde(rename = "OIDCTokenInfo")]
    oidc_token_info: TokenInfo,
    assumed_role_user: AssumedRoleUser,
    credentials: SessionKeys,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TokenInfo {
    subject: &'static str,
    issuer: &'static str,
    client_ids: &'static str,
}

/// The account whose role a request asks for, if it names one.
pub(crate) fn role_owner(accounts: &[Account], request: &GatewayRequest) -> Option<usize> {
    let wanted = SessionParameters::read(request).ok()?.account;
    accounts.iter().position(|account| account.id == wanted)
}

/// Answers a request that must carry no signature.
pub(crate) fn assume_role_with_oidc(
    accounts: &mut [Account],
    request: &GatewayRequest,
    now: DateTime<Utc>,
    request_id: &str,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<u8>, ApiError> {
    let is_signed = request.header("authorization").is_some()
        || ["Signature", "AccessKeyId"].iter().any(|name| request.parameter(name).is_some());
    if is_signed {
        return Err(ApiError::new(400, "InvalidParameter", "This operation is anonymous and must not be signed."));
    }
    let parameters = SessionParameters::read(request)?;
    let (provider, token) = (parameter(request, "OIDCProviderArn")?, parameter(request, "OIDCToken")?);
    let mut account = accounts.iter_mut().find(|account| account.id == parameters.account);
    let role = parameters.role(account.as_deref())?;
    let tokens = account.as_deref().and_then(|account| account.settings.oidc_tokens.get(provider));
    if !tokens.is_some_and(|tokens| tokens.contains(token)) {
        // The message repeats the token, as a careless server may: clients must not print it.
        let message = format!("The specified OIDC token is invalid or expired: {token}");
        return Err(ApiError::new(400, "AuthenticationFail.OIDCToken.Invalid", &message));
    }
    if !role.trusted_providers.contains(provider) {
        let message = "This operation is not authorized by the role's trust policy.";
        return Err(ApiError::new(403, "AuthenticationFail.NoPermission", message));
    }
    let (session, duration) = parameters.session_of(role)?;
    let account = account.as_mut().expect("a role was found in it");
    let assumed_role_user = AssumedRoleUser::of(account, &session);
    let key = account.issue(session, now + duration, rng);
    let oidc_token_info = TokenInfo { subject: "emulated", issuer: "https://issuer.example", client_ids: "sts" };
    let answer = Answer { request_id, oidc_token_info, assumed_role_user, credentials: SessionKeys::of(&key) };
    Ok(serde_json::to_vec(&answer).expect("a struct of strings is always JSON"))
}

fn parameter<'a>(request: &'a GatewayRequest, name: &str) -> Result<&'a str, ApiError> {
    request.parameter(name).filter(|value| !value.is_empty()).ok_or_else(|| ApiError::invalid_parameter(name))
}
