//! The three operations, and how a request finds its own.

mod access_tokens;
mod caller_identity;
mod error;
mod mfa_devices;

pub use access_tokens::{CodeOrder, Paging};
pub(crate) use error::ApiError;

use crate::account::{AccessKey, Account};
use crate::request::GatewayRequest;

/// The action of SMC that lists activation codes.
pub const LIST_ACCESS_TOKENS: &str = "ListAccessTokens";
/// The action of IMS that lists virtual MFA devices.
pub const LIST_VIRTUAL_MFA_DEVICES: &str = "ListVirtualMFADevices";
const GET_CALLER_IDENTITY: &str = "GetCallerIdentity";

/// An operation that the emulator answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    ListAccessTokens,
    ListVirtualMfaDevices,
    GetCallerIdentity,
}

impl Operation {
    /// Found by the action and version headers, as there is one host for all products here.
    pub(crate) fn of(request: &GatewayRequest) -> Result<Self, ApiError> {
        let (operation, version) = match request.action().as_str() {
            LIST_ACCESS_TOKENS => (Self::ListAccessTokens, "2019-06-01"),
            LIST_VIRTUAL_MFA_DEVICES => (Self::ListVirtualMfaDevices, "2019-08-15"),
            GET_CALLER_IDENTITY => (Self::GetCallerIdentity, "2015-04-01"),
            _ => {
                let message = "Specified api is not found, please check your url and method.";
                return Err(ApiError::new(404, "InvalidAction.NotFound", message));
            }
        };
        if request.header("x-acs-version").as_deref() == Some(version) {
            Ok(operation)
        } else {
            Err(ApiError::new(400, "InvalidVersion", "Specified parameter Version is not valid."))
        }
    }

    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::ListAccessTokens => LIST_ACCESS_TOKENS,
            Self::ListVirtualMfaDevices => LIST_VIRTUAL_MFA_DEVICES,
            Self::GetCallerIdentity => GET_CALLER_IDENTITY,
        }
    }

    /// What a policy calls it; the prefix of IMS is `ram`.
    pub(crate) fn ram_action(self) -> &'static str {
        match self {
            Self::ListAccessTokens => "smc:ListAccessTokens",
            Self::ListVirtualMfaDevices => "ram:ListVirtualMFADevices",
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
        }
    }

    /// Answers from the account's inventory.
    pub(crate) fn answer(
        self,
        request: &GatewayRequest,
        account: &Account,
        key: &AccessKey,
        request_id: &str,
    ) -> Result<Vec<u8>, ApiError> {
        match self {
            Self::ListAccessTokens => access_tokens::list(request, account, request_id),
            Self::ListVirtualMfaDevices => mfa_devices::list(request, account, request_id),
            Self::GetCallerIdentity => Ok(caller_identity::get(account, key, request_id)),
        }
    }
}

/// The host name's first part of an action's product, for error bodies.
pub(crate) fn product_of(action: &str) -> &'static str {
    match action {
        LIST_ACCESS_TOKENS => "smc",
        LIST_VIRTUAL_MFA_DEVICES => "ims",
        _ => "sts",
    }
}
