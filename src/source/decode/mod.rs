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

pub(super) use access_tokens::decode_access_tokens;
pub(super) use json::Members;
pub(super) use members::decode_members;
pub(super) use mfa_devices::decode_mfa_devices;

use super::{Operation, SourceError};

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
