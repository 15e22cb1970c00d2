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

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::inventory::{Place, RejectedItem};

/// Where in `body` the item number `index` is, whose id is `id`.
fn place(body: &Bytes, index: usize, id: &str) -> Place {
    // Nearly every item begins with its id. An id that holds an escape is not in the body.
    let offset = id.as_ptr().addr().checked_sub(body.as_ptr().addr());
    let before = offset.and_then(|offset| body.get(..offset));
    let start = before.and_then(|before| before.iter().rposition(|byte| *byte == b'{'));
    Place { index, start: start.unwrap_or_default() }
}

/// The item at `place`, if it begins where it was thought to. Anything else that begins there has no id: in a text its quotes
/// would be escaped, and no item that was skimmed holds an object with one.
fn read_at<T>(body: &Bytes, place: Place, decode: fn(&RawValue) -> Result<T, RejectedItem>) -> Option<T> {
    let text = body.get(place.start..)?;
    let raw = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>().next()?.ok()?;
    decode(raw).ok()
}
