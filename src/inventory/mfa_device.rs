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

/// What is kept of a device, wherever its texts are.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "they are those of `MfaDevice`")]
pub struct MfaDeviceFields<'a> {
    pub serial_number: &'a str,
    pub user: Option<MfaUserFields<'a>>,
    pub activated_at: Option<DateTime<Utc>>,
    pub extra: Option<&'a Map<String, Value>>,
}

/// What is kept of the user of a bound device, wherever its texts are.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "they are those of `MfaUser`")]
pub struct MfaUserFields<'a> {
    pub id: &'a str,
    pub principal_name: Option<&'a str>,
    pub display_name: Option<&'a str>,
}

impl MfaDeviceFields<'_> {
    /// The device of these fields, with nothing odd about it.
    pub fn to_device(self) -> MfaDevice {
        MfaDevice {
            serial_number: self.serial_number.to_owned(),
            user: self.user.map(|user| MfaUser {
                id: user.id.to_owned(),
                principal_name: user.principal_name.map(str::to_owned),
                display_name: user.display_name.map(str::to_owned),
            }),
            activated_at: self.activated_at,
            extra: self.extra.cloned().unwrap_or_default(),
            anomalies: Vec::new(),
        }
    }

    /// The digest of a device of these fields, made in `builder`.
    pub fn digest(&self, builder: &mut DigestBuilder) -> Digest {
        builder
            .text(Some(self.serial_number))
            .text(self.user.map(|user| user.id))
            .text(self.user.and_then(|user| user.principal_name))
            .text(self.user.and_then(|user| user.display_name))
            .number(self.activated_at.map(|at| at.timestamp_micros()))
            .extra(self.extra)
            .finish()
    }
}

impl Object for MfaDevice {
    fn id(&self) -> &str {
        &self.serial_number
    }

    fn digest(&self) -> Digest {
        let user = self.user.as_ref().map(|user| MfaUserFields {
            id: &user.id,
            principal_name: user.principal_name.as_deref(),
            display_name: user.display_name.as_deref(),
        });
        let fields = MfaDeviceFields {
            serial_number: &self.serial_number,
            user,
            activated_at: self.activated_at,
            extra: Some(&self.extra),
        };
        fields.digest(&mut DigestBuilder::default())
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
