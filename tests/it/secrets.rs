//! Secrets appear nowhere: not in output, not in the log, not in the database, whatever goes wrong.

use emulator::Fault;

use crate::support::{ACCOUNT_ID, Desk, desk::ended};

const SECRET: &str = "cli-secret";
/// What an attacker could replay, or what gives a request away.
const TRACES: [&str; 5] = [SECRET, "Signature=", "ACS3-HMAC-SHA256", "x-acs-signature-nonce", "AccessTokenId.1="];

/// Every row of every table, as text.
async fn everything(desk: &Desk) -> String {
    let tables = desk
        .database
        .lines(
            "select format('%I.%I', schemaname, tablename) from pg_tables
             where schemaname in ('inventory', 'public') order by 1",
        )
        .await;
    assert!(tables.len() > 10);
    let mut all = String::new();
    for table in tables {
        all += &desk.database.rows(&format!("select * from {table}")).await.join("\n");
    }
    all
}

#[tokio::test]
async fn no_secret_is_printed_logged_or_stored_whatever_goes_wrong() {
    let desk = Desk::new().await;
    let echo = format!(
        "The signature does not match. server string to sign is:POST\nAccessKeyId=LTAI5tCli {SECRET} \
         Authorization: ACS3-HMAC-SHA256 Credential=LTAI5tCli,Signature=abc"
    );
    let faults: [fn(String) -> Fault; 6] = [
        |_| Fault::delay(std::time::Duration::ZERO),
        |echo| Fault::error(400, "SignatureDoesNotMatch", echo),
        |echo| Fault::error(403, "NoPermission", echo),
        |echo| Fault::error(500, format!("Internal {SECRET}"), echo),
        |echo| Fault::raw(200, "text/html", echo),
        |_| Fault::drop_connection(),
    ];
    let mut said = String::new();
    for fault in faults {
        desk.emulator.add_fault(fault(echo.clone()).action("ListAccessTokens").always());
        for arguments in [["sync", "--output=text"], ["sync", "--output=json"], ["check", "--output=text"]] {
            let mut command = desk.command(&arguments);
            // The libraries' own words too, down to the last.
            command.env("RUST_LOG", "trace,h2=off").env("STOCKTAKE__API__MAX_ATTEMPTS", "1");
            let ended = ended(command).await;
            assert!(ended.stderr.contains("TRACE"), "the log should say all it can");
            said += &(ended.stdout + &ended.stderr);
        }
        desk.emulator.clear_faults();
    }
    desk.emulator.with_settings(ACCOUNT_ID, |settings| settings.keys[0].active = false);
    said += &desk.run(&["sync"]).await.stderr;
    said += &desk.run(&["status"]).await.stdout;
    assert!(said.contains("SignatureDoesNotMatch") && said.contains("InvalidAccessKeyId.Inactive"));
    let stored = everything(&desk).await;
    assert!(stored.contains("SignatureDoesNotMatch"));
    for trace in TRACES {
        for (place, text) in [("output", &said), ("database", &stored)] {
            let found = text.find(trace).map(|at| &text[at.saturating_sub(200)..(at + 80).min(text.len())]);
            assert_eq!(found, None, "`{trace}` is in the {place}");
        }
    }
}
