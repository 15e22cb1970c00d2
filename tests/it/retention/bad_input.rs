//! What cannot be done is told in one clear line, and nothing is changed.

use chrono::TimeDelta;

use super::{call, job, samples};
use crate::support::{ACCOUNT_ID, Desk, TestDatabase, desk::ACCOUNT, dump::Dump, present};

/// The whole inventory, with every instant as it is.
async fn dump(database: &TestDatabase) -> Dump {
    Dump::of(database, present() + TimeDelta::days(1)).await
}

#[tokio::test]
async fn a_command_that_cannot_be_done_says_so_in_one_line_and_changes_nothing() {
    let database = samples(17).await;
    let desk = Desk { database, ..Desk::new().await };
    desk.run(&["retention", "--dry-run"]).await;
    let released = ["retention", "hold", "release", "1", "--by", "ann"];
    desk.run(&["retention", "hold", "add", "--account", "prod", "--reason", "case 7", "--by", "ann"]).await;
    assert_eq!(desk.run(&released).await.code, 0);
    let before = dump(&desk.database).await;

    desk.configure(&format!("{ACCOUNT}[[retention.policy]]\ndataset = 'access_token_histori'\nenabled = false\n"));
    let words = ["stocktake.toml:4", "retention.policy.dataset", "did you mean `access_token_history`?"];
    desk.run(&["retention"]).await.expect_failure(1, &words);
    desk.configure(ACCOUNT);
    let add = ["retention", "hold", "add", "--by", "ann", "--account"];
    for (arguments, words) in [
        (
            [&add[..], &["prod", "--object", "at-nowhere", "--reason", "r"]].concat(),
            ["at-nowhere", "no code or device_key", "nothing was changed"],
        ),
        (
            [&add[..], &["prod", "--dataset", "mfa-devices", "--object", "1", "--reason", "r"]].concat(),
            ["1", "no device", "nothing was changed"],
        ),
        ([&add[..], &["nobody", "--reason", "r"]].concat(), ["nobody", "no account is called", "prod"]),
        ([&add[..], &["prod", "--reason", " "]].concat(), ["the reason is empty", "--reason", "nothing was changed"]),
        (
            ["retention", "hold", "add", "--account", "prod", "--reason", "r", "--by", ""].to_vec(),
            ["nobody is named", "--by", "nothing was changed"],
        ),
        (
            ["retention", "hold", "release", "99", "--by", "ann"].to_vec(),
            ["no hold 99", "hold list", "nothing was changed"],
        ),
        (released.to_vec(), ["hold 1 was released already", "by ann", "nothing was changed"]),
    ] {
        desk.run(&arguments).await.expect_failure(1, &words);
    }

    let mut other = desk.database.pool.acquire().await.unwrap();
    let lock = "select pg_advisory_lock(hashtextextended('stocktake/retention', 0))";
    sqlx::query(lock).execute(&mut *other).await.unwrap();
    for arguments in [&["retention"][..], &["retention", "--dry-run"]] {
        desk.run(arguments).await.expect_failure(1, &["another purge is running", "try again", "nothing was changed"]);
    }
    other.close().await.unwrap();
    dump(&desk.database).await.assert_equals(&before, "something was changed");
}

#[tokio::test]
async fn the_function_refuses_what_it_does_not_know_or_what_is_off() {
    let database = samples(17).await;
    let before = dump(&database).await;
    let mut job = job(&database).await;
    for (arguments, words) in [
        (
            format!("'{ACCOUNT_ID}', 'access_tokens'"),
            "unknown dataset \"access_tokens\"; use one of access_token_history, access_token_transitions, access_token_usage, mfa_device_history, mfa_device_transitions",
        ),
        (format!("'{ACCOUNT_ID}', null"), "unknown dataset"),
        ("'prod', 'access_token_usage'".to_owned(), "unknown account \"prod\"; use the account_id"),
        ("null, 'access_token_usage'".to_owned(), "unknown account"),
        (format!("'{ACCOUNT_ID}', 'mfa_device_history'"), "run `stocktake retention --dry-run`"),
        (format!("'{ACCOUNT_ID}', 'access_token_usage', 0"), "batch_size is 0; use 1 to 100000"),
        (format!("'{ACCOUNT_ID}', 'access_token_usage', null"), "batch_size is null"),
    ] {
        let refusal = call(&mut job, &arguments).await.unwrap_err();
        assert!(refusal.contains(words) && refusal.ends_with("nothing was changed"), "{arguments}: {refusal}");
    }
    dump(&database).await.assert_equals(&before, "something was changed");
    database.execute("update inventory.retention_policies set is_enabled = false").await;
    for is_dry_run in [false, true] {
        let usage = format!("'{ACCOUNT_ID}', 'access_token_usage', is_dry_run => {is_dry_run}");
        let refusal = call(&mut job, &usage).await.unwrap_err();
        assert!(refusal.contains("is off; set `enabled` in [retention]"), "{refusal}");
    }
    assert_eq!(database.value::<i64>("select count(*) from inventory.retention_log").await, 0);
}
