//! One virtual MFA device.

use chrono::{DateTime, Utc};

use super::Keyed;

/// A virtual MFA device as the cloud knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MfaDevice {
    /// `acs:ram::<account>:mfa/<name>`; the key of the inventory.
    pub serial_number: String,
    /// Whom it is bound to; an unbound device is listed with `"User":{}`.
    pub user: Option<User>,
    /// When it was bound; absent from the answer when `None`.
    pub activated_at: Option<DateTime<Utc>>,
}

/// The RAM user behind a bound device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Eighteen digits, more than a double holds.
    pub user_id: String,
    /// `name@<account>.onaliyun.com`.
    pub upn: String,
    /// What people read.
    pub display_name: String,
}

impl MfaDevice {
    /// A device that is bound to nobody.
    pub fn unbound(serial_number: impl Into<String>) -> Self {
        Self { serial_number: serial_number.into(), user: None, activated_at: None }
    }

    /// A device bound to a user since an instant.
    pub fn bound(serial_number: impl Into<String>, user: User, activated_at: DateTime<Utc>) -> Self {
        Self { serial_number: serial_number.into(), user: Some(user), activated_at: Some(activated_at) }
    }
}

impl Keyed for MfaDevice {
    fn key(&self) -> &str {
        &self.serial_number
    }
}
