//! A hold and a batch that meet: whoever is first, no row goes once its hold is placed.

use stocktake::{
    clock::SystemClock,
    inventory::Source,
    store::{NewHold, Store},
};

use super::{call, job, sample_count, samples, wait_for_a_waiter};
use crate::support::{ACCOUNT_ID, pg_proxy::PgProxy};

const ALL: NewHold<'_> = NewHold {
    account: ACCOUNT_ID,
    dataset: Some(Source::AccessTokens),
    object_id: None,
    reason: "case 7",
    placed_by: "auditor",
};

#[tokio::test]
async fn a_hold_that_is_placed_while_a_batch_deletes_waits_for_its_end() {
    let database = samples(17).await;
    let proxy = PgProxy::start(&database.url).await;
    let purging = Store::connect(proxy.url(), 2).await.unwrap().with_purge_batches_of(4);
    // The first commit closes what was interrupted before; the second is of a batch that has deleted four.
    let goes_on = proxy.pause_nth(2, "commit");
    let place = async {
        proxy.wait_for("commit", 2).await;
        let release = async {
            wait_for_a_waiter(&database).await;
            goes_on.notify_one();
        };
        let (hold, ()) = tokio::join!(database.store.add_hold(&ALL, &SystemClock), release);
        hold.unwrap();
        sample_count(&database).await
    };
    let (purges, at_the_hold) = tokio::join!(purging.purge(false), place);
    assert_eq!(at_the_hold, 13, "the batch was over when the hold was placed");
    assert_eq!(sample_count(&database).await, 13, "and nothing went after it");
    let purges = purges.unwrap().unwrap();
    assert_eq!((purges[0].matched_count, purges[0].held_count, purges[0].deleted_count), (11, 0, 4));
}

#[tokio::test]
async fn a_batch_waits_for_a_hold_that_is_being_placed_and_then_sees_it() {
    let database = samples(17).await;
    let mut placing = database.pool.begin().await.unwrap();
    let hold = format!(
        "insert into inventory.legal_holds (account_id, reason, placed_by, placed_at)
         values ('{ACCOUNT_ID}', 'case 7', 'auditor', now())"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(hold)).execute(&mut *placing).await.unwrap();
    let mut job = job(&database).await;
    let place = async {
        wait_for_a_waiter(&database).await;
        placing.commit().await.unwrap();
    };
    let usage = format!("'{ACCOUNT_ID}', 'access_token_usage'");
    let (batch, ()) = tokio::join!(call(&mut job, &usage), place);
    assert_eq!(batch.unwrap().counts(), (11, 0, 0, true), "counted before, and kept");
    assert_eq!(sample_count(&database).await, 17);
    assert_eq!(call(&mut job, &usage).await.unwrap().counts(), (11, 11, 0, true));
}
