//! What a fault does.

use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value;

use crate::inventory::Inventory;

/// Edits the JSON of an answer.
pub type JsonEdit = Box<dyn FnMut(&mut Value) + Send>;
/// Edits the bytes of an answer.
pub type BytesEdit = Box<dyn FnMut(&mut Vec<u8>) + Send>;
/// Edits an inventory, once.
pub type InventoryEdit = Box<dyn FnOnce(&mut Inventory) + Send>;

/// What a fault does to a request it strikes; [`super::Fault`] has a constructor for each.
pub enum Effect {
    /// An error in the gateway's body.
    Error {
        /// The HTTP status.
        status: u16,
        /// `Code`.
        code: String,
        /// `Message`.
        message: String,
        /// More headers, for instance `x-acs-retry-after`.
        headers: Vec<(String, String)>,
    },
    /// Another answer altogether.
    Raw {
        /// The HTTP status.
        status: u16,
        /// `Content-Type`.
        content_type: String,
        /// More headers.
        headers: Vec<(String, String)>,
        /// The body as it is.
        body: Vec<u8>,
    },
    /// The answer comes later.
    Delay(Duration),
    /// The answer never comes.
    Hang,
    /// The connection is closed instead of an answer.
    Drop,
    /// Half of the body, then a reset.
    ResetMidBody,
    /// The body in small chunks.
    Trickle {
        /// The bytes of a chunk.
        chunk_bytes: usize,
        /// The pause before each.
        pause: Duration,
    },
    /// Edits the JSON of a good answer.
    Rewrite(JsonEdit),
    /// Edits the bytes of a good answer.
    RewriteBytes(BytesEdit),
    /// Edits the inventory after the answer was made; empty once it has.
    Mutate(Option<InventoryEdit>),
    /// Moves the emulated clock on after the answer was made.
    Advance(TimeDelta),
}

impl Effect {
    /// Whether nothing is left for further faults to do.
    pub(super) fn decides(&self) -> bool {
        matches!(self, Self::Error { .. } | Self::Raw { .. } | Self::Hang | Self::Drop)
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error { status, code, .. } => write!(f, "Error({status} {code})"),
            Self::Raw { status, content_type, .. } => write!(f, "Raw({status} {content_type})"),
            Self::Delay(by) => write!(f, "Delay({by:?})"),
            Self::Hang => f.write_str("Hang"),
            Self::Drop => f.write_str("Drop"),
            Self::ResetMidBody => f.write_str("ResetMidBody"),
            Self::Trickle { chunk_bytes, pause } => write!(f, "Trickle({chunk_bytes} bytes, {pause:?})"),
            Self::Rewrite(_) => f.write_str("Rewrite"),
            Self::RewriteBytes(_) => f.write_str("RewriteBytes"),
            Self::Mutate(_) => f.write_str("Mutate"),
            Self::Advance(by) => write!(f, "Advance({by})"),
        }
    }
}
