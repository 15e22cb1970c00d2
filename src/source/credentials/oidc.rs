//! A role that an identity provider's token opens, as in a pod.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::{
    config::DEFAULT_SESSION_NAME,
    source::{
        context::Context,
        sts::{OidcRole, assume_role_with_oidc},
    },
};

use super::{
    Credentials, CredentialsError, Environment,
    profile::{expand_home, read_text},
};

/// What is known of the role; what is absent is in the official variables.
#[derive(Clone, Debug, Default)]
pub(super) struct Oidc {
    pub(super) role_arn: Option<String>,
    pub(super) provider_arn: Option<String>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) session_name: Option<String>,
    pub(super) policy: Option<String>,
}

const ROLE_ARN: &str = "ALIBABA_CLOUD_ROLE_ARN";
const PROVIDER_ARN: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
const TOKEN_FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";

/// Whether the environment names everything that is needed, as the default chain wants it.
pub(super) fn is_set(environment: &Environment) -> bool {
    [ROLE_ARN, PROVIDER_ARN, TOKEN_FILE].iter().all(|name| environment.get(name).is_some())
}

/// A new session, for which the token is read anew: whoever writes it there exchanges it before it ends.
pub(super) async fn load(oidc: &Oidc, context: &Context) -> Result<Credentials, CredentialsError> {
    let environment = &context.environment;
    let known = |value: &Option<String>, variable: &str| {
        let missing = || CredentialsError::VariableMissing { name: variable.to_owned() };
        value.clone().or_else(|| environment.get(variable)).ok_or_else(missing)
    };
    let session_name = oidc.session_name.clone().or_else(|| environment.get("ALIBABA_CLOUD_ROLE_SESSION_NAME"));
    let role = OidcRole {
        role_arn: known(&oidc.role_arn, ROLE_ARN)?,
        provider_arn: known(&oidc.provider_arn, PROVIDER_ARN)?,
        session_name: session_name.unwrap_or_else(|| DEFAULT_SESSION_NAME.to_owned()),
        policy: oidc.policy.clone(),
    };
    let file = match &oidc.token_file {
        Some(file) => file.clone(),
        None => known(&None, TOKEN_FILE)?.into(),
    };
    let file = expand_home(&file, environment);
    let text = SecretString::from(read_text(&file).await?);
    let token = SecretString::from(secrecy::ExposeSecret::expose_secret(&text).trim());
    if secrecy::ExposeSecret::expose_secret(&token).is_empty() {
        return Err(CredentialsError::FieldMissing { origin: format!("`{}`", file.display()), field: "token" });
    }
    let origin = format!("role `{}`, opened by the token in `{}`", role.role_arn, file.display());
    let session = assume_role_with_oidc(context, &role, &token, &origin).await;
    session.map_err(|cause| CredentialsError::RoleNotAssumed { role_arn: role.role_arn, cause: Box::new(cause) })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn error(variables: &[(&str, &str)], oidc: Oidc) -> String {
        let environment = Environment::of_pairs(variables.iter().copied());
        load(&oidc, &Context::of_environment(environment)).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let mut variables = Vec::new();
        for (name, value) in [(ROLE_ARN, "r"), (PROVIDER_ARN, "p"), (TOKEN_FILE, "/nowhere/token")] {
            let missing = error(&variables, Oidc::default()).await;
            assert_eq!(missing, format!("environment variable `{name}` is not set"));
            variables.push((name, value));
        }
        assert!(error(&variables, Oidc::default()).await.starts_with("`/nowhere/token` cannot be read"));
        let empty = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(empty.path(), " \n").unwrap();
        let oidc = Oidc { token_file: Some(empty.path().to_owned()), ..Oidc::default() };
        assert!(error(&variables, oidc).await.ends_with("has no `token`"));
    }
}
