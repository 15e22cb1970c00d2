//! Erasure of one person: the names are nowhere and stay away, the numbers tell the same history.

mod later;
mod refusals;

use std::process::Command;

use emulator::{Fault, MfaDevice, User};
use serde_json::json;
use stocktake::{
    clock::Clock as _,
    inventory::Source,
    store::{Erasure, ErasureRecord, NewErasure},
};

use crate::support::{ACCOUNT_ID, TestDatabase, World, account, cluster, instant, stock};

const USER_ID: &str = "207555500001111999";
const UPN: &str = "zoe.quill@1772422852740001.onaliyun.com";
const DISPLAY_NAME: &str = "Zoë Quill";
/// Whatever is named after her.
const TRACES: [&str; 4] = [USER_ID, "zoe.quill", DISPLAY_NAME, "zoe-"];

fn zoe() -> User {
    User { user_id: USER_ID.into(), upn: UPN.into(), display_name: DISPLAY_NAME.into() }
}

fn serial(name: &str) -> String {
    format!("acs:ram::{ACCOUNT_ID}:mfa/{name}")
}

fn bind(world: &World, name: &str, user: Option<User>) {
    let serial = serial(name);
    world.edit(|inventory| {
        let device = match user {
            Some(user) => MfaDevice::bound(&serial, user, instant("2026-05-20T00:00:00Z")),
            None => MfaDevice::unbound(&serial),
        };
        inventory.insert_device(device);
    });
}

/// Six devices of others, and hers.
async fn world_with(devices: &[&str]) -> World {
    let world = World::of(account().inventory(stock(0, 6)), |_| {}).await;
    for name in devices {
        bind(&world, name, Some(zoe()));
    }
    world.scan_whole(Source::MfaDevices).await;
    world
}

fn request(user: &str) -> NewErasure<'_> {
    NewErasure { account: "prod", user, reason: "request 9", erased_by: "ada" }
}

async fn erase(world: &World, user: &str) -> Erasure {
    world.database.store.erase(&request(user), &world.clock).await.unwrap()
}

/// Her `user_key`, while she has a name.
async fn her_key(world: &World) -> i64 {
    world.database.value("select user_key from inventory.mfa_users where user_id = '207555500001111999'").await
}

/// Expects none of `traces` in any row of any table, nor in what the planner remembers of them.
async fn assert_nowhere(database: &TestDatabase, traces: &[&str]) {
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', n.nspname, c.relname)
         from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'm', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
           and n.nspname !~ '^pg_'",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    assert!(tables.len() > 15);
    let all: Vec<String> = tables
        .iter()
        .map(|table| format!("select '{table}' as place, t::text as entry from {table} t"))
        .chain(["select 'pg_stats', s::text from pg_stats s where schemaname = 'inventory'".to_owned()])
        .collect();
    let query = format!(
        "select place || ': ' || entry from ({}) everything where exists (
             select from unnest($1::text[]) trace where position(lower(trace) in lower(entry)) > 0)",
        all.join(" union all ")
    );
    let found: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(traces).fetch_all(&database.pool).await.unwrap();
    assert!(found.is_empty(), "{found:#?}");
}

/// All that is kept but what an erasure takes, row by row.
async fn numbers(database: &TestDatabase) -> Vec<String> {
    let mut all = Vec::new();
    for table in [
        "mfa_users",
        "mfa_devices",
        "mfa_device_history",
        "mfa_device_transitions",
        "anomalies",
        "rejected_items",
        "scans",
        "targets",
    ] {
        all.extend(
            database
                .rows(&format!(
                    "select '{table}', to_jsonb(t) - '{{user_id,user_principal_name,display_name,serial_number,extra,
                         digest,detail,original,original_hash}}'::text[] from inventory.{table} t order by 2"
                ))
                .await,
        );
    }
    all
}

#[tokio::test]
async fn an_erased_person_is_nowhere_and_the_numbers_tell_the_same_history() {
    let world = world_with(&["zoe-phone", "zoe-old", "zoe-gone"]).await;
    // What only `extra`, anomalies and rejected items hold.
    world.emulator.add_fault(
        Fault::edit_items(|items| {
            for item in items.iter_mut() {
                let serial = item["SerialNumber"].as_str().unwrap().to_owned();
                if serial.ends_with("/zoe-phone") {
                    item["Alias"] = json!("zoe-alias");
                    item["User"]["Mail"] = json!(UPN);
                    item["ActivateDate"] = json!("the day of zoe-phone");
                } else if serial.ends_with("/device-0003") {
                    item["LentBy"] = json!({ "Ids": [USER_ID] });
                    item["ActivateDate"] = json!(format!("when {UPN} left"));
                } else if serial.ends_with("/device-0005") {
                    item["Alias"] = json!("Queen Zoe");
                }
            }
            items.push(json!({ "User": { "UserId": USER_ID } }));
            items.push(json!({ "SerialNumber": "", "User": { "DisplayName": DISPLAY_NAME } }));
        })
        .action("ListVirtualMFADevices")
        .always(),
    );
    world.scan(Source::MfaDevices).await;
    world.emulator.clear_faults();
    world.scan_whole(Source::MfaDevices).await;
    bind(&world, "zoe-old", None);
    bind(&world, "device-0002", Some(zoe()));
    world.edit(|inventory| inventory.remove_device(&serial("zoe-gone")));
    world.scan_whole(Source::MfaDevices).await;
    bind(&world, "zoe-old", Some(crate::support::user(3)));
    bind(&world, "device-0002", None);
    world.scan_whole(Source::MfaDevices).await;

    let key = her_key(&world).await;
    let others = "select * from reporting_pii.mfa_users where user_id not like 'erased:%' order by user_key";
    let before = numbers(&world.database).await;
    let now = world.clock.now();
    let erased = erase(&world, UPN).await;
    assert_nowhere(&world.database, &[&TRACES[..], &["device-0002"]].concat()).await;
    assert_eq!(numbers(&world.database).await, before);
    let record = erased.record.unwrap();
    assert!(record.erased_at >= now);
    let wanted = ErasureRecord {
        erasure_id: 1,
        reason: "request 9".into(),
        erased_by: "ada".into(),
        erased_at: record.erased_at,
        // Four that she ever held; versions that told more than is known, of the phone and of what she lent.
        device_count: 4,
        version_count: 2,
        anomaly_count: 2,
        rejected_count: 2,
    };
    assert_eq!((erased.user_key, erased.is_new, record), (key, true, wanted));
    assert_eq!(world.database.rows(others).await.len(), 3, "the others keep their names");
    let kept: i64 =
        world.database.value("select count(*) from inventory.mfa_device_history where extra ? 'Alias'").await;
    assert_eq!(kept, 1, "and so is the device of somebody else");

    let name = cluster().bin_dir().join("pg_dump");
    if name.exists() {
        let mut command = Command::new(name);
        if let Some(libraries) = cluster().library_path() {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let dumped = command.arg(&world.database.url).output().unwrap();
        let text = String::from_utf8(dumped.stdout).unwrap();
        assert!(text.contains("request 9") && !TRACES.iter().any(|trace| text.contains(trace)));
    }
}

#[tokio::test]
async fn another_person_of_the_same_display_name_is_untouched() {
    let world = world_with(&["zoe-phone"]).await;
    let namesake = User { user_id: "207555500001111000".into(), upn: "zoe.2@example".into(), ..zoe() };
    bind(&world, "other", Some(namesake));
    world.scan_whole(Source::MfaDevices).await;
    let of_namesake = "select * from reporting_pii.mfa_devices where serial_number like '%/other'";
    let before = world.database.rows(of_namesake).await;
    assert!(before[0].contains(DISPLAY_NAME));
    let alike = json!({ "User": { "DisplayName": "Zoë Quillan" } });
    let lost = Fault::edit_items(move |items| items.push(alike.clone())).action("ListVirtualMFADevices").always();
    world.emulator.add_fault(lost);
    world.scan(Source::MfaDevices).await;
    world.emulator.clear_faults();
    assert_eq!(
        erase(&world, USER_ID).await.record.unwrap().rejected_count,
        0,
        "who is only called alike is left alone"
    );
    assert_eq!(world.database.rows(of_namesake).await, before);
    let report = world.scan_whole(Source::MfaDevices).await;
    assert_eq!(crate::support::applied(&report).counts.transitions, 0);
    assert_eq!(world.database.rows(of_namesake).await, before);
    assert_nowhere(&world.database, &[USER_ID, UPN, "zoe-phone"]).await;
}
