//! STS `AssumeRole` and `AssumeRoleWithOIDC`: a session of a role.

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};

use crate::config::AssumeRole;

use super::{
    AccountClient, Operation, SourceError,
    context::Context,
    credentials::{Credentials, read_session},
    decode::{Malformed, Members},
    redact::Asker,
    retry::Step,
    sign::canonical_query,
};

/// How long a session lasts: what every role allows unless it was told otherwise.
const DURATION_SECONDS: &str = "3600";

/// A role that an identity provider's token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OidcRole {
    pub(super) role_arn: String,
    pub(super) provider_arn: String,
    pub(super) session_name: String,
    pub(super) policy: Option<String>,
}

impl AccountClient {
    /// Asks for a session of `role`, signed with this client's keys.
    ///
    /// # Errors
    /// What was wrong after all retries of the request; see [`SourceError`].
    pub(super) async fn assume_role(&self, role: &AssumeRole) -> Result<Credentials, SourceError> {
        let origin = format!("role `{}`, assumed with {}", role.role_arn, self.key_origin().await?);
        let mut params = session_params(&role.role_arn, &role.session_name, role.policy.as_deref());
        params.extend(role.external_id.clone().map(|id| ("ExternalId".to_owned(), id)));
        let decode = |answer: &Members<'_>| decode(answer, &origin);
        Ok(self.call(Operation::AssumeRole, &params, decode).await?.0)
    }
}

/// Asks for a session of `role` in the name of whoever holds `token`, which travels in the body: URLs are logged.
///
/// # Errors
/// What was wrong after all retries of the request; see [`SourceError`].
pub(super) async fn assume_role_with_oidc(
    context: &Context,
    role: &OidcRole,
    token: &SecretString,
    origin: &str,
) -> Result<Credentials, SourceError> {
    const OPERATION: Operation = Operation::AssumeRoleWithOidc;
    let mut params = session_params(&role.role_arn, &role.session_name, role.policy.as_deref());
    params.push(("OIDCProviderArn".to_owned(), role.provider_arn.clone()));
    params.push(("OIDCToken".to_owned(), token.expose_secret().to_owned()));
    let form = canonical_query(&params);
    let endpoint = context.endpoint(OPERATION);
    let asker = Asker { origin, is_session: false, secrets: vec![token.expose_secret()] };
    let mut skew = chrono::TimeDelta::zero();
    let mut attempts = context.retry.start();
    loop {
        let query = canonical_query(&[
            ("Action".to_owned(), OPERATION.action().to_owned()),
            ("Format".to_owned(), "JSON".to_owned()),
            ("SignatureNonce".to_owned(), uuid::Uuid::new_v4().simple().to_string()),
            ("Timestamp".to_owned(), (context.now() - skew).format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            ("Version".to_owned(), OPERATION.version().to_owned()),
        ]);
        let request = context
            .http
            .to(endpoint)
            .post(endpoint.url(&query))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.clone());
        let error =
            match context.exchange(OPERATION, request, &asker, &|answer: &Members<'_>| decode(answer, origin)).await {
                Ok((session, _)) => return Ok(session),
                Err(error) => error,
            };
        match attempts.after_failure(error.retry()) {
            Step::Wait(delay) => tokio::time::sleep(delay).await,
            Step::CorrectClock => skew = error.refusal().and_then(|refusal| refusal.skew).unwrap_or(skew),
            // There is no session to refresh: this is the way to one.
            Step::RefreshCredentials | Step::GiveUp => return Err(error),
        }
    }
}

fn session_params(role_arn: &str, session_name: &str, policy: Option<&str>) -> Vec<(String, String)> {
    let params = [
        ("DurationSeconds", Some(DURATION_SECONDS)),
        ("Policy", policy),
        ("RoleArn", Some(role_arn)),
        ("RoleSessionName", Some(session_name)),
    ];
    params.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
}

pub(super) fn decode(answer: &Members<'_>, origin: &str) -> Result<Credentials, Malformed> {
    let session = answer.object(&["Credentials"]).ok_or_else(|| Malformed("no Credentials".to_owned()))?;
    read_session(&session, origin)
}

#[cfg(test)]
#[path = "sts_tests.rs"]
mod tests;
