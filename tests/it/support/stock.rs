//! Codes and devices by number, none of which changes by itself within weeks.

use emulator::{AccessToken, Inventory, MfaDevice, User};

use super::{ACCOUNT_ID, instant};

/// Code `number`: `at-0007`, an hour younger than its predecessor, the statuses in turn.
pub(crate) fn code(number: usize) -> AccessToken {
    let created_at = instant("2026-05-01T00:00:00Z") + chrono::TimeDelta::hours(number as i64);
    let mut code = AccessToken::new(format!("at-{number:04}"), created_at);
    match number % 3 {
        0 => code.status = "unactivated".into(),
        1 => {}
        _ => (code.status, code.ttl_days) = ("expired".into(), 10),
    }
    code
}

/// Device `number`, every other one bound.
pub(crate) fn device(number: usize) -> MfaDevice {
    let serial_number = format!("acs:ram::{ACCOUNT_ID}:mfa/device-{number:04}");
    if number.is_multiple_of(2) {
        return MfaDevice::unbound(serial_number);
    }
    let activated_at = instant("2026-05-01T00:00:00Z") + chrono::TimeDelta::hours(number as i64);
    MfaDevice::bound(serial_number, user(number), activated_at)
}

/// A user of eighteen digits.
pub(crate) fn user(number: usize) -> User {
    User {
        user_id: format!("207{number:015}"),
        upn: format!("user-{number}@{ACCOUNT_ID}.onaliyun.com"),
        display_name: format!("User {number}"),
    }
}

/// The first so many codes and devices.
pub(crate) fn stock(code_count: usize, device_count: usize) -> Inventory {
    let mut inventory = Inventory::new();
    (0..code_count).for_each(|number| drop(inventory.insert_token(code(number))));
    (0..device_count).for_each(|number| drop(inventory.insert_device(device(number))));
    inventory
}
