//! Many accounts at once: one that fails changes nothing of its own, says so in one line, and harms no other.

use std::{collections::BTreeMap, process::Command};

use chrono::TimeDelta;
use emulator::{AccessKey, AccountOptions, Fault};
use stocktake::{
    clock::{Clock, SystemClock},
    config::Config,
    inventory::Source::{AccessTokens, MfaDevices},
    worker::keep_policies,
};
use tempfile::TempDir;

use crate::support::{
    TestDatabase,
    estate::{Estate, cloud_account, id, name, section, words},
};

const COUNT: usize = 40;

/// Those after it keep activation codes alone, which is enough for those that fail in no way.
const BOTH_SOURCES: usize = 12;

/// Every row of an account but its ledger, and of what is kept by source that of `sources` alone.
async fn rows_of(database: &TestDatabase, account_id: &str, sources: &[&str]) -> BTreeMap<String, Vec<String>> {
    let tables = "select table_name::text from information_schema.columns
                  where table_schema = 'inventory' and column_name = 'account_id' and table_name <> 'scans'";
    let by_source = "select table_name::text from information_schema.columns
                     where table_schema = 'inventory' and column_name = 'source'";
    let by_source = database.lines(by_source).await;
    let mut rows = BTreeMap::new();
    for table in database.lines(tables).await {
        let filter = match by_source.contains(&table) {
            true => format!("and source in ('{}')", sources.join("','")),
            false => String::new(),
        };
        let query = format!("select * from inventory.{table} where account_id = '{account_id}' {filter} order by 1, 2");
        rows.insert(table, database.rows(&query).await);
    }
    assert!(!rows["targets"].is_empty(), "account {account_id} was scanned before");
    rows
}

/// A code and a device come, and a code goes.
fn change(estate: &Estate, n: usize) {
    estate.emulator.with_account(&id(n), |inventory| {
        let code = inventory.tokens().next().unwrap().clone();
        let serial = format!("acs:ram::{}:mfa/new", id(n));
        inventory.insert_device(emulator::MfaDevice { serial_number: serial, user: None, activated_at: None });
        inventory.remove_token(&code.id);
        inventory.insert_token(emulator::AccessToken { id: format!("at-new{n}"), ..code });
    });
}

/// The accounts' sections as a file.
fn configuration(count: usize) -> String {
    let section = |n: usize| {
        let id = if n == 7 { String::new() } else { format!("id = \"{}\"\n", id(n)) };
        let credentials = match n {
            5 => "kind = \"profile\", file = \"keys/none.ini\"".to_owned(),
            _ => format!(
                "kind = \"env\", id_var = \"KEY_ID_{n}\", secret_var = \"KEY_SECRET_{n}\", token_var = \"KEY_TOKEN_{n}\""
            ),
        };
        let sources = if n < BOTH_SOURCES { "" } else { "sources = [\"access-tokens\"]\n" };
        format!("[[account]]\nname = \"{}\"\n{id}{sources}credentials = {{ {credentials} }}\n", name(n))
    };
    (0..count).map(section).collect()
}

#[tokio::test]
async fn each_way_to_fail_changes_nothing_of_its_own_and_the_others_are_complete_and_applied() {
    let token = |n: usize| match n {
        3 => AccountOptions::new(id(n)).generated(5, 3).key(
            AccessKey::new("STS.Estate03", "estate-secret-03")
                .with_token("estate-token-03")
                .expiring_at(SystemClock.now() + TimeDelta::hours(1)),
        ),
        _ => cloud_account(n),
    };
    let estate = Estate::with((0..COUNT).map(token), |config| {
        config.accounts[BOTH_SOURCES..].iter_mut().for_each(|account| account.sources = vec![AccessTokens]);
    })
    .await;
    estate.sync().await;
    // As the program that scanned so far would have left them.
    keep_policies(&Config::default(), &estate.database.store).await.unwrap();
    (0..COUNT).for_each(|n| change(&estate, n));

    let keys =
        |n: usize, edit: fn(&mut Vec<AccessKey>)| estate.emulator.with_settings(&id(n), |all| edit(&mut all.keys));
    keys(0, Vec::clear);
    keys(1, |keys| keys[0].active = false);
    estate.emulator.with_settings(&id(2), |settings| settings.denied_actions.insert("ListAccessTokens".into()));
    keys(3, |keys| keys[0].expires_at = Some(SystemClock.now() - TimeDelta::seconds(1)));
    keys(4, |keys| keys[0].secret = "another-secret".into());
    estate.emulator.add_fault(Fault::drop_connection().account(id(8)).always());
    // Two sections have the keys of another account, and a third one those of an account that has its own section.
    let mut variables = estate.variables.clone();
    for (n, other) in [(6, 36), (7, 37), (COUNT, 38)] {
        for variable in ["KEY_ID", "KEY_SECRET"] {
            variables.insert(format!("{variable}_{n}"), estate.variables[&format!("{variable}_{other}")].clone());
        }
    }
    let twin = format!(
        "[[account]]\nname = \"twin\"\ncredentials = {{ kind = \"env\", id_var = \"KEY_ID_{COUNT}\", secret_var = \"KEY_SECRET_{COUNT}\" }}\n"
    );
    let failing: Vec<_> = (0..9).collect();
    let sources = |n: usize| if n == 2 { &["access-tokens"][..] } else { &["access-tokens", "mfa-devices"] };
    let mut before = Vec::new();
    for n in &failing {
        before.push(rows_of(&estate.database, &id(*n), sources(*n)).await);
    }

    let folder = TempDir::new().unwrap();
    let file = folder.path().join("stocktake.toml");
    std::fs::write(&file, configuration(COUNT) + &twin).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stocktake"));
    command.current_dir(folder.path()).arg("--config").arg(&file).arg("sync").env_clear().envs(variables);
    command.env("DATABASE_URL", &estate.database.url).env("STOCKTAKE__API__MAX_ATTEMPTS", "1");
    // A machine with much to do may be told that its database is slow.
    command.env("RUST_LOG", "error");
    for api in ["SMC", "IMS", "STS"] {
        command.env(format!("STOCKTAKE__API__{api}_ENDPOINT"), estate.emulator.url());
    }
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{printed}");

    let expected = [
        ("a00", "InvalidAccessKeyId.NotFound", "KEY_ID_0`"),
        ("a01", "InvalidAccessKeyId.Inactive", "enable the access key"),
        ("a02", "NoPermission", "grant `smc:ListAccessTokens`"),
        ("a03", "InvalidSecurityToken.Expired", "get a new session"),
        ("a04", "SignatureDoesNotMatch", "KEY_SECRET_4`"),
        ("a05", "keys/none.ini", "create `keys/none.ini`"),
        ("a06", "the keys belong to 19", "correct account.id or account.credentials"),
        ("a07", "was account 19", "set account.id"),
        ("a08", "got no answer", "endpoint`"),
        ("twin", "which `a38` keeps", "remove one of the two sections"),
    ];
    for (account, cause, mend) in expected {
        for source in ["access-tokens", "mfa-devices"] {
            let of_target = |line: &&str| line.starts_with(&format!("{account} (")) && line.contains(source);
            let lines: Vec<_> = printed.lines().filter(of_target).collect();
            let wanted_count = usize::from(account != "a02" || source == "access-tokens");
            assert_eq!(lines.len(), wanted_count, "{account} {source}:\n{printed}");
            assert!(lines.iter().all(|line| line.contains(cause) && line.contains(mend)), "{cause}; {mend}: {lines:?}");
        }
    }
    assert_eq!(printed.lines().count(), 2 * expected.len() - 1, "one line a target:\n{printed}");
    for secret in ["estate-secret", "estate-token", "another-secret"] {
        assert!(!printed.contains(secret), "{printed}");
    }

    for (n, before) in failing.iter().zip(before) {
        let after = rows_of(&estate.database, &id(*n), sources(*n)).await;
        // What the account that lost one permission may do is still read.
        let is_other_source = |table: &str| *n == 2 && table.starts_with("mfa_");
        for (table, rows) in before.iter().filter(|(table, _)| !is_other_source(table)) {
            assert_eq!(&after[table], rows, "{table} of {}", name(*n));
        }
    }
    let applied = "select account_name from reporting.access_tokens_all where is_deleted order by 1";
    let healthy: Vec<_> = (9..COUNT).map(name).collect();
    assert_eq!(estate.database.lines(applied).await, healthy);
    let devices = "select account_name from reporting.mfa_devices group by 1 having count(*) = 4 order by 1";
    let healthy = healthy[..BOTH_SOURCES - 9].to_vec();
    assert_eq!(estate.database.lines(devices).await, [vec![name(2)], healthy].concat());
}

#[tokio::test]
async fn an_api_out_of_reach_fails_its_source_of_every_account_and_no_other() {
    let estate = Estate::of(12, |config| {
        // A port of a service that nobody runs.
        config.api.smc_endpoint = "http://127.0.0.1:1".into();
        config.api.max_attempts = 1;
    })
    .await;
    let reports = estate.worker.scan_all(None, None, &Default::default()).await;
    assert_eq!(reports.len(), 24);
    for report in &reports {
        let expected = match report.source {
            AccessTokens => ("failed", "connection_failed"),
            MfaDevices => ("complete", ""),
        };
        assert_eq!(words(report), expected, "{:?}", report.failure_line());
    }
}

#[tokio::test]
async fn two_sections_of_one_account_neither_fight_nor_double() {
    let estate = Estate::of(2, |config| {
        // The second section has the keys of the first, and neither has an id.
        config.accounts.iter_mut().for_each(|account| account.id = None);
        config.accounts[1].credentials = section(0).credentials;
    })
    .await;
    // Before the first one has told whose keys it has, the second may keep the account.
    assert_eq!(words(&estate.scan(1, AccessTokens).await), ("complete", ""));
    assert_eq!(words(&estate.scan(0, AccessTokens).await), ("complete", ""));
    for source in [AccessTokens, MfaDevices] {
        let refused = estate.scan(1, source).await;
        assert_eq!(words(&refused), ("failed", "account_configured_twice"));
        assert!(refused.failure_line().unwrap().contains("which `a00` keeps"));
    }
    assert!(estate.scan(0, MfaDevices).await.is_success());
    let kept = "select account_name, (select count(*) from reporting.access_tokens_all)::text,
                       (select count(*) from reporting.access_token_history)::text,
                       (select count(*) from inventory.scans)::text
                from inventory.accounts";
    assert_eq!(estate.database.lines(kept).await, ["a00 | 5 | 5 | 3"]);
}

#[tokio::test]
async fn a_section_without_id_takes_another_account_only_where_the_configuration_says_so() {
    let configure = |id: Option<String>| {
        move |config: &mut stocktake::config::Config| {
            config.accounts.truncate(1);
            config.accounts[0].id = id;
        }
    };
    let estate = Estate::of(2, configure(None)).await;
    assert!(estate.scan(0, AccessTokens).await.is_success());
    // The next process finds the keys of the other account.
    for (given, expected) in
        [(None, ("failed", "account_exchanged")), (Some(id(1)), ("complete", "")), (None, ("complete", ""))]
    {
        let restarted = estate.restart(|config| {
            configure(given.clone())(config);
            config.accounts[0].credentials = section(1).credentials;
        });
        let report = restarted.scan(&restarted.accounts()[0], AccessTokens, &Default::default()).await;
        assert_eq!(words(&report), expected, "{:?}", report.failure_line());
    }
    assert_eq!(estate.database.value::<i64>("select count(*) from reporting.access_tokens").await, 10);
}
