//! The operations, and how a request finds its own.

mod access_tokens;
mod directory;
mod error;
mod mfa_devices;
pub(crate) mod sts;

pub(crate) use access_tokens::list as list_access_tokens;
pub use access_tokens::{CodeOrder, Paging};
pub(crate) use directory::list as list_accounts;
pub(crate) use error::ApiError;
pub(crate) use mfa_devices::list as list_mfa_devices;

use crate::request::GatewayRequest;

/// The action of SMC that lists activation codes.
pub const LIST_ACCESS_TOKENS: &str = "ListAccessTokens";
/// The action of IMS that lists virtual MFA devices.
pub const LIST_VIRTUAL_MFA_DEVICES: &str = "ListVirtualMFADevices";
/// The action of STS that gives a session of a role to who signs.
pub const ASSUME_ROLE: &str = "AssumeRole";
/// The action of STS that gives a session of a role to who holds a token.
pub const ASSUME_ROLE_WITH_OIDC: &str = "AssumeRoleWithOIDC";
/// The action of `ResourceManager` that lists the members of a resource directory.
const LIST_ACCOUNTS: &str = "ListAccounts";
const GET_CALLER_IDENTITY: &str = "GetCallerIdentity";

/// An operation that the emulator answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    ListAccessTokens,
    ListVirtualMfaDevices,
    ListAccounts,
    GetCallerIdentity,
    AssumeRole,
    AssumeRoleWithOidc,
}

impl Operation {
    /// Found by action and version, as there is one host for all products here.
    pub(crate) fn of(request: &GatewayRequest) -> Result<Self, ApiError> {
        let (operation, version) = match request.action().as_str() {
            LIST_ACCESS_TOKENS => (Self::ListAccessTokens, "2019-06-01"),
            LIST_VIRTUAL_MFA_DEVICES => (Self::ListVirtualMfaDevices, "2019-08-15"),
            LIST_ACCOUNTS => (Self::ListAccounts, "2020-03-31"),
            GET_CALLER_IDENTITY => (Self::GetCallerIdentity, "2015-04-01"),
            ASSUME_ROLE => (Self::AssumeRole, "2015-04-01"),
            ASSUME_ROLE_WITH_OIDC => (Self::AssumeRoleWithOidc, "2015-04-01"),
            _ => {
                let message = "Specified api is not found, please check your url and method.";
                return Err(ApiError::new(404, "InvalidAction.NotFound", message));
            }
        };
        if request.version() == version {
            Ok(operation)
        } else {
            Err(ApiError::new(400, "InvalidVersion", "Specified parameter Version is not valid."))
        }
    }

    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::ListAccessTokens => LIST_ACCESS_TOKENS,
            Self::ListVirtualMfaDevices => LIST_VIRTUAL_MFA_DEVICES,
            Self::ListAccounts => LIST_ACCOUNTS,
            Self::GetCallerIdentity => GET_CALLER_IDENTITY,
            Self::AssumeRole => ASSUME_ROLE,
            Self::AssumeRoleWithOidc => ASSUME_ROLE_WITH_OIDC,
        }
    }

    /// What a policy calls it; the prefix of IMS is `ram`.
    pub(crate) fn ram_action(self) -> &'static str {
        match self {
            Self::ListAccessTokens => "smc:ListAccessTokens",
            Self::ListVirtualMfaDevices => "ram:ListVirtualMFADevices",
            Self::ListAccounts => "resourcemanager:ListAccounts",
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
            Self::AssumeRole => "sts:AssumeRole",
            Self::AssumeRoleWithOidc => "sts:AssumeRoleWithOIDC",
        }
    }
}

/// The host name's first part of an action's product, for error bodies.
pub(crate) fn product_of(action: &str) -> &'static str {
    match action {
        LIST_ACCESS_TOKENS => "smc",
        LIST_VIRTUAL_MFA_DEVICES => "ims",
        LIST_ACCOUNTS => "resourcemanager",
        _ => "sts",
    }
}
