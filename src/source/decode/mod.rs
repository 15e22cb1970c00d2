//! Bytes of an answer become items; pure, and total over whatever bytes arrive.

mod access_tokens;
mod container;
mod field;
mod instant;
mod json;
mod keep;
mod members;
mod mfa_devices;
mod number;
mod skim;

pub(super) use access_tokens::{AccessTokenListing, decode_access_tokens};
pub(super) use json::Members;
pub(super) use members::decode_members;
pub(super) use mfa_devices::{MfaDeviceListing, decode_mfa_devices};
pub(super) use skim::{skim_access_tokens, skim_mfa_devices};

use bytes::Bytes;

use super::{Operation, SourceError};

/// How the answer of an operation is read.
pub(super) trait Decode<T>: Send + Sync {
    /// Reads a body in the shape that nearly every one has, quickly; `None` where it has another, or is an error.
    fn skim(&self, _: &Bytes) -> Option<T> {
        None
    }

    /// Reads whatever shape there is.
    ///
    /// # Errors
    /// Where it is not what the operation returns.
    fn decode(&self, members: &Members<'_>) -> Result<T, Malformed>;
}

impl<T, F: Fn(&Members<'_>) -> Result<T, Malformed> + Send + Sync> Decode<T> for F {
    fn decode(&self, members: &Members<'_>) -> Result<T, Malformed> {
        self(members)
    }
}

/// Why an answer cannot be taken for what the operation returns; quotes nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

impl Malformed {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// The error of the call.
    pub(super) fn at(self, operation: Operation, status: u16) -> SourceError {
        SourceError::Malformed { operation, status, detail: self.0 }
    }
}
