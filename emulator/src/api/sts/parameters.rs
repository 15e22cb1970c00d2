//! What both ways to assume a role ask of their parameters.

use chrono::TimeDelta;

use crate::account::Account;
use crate::api::ApiError;
use crate::policy::Policy;
use crate::request::GatewayRequest;
use crate::role::{Role, Session};

/// The parameters of a session, each in the form that STS asks for.
pub(super) struct SessionParameters {
    pub(super) account: String,
    role: String,
    session_name: String,
    policy: Option<Policy>,
    duration: TimeDelta,
}

impl SessionParameters {
    pub(super) fn read(request: &GatewayRequest) -> Result<Self, ApiError> {
        let parameter = |name| request.parameter(name).filter(|value| !value.is_empty());
        let (account, role) = parameter("RoleArn")
            .and_then(read_role_arn)
            .ok_or_else(|| invalid("RoleArn", "The parameter RoleArn is wrongly formed."))?;
        let session_name = parameter("RoleSessionName")
            .filter(|name| is_session_name(name))
            .ok_or_else(|| invalid("RoleSessionName", "The parameter RoleSessionName is wrongly formed."))?;
        let policy = match parameter("Policy") {
            Some(text) if text.chars().count() > 2048 => {
                return Err(invalid("PolicySize", "The size of Policy must be smaller than 2048 bytes."));
            }
            Some(text) => Some(
                Policy::parse(text)
                    .ok_or_else(|| invalid("PolicyGrammar", "The parameter Policy has not passed grammar check."))?,
            ),
            None => None,
        };
        let seconds = parameter("DurationSeconds").unwrap_or("3600").parse();
        let duration = seconds.ok().filter(|seconds| *seconds >= 900).map(TimeDelta::seconds);
        Ok(Self {
            account: account.to_owned(),
            role: role.to_owned(),
            session_name: session_name.to_owned(),
            policy,
            duration: duration.ok_or_else(too_long_or_short)?,
        })
    }

    /// The role, if the account has it.
    pub(super) fn role<'a>(&self, account: Option<&'a Account>) -> Result<&'a Role, ApiError> {
        account.and_then(|account| account.role(&self.role)).ok_or_else(|| {
            let arn = format!("acs:ram::{}:role/{}", self.account, self.role);
            ApiError::new(404, "EntityNotExist.Role", &format!("The role not exists: {arn}."))
        })
    }

    /// What is issued of `role`, and for how long.
    pub(super) fn session_of(self, role: &Role) -> Result<(Session, TimeDelta), ApiError> {
        if self.duration > role.max_session {
            return Err(too_long_or_short());
        }
        Ok((Session { role: role.name.clone(), name: self.session_name, policy: self.policy }, self.duration))
    }
}

fn read_role_arn(arn: &str) -> Option<(&str, &str)> {
    let (account, role) = arn.strip_prefix("acs:ram::")?.split_once(":role/")?;
    let is_account = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && !role.is_empty()).then_some((account, role))
}

fn is_session_name(name: &str) -> bool {
    (2..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".@_-".contains(&byte))
}

pub(super) fn invalid(what: &str, message: &str) -> ApiError {
    ApiError::new(400, &format!("InvalidParameter.{what}"), message)
}

fn too_long_or_short() -> ApiError {
    invalid("DurationSeconds", "The Min/Max value of DurationSeconds is 15min/the MaxSessionDuration of the role.")
}
