//! What each role is refused, tried over the connection of a login that is granted that role and no other.

use sqlx::{Connection, PgConnection};

use crate::support::{TestDatabase, World, account};

/// No role's business, whatever it may do to rows.
const OF_NOBODY: [&str; 26] = [
    "drop view reporting.scans",
    "drop table inventory.scans",
    "drop schema reporting cascade",
    "drop trigger keep_history on inventory.access_tokens",
    "alter table inventory.access_token_history disable trigger all",
    "alter table inventory.scans add column x text",
    "alter view reporting.scans owner to current_user",
    "comment on table inventory.scans is 'x'",
    "truncate inventory.anomalies",
    "create table inventory.x (a int)",
    "create table reporting.x (a int)",
    "create table public.x (a int)",
    "create view reporting_pii.x as select 1 as one",
    "create schema x",
    "create role x",
    "create or replace function inventory.refuse() returns trigger language plpgsql as 'begin return new; end'",
    "create trigger x before update on inventory.scans for each row execute function inventory.refuse('x')",
    "set session_replication_role = replica",
    "set role stocktake",
    "set role stocktake_views",
    "set session authorization stocktake",
    "alter role current_user superuser",
    "copy inventory.mfa_users to '/tmp/x'",
    "copy inventory.mfa_users to program 'cat'",
    "select pg_read_file('/etc/passwd')",
    "insert into inventory.reader_accounts values ('1', 'x')",
];

/// Of whoever reads views alone.
const OF_NO_READER: [&str; 14] = [
    "select from inventory.scans",
    "select from inventory.mfa_users",
    "select from inventory.erasure_keys",
    "select from inventory.legal_holds",
    "lock table inventory.scans",
    "do $$ begin perform from inventory.scans; end $$",
    "insert into inventory.anomalies default values",
    "update reporting_pii.mfa_users set display_name = 'x'",
    "delete from reporting_pii.mfa_users",
    "select inventory.purge('1', 'access_token_history')",
    "select inventory.erase_user('1', 1, 'x', 'x', now())",
    "select inventory.is_held('1', 'access-tokens', 'x')",
    "set role stocktake_worker",
    "set role stocktake_retention",
];

const OF_NO_WORKER: [(&str, &str); 16] = [
    (
        "insert into inventory.legal_holds (account_id, reason, placed_by, placed_at) values ('1', 'x', 'x', now())",
        "42501",
    ),
    ("update inventory.legal_holds set released_by = 'x', released_at = now()", "42501"),
    ("insert into inventory.retention_log default values", "42501"),
    ("insert into inventory.erasures default values", "42501"),
    ("insert into inventory.access_token_history select * from inventory.access_token_history", "42501"),
    ("update inventory.mfa_device_history set extra = '{}'", "42501"),
    ("update inventory.mfa_users set user_id = 'x'", "42501"),
    ("delete from inventory.mfa_users", "42501"),
    ("delete from inventory.access_token_transitions", "42501"),
    ("select inventory.purge('1', 'access_token_history')", "42501"),
    ("select inventory.erase_user('1', 1, 'x', 'x', now())", "42501"),
    ("set role stocktake_retention", "42501"),
    ("update inventory.scans set item_count = 7", "23001"),
    ("update inventory.mfa_devices set serial_number = serial_number || 'x'", "23001"),
    ("update inventory.access_tokens set status = 'expired'", "23001"),
    (
        "update inventory.access_tokens set deleted_at = null, deleted_scan_id = null where deleted_at is not null",
        "23001",
    ),
];

const OF_NO_RETENTION: [(&str, &str); 13] = [
    ("select from inventory.access_tokens", "42501"),
    ("select from inventory.mfa_users", "42501"),
    ("select from inventory.erasure_keys", "42501"),
    ("select from reporting_pii.mfa_users", "42501"),
    ("insert into inventory.anomalies default values", "42501"),
    ("insert into inventory.retention_log default values", "42501"),
    ("insert into inventory.erasures default values", "42501"),
    ("update inventory.retention_policies set keep_seconds = 86400", "42501"),
    ("delete from inventory.access_token_history", "42501"),
    ("delete from inventory.legal_holds", "42501"),
    ("set role stocktake_worker", "42501"),
    ("update inventory.legal_holds set reason = 'another'", "23001"),
    ("update inventory.legal_holds set account_id = '1', released_by = 'x', released_at = now()", "23001"),
];

/// What the guards, and the server, refuse even the owner of everything.
const OF_NO_OWNER: [(&str, &str); 13] = [
    ("insert into inventory.access_token_history select * from inventory.access_token_history limit 1", "23001"),
    ("update inventory.access_token_history set status = 'activated'", "23001"),
    ("delete from inventory.access_token_history", "23001"),
    ("truncate inventory.access_token_history", "23001"),
    ("delete from inventory.access_tokens", "23001"),
    ("update inventory.access_tokens set status = 'x'", "23001"),
    ("delete from inventory.scans", "23001"),
    ("update inventory.legal_holds set reason = 'another'", "23001"),
    ("delete from inventory.legal_holds", "23001"),
    ("update inventory.mfa_users set user_id = 'x'", "23001"),
    ("insert into inventory.daily_changes default values", "23001"),
    ("set session_replication_role = replica", "42501"),
    ("copy inventory.mfa_users to '/tmp/x'", "42501"),
];

struct Login {
    conn: PgConnection,
    name: &'static str,
}

impl Login {
    /// A login of its own that is granted `role`.
    async fn of(database: &TestDatabase, name: &'static str, role: &str) -> Self {
        let url = database.login(name, role).await.url;
        Self { conn: PgConnection::connect(&url).await.unwrap(), name }
    }

    async fn run(&mut self, statement: &str) -> Result<(), String> {
        let mut tx = self.conn.begin().await.unwrap();
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut *tx).await;
        tx.rollback().await.unwrap();
        done.map(drop).map_err(|error| {
            error.as_database_error().map_or(error.to_string(), |refusal| refusal.code().unwrap().into_owned())
        })
    }

    async fn expect_refusals(&mut self, acts: impl IntoIterator<Item = (&str, &str)>) {
        for (act, code) in acts {
            assert_eq!(self.run(act).await, Err(code.to_owned()), "{}: {act}", self.name);
        }
    }

    async fn expect_success(&mut self, acts: &[&str]) {
        for act in acts {
            assert_eq!(self.run(act).await, Ok(()), "{}: {act}", self.name);
        }
    }
}

fn denied<'a>(acts: &[&'a str]) -> Vec<(&'a str, &'static str)> {
    acts.iter().map(|act| (*act, "42501")).collect()
}

#[tokio::test]
async fn each_role_does_its_own_work_and_is_refused_everything_else() {
    // Owned by a login that is not all-powerful, as anywhere but here.
    let admin = TestDatabase::open(TestDatabase::create_empty().await).await;
    admin.execute("create role test_owner login createrole password 'login'").await;
    let name: String = admin.value("select current_database()::text").await;
    admin.execute(&format!("alter database {name} owner to test_owner")).await;
    let address = admin.url.split_once('@').unwrap().1;
    let owned = TestDatabase::open(format!("postgres://test_owner:login@{address}")).await;
    assert_eq!(owned.store.migrate().await.unwrap().roles_refusal, None);
    // From PostgreSQL 16 on nobody grants roles that somebody else made.
    admin.execute("grant stocktake_worker, stocktake_retention to test_owner").await;
    assert_eq!(owned.store.server_info().await.unwrap().role, "stocktake_worker");
    let world = World::of(account().generated(6, 4), |_| {}).await.on(&owned);
    world.scan_both().await;
    world.edit(|inventory| {
        let ids: Vec<String> = inventory.tokens().map(|code| code.id.clone()).take(2).collect();
        inventory.remove_token(&ids[0]);
        inventory.token_mut(&ids[1]).unwrap().description = Some("changed".into());
    });
    world.scan_both().await;
    owned
        .execute(
            "insert into inventory.legal_holds (account_id, dataset, reason, placed_by, placed_at)
             select account_id, 'access-tokens', 'case 7', 'auditor', now() from inventory.accounts",
        )
        .await;

    let mut reader = Login::of(&admin, "test_reads", "stocktake_reader").await;
    reader.expect_refusals(denied(&OF_NOBODY)).await;
    reader.expect_refusals(denied(&OF_NO_READER)).await;
    reader.expect_refusals(denied(&["select from reporting_pii.mfa_users", "set role stocktake_pii_reader"])).await;
    reader.expect_success(&["select from reporting.scans", "select from reporting.access_tokens_as_of(now())"]).await;

    let mut names = Login::of(&admin, "test_names", "stocktake_pii_reader").await;
    names.expect_refusals(denied(&OF_NOBODY)).await;
    names.expect_refusals(denied(&OF_NO_READER)).await;
    names
        .expect_success(&["select from reporting_pii.mfa_users", "select from reporting.mfa_devices_as_of(now())"])
        .await;

    let mut worker = Login::of(&admin, "test_works", "stocktake_worker").await;
    worker.expect_refusals(denied(&OF_NOBODY)).await;
    worker.expect_refusals(OF_NO_WORKER).await;
    worker
        .expect_success(&[
            "update inventory.mfa_users set display_name = 'renamed'",
            "update inventory.access_tokens set registered_count = 1 where deleted_at is null",
            "select from reporting_pii.mfa_devices",
        ])
        .await;

    let mut retention = Login::of(&admin, "test_purges", "stocktake_retention").await;
    retention.expect_refusals(denied(&OF_NOBODY)).await;
    retention.expect_refusals(OF_NO_RETENTION).await;
    retention
        .expect_success(&[
            "update inventory.legal_holds set released_by = 'ada', released_at = now()",
            "insert into inventory.legal_holds (account_id, reason, placed_by, placed_at) values ('1', 'x', 'x', now())",
            "select * from inventory.users_called('1', 'x')",
            "select inventory.close_purges()",
        ])
        .await;

    let mut owner = Login { conn: PgConnection::connect(&owned.url).await.unwrap(), name: "test_owner" };
    owner.expect_refusals(OF_NO_OWNER).await;
    // Not silently: it is a change of the schema, which its owner alone can make.
    owner.expect_success(&["drop trigger no_delete on inventory.scans", "create table inventory.x (a int)"]).await;
    for login in [reader, names, worker, retention, owner] {
        login.conn.close().await.unwrap();
    }
}
