//! The official SDKs' default chain, in their order: environment, OIDC, CLI profile, ini profile, ECS role, URI.
//!
//! As in the SDKs, a place that fails for whatever reason makes way for the next, and the first that has
//! credentials is asked alone from then on: a passing fault must not lead to other keys. What was wrong with each
//! is told only when none is left.

use std::sync::OnceLock;

use crate::source::context::Context;

use super::{
    Credentials, CredentialsError, Environment, ecs_role, env,
    oidc::{self, Oidc},
    profile, uri,
};

/// The place that had credentials, once there was one.
pub(super) type Settled = OnceLock<Link>;

const URI: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";

/// A place of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Env,
    Oidc,
    CliProfile,
    IniProfile,
    EcsRole,
    Uri,
}

/// The credentials of the settled place, or of the first in the chain that has any.
pub(super) async fn load(settled: &Settled, context: &Context) -> Result<Credentials, CredentialsError> {
    if let Some(link) = settled.get() {
        return link.load(context).await;
    }
    let mut tried = Vec::new();
    for link in Link::ALL.into_iter().filter(|link| link.is_asked(&context.environment)) {
        match link.load(context).await {
            Ok(credentials) => {
                // Of two callers that settle at once, the first has it: both found this place.
                let _ = settled.set(link);
                return Ok(credentials);
            }
            Err(error) => tried.push(error),
        }
    }
    Err(CredentialsError::NothingFound { tried })
}

impl Link {
    const ALL: [Self; 6] = [Self::Env, Self::Oidc, Self::CliProfile, Self::IniProfile, Self::EcsRole, Self::Uri];

    fn is_asked(self, environment: &Environment) -> bool {
        match self {
            Self::Env | Self::IniProfile => true,
            Self::Oidc => oidc::is_set(environment),
            Self::CliProfile => !environment.is_true("ALIBABA_CLOUD_CLI_PROFILE_DISABLED"),
            Self::EcsRole => !environment.is_true("ALIBABA_CLOUD_ECS_METADATA_DISABLED"),
            Self::Uri => environment.get(URI).is_some(),
        }
    }

    async fn load(self, context: &Context) -> Result<Credentials, CredentialsError> {
        let environment = &context.environment;
        let name = environment.get("ALIBABA_CLOUD_PROFILE");
        match self {
            Self::Env => env::load(
                environment,
                "ALIBABA_CLOUD_ACCESS_KEY_ID",
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
                Some("ALIBABA_CLOUD_SECURITY_TOKEN"),
            ),
            Self::Oidc => oidc::load(&Oidc::default(), context).await,
            Self::CliProfile => profile::find_cli(name.as_deref(), context).await?.load().await,
            Self::IniProfile => profile::find_ini(name.as_deref(), context).await?.load().await,
            Self::EcsRole => ecs_role::load(None, context).await,
            Self::Uri => uri::load(&environment.get(URI).unwrap_or_default(), context).await,
        }
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
