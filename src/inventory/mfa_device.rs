//! A virtual MFA device of a RAM user.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Anomaly, Digest, DigestBuilder, Object};

/// A virtual MFA device as the API reported it.
#[derive(Clone, Debug, PartialEq)]
pub struct MfaDevice {
    /// `SerialNumber`, for instance `acs:ram::1772422852740001:mfa/dev-01`; can contain a person's name.
    pub serial_number: String,
    /// The RAM user the device is bound to.
    pub user: Option<MfaUser>,
    /// `ActivateDate`: when it was bound; the API gives whole seconds.
    pub activated_at: Option<DateTime<Utc>>,
    /// Fields this program does not know, and the originals of those it could not read, by their API names.
    pub extra: Map<String, Value>,
    /// What was odd about this item when it was read.
    pub anomalies: Vec<Anomaly>,
}

impl MfaDevice {
    /// Bound where the API names a user, else unbound; the API itself has no status.
    pub fn status(&self) -> DeviceStatus {
        if self.user.is_some() { DeviceStatus::Bound } else { DeviceStatus::Unbound }
    }
}

impl Object for MfaDevice {
    fn id(&self) -> &str {
        &self.serial_number
    }

    fn digest(&self) -> Digest {
        let user = self.user.as_ref();
        DigestBuilder::default()
            .text(Some(&self.serial_number))
            .text(user.map(|user| user.id.as_str()))
            .text(user.and_then(|user| user.principal_name.as_deref()))
            .text(user.and_then(|user| user.display_name.as_deref()))
            .number(self.activated_at.map(|at| at.timestamp_micros()))
            .extra(Some(&self.extra))
            .finish()
    }
}

/// The user of a bound device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaUser {
    /// `UserId`: digits, beyond the exact range of a float; the `UserPrincipalName` where the API sent no id.
    pub id: String,
    /// `UserPrincipalName`.
    pub principal_name: Option<String>,
    /// `DisplayName`.
    pub display_name: Option<String>,
}

/// The derived status of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceStatus {
    /// A user holds it.
    Bound,
    /// Nobody does.
    Unbound,
}

impl DeviceStatus {
    /// The name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bound => "bound",
            Self::Unbound => "unbound",
        }
    }
}
