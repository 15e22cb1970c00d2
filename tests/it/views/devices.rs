//! Devices by user, and those that nobody holds.

use chrono::TimeDelta;
use emulator::MfaDevice;
use stocktake::inventory::Source;

use super::{frozen, user};
use crate::support::ACCOUNT_ID;

#[tokio::test]
async fn devices_are_told_by_user_and_by_their_want_of_one() {
    let world = frozen().await;
    let serial = |name: &str| format!("acs:ram::{ACCOUNT_ID}:mfa/{name}");
    let begin = world.emulator.now();
    world.edit(|inventory| {
        inventory.insert_device(MfaDevice::bound(serial("one"), user("ann"), begin - TimeDelta::days(3)));
        inventory.insert_device(MfaDevice::bound(serial("two"), user("ann"), begin - TimeDelta::days(2)));
        inventory.insert_device(MfaDevice::bound(serial("three"), user("bernd"), begin - TimeDelta::days(1)));
        inventory.insert_device(MfaDevice::unbound(serial("four")));
        inventory.insert_device(MfaDevice::unbound(serial("five")));
    });
    world.scan_whole(Source::MfaDevices).await;
    let by_user = async || {
        world
            .database
            .lines(
                "select u.display_name, b.device_count::text, b.has_virtual_mfa::text,
                        extract(epoch from b.last_activated_at)::bigint::text
                 from reporting.mfa_devices_by_user b join reporting_pii.mfa_users u using (account_id, user_key)
                 order by u.display_name",
            )
            .await
    };
    let unbound = async || {
        world
            .database
            .lines(
                "select d.serial_number, u.unbound_days::text
                 from reporting.mfa_devices_unbound u join reporting_pii.mfa_devices d using (account_id, device_key)
                 order by d.serial_number",
            )
            .await
    };
    let at = |days| (begin - TimeDelta::days(days)).timestamp();
    assert_eq!(by_user().await, [format!("ann | 2 | true | {}", at(2)), format!("bernd | 1 | true | {}", at(1))]);
    assert_eq!(unbound().await, [format!("{} | 0", serial("five")), format!("{} | 0", serial("four"))]);

    // One of ann's goes, bernd's is unbound, and a third person takes one that was nobody's.
    world.edit(|inventory| {
        inventory.remove_device(&serial("two"));
        inventory.insert_device(MfaDevice::unbound(serial("three")));
        inventory.insert_device(MfaDevice::bound(serial("four"), user("claude"), begin));
        inventory.remove_device(&serial("five"));
    });
    world.scan_whole(Source::MfaDevices).await;
    assert_eq!(
        by_user().await,
        [
            format!("ann | 1 | true | {}", at(2)),
            format!("bernd | 0 | false | {}", at(1)),
            format!("claude | 1 | true | {}", at(0)),
        ],
        "who had one is remembered"
    );
    assert_eq!(unbound().await, [format!("{} | 0", serial("three"))]);
    let since: bool = world
        .database
        .value(
            "select u.unbound_since_at = t.not_after_at
             from reporting.mfa_devices_unbound u
             join reporting.mfa_device_transitions t using (account_id, device_key)
             where t.to_status = 'unbound'",
        )
        .await;
    assert!(since, "it is unbound since it was first read so");
}
