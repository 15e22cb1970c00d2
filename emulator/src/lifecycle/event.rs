//! The truth about what happened, for tests to hold a history against.

use chrono::{DateTime, Utc};

use crate::inventory::User;

/// Something that happened to an object at a true instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, to the second, as the wire can show it.
    pub at: DateTime<Utc>,
    /// The account's id.
    pub account: String,
    /// What kind of object it is.
    pub object: ObjectKind,
    /// The code's id or the device's serial number.
    pub object_id: String,
    /// What happened.
    pub kind: EventKind,
}

/// The two kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// An activation code.
    AccessToken,
    /// A virtual MFA device.
    MfaDevice,
}

/// What can happen to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A code (unactivated) or device (unbound) came to be.
    Created,
    /// A code became usable.
    Activated,
    /// A code was disabled: it is unactivated again.
    Disabled,
    /// Sources registered with the code.
    Used {
        /// The registered count from now on.
        to: u32,
    },
    /// The code's days ran out.
    Expired,
    /// The device was bound.
    Bound {
        /// To whom.
        user: User,
    },
    /// The device was unbound.
    Unbound,
    /// The code or device is gone.
    Deleted,
}
