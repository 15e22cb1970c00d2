//! The gate before every operation: key, date, token, signature, nonce, permission, in this order.

mod nonces;
mod signature;

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use nonces::Nonces;
pub(crate) use signature::Authorization;

use crate::account::{AccessKey, Account};
use crate::api::{ApiError, Operation};
use crate::request::GatewayRequest;
use crate::timestamp;

/// How far a request's date may be from the gateway's clock.
const MAX_SKEW: TimeDelta = TimeDelta::minutes(15);

/// What every request must carry, and sign.
const REQUIRED_HEADERS: &[&str] =
    &["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"];

/// Reads the `Authorization` header.
pub(crate) fn authorization(request: &GatewayRequest) -> Result<Authorization, ApiError> {
    let header = request.header("authorization").unwrap_or_default();
    Authorization::parse(&header).ok_or_else(|| {
        ApiError::new(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
    })
}

/// Proves that the account's key signed this request, now, and for the first time.
pub(crate) fn authenticate(
    request: &GatewayRequest,
    authorization: &Authorization,
    key: &AccessKey,
    nonces: &mut Nonces,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    if !key.active {
        return Err(ApiError::new(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."));
    }
    check_signed_headers(request, authorization)?;
    check_date(request, now)?;
    check_token(request, key, now)?;
    check_signature(request, authorization, key)?;
    if nonces.use_once(&request.header("x-acs-signature-nonce").unwrap_or_default(), now) {
        Ok(())
    } else {
        let message = "Specified signature nonce was used already.";
        Err(ApiError::new(400, "SignatureNonceUsed", message))
    }
}

/// Refuses what the account, the session's role or the session's own policy denies.
pub(crate) fn authorize(account: &Account, operation: Operation, key: &AccessKey) -> Result<(), ApiError> {
    let action = operation.action();
    let role = key.session.as_ref().and_then(|session| account.role(&session.role));
    let policy = key.session.as_ref().and_then(|session| session.policy.as_ref());
    // Whose key it is may be asked with any key.
    let is_narrowed_away = operation != Operation::GetCallerIdentity
        && policy.is_some_and(|policy| !policy.permits(operation.ram_action()));
    let is_denied = account.settings.denied_actions.contains(action)
        || role.is_some_and(|role| role.denied_actions.contains(action));
    if is_denied || is_narrowed_away {
        Err(ApiError::no_permission(operation.ram_action(), &account.id, &key.id))
    } else {
        Ok(())
    }
}

fn check_signed_headers(request: &GatewayRequest, authorization: &Authorization) -> Result<(), ApiError> {
    let incomplete = |message: String| Err(ApiError::new(400, "IncompleteSignature", &message));
    let is_signed = |name: &str| authorization.signed_headers.iter().any(|signed| signed == name);
    for &name in REQUIRED_HEADERS {
        if request.header(name).is_none() {
            return incomplete(format!("The header {name} is mandatory for this action."));
        }
        if !is_signed(name) {
            return incomplete(format!("The header {name} must be signed."));
        }
    }
    let must_be_signed = |name: &&str| name.starts_with("x-acs-") || *name == "content-type";
    let mut present = request.headers.keys().map(axum::http::HeaderName::as_str).filter(must_be_signed);
    match present.find(|name| !is_signed(name)) {
        Some(name) => incomplete(format!("The header {name} must be signed.")),
        None => Ok(()),
    }
}

fn check_date(request: &GatewayRequest, now: DateTime<Utc>) -> Result<(), ApiError> {
    let header = request.header("x-acs-date").unwrap_or_default();
    let Some(date) = timestamp::parse(&header) else {
        let message = "Specified time stamp or date value is not well formatted.";
        return Err(ApiError::new(400, "InvalidTimeStamp.Format", message));
    };
    if (now - date).abs() > MAX_SKEW {
        let message = "Specified time stamp or date value is expired.";
        return Err(ApiError::new(400, "InvalidTimeStamp.Expired", message));
    }
    Ok(())
}

fn check_token(request: &GatewayRequest, key: &AccessKey, now: DateTime<Utc>) -> Result<(), ApiError> {
    let sent = request.header("x-acs-security-token");
    match (&key.security_token, sent) {
        (None, None) => Ok(()),
        (Some(_), None) => {
            let message = "SecurityToken is mandatory for this action.";
            Err(ApiError::new(400, "MissingSecurityToken", message))
        }
        (Some(expected), Some(sent)) if *expected == sent => {
            if key.expires_at.is_some_and(|at| at <= now) {
                let message = "Specified SecurityToken is expired.";
                Err(ApiError::new(400, "InvalidSecurityToken.Expired", message))
            } else {
                Ok(())
            }
        }
        (_, Some(_)) => {
            let message = "Specified SecurityToken mismatch with the AccessKey.";
            Err(ApiError::new(400, "InvalidSecurityToken.MismatchWithAccessKey", message))
        }
    }
}

/// The message ends in what the server signed, like the real one: clients must not print it.
fn check_signature(request: &GatewayRequest, authorization: &Authorization, key: &AccessKey) -> Result<(), ApiError> {
    let body_hash = signature::sha256_hex(&request.body);
    let canonical = signature::canonical_request(request, &authorization.signed_headers, &body_hash);
    let string_to_sign = signature::string_to_sign(&canonical);
    let matches = signature::sign(&key.secret, &string_to_sign) == authorization.signature;
    let body_is_signed = request.header("x-acs-content-sha256").is_some_and(|hash| hash == body_hash);
    if matches && body_is_signed {
        return Ok(());
    }
    let message = format!(
        "Specified signature is not matched with our calculation. \
         server string to sign is:{string_to_sign}\n{canonical}\nCredential={}",
        key.id
    );
    Err(ApiError::new(400, "SignatureDoesNotMatch", &message))
}

#[cfg(test)]
mod tests;
