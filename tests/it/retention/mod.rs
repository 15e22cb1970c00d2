//! Retention: what the policies let go is purged, by whom and how it may be, and nothing else by any path.

mod bad_input;
mod batches;
mod candidates;
mod guards;
mod holds;
mod numbers;

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use crate::support::{ACCOUNT_ID, TestDatabase};

/// Every row that a purge could take, as `dataset | object | version | end`, oldest first.
const ROWS: &str = "
    select dataset, object_id, version_no::text, ended_at::text from (
        select 'access_token_history' as dataset, access_token_id as object_id, version_no, valid_to_at as ended_at
        from inventory.access_token_history
        union all select 'access_token_transitions', access_token_id, null, not_after_at from inventory.access_token_transitions
        union all select 'access_token_usage', access_token_id, null, seen_at from inventory.access_token_usage
        union all select 'mfa_device_history', device_key::text, version_no, valid_to_at from inventory.mfa_device_history
        union all select 'mfa_device_transitions', device_key::text, null, not_after_at from inventory.mfa_device_transitions
    ) found order by ended_at, dataset, object_id, version_no";

/// What the view says would go, in the same words.
const CANDIDATES: &str = "
    select dataset, object_id, version_no::text, ended_at::text
    from reporting.retention_candidates
    order by ended_at, dataset, object_id, version_no";

const LOG: &str = "
    select dataset, is_dry_run::text, matched_count::text, held_count::text, deleted_count::text,
           (finished_at is not null)::text
    from inventory.retention_log order by purge_id";

/// A database with an account, a row of each dataset for each of so many days, and targets that are fresh.
async fn filled(day_count: usize) -> TestDatabase {
    let database = TestDatabase::create().await;
    // As a dump is restored: what a scan would have written stands there already.
    let fill = format!(
        "set session_replication_role = replica;
         insert into inventory.accounts values ('{ACCOUNT_ID}', 'prod', now());
         insert into inventory.targets (account_id, source, is_scheduled, stale_after_seconds, complete_started_at)
         select '{ACCOUNT_ID}', source, true, 86400, now() from unnest(array['access-tokens', 'mfa-devices']) as t (source);
         create temporary table ends as select n, now() - n * interval '1 day' as at from generate_series(1, {day_count}) n;
         insert into inventory.access_token_history
         select '{ACCOUNT_ID}', 'at-' || n, 1, at - interval '1 h', at, 's', null, null, 1, 1, at, at, '{{}}', 'baseline',
                '{{}}', 'superseded', 1, 2
         from ends;
         insert into inventory.access_token_transitions
         select '{ACCOUNT_ID}', 'at-' || n, at, at, 'a', 'b', null, 'bounded', true, null, 1 from ends;
         insert into inventory.access_token_usage select '{ACCOUNT_ID}', 'at-' || n, at, n, null, 1 from ends;
         insert into inventory.mfa_device_history
         select '{ACCOUNT_ID}', n, 1, at - interval '1 h', at, 'unbound', null, null, '{{}}', 'baseline', '{{}}', 'superseded', 1, 2
         from ends;
         insert into inventory.mfa_device_transitions
         select '{ACCOUNT_ID}', n, at, at, 'a', 'b', null, null, null, 'bounded', true, null, 1 from ends;
         drop table ends;
         reset session_replication_role"
    );
    database.execute(&fill).await;
    database
}

/// The same with usage samples alone, of which what is older than a week is let go.
async fn samples(day_count: usize) -> TestDatabase {
    let database = TestDatabase::create().await;
    database
        .execute(&format!(
            "insert into inventory.accounts values ('{ACCOUNT_ID}', 'prod', now());
             insert into inventory.access_token_usage
             select '{ACCOUNT_ID}', 'at-' || n, now() - n * interval '1 day', n, null, 1 from generate_series(1, {day_count}) n;
             insert into inventory.retention_policies values ('{ACCOUNT_ID}', 'access_token_usage', 7 * 86400, true)"
        ))
        .await;
    database
}

async fn sample_count(database: &TestDatabase) -> i64 {
    database.value("select count(*) from inventory.access_token_usage").await
}

/// Waits until somebody waits for the table of holds.
async fn wait_for_a_waiter(database: &TestDatabase) {
    const WAITING: &str =
        "select count(*) from pg_locks where relation = 'inventory.legal_holds'::regclass and not granted
                           and database = (select oid from pg_database where datname = current_database())";
    let waiting = async {
        while database.value::<i64>(WAITING).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("somebody waits for the holds");
}

/// A session of its own, as the retention role: a job that is not ours.
async fn job(database: &TestDatabase) -> PgConnection {
    let mut job = PgConnection::connect(&database.url).await.unwrap();
    sqlx::query("set role stocktake_retention").execute(&mut job).await.unwrap();
    job
}

/// What the function answers, or how it refuses.
async fn call(conn: &mut PgConnection, arguments: &str) -> Result<Batch, String> {
    let call = format!("select * from inventory.purge({arguments})");
    sqlx::query_as(sqlx::AssertSqlSafe(call))
        .fetch_one(conn)
        .await
        .map_err(|error| error.as_database_error().unwrap().message().to_owned())
}

#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
struct Batch {
    purge_id: i64,
    cutoff_at: chrono::DateTime<chrono::Utc>,
    matched_count: i64,
    held_count: i64,
    deleted_count: i64,
    is_finished: bool,
}

impl Batch {
    fn counts(&self) -> (i64, i64, i64, bool) {
        (self.matched_count, self.held_count, self.deleted_count, self.is_finished)
    }
}
