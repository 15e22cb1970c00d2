//! Items that are not as documented: nothing of them is lost, and none stops the others.

use emulator::Fault;
use serde_json::{Value, json};
use stocktake::{inventory::Source, store::Outcome};

use super::{Applied, Rig, check_report, complete, incomplete};
use crate::support::{ACCOUNT_ID, World, account, applied, stock};

const IDS: [(Source, &str); 2] = [(Source::AccessTokens, "AccessTokenId"), (Source::MfaDevices, "SerialNumber")];

/// What the database shows of the one object, with the oddities of the last scan.
#[derive(Debug, PartialEq)]
struct Shown {
    column: Option<String>,
    extra: Value,
    oddities: Vec<String>,
}

/// Scans a cloud of one code and one device, each with `field` as `value`, or without it.
async fn scan_with(world: &World, source: Source, field: &'static str, value: Option<Value>, column: &str) -> Shown {
    world.emulator.add_fault(
        Fault::edit_item(0, move |item| {
            match &value {
                Some(value) => item.insert(field.to_owned(), value.clone()),
                None => item.remove(field),
            };
        })
        .when(|request| request.action != "GetCallerIdentity"),
    );
    let report = world.scan_whole(source).await;
    let table = if source == Source::AccessTokens { "access_tokens" } else { "mfa_devices" };
    let query = format!("select {column}::text, extra::text from inventory.{table} where deleted_at is null");
    let (column, extra): (Option<String>, String) =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_one(&world.database.pool).await.unwrap();
    let oddities = sqlx::query_scalar("select kind from inventory.anomalies where scan_id = $1 order by kind")
        .bind(applied(&report).scan_id)
        .fetch_all(&world.database.pool)
        .await
        .unwrap();
    Shown { column, extra: serde_json::from_str(&extra).unwrap(), oddities }
}

async fn world_of_one() -> World {
    let world = World::of(account().inventory(stock(2, 2)), |_| {}).await;
    // The second of each is the usual one: an activated code, a bound device.
    world.edit(|inventory| {
        inventory.remove_token("at-0000");
        inventory.remove_device(&format!("acs:ram::{ACCOUNT_ID}:mfa/device-0000"));
    });
    world.scan_both().await;
    world
}

#[tokio::test]
async fn a_field_in_another_shape_or_without_a_value_is_read() {
    const UTC: &str = "(created_at at time zone 'UTC')";
    let world = world_of_one().await;
    for (field, value, column, kept) in [
        ("TimeToLiveInDays", Some(json!(30)), "ttl_days", Some("30")),
        ("TimeToLiveInDays", Some(json!("030")), "ttl_days", Some("30")),
        ("TimeToLiveInDays", Some(json!(null)), "ttl_days", None),
        ("Count", Some(json!(7.0)), "max_use_count", Some("7")),
        ("RegisteredCount", Some(json!(3)), "registered_count", Some("3")),
        ("CreationTime", Some(json!("2026-05-01T09:00:00+08:00")), UTC, Some("2026-05-01 01:00:00")),
        ("CreationTime", Some(json!("2026-05-01T01:00Z")), UTC, Some("2026-05-01 01:00:00")),
        ("Name", Some(json!("名 \u{1F511} \"'\\")), "token_name", Some("名 \u{1F511} \"'\\")),
        ("Name", Some(json!("")), "token_name", Some("")),
        ("CreationTime", None, UTC, None),
        ("Count", None, "max_use_count", None),
        ("Description", None, "description", None),
    ] {
        let shown = scan_with(&world, Source::AccessTokens, field, value.clone(), column).await;
        assert_eq!((shown.column.as_deref(), shown.extra), (kept, json!({})), "{field}: {value:?}");
    }
}

#[tokio::test]
async fn a_field_that_cannot_be_read_becomes_null_and_its_original_is_kept() {
    let world = world_of_one().await;
    for (field, value, column) in [
        ("TimeToLiveInDays", json!("soon"), "ttl_days"),
        ("TimeToLiveInDays", json!(-1), "ttl_days"),
        ("TimeToLiveInDays", json!(36_501), "ttl_days"),
        ("Count", json!(2_147_483_648_i64), "max_use_count"),
        ("RegisteredCount", json!([1]), "registered_count"),
        ("CreationTime", json!("2026-02-30T00:00:00Z"), "created_at"),
        ("CreationTime", json!("2026-13-45T99:99:99Z"), "created_at"),
        ("CreationTime", json!("0000-00-00T00:00:00Z"), "created_at"),
        ("CreationTime", json!("9999-12-31T23:59:59-01:00"), "created_at"),
        ("CreationTime", json!(1_780_000_000), "created_at"),
        ("Name", json!(7), "token_name"),
        ("Description", json!({ "text": "a" }), "description"),
    ] {
        let shown = scan_with(&world, Source::AccessTokens, field, Some(value.clone()), column).await;
        assert_eq!((shown.column, &shown.extra), (None, &json!({ field: value })), "{field}: {value}");
        assert!(shown.oddities.contains(&"unreadable_field".to_owned()), "{field}: {value}: {:?}", shown.oddities);
    }
    for value in [json!("2026-02-30T00:00:00Z"), json!("now"), json!(0)] {
        let shown = scan_with(&world, Source::MfaDevices, "ActivateDate", Some(value.clone()), "activated_at").await;
        assert_eq!((shown.column, &shown.extra), (None, &json!({ "ActivateDate": value })));
        assert_eq!(shown.oddities, ["unreadable_field"], "{value}");
    }
}

#[tokio::test]
async fn a_status_is_kept_as_it_is_and_one_that_is_missing_is_said_to_be() {
    let world = world_of_one().await;
    let long = "s".repeat(9_000);
    // Each is another than the one before it, as an oddity is told where its version opens.
    for (value, status, oddity) in [
        (Some(json!("frozen")), "frozen", "unknown_status"),
        (Some(json!(null)), "unknown", "unreadable_field"),
        (Some(json!("ACTIVATED")), "ACTIVATED", "unknown_status"),
        (Some(json!("")), "unknown", "unreadable_field"),
        (Some(json!(long)), long.as_str(), "unknown_status"),
        (Some(json!(["expired"])), "unknown", "unreadable_field"),
        (Some(json!("act\0ivated")), "act\u{FFFD}ivated", "nul_character"),
        (None, "unknown", "unreadable_field"),
    ] {
        let shown = scan_with(&world, Source::AccessTokens, "Status", value.clone(), "status").await;
        assert_eq!(shown.column.as_deref(), Some(status), "{value:?}");
        assert!(shown.oddities.contains(&oddity.to_owned()), "{value:?}: {:?}", shown.oddities);
    }
}

#[tokio::test]
async fn texts_and_fields_of_any_size_and_content_are_kept() {
    let world = world_of_one().await;
    let megabytes = "d".repeat(2 * 1024 * 1024);
    let shown = scan_with(&world, Source::AccessTokens, "Description", Some(json!(megabytes)), "description").await;
    assert_eq!((shown.column.map(|text| text.len()), shown.oddities.len()), (Some(megabytes.len()), 0));
    let shown = scan_with(&world, Source::AccessTokens, "Name", Some(json!("a\0b")), "token_name").await;
    assert_eq!((shown.column.as_deref(), shown.oddities), (Some("a\u{FFFD}b"), vec!["nul_character".to_owned()]));

    let deep: Value = serde_json::from_str(&format!("{}1{}", "[".repeat(120), "]".repeat(120))).unwrap();
    for source in Source::ALL {
        for (value, kept) in [
            (json!({ "a": [1, -2.5, true, null] }), json!({ "a": [1, -2.5, true, null] })),
            (json!("k".repeat(9_000)), json!("k".repeat(9_000))),
            (json!({ "a\0": "b\0" }), json!({ "a\u{FFFD}": "b\u{FFFD}" })),
            (json!({ "AccessTokenCode": "s3cret" }), json!({ "AccessTokenCode": "[redacted]" })),
        ] {
            let shown = scan_with(&world, source, "ResourceGroupId", Some(value.clone()), "digest").await;
            assert_eq!(shown.extra, json!({ "ResourceGroupId": kept }), "{source}: {value}");
        }
        let shown = scan_with(&world, source, "ResourceGroupId", Some(deep.clone()), "digest").await;
        assert_eq!(shown.extra["ResourceGroupId"].to_string().matches('[').count(), 120, "{source}");
    }
    let stored: i64 = world
        .database
        .value("select count(*) from inventory.access_token_history h where h::text like '%s3cret%'")
        .await;
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn a_device_is_bound_to_whom_it_names_in_any_shape() {
    let world = world_of_one().await;
    let user = |id: Value| json!({ "UserId": id, "UserPrincipalName": "ann@example.com", "DisplayName": "Ann" });
    for (value, status, oddities) in [
        (Some(json!({})), "unbound", &["activated_without_user"][..]),
        (Some(user(json!("207329002493921234"))), "bound", &[]),
        (Some(json!(null)), "unbound", &["activated_without_user"]),
        (Some(user(json!(207_329_002_493_921_234_i64))), "bound", &[]),
        (None, "unbound", &["activated_without_user"]),
        (Some(json!({ "UserPrincipalName": "ann@example.com" })), "bound", &[]),
        (Some(json!("ann")), "unbound", &["activated_without_user", "unreadable_field"]),
        (Some(json!({ "UserId": "1", "UserPrincipalName": "n".repeat(9_000), "Other": 1 })), "bound", &[]),
        (Some(json!({ "UserId": "9".repeat(9_000) })), "unbound", &["activated_without_user", "unreadable_field"]),
        (Some(json!({ "UserId": "1\0" })), "bound", &["nul_character"]),
    ] {
        let shown = scan_with(&world, Source::MfaDevices, "User", value.clone(), "status").await;
        assert_eq!(shown.column.as_deref(), Some(status), "{value:?}");
        let told: Vec<_> = shown.oddities.iter().filter(|kind| *kind != "known_instant_outside_bounds").collect();
        assert_eq!(told, oddities.iter().collect::<Vec<_>>(), "{value:?}");
    }
}

#[tokio::test]
async fn an_item_without_a_usable_id_is_stored_stops_no_other_and_ends_the_proof() {
    for (source, id) in IDS {
        let rig = Rig::new(source, |config| config.scan.scan_attempts = 2).await;
        for (value, reason) in [
            (None, "no"),
            (Some(json!(null)), "no"),
            (Some(json!("")), "is empty"),
            (Some(json!(7)), "is not a text"),
            (Some(json!({ "Id": "at-1" })), "is not a text"),
            (Some(json!("i".repeat(9_000))), "is longer than 512 bytes"),
        ] {
            let spoil = move |items: &mut Vec<Value>| {
                let item = items[4].as_object_mut().unwrap();
                match &value {
                    Some(value) => item.insert(id.to_owned(), value.clone()),
                    None => item.remove(id),
                };
            };
            let rejected = incomplete(
                "rejected_items",
                Applied::AllButDeletes,
                &["1 items have no usable id", "inventory.rejected_items"],
            );
            rig.strike(reason, [Fault::edit_items(spoil).when(is_page_2).always()], rejected).await;
            let stored: Vec<String> = rig
                .world
                .database
                .lines("select reason from inventory.rejected_items order by first_seen_at desc limit 1")
                .await;
            assert!(stored[0].contains(id) && stored[0].contains(reason), "{stored:?}");
        }
        // One that comes once is stored all the same, though the scan is whole at the next attempt.
        let odd = Fault::edit_items(|items| items[4] = json!("no object")).when(is_page_2);
        rig.strike("no object", [odd], complete()).await;
        let stored: i64 = rig
            .world
            .database
            .value("select count(*) from inventory.rejected_items where original = '\"no object\"'")
            .await;
        assert_eq!(stored, 1, "{source}");
        rig.heal().await;
    }
}

fn is_page_2(request: &emulator::RequestView<'_>) -> bool {
    request.parameter("PageNumber") == Some("2")
        || request.parameter("Marker").is_some_and(|marker| marker.contains("000aemu"))
}

#[tokio::test]
async fn an_id_that_was_stored_otherwise_than_sent_is_never_buried_by_a_look_up() {
    let world = World::of(account().inventory(stock(5, 0)), |_| {}).await;
    let edit = |inventory: &mut emulator::Inventory| {
        let mut code = inventory.remove_token("at-0003").unwrap();
        code.id = "at-\0".into();
        inventory.insert_token(code);
    };
    world.edit(edit);
    world.scan_whole(Source::AccessTokens).await;
    // The listing skips it once, as listings that change do; it lives on.
    world.emulator.add_fault(
        Fault::rewrite(|body| {
            let items = body["AccessTokens"]["AccessToken"].as_array_mut().unwrap();
            items.retain(|item| item["AccessTokenId"] != "at-\0");
            body["TotalCount"] = items.len().into();
        })
        .action("ListAccessTokens"),
    );
    let report = world.scan(Source::AccessTokens).await;
    check_report("skipped", &report, &incomplete("unclear_lookup", Applied::Nothing, &["U+FFFD"]));
    assert_eq!(applied(&report).outcome, Outcome::Incomplete);
    assert_eq!(world.kept(Source::AccessTokens).await.len(), 5);
}
