//! What an erasure refuses, and what nothing but an erasure may do.

use super::*;
use crate::support::{Desk, user};

async fn refusal(world: &World, user: &str, reason: &str) -> String {
    let erasure = NewErasure { reason, ..request(user) };
    world.database.store.erase(&erasure, &world.clock).await.unwrap_err().to_string()
}

#[tokio::test]
async fn whoever_is_not_known_not_one_or_held_is_not_erased_and_nothing_changes() {
    let world = world_with(&["zoe-phone"]).await;
    let key = her_key(&world).await.to_string();
    // Her key is the id of somebody else.
    bind(&world, "other", Some(User { user_id: key.clone(), ..user(9) }));
    world.scan_whole(Source::MfaDevices).await;
    let before = numbers(&world.database).await;
    let names = world.database.rows("select * from inventory.mfa_users order by user_key").await;

    let unknown = refusal(&world, "nobody@example", "request 9").await;
    assert!(unknown.contains("has no user") && !unknown.contains("nobody@example"), "{unknown}");
    let ambiguous = refusal(&world, &key, "request 9").await;
    assert!(ambiguous.contains("several users") && ambiguous.contains(&key), "{ambiguous}");
    for reason in [&format!("she is {UPN}"), &format!("by {DISPLAY_NAME}, of course"), USER_ID] {
        let told = refusal(&world, UPN, reason).await;
        assert!(told.contains("names whom it is about") && !told.contains(UPN), "{told}");
    }
    let hold = "insert into inventory.legal_holds (account_id, dataset, object_id, reason, placed_by, placed_at)
                select account_id, 'mfa-devices', device_key::text, 'case 7', 'auditor', now()
                from inventory.mfa_devices where serial_number like '%/zoe-phone'";
    world.database.execute(hold).await;
    let held = refusal(&world, UPN, "request 9").await;
    assert!(held.contains("legal hold 1 keeps") && held.contains("nothing was changed"), "{held}");

    assert_eq!(numbers(&world.database).await, before);
    assert_eq!(world.database.rows("select * from inventory.mfa_users order by user_key").await, names);
    assert_eq!(world.database.value::<i64>("select count(*) from inventory.erasures").await, 0);

    world.database.execute("update inventory.legal_holds set released_by = 'ada', released_at = now()").await;
    assert!(erase(&world, UPN).await.is_new);
}

#[tokio::test]
async fn the_command_erases_once_and_says_so_in_one_line() {
    let desk = Desk::new().await;
    desk.run(&["sync", "--source", "mfa-devices"]).await;
    let found = desk
        .database
        .lines("select user_id, user_principal_name, user_key::text from reporting_pii.mfa_users limit 1")
        .await;
    let [id, upn, key]: [&str; 3] = found[0].split(" | ").collect::<Vec<_>>().try_into().unwrap();
    let erase = |user| ["erase", "--account", "prod", user, "--reason", "request 9", "--by", "ada"];

    desk.run(&erase("nobody")).await.expect_failure(1, &["prod", "no user", "nothing was changed"]);
    let erased = desk.run(&erase(upn)).await;
    assert_eq!((erased.code, erased.stderr.as_str()), (0, ""));
    assert!(
        erased.stdout.starts_with(&format!("user_key {key} of prod ({ACCOUNT_ID}) is erased")),
        "{}",
        erased.stdout
    );
    assert!(!erased.stdout.contains(upn) && !erased.stdout.contains(id));
    let mut said = String::new();
    // By whatever name the person had.
    for user in [key, id, upn] {
        let again = desk.run(&erase(user)).await;
        assert_eq!((again.code, again.stderr.as_str()), (0, ""));
        assert!(again.stdout.contains("erased before") && again.stdout.contains("by ada"), "{}", again.stdout);
        said += &again.stdout;
    }
    let device: i64 = sqlx::query_scalar("select device_key from inventory.mfa_devices where user_key = $1 limit 1")
        .bind(key.parse::<i64>().unwrap())
        .fetch_one(&desk.database.pool)
        .await
        .unwrap();
    let history = desk.run(&["history", &device.to_string(), "--names", "-v"]).await;
    assert_eq!(history.code, 0);
    let synced = desk.run(&["sync", "--source", "mfa-devices", "-vv"]).await;
    assert_eq!(synced.code, 0);
    for text in [said, history.stdout, history.stderr, synced.stdout, synced.stderr] {
        assert!(!text.contains(upn) && !text.contains(id), "{text}");
    }
    assert_eq!(desk.database.value::<i64>("select count(*) from inventory.erasures").await, 1);
}

/// Why `role` was refused `statements`, in one transaction.
async fn code_as(database: &TestDatabase, role: &str, statements: &str) -> String {
    let mut tx = database.pool.begin().await.unwrap();
    let all = format!("set local role {role}; {statements}");
    match sqlx::raw_sql(sqlx::AssertSqlSafe(all)).execute(&mut *tx).await {
        Ok(_) => panic!("{role} was not refused: {statements}"),
        Err(error) => error.as_database_error().unwrap().code().unwrap().into_owned(),
    }
}

#[tokio::test]
async fn nothing_is_redacted_but_by_a_logged_erasure_and_only_to_nothing() {
    let world = world_with(&["zoe-phone"]).await;
    world.emulator.add_fault(
        Fault::edit_items(|items| {
            items[0]["ActivateDate"] = json!("odd");
            items[0]["User"] = json!({});
            items.push(json!({ "Lost": 1 }));
        })
        .action("ListVirtualMFADevices")
        .always(),
    );
    world.scan(Source::MfaDevices).await;
    world.emulator.clear_faults();
    world.scan_whole(Source::MfaDevices).await;
    let database = &world.database;
    for kept in ["mfa_device_history", "anomalies", "rejected_items"] {
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from inventory.{kept}")))
            .fetch_one(&database.pool)
            .await
            .unwrap();
        assert!(count > 0, "{kept}");
    }
    let owner = database.value::<String>("select current_user::text").await;
    let redactions = [
        "update inventory.mfa_device_history set extra = '{}'",
        "update inventory.anomalies set detail = '[erased]'",
        "update inventory.rejected_items set original = '[erased]', original_hash = 'erased:' || original_hash",
        "update inventory.mfa_devices set serial_number = 'erased:' || repeat('0', 64), extra = '{}', digest = 0 where device_key = 1",
        "update inventory.mfa_users set user_id = 'erased:' || repeat('0', 64), user_principal_name = null, display_name = null where user_key = 1",
    ];
    let log = "insert into inventory.erasures (account_id, user_key, reason, erased_by)
               values ('1772422852740001', 1, 'x', 'x');";
    let foreign = log.replace("1772422852740001", "1");
    for redaction in redactions {
        assert_eq!(code_as(database, &owner, redaction).await, "23001", "{redaction}");
        assert_eq!(
            code_as(database, &owner, &format!("{foreign}{redaction}")).await,
            "23001",
            "of another account: {redaction}"
        );
        assert_eq!(
            code_as(database, &owner, &format!("{log} update inventory.erasures set erased_at = now(); {redaction}"))
                .await,
            "23001",
            "{redaction}"
        );
        let mut tx = database.pool.begin().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("{log}{redaction}"))).execute(&mut *tx).await.unwrap();
    }
    for more in [
        "update inventory.mfa_device_history set extra = '{\"a\": 1}'",
        "update inventory.mfa_device_history set extra = '{}', scan_id = scan_id + 1",
        "update inventory.anomalies set detail = 'nothing odd'",
        "update inventory.anomalies set detail = '[erased]', kind = 'x'",
        "update inventory.rejected_items set original = '{}x'",
        "update inventory.mfa_devices set serial_number = 'another', extra = '{}', digest = 0 where device_key = 1",
        "update inventory.mfa_devices set extra = '{}', digest = 0, status_since_at = now() where device_key = 1",
        "update inventory.mfa_devices set extra = '{}', digest = 0, deleted_at = now(), deleted_scan_id = 1 where device_key = 1",
        "update inventory.mfa_devices set extra = '{\"a\": 1}', digest = 0 where device_key = 1",
        "update inventory.mfa_users set user_id = 'another' where user_key = 1",
        "update inventory.mfa_users set user_id = 'erased:' || repeat('0', 64), first_seen_at = now() where user_key = 1",
        "update inventory.access_token_history set extra = '{}'",
    ] {
        let code = code_as(database, &owner, &format!("{log}{more}")).await;
        assert_eq!(code, "23001", "{more}");
    }
    for role in ["stocktake_worker", "stocktake_retention"] {
        for act in redactions.iter().copied().chain([log, "select key from inventory.erasure_keys for update"]) {
            let code = code_as(database, role, act).await;
            // Devices are the worker's to change, as their guard allows.
            let is_guarded = role == "stocktake_worker" && act.starts_with("update inventory.mfa_devices");
            assert_eq!(code, if is_guarded { "23001" } else { "42501" }, "{role}: {act}");
        }
    }
    let call = "select inventory.erase_user('1772422852740001', 1, 'x', 'x', now())";
    for role in ["stocktake_worker", "stocktake_reader", "stocktake_pii_reader"] {
        assert_eq!(code_as(database, role, call).await, "42501", "{role}");
    }
    assert_eq!(code_as(database, "stocktake_retention", "select key from inventory.erasure_keys").await, "42501");

    // Who was erased is not written again, by a release that knows no erasure, or by hand.
    erase(&world, UPN).await;
    let user = "insert into inventory.mfa_users (account_id, user_id, first_seen_at)
                values ('1772422852740001', '207555500001111999', now())";
    let device = "insert into inventory.mfa_devices (account_id, serial_number, version_no, valid_from_at, first_seen_at, status,
                      status_since_at, extra, digest, change_kind, changed_columns, scan_id)
                  values ('1772422852740001', 'acs:ram::1772422852740001:mfa/zoe-phone', 1, now(), now(), 'unbound', now(),
                          '{}', 1, 'appeared', '{}', 1)";
    let name = "update inventory.mfa_users set display_name = 'Zoë Quill' where user_id like 'erased:%'";
    for (act, code) in [(user, "23001"), (device, "23001"), (name, "23514")] {
        assert_eq!(code_as(database, "stocktake_worker", act).await, code, "{act}");
    }
    for act in [
        "update inventory.erasures set reason = 'another'",
        "delete from inventory.erasures",
        "truncate inventory.erasures",
        "update inventory.erasure_keys set key = key",
        "delete from inventory.erasure_keys",
        "truncate inventory.erasure_keys",
        "update inventory.mfa_users set user_id = '207555500001111999' where user_id like 'erased:%'",
    ] {
        assert_eq!(code_as(database, &owner, act).await, "23001", "{act}");
    }
    let vector: String =
        database.value("select encode(inventory.hmac_sha256('Jefe', 'what do ya want for nothing?'), 'hex')").await;
    assert_eq!(vector, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "RFC 4231");
}
