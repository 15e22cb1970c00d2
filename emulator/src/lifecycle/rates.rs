//! How much happens in an account per day.

/// Expected numbers of happenings per account and emulated day. An action finds a fitting object by chance;
/// if there is none, nothing happens.
#[derive(Debug, Clone, PartialEq)]
pub struct LifecycleRates {
    /// Whether codes expire when their days run out; off, the cloud goes on calling them what they were.
    pub expiry: bool,
    /// Codes created, unactivated.
    pub codes_created: f64,
    /// Unactivated codes activated.
    pub codes_activated: f64,
    /// Activated codes disabled.
    pub codes_disabled: f64,
    /// Registrations with activated codes.
    pub codes_used: f64,
    /// Expired codes deleted.
    pub expired_deleted: f64,
    /// Codes deleted that nobody ever used.
    pub unused_deleted: f64,
    /// Devices created, unbound.
    pub devices_created: f64,
    /// Unbound devices bound to a user.
    pub devices_bound: f64,
    /// Bound devices unbound.
    pub devices_unbound: f64,
    /// Unbound devices deleted.
    pub devices_deleted: f64,
}

impl LifecycleRates {
    /// Nothing but expiry.
    pub fn off() -> Self {
        Self {
            expiry: true,
            codes_created: 0.0,
            codes_activated: 0.0,
            codes_disabled: 0.0,
            codes_used: 0.0,
            expired_deleted: 0.0,
            unused_deleted: 0.0,
            devices_created: 0.0,
            devices_bound: 0.0,
            devices_unbound: 0.0,
            devices_deleted: 0.0,
        }
    }

    /// Not even expiry: time changes nothing.
    pub fn frozen() -> Self {
        Self { expiry: false, ..Self::off() }
    }

    /// A busy account that keeps about this many codes and devices: a code in sixty is new each day,
    /// and lives for some sixty days.
    pub fn lively(token_count: usize, device_count: usize) -> Self {
        let codes = token_count as f64;
        let devices = device_count as f64;
        Self {
            expiry: true,
            codes_created: codes / 60.0,
            codes_activated: codes / 66.0,
            codes_disabled: codes / 900.0,
            codes_used: codes / 10.0,
            expired_deleted: codes / 70.0,
            unused_deleted: codes / 400.0,
            devices_created: devices / 60.0,
            devices_bound: devices / 50.0,
            devices_unbound: devices / 120.0,
            devices_deleted: devices / 90.0,
        }
    }
}

impl Default for LifecycleRates {
    fn default() -> Self {
        Self::off()
    }
}
