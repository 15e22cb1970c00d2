//! The program as a person starts it: exit codes, one clear line a failure, a graceful stop.

use std::{process::Stdio, time::Duration};

use emulator::Fault;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use crate::support::{
    ACCOUNT_ID, Desk,
    desk::{ACCOUNT, ended, program},
};

#[tokio::test]
async fn sync_ends_with_0_and_prints_what_it_did() {
    let desk = Desk::new().await;
    let first = desk.run(&["sync"]).await;
    assert_eq!((first.code, first.stderr.as_str()), (0, ""));
    assert!(first.stdout.contains("access-tokens") && first.stdout.contains("complete"), "{}", first.stdout);
    let again = desk.run(&["sync", "--output", "json"]).await;
    let reports: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(reports[0]["outcome"], "complete");
    assert_eq!((&reports[0]["new_count"], &reports[0]["unchanged_count"]), (&0.into(), &30.into()));
    assert_eq!(reports[1]["source"], "mfa-devices");
    let policies = "select count(*) from inventory.retention_policies where keep_seconds = 3 * 31557600 and is_enabled";
    assert_eq!(desk.database.value::<i64>(policies).await, 5, "one a dataset, once the account is known");
}

#[tokio::test]
async fn a_failing_target_ends_with_3_and_the_others_are_applied() {
    let desk = Desk::new().await;
    desk.emulator.with_settings(ACCOUNT_ID, |settings| {
        settings.denied_actions.insert("ListAccessTokens".into());
    });
    let ended = desk.run(&["sync"]).await;
    ended.expect_failure(3, &["prod", ACCOUNT_ID, "access-tokens", "NoPermission", "smc:ListAccessTokens"]);
    assert_eq!(desk.database.value::<i64>("select count(*) from reporting.mfa_devices").await, 10);
    let recorded =
        desk.database.lines("select outcome, error_code from reporting.scans where source = 'access-tokens'").await;
    assert_eq!(recorded, ["failed | NoPermission"]);
}

#[tokio::test]
async fn an_incomplete_listing_ends_with_3_and_both_numbers() {
    let desk = Desk::new().await;
    desk.emulator
        .add_fault(Fault::rewrite(|answer| answer["TotalCount"] = 31.into()).action("ListAccessTokens").always());
    let ended = desk.run(&["sync", "--source", "access-tokens"]).await;
    ended.expect_failure(3, &["incomplete", "30 distinct ids", "31"]);
}

#[tokio::test]
async fn wrong_keys_get_one_line_a_target_with_the_mend() {
    let desk = Desk::new().await;
    let mut command = desk.command(&["sync", "--source", "access-tokens"]);
    command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong-secret");
    ended(command).await.expect_failure(3, &["SignatureDoesNotMatch", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"]);
    let mut command = desk.command(&["sync", "--source", "access-tokens"]);
    command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tGone");
    ended(command).await.expect_failure(3, &["InvalidAccessKeyId.NotFound", "ALIBABA_CLOUD_ACCESS_KEY_ID"]);
    let mut command = desk.command(&["sync", "--source", "access-tokens"]);
    command.env_remove("ALIBABA_CLOUD_ACCESS_KEY_ID").env_remove("ALIBABA_CLOUD_ACCESS_KEY_SECRET");
    ended(command).await.expect_failure(3, &["ALIBABA_CLOUD_ACCESS_KEY_ID"]);
}

#[tokio::test]
async fn a_configured_id_that_is_not_the_keys_account_is_refused() {
    let desk = Desk::new().await;
    desk.configure(&format!("{ACCOUNT}id = \"1000000000000001\"\nsources = [\"mfa-devices\"]\n"));
    desk.run(&["sync"]).await.expect_failure(3, &["1000000000000001", ACCOUNT_ID, "account.id"]);
    assert_eq!(desk.database.value::<i64>("select count(*) from inventory.scans").await, 0);
}

#[tokio::test]
async fn bad_configuration_ends_with_1_and_names_place_and_mend() {
    let desk = Desk::new().await;
    for (text, words) in [
        ("[scan]\npagng = \"auto\"\n", ["stocktake.toml:2", "scan.pagng", "paging"]),
        ("[api]\nmax_attempts = \"many\"\n", ["stocktake.toml:2", "api.max_attempts", "number"]),
        ("[schedule]\nmfa_devices = \"*/5 * * * *\"\n", ["stocktake.toml:2", "schedule.mfa_devices", "seconds"]),
        ("[api]\nims_endpoint = \"http://example.com\"\n", ["stocktake.toml:2", "api.ims_endpoint", "https"]),
    ] {
        desk.configure(text);
        let mut command = desk.command(&["sync"]);
        command.env_remove("STOCKTAKE__API__IMS_ENDPOINT");
        ended(command).await.expect_failure(1, &words);
    }
    desk.configure("");
    desk.run(&["sync"]).await.expect_failure(1, &["[[account]]"]);
    desk.configure(&format!("{ACCOUNT}sources = [\"access-tokens\"]\n"));
    desk.run(&["sync", "--source", "mfa-devices"]).await.expect_failure(1, &["source"]);
    desk.run(&["--config", "none.toml", "sync"]).await.expect_failure(1, &["none.toml", "--config"]);
}

#[tokio::test]
async fn a_database_out_of_reach_or_newer_ends_with_1() {
    let desk = Desk::new().await;
    let mut command = desk.command(&["sync"]);
    command.env("DATABASE_URL", "postgres://user:wrong-secret@127.0.0.1:1/none");
    ended(command).await.expect_failure(1, &["database", "refused", "database.url"]);

    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (99999999999999, 'of the future', true, '\\x00', 1)",
    )
    .execute(&desk.database.pool)
    .await
    .unwrap();
    for command in ["sync", "migrate", "run"] {
        desk.run(&[command]).await.expect_failure(1, &["99999999999999", "newer"]);
    }
}

#[tokio::test]
async fn usage_errors_end_with_2() {
    let desk = Desk::new().await;
    for arguments in [
        &["frobnicate"][..],
        &["sync", "--source", "users"],
        &["sync", "--approve-deletes", "-1"],
        &["sync", "--name", "a", "--approve-deletes", "1"],
    ] {
        assert_eq!(desk.run(arguments).await.code, 2, "{arguments:?}");
    }
}

#[tokio::test]
async fn run_scans_on_its_schedule_and_stops_at_sigterm_with_0() {
    let desk = Desk::new().await;
    let known = format!("insert into inventory.accounts values ('{ACCOUNT_ID}', 'prod', now())");
    desk.database.execute(&known).await;
    let mut command = desk.command(&["run"]);
    command
        .env("STOCKTAKE__SCHEDULE__ACCESS_TOKENS", "* * * * * *")
        .env("STOCKTAKE__SCHEDULE__MFA_DEVICES", "off")
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    tokio::time::timeout(Duration::from_secs(30), desk.emulator.wait_for_requests(2))
        .await
        .expect("a tick within 30 s");
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    let outcomes = desk.database.lines("select distinct outcome from reporting.scans").await;
    assert!(outcomes.iter().all(|outcome| outcome == "complete" || outcome == "abandoned"), "{outcomes:?}");
    assert!(!outcomes.is_empty());
    let policies = "select count(*) from inventory.retention_policies";
    assert_eq!(desk.database.value::<i64>(policies).await, 5, "they are there before the first purge");
}

#[tokio::test]
async fn a_killed_scan_leaves_nothing_and_the_next_one_says_so() {
    let desk = Desk::new().await;
    desk.emulator.add_fault(Fault::hang().action("ListAccessTokens").times(1));
    let mut child = desk.command(&["sync", "--source", "access-tokens"]).spawn().unwrap();
    desk.emulator.wait_for_requests(2).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(desk.database.value::<i64>("select count(*) from inventory.access_tokens").await, 0);
    assert_eq!(desk.run(&["sync", "--source", "access-tokens"]).await.code, 0);
    let outcomes = desk.database.lines("select outcome, error_code from reporting.scans order by scan_id").await;
    assert_eq!(outcomes, ["abandoned | worker_died", "complete | "]);
}

#[tokio::test]
async fn demo_once_prints_the_reports_and_leaves_nothing_running() {
    let folder = TempDir::new().unwrap();
    let mut command = program(folder.path());
    command.args(["demo", "--once"]);
    let ended = ended(command).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for words in ["How fresh", "unactivated → activated", "activated → expired", "NoPermission", "What to type next"]
    {
        assert!(ended.stdout.contains(words), "`{words}` is not in:\n{}", ended.stdout);
    }
}
