//! Answers in their documented shape, read for who is listed and whether anything changed.
//!
//! Nearly every object of nearly every scan is as it was, and all that anybody asks of it is the hash of its id and its
//! digest. So an answer is read in one pass, and nothing of it is copied. One that is not as documented in any way is
//! left to the thorough reading, and so is an object that somebody wants to see. What this reading tells, that one would
//! tell as well; `fuzzing` holds them together.

mod access_tokens;
mod mfa_devices;
mod plain;

pub(in crate::source) use access_tokens::skim_access_tokens;
pub(in crate::source) use mfa_devices::skim_mfa_devices;
