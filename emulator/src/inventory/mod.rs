//! What an account owns: activation codes and MFA devices, edited by tests and read back.

mod access_token;
mod expiry;
mod mfa_device;
mod shelf;

use chrono::{DateTime, Utc};

pub use access_token::{AccessToken, status};
pub use mfa_device::{MfaDevice, User};

use expiry::ExpiryQueue;
pub(crate) use shelf::{Keyed, Shelf};

/// The stock of one account. Codes are listed newest first, devices oldest first, both in the order of insertion.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    tokens: Shelf<AccessToken>,
    devices: Shelf<MfaDevice>,
    expiries: ExpiryQueue,
}

impl Inventory {
    /// An inventory without anything in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The code of this id.
    pub fn token(&self, id: &str) -> Option<&AccessToken> {
        self.tokens.get(id)
    }

    /// The code of this id, to be changed in any way but its id: to change that, remove and insert.
    pub fn token_mut(&mut self, id: &str) -> Option<&mut AccessToken> {
        let slot = self.tokens.slot_of(id)?;
        self.expiries.touch(slot);
        self.tokens.at_mut(slot)
    }

    /// All codes, newest first.
    pub fn tokens(&self) -> impl Iterator<Item = &AccessToken> {
        self.tokens.newest_first(0)
    }

    /// The number of codes.
    pub fn token_count(&self) -> usize {
        self.tokens.len()
    }

    /// Puts a code in as the newest; one of the same id is replaced where it is, and returned.
    pub fn insert_token(&mut self, token: AccessToken) -> Option<AccessToken> {
        let (slot, replaced) = self.tokens.insert(token);
        self.expiries.touch(slot);
        replaced
    }

    /// Takes a code out.
    pub fn remove_token(&mut self, id: &str) -> Option<AccessToken> {
        self.tokens.remove(id)
    }

    /// The device of this serial number.
    pub fn device(&self, serial_number: &str) -> Option<&MfaDevice> {
        self.devices.get(serial_number)
    }

    /// The device of this serial number, to be changed in any way but its serial number.
    pub fn device_mut(&mut self, serial_number: &str) -> Option<&mut MfaDevice> {
        let slot = self.devices.slot_of(serial_number)?;
        self.devices.at_mut(slot)
    }

    /// All devices, oldest first.
    pub fn devices(&self) -> impl Iterator<Item = &MfaDevice> {
        self.devices.oldest_first(0).map(|(_, device)| device)
    }

    /// The number of devices.
    pub fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// Puts a device in as the newest; one of the same serial number is replaced where it is, and returned.
    pub fn insert_device(&mut self, device: MfaDevice) -> Option<MfaDevice> {
        self.devices.insert(device).1
    }

    /// Takes a device out.
    pub fn remove_device(&mut self, serial_number: &str) -> Option<MfaDevice> {
        self.devices.remove(serial_number)
    }

    pub(crate) fn token_shelf(&self) -> &Shelf<AccessToken> {
        &self.tokens
    }

    pub(crate) fn device_shelf(&self) -> &Shelf<MfaDevice> {
        &self.devices
    }

    /// When the next code expires, if that is due by `now`.
    pub(crate) fn next_expiry(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.expiries.next(&self.tokens, now)
    }

    /// Expires the code that [`Self::next_expiry`] spoke of, and tells its id.
    pub(crate) fn expire_next(&mut self) -> Option<String> {
        let slot = self.expiries.pop()?;
        let token = self.tokens.at_mut(slot)?;
        token.status = status::EXPIRED.into();
        Some(token.id.clone())
    }
}
