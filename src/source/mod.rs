//! The two listings over signed HTTP; knows no database.
//!
//! A source answers one page a call. Paging, proof and retries of a whole scan
//! are [`scan`](crate::scan)'s business; retries of a single request are made here.
//!
//! [`AccountClient`] is the one implementation. A call goes through `sign`, `http`, `answer` and
//! `decode`, in this order; `account` holds them together and tries again as `retry` says.

mod access_tokens;
mod account;
mod answer;
#[cfg(test)]
mod child_test;
mod context;
mod credentials;
mod decode;
mod endpoint;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod http;
mod identity;
mod members;
mod mend;
mod mfa_devices;
mod operation;
mod redact;
mod refusal;
mod retry;
#[cfg(test)]
mod scripted_server;
mod sign;
mod sts;

pub use account::{AccountClient, RequestCounts};
pub use credentials::{CredentialsError, Environment};
pub use error::{SourceError, TransportFault};
pub use http::{HttpClient, install_crypto_provider};
pub use identity::CallerIdentity;
pub use members::{Directory, DirectoryError, Member};
pub use operation::Operation;
pub use refusal::Refusal;

use chrono::{DateTime, TimeDelta, Utc};

use crate::inventory::{AccessToken, Listed, MfaDevice, RejectedItem};

/// SMC `ListAccessTokens`, one answer a call.
pub trait ListAccessTokens: Send + Sync {
    /// Sends `query` exactly as it is and decodes the answer.
    ///
    /// # Errors
    /// What was wrong after all retries of the request; see [`SourceError`].
    fn list_access_tokens(
        &self,
        query: &AccessTokenQuery,
    ) -> impl Future<Output = Result<AccessTokenPage, SourceError>> + Send;
}

/// IMS `ListVirtualMFADevices`, one answer a call.
pub trait ListMfaDevices: Send + Sync {
    /// Asks for the page that the marker of `query` names, the first without one.
    ///
    /// # Errors
    /// What was wrong after all retries of the request; see [`SourceError`].
    fn list_mfa_devices(
        &self,
        query: MfaDeviceQuery<'_>,
    ) -> impl Future<Output = Result<MfaDevicePage, SourceError>> + Send;
}

/// The parameters of one `ListAccessTokens` call; only what is set is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessTokenQuery {
    /// `AccessTokenId.N`, in this order.
    pub ids: Vec<String>,
    /// `Name`.
    pub name: Option<String>,
    /// `Status`.
    pub status: Option<String>,
    /// The undocumented `PageNumber` (from 1) and `PageSize`.
    pub paging: Option<PageRequest>,
    /// Not sent: whether every code of the answer will be wanted, and is better read at once.
    pub reads_all: bool,
}

/// Which page of `ListVirtualMFADevices` to ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MfaDeviceQuery<'a> {
    /// `Marker`.
    pub marker: Option<&'a str>,
    /// Not sent: whether every device of the answer will be wanted, and is better read at once.
    pub reads_all: bool,
}

/// Which page to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// `PageNumber`, from 1.
    pub number: u32,
    /// `PageSize`.
    pub size: u32,
}

/// What one answer held, whatever the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items that could be read, in the API's order.
    pub items: Vec<T>,
    /// The items that have no usable id.
    pub rejected: Vec<RejectedItem>,
    /// When the answer arrived, by the worker's clock.
    pub observed_at: DateTime<Utc>,
    /// The worker's clock minus the API's `Date` header, where it sent one.
    pub skew: Option<TimeDelta>,
}

/// An answer of `ListAccessTokens`. The echoed `PageSize` and `PageNumber` are not here: they are not to be trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessTokenPage {
    /// The codes.
    pub page: Page<Listed<AccessToken>>,
    /// `TotalCount`, where it could be read.
    pub total_count: Option<u64>,
}

/// An answer of `ListVirtualMFADevices`.
#[derive(Clone, Debug, PartialEq)]
pub struct MfaDevicePage {
    /// The devices.
    pub page: Page<Listed<MfaDevice>>,
    /// `IsTruncated`.
    pub is_truncated: bool,
    /// `Marker`, where the API sent one that is not empty.
    pub marker: Option<String>,
}
