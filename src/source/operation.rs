//! The operations that are called, and what each is named on the wire.

use std::fmt;

/// One API operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// SMC `ListAccessTokens`.
    ListAccessTokens,
    /// IMS `ListVirtualMFADevices`.
    ListVirtualMfaDevices,
    /// `ResourceManager` `ListAccounts`.
    ListAccounts,
    /// STS `GetCallerIdentity`.
    GetCallerIdentity,
    /// STS `AssumeRole`.
    AssumeRole,
    /// STS `AssumeRoleWithOIDC`.
    AssumeRoleWithOidc,
}

impl Operation {
    /// The value of `x-acs-action`.
    pub fn action(self) -> &'static str {
        match self {
            Self::ListAccessTokens => "ListAccessTokens",
            Self::ListVirtualMfaDevices => "ListVirtualMFADevices",
            Self::ListAccounts => "ListAccounts",
            Self::GetCallerIdentity => "GetCallerIdentity",
            Self::AssumeRole => "AssumeRole",
            Self::AssumeRoleWithOidc => "AssumeRoleWithOIDC",
        }
    }

    /// The value of `x-acs-version`.
    pub fn version(self) -> &'static str {
        match self {
            Self::ListAccessTokens => "2019-06-01",
            Self::ListVirtualMfaDevices => "2019-08-15",
            Self::ListAccounts => "2020-03-31",
            Self::GetCallerIdentity | Self::AssumeRole | Self::AssumeRoleWithOidc => "2015-04-01",
        }
    }

    /// The RAM action to grant; its prefix is not always the product's name.
    pub fn ram_action(self) -> &'static str {
        match self {
            Self::ListAccessTokens => "smc:ListAccessTokens",
            Self::ListVirtualMfaDevices => "ram:ListVirtualMFADevices",
            Self::ListAccounts => "resourcemanager:ListAccounts",
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
            Self::AssumeRole => "sts:AssumeRole",
            Self::AssumeRoleWithOidc => "sts:AssumeRoleWithOIDC",
        }
    }

    /// The configuration key of the endpoint that answers it.
    pub fn endpoint_key(self) -> &'static str {
        match self {
            Self::ListAccessTokens => "api.smc_endpoint",
            Self::ListVirtualMfaDevices => "api.ims_endpoint",
            Self::ListAccounts => "api.resourcemanager_endpoint",
            Self::GetCallerIdentity | Self::AssumeRole | Self::AssumeRoleWithOidc => "api.sts_endpoint",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.action())
    }
}
