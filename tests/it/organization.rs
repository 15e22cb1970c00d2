//! A whole organization: its members are found and scanned, and only a listing seen whole switches one off.

use std::{process::Command, sync::Arc};

use emulator::{AccountOptions, Fault, Member, Role};
use stocktake::{
    config::{AccountConfig, Config, OrganizationConfig},
    inventory::Source::{AccessTokens, MfaDevices},
    schedule::Trigger,
    worker::{ListingTrouble, TargetReport, Worker, serve},
};
use tempfile::TempDir;

use crate::support::estate::{Estate, Log, cloud_account, id, section};

const ROLE: &str = "ResourceDirectoryAccountAccessRole";

/// The management account is the first; the others are its members, and let it in.
fn cloud(names: &[&str]) -> Vec<AccountOptions> {
    let members = names.iter().zip(1..).map(|(name, n)| Member::new(id(n), *name));
    let mut accounts = vec![cloud_account(0).directory(members)];
    accounts.extend((1..=names.len()).map(|n| {
        let mut account = cloud_account(n);
        account.settings.roles.push(Role::new(ROLE).trusting_account(id(0)));
        account
    }));
    accounts
}

fn organization() -> OrganizationConfig {
    let AccountConfig { credentials, sources, .. } = section(0);
    OrganizationConfig {
        name: "acme".into(),
        id: None,
        credentials,
        role_name: ROLE.into(),
        session_name: "stocktake".into(),
        external_id: None,
        sources,
        include: Vec::new(),
        exclude: Vec::new(),
        management: true,
    }
}

fn configure(config: &mut Config) {
    config.accounts.clear();
    config.api.max_attempts = 1;
    config.organizations = vec![organization()];
}

async fn estate(names: &[&str]) -> Estate {
    Estate::with(cloud(names), configure).await
}

/// What `sync` does: the lines of listings that failed, and the reports.
async fn sync(worker: &Worker) -> (Vec<String>, Vec<TargetReport>) {
    worker.recall_members().await.unwrap();
    let lines = worker.list_members(false).await.iter().map(ListingTrouble::line).collect();
    (lines, worker.scan_all(None, None, &Default::default()).await)
}

fn names(worker: &Worker) -> Vec<String> {
    worker.accounts().iter().map(|account| account.name().to_owned()).collect()
}

fn edit_directory(estate: &Estate, edit: impl FnOnce(&mut Vec<Member>)) {
    estate.emulator.with_settings(&id(0), |settings| edit(settings.directory.as_mut().unwrap()));
}

async fn states(estate: &Estate) -> Vec<String> {
    let states = "select account_name, state from reporting.freshness where source = 'access-tokens' order by 1";
    estate.database.lines(states).await
}

#[tokio::test]
async fn members_are_found_labelled_and_scanned_in_sessions_that_may_do_nothing_else() {
    let estate = estate(&["dev", "prod", "dev", "on its way"]).await;
    edit_directory(&estate, |members| members[3].status = "PromoteVerifying".into());
    let (lines, reports) = sync(&estate.worker).await;
    assert!(lines.is_empty(), "{lines:?}");
    assert!(reports.iter().all(TargetReport::is_success), "{reports:?}");
    let expected =
        ["acme".to_owned(), format!("acme/dev ({})", id(1)), "acme/prod".into(), format!("acme/dev ({})", id(3))];
    assert_eq!(names(&estate.worker), expected);
    let kept = "select account_id, count(*)::text from reporting.access_tokens group by 1 order by 1";
    assert_eq!(estate.database.lines(kept).await, [0, 1, 2, 3].map(|n| format!("{} | 5", id(n))));

    let asked: Vec<_> =
        estate.emulator.requests().into_iter().filter(|request| request.action == "AssumeRole").collect();
    assert_eq!(asked.len(), 3);
    for request in asked {
        let policy: serde_json::Value = serde_json::from_str(request.parameter("Policy").unwrap()).unwrap();
        let actions = serde_json::json!(["smc:ListAccessTokens", "ram:ListVirtualMFADevices"]);
        assert_eq!((&policy["Statement"][0]["Action"], &policy["Statement"][1]), (&actions, &serde_json::Value::Null));
    }
    let denied = estate.worker.accounts()[1].client().list_members().await.unwrap_err();
    assert_eq!(denied.code(), "NoPermission", "the session does not even have the role's other rights");
}

#[tokio::test]
async fn a_new_member_is_picked_up_and_one_that_leaves_is_switched_off_by_a_whole_listing_alone() {
    // More than a page of members, of which three are kept.
    let mut directory: Vec<_> = (1..=3).map(|n| Member::new(id(n), format!("m{n}"))).collect();
    directory.extend((0..130).map(|n| Member::new(format!("18{n:014}"), "other")));
    let mut accounts = cloud(&["m1", "m2", "m3"]);
    accounts[0].settings.directory = Some(directory[1..].to_vec());
    let estate = Estate::with(accounts, |config| {
        configure(config);
        config.organizations[0].sources = vec![AccessTokens];
        config.organizations[0].exclude = (0..130).map(|n| format!("18{n:014}")).collect();
    })
    .await;
    sync(&estate.worker).await;
    assert_eq!(names(&estate.worker), ["acme", "acme/m2", "acme/m3"]);
    edit_directory(&estate, |members| members.insert(0, directory[0].clone()));
    sync(&estate.worker).await;
    assert_eq!(names(&estate.worker), ["acme", "acme/m1", "acme/m2", "acme/m3"]);
    let all_fresh = ["acme | fresh", "acme/m1 | fresh", "acme/m2 | fresh", "acme/m3 | fresh"];
    assert_eq!(states(&estate).await, all_fresh);

    // One leaves, and no listing is whole.
    edit_directory(&estate, |members| drop(members.remove(1)));
    let page_two = |fault: Fault| fault.action("ListAccounts").page(2).always();
    for (fault, cause) in [
        (page_two(Fault::error(500, "InternalError", "…")), "InternalError"),
        (page_two(Fault::rewrite(|page| page["TotalCount"] = 131.into())), "TotalCount changed from 132 to 131"),
        (
            page_two(Fault::rewrite(|page| page["Accounts"]["Account"] = serde_json::json!([]))),
            "saw 100 distinct members of a TotalCount of 132",
        ),
        (page_two(Fault::rewrite(|page| page["Accounts"] = serde_json::Value::Null)), "TotalCount of 132"),
        (
            page_two(Fault::rewrite(|page| page["Accounts"]["Account"][0]["AccountId"] = "x".into())),
            "numeric AccountId",
        ),
        (Fault::json(&serde_json::json!({})).action("ListAccounts").always(), "no Accounts"),
        (
            Fault::error(403, "NoPermission", "…").action("ListAccounts").always(),
            "grant `resourcemanager:ListAccounts`",
        ),
    ] {
        estate.emulator.clear_faults();
        estate.emulator.add_fault(fault);
        // Not even to a process that has just started.
        let restarted = estate.restart(|_| {});
        let (lines, reports) = sync(&restarted).await;
        assert_eq!(lines.len(), 1, "{cause}");
        assert!(lines[0].starts_with("acme members: failed: ") && lines[0].contains(cause), "{cause}: {lines:?}");
        assert_eq!((reports.len(), names(&restarted).len()), (4, 4), "{cause}");
        assert_eq!(states(&estate).await, all_fresh, "{cause}");
    }
    estate.emulator.clear_faults();
    sync(&estate.worker).await;
    assert_eq!(names(&estate.worker), ["acme", "acme/m1", "acme/m3"]);
    assert_eq!(states(&estate).await, ["acme | fresh", "acme/m1 | fresh", "acme/m2 | off", "acme/m3 | fresh"]);
    let kept = "select count(*) from reporting.access_tokens where account_name = 'acme/m2'";
    assert_eq!(estate.database.value::<i64>(kept).await, 5, "what is known stays");

    // It comes back.
    edit_directory(&estate, |members| members.push(directory[1].clone()));
    sync(&estate.worker).await;
    assert_eq!(states(&estate).await, all_fresh);
}

#[tokio::test]
async fn a_member_that_denies_the_role_fails_alone() {
    let estate = estate(&["dev", "prod"]).await;
    estate.emulator.with_settings(&id(1), |settings| settings.roles[0].trusted_accounts.clear());
    let (lines, reports) = sync(&estate.worker).await;
    assert!(lines.is_empty(), "{lines:?}");
    let failed: Vec<_> = reports.iter().filter_map(TargetReport::failure_line).collect();
    assert_eq!(failed.len(), 2, "a line a target: {failed:?}");
    for line in failed {
        assert!(line.starts_with(&format!("acme/dev ({})", id(1))) && line.contains("NoPermission"), "{line}");
        assert!(line.contains("sts:AssumeRole") && line.contains(ROLE), "{line}");
    }
    let kept = "select distinct account_name from reporting.access_tokens order by 1";
    assert_eq!(estate.database.lines(kept).await, ["acme", "acme/prod"]);
}

#[tokio::test]
async fn a_section_of_its_own_outranks_membership() {
    for has_id in [true, false] {
        let estate = Estate::with(cloud(&["dev", "prod"]), |config| {
            configure(config);
            config.accounts = vec![AccountConfig { name: "mine".into(), ..section(1) }];
            config.accounts[0].id = has_id.then(|| id(1));
        })
        .await;
        if !has_id {
            // Its keys tell; from then on it is as if it were written.
            estate.worker.scan(&estate.worker.accounts()[0], AccessTokens, &Default::default()).await;
        }
        let (_, reports) = sync(&estate.worker).await;
        assert!(reports.iter().all(TargetReport::is_success), "{reports:?}");
        assert_eq!(names(&estate.worker), ["mine", "acme", "acme/prod"]);
        let known = "select account_name from inventory.accounts order by 1";
        assert_eq!(estate.database.lines(known).await, ["acme", "acme/prod", "mine"]);
    }
}

#[tokio::test]
async fn keys_of_another_organization_take_no_member_away() {
    let mut accounts = cloud(&["dev", "prod"]);
    accounts.push(cloud_account(3).directory([]));
    let estate = Estate::with(accounts, configure).await;
    sync(&estate.worker).await;
    let restarted = estate.restart(|config| config.organizations[0].credentials = section(3).credentials);
    let (lines, _) = sync(&restarted).await;
    assert!(lines[0].contains(&format!("was account {} until now", id(0))), "{lines:?}");
    assert_eq!(names(&restarted), ["acme", "acme/dev", "acme/prod"]);
}

#[tokio::test]
async fn in_the_loop_a_listing_that_hangs_keeps_no_section_waiting_and_a_new_member_comes_with_a_tick() {
    let mut accounts = cloud(&["dev", "no member", "new"]);
    accounts[0].settings.directory.as_mut().unwrap().truncate(1);
    let mut estate = Estate::with(accounts, |config| {
        configure(config);
        config.accounts = vec![section(2)];
    })
    .await;
    let log = Log::capture();
    // The listing of the start, and the one of the first tick.
    estate.emulator.add_fault(Fault::hang().action("ListAccounts").times(2));
    let (sender, triggers) = tokio::sync::mpsc::channel(3);
    let serving = tokio::spawn(serve(Arc::clone(&estate.worker), triggers));
    sender.send(Trigger::Scan(AccessTokens)).await.unwrap();
    estate.wait_for_end(2, AccessTokens).await;
    while estate.emulator.waiting_fault_count() > 0 {
        tokio::task::yield_now().await;
    }
    // Later listings do not wait for those.
    sender.send(Trigger::Scan(MfaDevices)).await.unwrap();
    estate.wait_for_end(1, MfaDevices).await;
    edit_directory(&estate, |members| members.push(Member::new(id(3), "new")));
    sender.send(Trigger::Scan(MfaDevices)).await.unwrap();
    estate.wait_for_end(3, MfaDevices).await;
    assert!(!log.has(&["acme members: failed"]), "the first two still hang: {}", log.text());
    estate.stop.cancel();
    serving.await.unwrap();
    let kept = "select account_name from inventory.accounts order by 1";
    assert_eq!(estate.database.lines(kept).await, ["a02", "acme", "acme/dev", "acme/new"]);
}

#[tokio::test]
async fn the_commands_tell_a_listing_that_failed() {
    let estate = estate(&["dev"]).await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("stocktake.toml");
    let text = "[[organization]]\nname = \"acme\"\ncredentials = { kind = \"env\", id_var = \"KEY_ID_0\", secret_var = \"KEY_SECRET_0\" }\n";
    std::fs::write(&file, text).unwrap();
    let run = async |command_name: &'static str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stocktake"));
        command.current_dir(folder.path()).arg("--config").arg(&file).arg(command_name).env_clear();
        command.envs(&estate.variables).env("DATABASE_URL", &estate.database.url).env("RUST_LOG", "error");
        command.env("STOCKTAKE__API__MAX_ATTEMPTS", "1").env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
        for api in ["SMC", "IMS", "STS", "RESOURCEMANAGER"] {
            command.env(format!("STOCKTAKE__API__{api}_ENDPOINT"), estate.emulator.url());
        }
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, printed, errors) = run("sync").await;
    assert_eq!((code, errors.as_str()), (0, ""), "{printed}");
    assert!(printed.contains("acme/dev"), "{printed}");
    let (code, printed, _) = run("check").await;
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("acme members: ListAccounts answers: 1 member to keep"), "{printed}");
    assert!(printed.contains("acme/dev access-tokens: "), "{printed}");
    assert_eq!(run("status").await.0, 0);

    estate.emulator.with_settings(&id(0), |settings| settings.denied_actions.insert("ListAccounts".into()));
    let (code, printed, errors) = run("sync").await;
    assert_eq!(code, 3, "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.starts_with("acme members: failed: permission denied: ListAccounts"), "{errors}");
    assert!(printed.contains("acme/dev"), "the members known so far are scanned: {printed}");
    let (code, printed, _) = run("status").await;
    assert_eq!(code, 3, "{printed}");
    assert!(printed.contains("! acme members: permission denied: ListAccounts"), "{printed}");
    assert_eq!(run("check").await.0, 3);
}
