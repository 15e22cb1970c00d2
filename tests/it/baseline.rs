//! The first load: its rows go straight into their table, through memory or a file, and are those of any other scan.

use emulator::{Fault, Inventory};
use stocktake::inventory::Source;

use crate::support::{ACCOUNT_ID, Desk, World, account, applied, code, desk::ended, stock};

/// So much text in a few codes makes more than is kept in memory.
const LARGE: usize = 1024 * 1024;

/// Changes two codes and adds one after the second answer: the total moves, and the listing is read once more.
fn disturb(world: &World) {
    let edit = Fault::mutate(|inventory: &mut Inventory| {
        for number in [0, 8] {
            inventory.token_mut(&code(number).id).unwrap().description = Some("later".into());
        }
        inventory.insert_token(code(20));
    });
    world.emulator.add_fault(edit.action("ListAccessTokens").after(1));
}

async fn expect_baseline(world: &World, count: usize) {
    assert_eq!(world.kept(Source::AccessTokens).await, world.truth(Source::AccessTokens));
    let lines = world
        .database
        .lines(
            "select concat_ws(
                        ' ', count(*), count(distinct scan_id), min(version_no), max(version_no), min(change_kind),
                        max(change_kind), (select count(*) from inventory.access_token_history))
             from inventory.access_tokens
             where valid_from_at = first_seen_at and status_since_at = first_seen_at and changed_columns = '{}'",
        )
        .await;
    assert_eq!(lines, [format!("{count} 1 1 1 baseline baseline 0")]);
    let report = world.scan_whole(Source::AccessTokens).await;
    assert_eq!(applied(&report).counts.unchanged, count as u64, "its digests are those of the next scan");
}

#[tokio::test]
async fn what_a_first_load_reads_twice_is_kept_as_it_was_read_last() {
    let account = account().inventory(stock(15, 0)).page_limit(5);
    let world = World::of(account, |config| config.scan.concurrency = 1).await;
    disturb(&world);
    let report = world.scan_whole(Source::AccessTokens).await;
    let evidence = &applied(&report).evidence;
    assert_eq!((evidence.attempt_count, evidence.distinct_count), (2, 16));
    assert_eq!(applied(&report).counts.new, 16);
    expect_baseline(&world, 16).await;
}

#[tokio::test]
async fn a_large_first_load_goes_through_a_file_and_loses_nothing_that_is_read_twice() {
    let mut inventory = stock(9, 0);
    let ids: Vec<String> = inventory.tokens().map(|code| code.id.clone()).collect();
    for (number, id) in ids.iter().enumerate() {
        inventory.token_mut(id).unwrap().description = Some(format!("{number}").repeat(LARGE));
    }
    let world = World::of(account().inventory(inventory).page_limit(3), |config| config.scan.concurrency = 1).await;
    disturb(&world);
    let report = world.scan_whole(Source::AccessTokens).await;
    assert_eq!((applied(&report).evidence.attempt_count, applied(&report).counts.new), (2, 10));
    expect_baseline(&world, 10).await;
}

#[tokio::test]
async fn a_first_load_of_more_than_one_statement_copies_is_whole() {
    let mut inventory = stock(40, 0);
    let ids: Vec<String> = inventory.tokens().map(|code| code.id.clone()).collect();
    for id in ids {
        inventory.token_mut(&id).unwrap().description = Some("x".repeat(LARGE));
    }
    let world = World::of(account().inventory(inventory).page_limit(10), |_| {}).await;
    assert_eq!(applied(&world.scan_whole(Source::AccessTokens).await).counts.new, 40);
    expect_baseline(&world, 40).await;
    let counted = "select sum(change_count)::bigint from inventory.daily_changes where source = 'access-tokens'";
    assert_eq!(world.database.value::<i64>(counted).await, 40);
}

#[tokio::test]
async fn a_first_load_is_written_in_the_order_of_the_ids() {
    let world = World::of(account().inventory(stock(15, 0)).page_limit(5), |_| {}).await;
    world.scan_whole(Source::AccessTokens).await;
    let written = world.database.lines("select access_token_id from inventory.access_tokens order by ctid").await;
    assert!(written.is_sorted() && written.len() == 15, "{written:?}");
    let as_listed: Vec<String> =
        world.emulator.with_account(ACCOUNT_ID, |inventory| inventory.tokens().map(|code| code.id.clone()).collect());
    assert!(!as_listed.is_sorted(), "the order of the API would do as well");
}

#[tokio::test]
async fn a_first_load_is_written_where_row_level_security_is_on() {
    let world = World::of(account().inventory(stock(15, 5)), |_| {}).await;
    world.database.login("test_first_load", "stocktake_reader").await;
    world.database.execute("insert into inventory.reader_accounts values ('2', 'test_first_load')").await;
    let is_on = "select relrowsecurity from pg_class where oid = 'inventory.access_tokens'::regclass";
    assert!(world.database.value::<bool>(is_on).await);
    assert_eq!(applied(&world.scan_whole(Source::AccessTokens).await).counts.new, 15);
    expect_baseline(&world, 15).await;
}

#[tokio::test]
async fn a_first_load_that_finds_no_room_says_where_and_changes_nothing() {
    let desk = Desk::new().await;
    desk.emulator.with_account(ACCOUNT_ID, |inventory| {
        let ids: Vec<String> = inventory.tokens().take(5).map(|code| code.id.clone()).collect();
        for id in ids {
            inventory.token_mut(&id).unwrap().description = Some("x".repeat(LARGE));
        }
    });
    let sync = ["sync", "--source", "access-tokens"];
    let mut command = desk.command(&sync);
    command.env("TMPDIR", "/nonexistent");
    let words =
        ["prod", ACCOUNT_ID, "access-tokens", "/nonexistent", "No such file", "set TMPDIR", "nothing was changed"];
    ended(command).await.expect_failure(3, &words);
    let recorded = desk.database.lines("select outcome, error_code from reporting.scans").await;
    assert_eq!(recorded, ["failed | no_room"]);
    assert_eq!(desk.database.value::<i64>("select count(*) from inventory.access_tokens").await, 0);
    assert_eq!(desk.run(&sync).await.code, 0);
}
