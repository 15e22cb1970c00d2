//! `ListVirtualMFADevices`: its shape and its markers.

use chrono::TimeDelta;
use emulator::{Inventory, MfaDevice, User};

use crate::caller::{ACCOUNT, Caller, account, noon, start, start_with};

/// A pretty-printed sample without its white space.
pub(crate) fn compact(pretty: &str) -> String {
    pretty.lines().map(|line| line.trim_start().replacen("\": ", "\":", 1)).collect()
}

fn stock(inventory: &mut Inventory, count: usize) {
    for number in 0..count {
        inventory.insert_device(MfaDevice::unbound(format!("d{number:04}")));
    }
}

#[tokio::test]
async fn the_answer_is_the_documented_sample_byte_for_byte() {
    let emulator = start_with(|inventory| {
        inventory.insert_device(MfaDevice::unbound("acs:ram::177242285274****:mfa/dev-01"));
        let user = User {
            user_id: "20732900249392****".to_owned(),
            upn: "test@177242285274****.onaliyun.com".to_owned(),
            display_name: "test".to_owned(),
        };
        let bound_at = "2020-10-16T06:02:09Z".parse().unwrap();
        inventory.insert_device(MfaDevice::bound("acs:ram::177242285274****:mfa/test", user, bound_at));
        inventory.insert_device(MfaDevice::unbound("acs:ram::177242285274****:mfa/third"));
    })
    .await;
    let reply = Caller::new(&emulator).devices(&[("MaxItems", "2")]).await;
    let body = reply.json();
    let sample = compact(include_str!("../data/list_virtual_mfa_devices.unbound_and_bound.json"))
        .replace("32272612-DF82-485E-8BA9-AFA4E0C3D0BA", body["RequestId"].as_str().unwrap())
        .replace("EXAMPLE", body["Marker"].as_str().unwrap());
    assert_eq!(reply.text, sample);

    // The same device as today's page shows it, where only the order of the fields differs.
    let documented = include_str!("../data/list_virtual_mfa_devices.documented.json");
    let documented: serde_json::Value = serde_json::from_str(documented).unwrap();
    let items = |body: &serde_json::Value| body["VirtualMFADevices"]["VirtualMFADevice"].clone();
    assert_eq!(items(&body)[1], items(&documented)[0]);
}

#[tokio::test]
async fn markers_lead_through_every_device_once() {
    let emulator = start_with(|inventory| stock(inventory, 250)).await;
    let caller = Caller::new(&emulator);
    let mut seen = Vec::new();
    let mut marker: Option<String> = None;
    let mut sizes = Vec::new();
    loop {
        let query: Vec<(&str, &str)> = marker.iter().map(|marker| ("Marker", marker.as_str())).collect();
        let reply = caller.devices(&query).await;
        let body = reply.json();
        sizes.push(reply.serial_numbers().len());
        seen.extend(reply.serial_numbers());
        marker = body.get("Marker").map(|marker| marker.as_str().unwrap().to_owned());
        assert_eq!(body["IsTruncated"], marker.is_some());
        match &marker {
            Some(marker) => assert!(marker.contains('+') && marker.contains('/') && marker.contains('='), "{marker}"),
            None => break,
        }
    }
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(seen, (0..250).map(|number| format!("d{number:04}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_last_page_is_not_truncated() {
    let emulator = start_with(|inventory| stock(inventory, 100)).await;
    let body = Caller::new(&emulator).devices(&[("MaxItems", "100")]).await.json();
    assert_eq!(body["IsTruncated"], false);
    assert_eq!(body.get("Marker"), None);
}

#[tokio::test]
async fn a_marker_survives_removals_before_and_behind_it() {
    let emulator = start_with(|inventory| stock(inventory, 10)).await;
    let caller = Caller::new(&emulator);
    let marker = caller.devices(&[("MaxItems", "4")]).await.json()["Marker"].as_str().unwrap().to_owned();
    emulator.with_account(ACCOUNT, |inventory| {
        for gone in ["d0000", "d0004", "d0009"] {
            inventory.remove_device(gone).unwrap();
        }
    });
    let rest = caller.devices(&[("Marker", &marker)]).await;
    assert_eq!(rest.serial_numbers(), ["d0005", "d0006", "d0007", "d0008"]);
}

#[tokio::test]
async fn markers_may_hold_anything_and_pages_be_short() {
    let emulator = start_with(|inventory| stock(inventory, 3)).await;
    let prefix = "a+b/c=d&e%20f g激";
    emulator.with_settings(ACCOUNT, |settings| {
        prefix.clone_into(&mut settings.marker_prefix);
        settings.page_limit = 2;
    });
    let caller = Caller::new(&emulator);
    let marker = caller.devices(&[]).await.json()["Marker"].as_str().unwrap().to_owned();
    assert!(marker.starts_with(prefix), "{marker}");
    assert_eq!(caller.devices(&[("Marker", &marker)]).await.serial_numbers(), ["d0002"]);
}

#[tokio::test]
async fn what_was_never_offered_is_refused() {
    let emulator = start_with(|inventory| stock(inventory, 3)).await;
    let caller = Caller::new(&emulator);
    for bad in ["0", "101", "-1", "many", ""] {
        let reply = caller.devices(&[("MaxItems", bad)]).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "InvalidParameter.MaxItems"), "{bad}");
    }
    let good = caller.devices(&[("MaxItems", "1")]).await.json()["Marker"].as_str().unwrap().to_owned();
    for bad in ["EXAMPLE", &good.replace('+', " "), &good[..good.len() - 1], "AAAA+/é"] {
        let reply = caller.devices(&[("Marker", bad)]).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "InvalidParameter.Marker"), "{bad}");
    }
}

#[tokio::test]
async fn a_generated_inventory_is_realistic_and_the_same_for_the_same_seed() {
    let one = Inventory::generate(ACCOUNT, 1, 500, 300, noon());
    let same = Inventory::generate(ACCOUNT, 1, 500, 300, noon());
    let other = Inventory::generate(ACCOUNT, 2, 500, 300, noon());
    assert!(one.tokens().eq(same.tokens()) && one.devices().eq(same.devices()));
    assert!(!one.tokens().eq(other.tokens()));
    assert_eq!((one.token_count(), one.device_count()), (500, 300));

    for code in one.tokens() {
        assert!(code.id.starts_with("at-bp1") && code.id.len() == 23, "{}", code.id);
        assert!(code.created_at < noon() && code.registered_count <= code.count);
        assert_eq!(code.status == "expired", code.expires_at() <= noon());
        assert!((1..=90).contains(&code.ttl_days) && (1..=1000).contains(&code.count));
    }
    for status in ["activated", "unactivated", "expired"] {
        assert!(one.tokens().filter(|code| code.status == status).count() > 30, "{status}");
    }
    assert!(one.tokens().any(|code| code.name.is_none()) && one.tokens().any(|code| code.description.is_none()));
    for device in one.devices() {
        assert!(device.serial_number.starts_with(&format!("acs:ram::{ACCOUNT}:mfa/")));
        assert_eq!(device.user.is_some(), device.activated_at.is_some_and(|at| at <= noon() + TimeDelta::zero()));
        assert!(device.user.iter().all(|user| user.user_id.len() == 18));
    }
    let emulator = start(account().inventory(one)).await;
    assert_eq!(Caller::new(&emulator).devices(&[]).await.serial_numbers().len(), 100);
}
