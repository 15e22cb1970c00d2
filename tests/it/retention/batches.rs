//! A purge goes in small batches, each a transaction; whoever is interrupted, nothing is lost and nothing is counted twice.

use stocktake::store::{Store, StoreError};

use super::{Batch, LOG, call, job, sample_count, samples};
use crate::support::{
    ACCOUNT_ID,
    pg_proxy::{Moment, PgProxy, Then},
};

const USAGE: &str = "account => '1772422852740001', dataset => 'access_token_usage', batch_size => 3";

/// The statement of a batch, as the program sends it.
const BATCH: &str = "select cutoff_at as";

#[tokio::test]
async fn a_job_of_its_own_purges_batch_by_batch_oldest_first_through_the_function() {
    let database = samples(17).await;
    let mut job = job(&database).await;
    let rehearsed = call(&mut job, &format!("{USAGE}, is_dry_run => true")).await.unwrap();
    assert_eq!(rehearsed.counts(), (11, 0, 11, true), "at-7 ended a week ago, to the instant and a little more");
    assert_eq!(sample_count(&database).await, 17);

    let mut batches: Vec<Batch> = Vec::new();
    while batches.last().is_none_or(|batch| !batch.is_finished) {
        batches.push(call(&mut job, USAGE).await.unwrap());
        let deleted = batches.last().unwrap().deleted_count;
        assert_eq!(sample_count(&database).await, 17 - deleted, "each call is on record as it commits");
        let oldest: i32 = database.value("select max(registered_count) from inventory.access_token_usage").await;
        assert_eq!(i64::from(oldest), 17 - deleted, "the oldest go first");
    }
    let counts: Vec<_> = batches.iter().map(Batch::counts).collect();
    assert_eq!(counts, [(11, 0, 3, false), (11, 0, 6, false), (11, 0, 9, false), (11, 0, 11, true)]);
    assert!(
        batches.iter().all(|batch| (batch.purge_id, batch.cutoff_at) == (batches[0].purge_id, batches[0].cutoff_at))
    );
    assert_eq!(
        database.lines(LOG).await,
        ["access_token_usage | true | 11 | 0 | 0 | true", "access_token_usage | false | 11 | 0 | 11 | true"]
    );
    let next = call(&mut job, USAGE).await.unwrap();
    assert_eq!(next.counts(), (0, 0, 0, true), "what is finished is not resumed");
    assert!(next.purge_id > batches[0].purge_id);
}

#[tokio::test]
async fn a_batch_locks_as_many_rows_as_it_deletes_and_none_outlives_its_transaction() {
    let database = samples(17).await;
    let mut job = job(&database).await;
    sqlx::query("begin").execute(&mut job).await.unwrap();
    call(&mut job, USAGE).await.unwrap();
    // Of the others, whoever wants them all gets them without waiting.
    let free: i64 = database
        .value("select count(*) from (select from inventory.access_token_usage for update skip locked) free")
        .await;
    assert_eq!(free, 14);
    sqlx::query("rollback").execute(&mut job).await.unwrap();
    assert_eq!(sample_count(&database).await, 17);
    assert!(database.lines(LOG).await.is_empty(), "a batch that is rolled back never was");
}

#[tokio::test]
async fn an_interrupted_purge_goes_on_unless_the_policy_keeps_more_by_now() {
    let database = samples(17).await;
    let mut first = job(&database).await;
    let begun = call(&mut first, USAGE).await.unwrap();
    drop(first);
    let mut second = job(&database).await;
    let resumed = call(&mut second, USAGE).await.unwrap();
    assert_eq!((resumed.purge_id, resumed.cutoff_at, resumed.deleted_count), (begun.purge_id, begun.cutoff_at, 6));

    database.execute("update inventory.retention_policies set keep_seconds = 9 * 86400").await;
    let anew = call(&mut second, USAGE).await.unwrap();
    assert!(anew.purge_id > begun.purge_id && anew.cutoff_at < begun.cutoff_at);
    assert_eq!(anew.counts(), (3, 0, 3, false), "at-9 to at-11 are left of what is older than nine days");
    // A shorter one lets go more: the purge under way ends first.
    database.execute("update inventory.retention_policies set keep_seconds = 2 * 86400").await;
    assert_eq!(call(&mut second, USAGE).await.unwrap().counts(), (3, 0, 3, true));
    assert_eq!(call(&mut second, USAGE).await.unwrap().counts(), (7, 0, 3, false));
    assert_eq!(
        database.lines(LOG).await,
        [
            "access_token_usage | false | 11 | 0 | 6 | true",
            "access_token_usage | false | 3 | 0 | 3 | true",
            "access_token_usage | false | 7 | 0 | 3 | false",
        ]
    );
}

#[tokio::test]
async fn a_program_that_ends_between_two_batches_or_in_one_leaves_the_rest_to_the_next_purge() {
    // The first commit closes what was interrupted before, the second is that of the first batch.
    for (statement, nth, deleted) in [(BATCH, 2, 3), ("commit", 2, 0), ("commit", 3, 3)] {
        let database = samples(17).await;
        let proxy = PgProxy::start(&database.url).await;
        let doomed = Store::connect(proxy.url(), 2).await.unwrap().with_purge_batches_of(3);
        proxy.at_nth(nth, statement, Moment::Before, || Then::Cut);
        let error = doomed.purge(false).await.unwrap_err();
        assert!(matches!(error, StoreError::Lost(_)), "{error:?}");
        database.end_sessions().await;
        assert_eq!(sample_count(&database).await, 17 - deleted, "{statement} {nth}");

        let purges = database.store.clone().with_purge_batches_of(5).purge(false).await.unwrap().unwrap();
        assert_eq!((purges.len(), purges[0].deleted_count), (1, 11 - deleted as u64), "{statement} {nth}");
        assert_eq!(sample_count(&database).await, 6);
        let interrupted = format!("access_token_usage | false | 11 | 0 | {deleted} | true");
        let rest = format!("access_token_usage | false | {0} | 0 | {0} | true", 11 - deleted);
        let log = database.lines(LOG).await;
        assert_eq!(log, if deleted > 0 { vec![interrupted, rest] } else { vec![rest] }, "{statement} {nth}");
    }
}

#[tokio::test]
async fn of_two_purges_at_once_one_runs_and_the_other_changes_nothing() {
    let database = samples(17).await;
    let proxy = PgProxy::start(&database.url).await;
    let first = Store::connect(proxy.url(), 2).await.unwrap().with_purge_batches_of(3);
    let goes_on = proxy.pause_nth(2, BATCH);
    let others = async {
        proxy.wait_for(BATCH, 2).await;
        let before = database.lines(LOG).await;
        for is_dry_run in [false, true] {
            assert_eq!(database.store.purge(is_dry_run).await.unwrap(), None);
        }
        let mut job = job(&database).await;
        for refusal in [
            call(&mut job, USAGE).await.unwrap_err(),
            call(&mut job, &format!("{USAGE}, is_dry_run => true")).await.unwrap_err(),
            sqlx::query("select inventory.close_purges()").execute(&mut job).await.unwrap_err().to_string(),
        ] {
            assert!(
                refusal.contains("another purge is running") && refusal.contains("nothing was changed"),
                "{refusal}"
            );
        }
        assert_eq!(database.lines(LOG).await, before);
        assert_eq!(sample_count(&database).await, 14);
        goes_on.notify_one();
    };
    let (purges, ()) = tokio::join!(first.purge(false), others);
    let purges = purges.unwrap().unwrap();
    assert_eq!((purges[0].account_id.as_str(), purges[0].deleted_count), (ACCOUNT_ID, 11));
    // Whoever comes later has its turn.
    assert_eq!(database.store.purge(false).await.unwrap().unwrap()[0].deleted_count, 0);
}
