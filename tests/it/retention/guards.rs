//! Raw SQL of the database's owner, who may do everything: no row goes but by policy, and none that is held.

use super::{ROWS, samples};
use crate::support::{ACCOUNT_ID, TestDatabase};

/// Why the owner was refused `statements`, which are one transaction.
async fn refusal(database: &TestDatabase, begin: &str, statements: &str) -> String {
    let mut conn = database.pool.acquire().await.unwrap();
    let all = format!("{begin}; {statements}; commit");
    let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(all)).execute(&mut *conn).await;
    // PostgreSQL sends an error before it lets the transaction's locks go: what comes next waits for both.
    sqlx::query("rollback").execute(&mut *conn).await.unwrap();
    conn.close().await.unwrap();
    match refused {
        Ok(_) => panic!("not refused: {statements}"),
        Err(error) => error.as_database_error().map_or(error.to_string(), |refusal| refusal.message().to_owned()),
    }
}

/// Opens a purge by hand, of what ended before `cutoff`.
fn open(cutoff: &str) -> String {
    format!(
        "insert into inventory.retention_log (account_id, dataset, cutoff_at, is_dry_run, started_at, transaction_id)
         values ('{ACCOUNT_ID}', 'access_token_usage', {cutoff}, false, now(), pg_current_xact_id())"
    )
}

#[tokio::test]
async fn a_purge_by_hand_goes_no_further_than_the_policy_and_not_past_a_hold() {
    let database = samples(17).await;
    let old = "delete from inventory.access_token_usage where seen_at < now() - interval '7 days'";
    let before = database.lines(ROWS).await;
    let a_week_ago = open("now() - interval '7 days'");
    let a_dry_run = a_week_ago.replace("false, now()", "true, now()");
    let untaken = a_week_ago.replace("pg_current_xact_id()", "null");
    for (why, statements) in [
        ("history is append-only", old.to_owned()),
        ("no policy of account", format!("{}; {old}", open("now() - interval '6 days 23 hours'"))),
        ("no policy of account", format!("{}; {old}", open("now() + interval '9 years'"))),
        // Opened as the policy lets go, and moved on.
        ("no policy of account", format!("{a_week_ago}; update inventory.retention_log set cutoff_at = now(); {old}")),
        (
            "no policy of account",
            format!("{a_week_ago}; update inventory.retention_log set dataset = 'access_token_history'; {old}"),
        ),
        // What is younger stays, in a purge that is allowed.
        ("history is append-only", format!("{a_week_ago}; delete from inventory.access_token_usage")),
        // A dry run, one that nobody has taken up, one that is over, one of another transaction.
        ("history is append-only", format!("{a_dry_run}; {old}")),
        ("history is append-only", format!("{untaken}; {old}")),
        (
            "history is append-only",
            format!("{a_week_ago}; update inventory.retention_log set finished_at = now(); {old}"),
        ),
        ("history is append-only", format!("{a_week_ago}; commit; begin; {old}")),
        // After a batch of the function, in its own transaction.
        ("history is append-only", format!("select inventory.purge('{ACCOUNT_ID}', 'access_token_usage', 1); {old}")),
    ] {
        let refused = refusal(&database, "begin", &statements).await;
        assert!(refused.contains(why), "{statements}: {refused}");
        // What was committed in between is only the log's.
        database.execute("update inventory.retention_log set finished_at = now() where finished_at is null").await;
        assert_eq!(database.lines(ROWS).await, before, "{statements}");
    }
    for isolation in ["repeatable read", "serializable"] {
        let begin = format!("begin isolation level {isolation}");
        for purge in [a_week_ago.clone(), format!("select inventory.purge('{ACCOUNT_ID}', 'access_token_usage')")] {
            let refused = refusal(&database, &begin, &purge).await;
            assert!(refused.contains("use read committed"), "{refused}");
        }
    }

    for policy in ["is_enabled = false", "keep_seconds = 30 * 86400"] {
        let changed = format!("update inventory.retention_policies set {policy}; {a_week_ago}; {old}");
        let refused = refusal(&database, "begin", &changed).await;
        assert!(refused.contains("no policy of account"), "{policy}: {refused}");
    }
    database
        .execute(&format!(
            "insert into inventory.legal_holds (account_id, dataset, object_id, reason, placed_by, placed_at)
             values ('{ACCOUNT_ID}', 'access-tokens', 'at-12', 'case 7', 'auditor', now())"
        ))
        .await;
    let refused = refusal(&database, "begin", &format!("{a_week_ago}; {old}")).await;
    assert!(refused.contains("at-12 is under a legal hold"), "{refused}");
    assert_eq!(database.lines(ROWS).await, before);
    // All that could have kept them away is here: nothing else refuses what the policy lets go.
    database.execute(&format!("begin; {a_week_ago}; {old} and access_token_id <> 'at-12'; commit")).await;
    assert_eq!(database.lines(ROWS).await.len(), 7);
}

#[tokio::test]
async fn a_policy_that_is_changed_while_a_batch_deletes_waits_for_its_end() {
    let database = samples(17).await;
    let mut batch = database.pool.begin().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("select inventory.purge('{ACCOUNT_ID}', 'access_token_usage', 3)")))
        .execute(&mut *batch)
        .await
        .unwrap();
    let change = "set lock_timeout = 1; update inventory.retention_policies set is_enabled = false";
    let refused = refusal(&database, "begin", change).await;
    assert!(refused.contains("lock timeout"), "{refused}");
    batch.commit().await.unwrap();
    database.execute("update inventory.retention_policies set is_enabled = false").await;
}

#[tokio::test]
async fn a_policy_keeps_a_day_at_least_and_is_one_of_a_dataset() {
    let database = samples(1).await;
    for policy in [
        "keep_seconds = 86399",
        "keep_seconds = 0",
        "keep_seconds = -1",
        "keep_seconds = 31557600001",
        "dataset = 'access_tokens'",
    ] {
        let refused = refusal(&database, "begin", &format!("update inventory.retention_policies set {policy}")).await;
        assert!(refused.contains("violates check constraint"), "{policy}: {refused}");
    }
}
