//! What later scans make of a person who was erased.

use std::time::Duration;

use emulator::{Fault, User};
use serde_json::json;
use stocktake::{inventory::Source, store::StoreError};

use super::*;
use crate::support::{TestDatabase, applied, gate::Gate, user};

/// A device as it stands: key, status, user, versions, deleted or not.
async fn device(world: &World, device_key: i64) -> (String, Option<i64>, i32, bool) {
    sqlx::query_as(
        "select status, user_key, version_no, deleted_at is not null from inventory.mfa_devices where device_key = $1",
    )
    .bind(device_key)
    .fetch_one(&world.database.pool)
    .await
    .unwrap()
}

async fn device_count(world: &World) -> i64 {
    world.database.value("select count(*) from inventory.mfa_devices").await
}

#[tokio::test]
async fn later_scans_keep_the_truth_under_the_same_keys_and_never_bring_the_name_back() {
    let world = world_with(&["zoe-phone"]).await;
    let key = her_key(&world).await;
    let phone: i64 = world
        .database
        .value("select device_key from inventory.mfa_devices where serial_number like '%/zoe-phone'")
        .await;
    erase(&world, USER_ID).await;
    let is = |status: &str, user_key, version_no, is_deleted| (status.to_owned(), user_key, version_no, is_deleted);
    let scan = async || {
        let report = world.scan_whole(Source::MfaDevices).await;
        assert_nowhere(&world.database, &TRACES).await;
        let counts = applied(&report).counts;
        (counts.new, counts.changed, counts.transitions, counts.deleted)
    };

    assert_eq!(scan().await, (0, 1, 0, 0), "the digest is made anew, once");
    assert_eq!(scan().await, (0, 0, 0, 0));
    let renamed = User { upn: "zoe.quill-married@x".into(), display_name: "Zoë Quill-Moss".into(), ..zoe() };
    bind(&world, "zoe-phone", Some(renamed.clone()));
    assert_eq!(scan().await, (0, 0, 0, 0), "a new name is no change, for there is none");
    bind(&world, "zoe-phone", Some(user(3)));
    assert_eq!(scan().await, (0, 1, 1, 0));
    let other = device(&world, phone).await.1;
    assert!(other.is_some() && other != Some(key));
    bind(&world, "zoe-phone", Some(renamed));
    assert_eq!(scan().await, (0, 1, 1, 0));
    assert_eq!(device(&world, phone).await, is("bound", Some(key), 3, false));
    bind(&world, "zoe-phone", None);
    assert_eq!(scan().await, (0, 1, 1, 0));
    assert_eq!(device(&world, phone).await, is("unbound", None, 4, false));

    // Missed by the first reading alone, it is not gone: what is proven is proven of what is kept.
    world.emulator.add_fault(
        Fault::edit_items(|items| items.retain(|item| !item["SerialNumber"].as_str().unwrap().contains("zoe")))
            .action("ListVirtualMFADevices"),
    );
    assert_eq!(scan().await, (0, 0, 0, 0));
    // Nor is it when only the first reading found it.
    bind(&world, "going", None);
    scan().await;
    world.edit(|inventory| inventory.remove_device(&serial("going")));
    world.emulator.add_fault(
        Fault::edit_items(|items| items.retain(|item| !item["SerialNumber"].as_str().unwrap().contains("zoe")))
            .action("ListVirtualMFADevices")
            .after(1),
    );
    assert_eq!(scan().await, (0, 0, 1, 1));
    assert!(!device(&world, phone).await.3);

    world.edit(|inventory| inventory.remove_device(&serial("zoe-phone")));
    assert_eq!(scan().await, (0, 0, 1, 1), "a real absence is buried");
    assert_eq!(device(&world, phone).await, is("unbound", None, 4, true));
    bind(&world, "zoe-phone", Some(zoe()));
    assert_eq!(scan().await, (1, 0, 1, 0));
    assert_eq!(device(&world, phone).await, is("bound", Some(key), 5, false));

    // A new device of hers is hers, and its serial her own affair; somebody else's keeps the one it had.
    let before = device_count(&world).await;
    bind(&world, "zoe-second", Some(zoe()));
    bind(&world, "device-0002", Some(zoe()));
    assert_eq!(scan().await, (1, 1, 2, 0));
    assert_eq!(scan().await, (0, 0, 0, 0));
    assert_eq!(device_count(&world).await, before + 1);
    let hers = "select count(*), count(*) filter (where serial_number like '%/device-0002')
                from inventory.mfa_devices d join inventory.mfa_users u using (account_id, user_key)
                where u.user_id like 'erased:%'";
    assert_eq!(world.database.rows(hers).await, ["(3,1)"]);

    // Made anew under the same principal name, or listed without id: another user, as ever, and no name.
    bind(&world, "zoe-third", Some(User { user_id: "207555500001111998".into(), ..zoe() }));
    assert_eq!(scan().await, (1, 0, 1, 0));
    world.emulator.add_fault(
        Fault::edit_items(|items| {
            for item in items.iter_mut().filter(|item| item["SerialNumber"].as_str().unwrap().ends_with("/zoe-third")) {
                item["User"].as_object_mut().unwrap().remove("UserId");
            }
        })
        .action("ListVirtualMFADevices"),
    );
    assert_eq!(scan().await, (0, 1, 1, 0));
    let users: i64 =
        world.database.value("select count(*) from inventory.mfa_users where user_id like 'erased:%'").await;
    assert_eq!(users, 3);

    // What the program cannot read as an object, or does not know, is searched as well.
    world.emulator.add_fault(
        Fault::edit_items(|items| {
            items[0]["LentBy"] = json!(USER_ID);
            items.push(json!({ "User": { "DisplayName": DISPLAY_NAME } }));
        })
        .action("ListVirtualMFADevices")
        .always(),
    );
    world.scan(Source::MfaDevices).await;
    assert_nowhere(&world.database, &TRACES).await;
}

#[tokio::test]
async fn an_erasure_waits_for_the_scan_that_may_have_read_the_name_or_gives_up() {
    let mut world = world_with(&[]).await;
    let gate = Gate::start(world.emulator.addr()).await;
    world.reconfigure(|config| config.api.ims_endpoint = gate.url());
    bind(&world, "zoe-phone", Some(zoe()));
    bind(&world, "device-0001", Some(zoe()));
    // Known before the scan, so that there is somebody to erase while it runs.
    world
        .database
        .execute(
            "insert into inventory.mfa_users (account_id, user_id, first_seen_at)
             values ('1772422852740001', '207555500001111999', now())",
        )
        .await;
    let erasing = async {
        gate.wait_for_request().await;
        let impatient =
            TestDatabase::open(world.database.url.clone()).await.store.with_patience(Duration::from_millis(50));
        let error = impatient.erase(&request(USER_ID), &world.clock).await.unwrap_err();
        assert!(matches!(error, StoreError::Busy(_)) && error.to_string().contains("nothing was changed"), "{error}");
        let mut erasure = Box::pin(erase(&world, USER_ID));
        let waiting = async {
            let query = "select exists (select from pg_locks where locktype = 'advisory' and not granted
                         and database = (select oid from pg_database where datname = current_database()))";
            while !world.database.value::<bool>(query).await {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = &mut erasure => panic!("the erasure did not wait"),
            () = waiting => {}
        }
        gate.open();
        erasure.await
    };
    let (report, erased) = tokio::join!(world.scan(Source::MfaDevices), erasing);
    assert!(report.is_success(), "{:?}", report.failure_line());
    assert_eq!(erased.record.unwrap().device_count, 2, "what the scan wrote is erased");
    assert_nowhere(&world.database, &TRACES).await;
}
