//! `reporting.retention_candidates`: whether a job may act, and how the rows are found. That they are those of the
//! purge is in `numbers.rs`.

use chrono::TimeDelta;
use stocktake::{
    clock::{Clock as _, SystemClock},
    inventory::Source,
    store::NewHold,
};

use super::{CANDIDATES, filled};
use crate::support::ACCOUNT_ID;

#[tokio::test]
async fn a_candidate_is_safe_while_its_target_is_fresh_and_none_while_held_or_off() {
    let database = filled(17).await;
    database.let_go_before(SystemClock.now() - TimeDelta::days(7)).await;
    let safe = "select distinct split_part(dataset, '_', 1), is_safe_to_act::text from reporting.retention_candidates order by 1, 2";
    assert_eq!(database.lines(safe).await, ["access | true", "mfa | true"]);
    database
        .execute("update inventory.targets set complete_started_at = complete_started_at - interval '1 day' where source = 'access-tokens'")
        .await;
    assert_eq!(database.lines(safe).await, ["access | false", "mfa | true"]);
    database.execute("update inventory.targets set is_scheduled = false, stale_after_seconds = null where source = 'mfa-devices'").await;
    assert_eq!(database.lines(safe).await, ["access | false", "mfa | false"]);
    database.execute("delete from inventory.targets where source = 'mfa-devices'").await;
    assert_eq!(database.lines(safe).await, ["access | false", "mfa | false"]);

    let hold = NewHold {
        account: "prod",
        dataset: Some(Source::AccessTokens),
        object_id: None,
        reason: "case 7",
        placed_by: "auditor",
    };
    let placed = database.store.add_hold(&hold, &SystemClock).await.unwrap();
    assert_eq!(database.lines(safe).await, ["mfa | false"], "a dataset");
    database.store.release_hold(placed.hold_id, "auditor", &SystemClock).await.unwrap();
    assert_eq!(database.lines(safe).await.len(), 2, "it is released");
    database.store.add_hold(&NewHold { dataset: None, ..hold }, &SystemClock).await.unwrap();
    assert!(database.lines(CANDIDATES).await.is_empty(), "everything");
    database
        .execute(
            "update inventory.legal_holds set released_at = now(), released_by = 'auditor' where released_at is null",
        )
        .await;
    database.execute("update inventory.retention_policies set is_enabled = dataset = 'access_token_usage'").await;
    let left = "select distinct dataset from reporting.retention_candidates";
    assert_eq!(database.lines(left).await, ["access_token_usage"], "the others are off");
}

#[tokio::test]
async fn candidates_are_found_by_their_end() {
    // Enough that no other index is as good; of so few, a sequential scan would still be the better plan.
    let database = filled(400).await;
    database.execute("analyze").await;
    let mut conn = database.pool.acquire().await.unwrap();
    sqlx::raw_sql("set enable_seqscan = off; set enable_bitmapscan = off").execute(&mut *conn).await.unwrap();
    for (dataset, index, end) in [
        ("access_token_history", "access_token_history_by_end", "valid_to_at"),
        ("access_token_transitions", "access_token_transitions_by_time", "not_after_at"),
        ("access_token_usage", "access_token_usage_by_time", "seen_at"),
        ("mfa_device_history", "mfa_device_history_by_end", "valid_to_at"),
        ("mfa_device_transitions", "mfa_device_transitions_by_time", "not_after_at"),
    ] {
        let explain = format!(
            "explain select * from reporting.retention_candidates where account_id = '{ACCOUNT_ID}' and dataset = '{dataset}'"
        );
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain)).fetch_all(&mut *conn).await.unwrap();
        let scan = plan.iter().position(|line| line.contains(&format!("Index Scan using {index}")));
        let scan = scan.unwrap_or_else(|| panic!("{dataset} is not read by {index}:\n{}", plan.join("\n")));
        assert!(plan[scan + 1].contains("Index Cond") && plan[scan + 1].contains(&format!("{end} <")), "{plan:#?}");
        let others = plan.iter().filter(|line| line.contains("_history") || line.contains("_usage")).count();
        assert!(others <= 2, "other datasets are read, too:\n{}", plan.join("\n"));
    }
    conn.close().await.unwrap();
}
