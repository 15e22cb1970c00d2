//! One throw-away PostgreSQL for the whole run, one database a test, cloned from a migrated template.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use chrono::{DateTime, Utc};
use embedded_postgres::{Cluster, Options};
use sqlx::{Connection, PgConnection, PgPool, postgres::PgPoolOptions};
use stocktake::{
    clock::{Clock as _, SystemClock},
    store::{Purge, RetentionPolicy, Store},
};
use tokio::sync::OnceCell;

const TEMPLATE: &str = "migrated";

/// Two hundred databases of ten megabytes, and room to grow.
const SIZE_BYTES: u64 = 4 << 30;

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static TEMPLATE_READY: OnceCell<()> = OnceCell::const_new();
static DATABASE_COUNT: AtomicU32 = AtomicU32::new(0);

/// A migrated database of one test.
pub(crate) struct TestDatabase {
    pub(crate) store: Store,
    pub(crate) pool: PgPool,
    pub(crate) url: String,
}

impl TestDatabase {
    pub(crate) async fn create() -> Self {
        TEMPLATE_READY.get_or_init(migrate_template).await;
        let name = format!("test_{}", DATABASE_COUNT.fetch_add(1, Ordering::Relaxed));
        Self::open(create(&name, TEMPLATE).await).await
    }

    /// A database without any schema.
    pub(crate) async fn create_empty() -> String {
        let name = format!("empty_{}", DATABASE_COUNT.fetch_add(1, Ordering::Relaxed));
        create(&name, "template1").await
    }

    /// A copy of a database that nobody is connected to.
    pub(crate) async fn copy_of(url: &str) -> Self {
        let name = format!("copy_{}", DATABASE_COUNT.fetch_add(1, Ordering::Relaxed));
        Self::open(create(&name, name_of(url)).await).await
    }

    /// Removes the database, whoever is connected to it: for tests that need many.
    pub(crate) async fn remove(self) {
        self.pool.close().await;
        let mut conn = PgConnection::connect(&cluster().url("postgres")).await.unwrap();
        let statement = format!("drop database {} with (force)", name_of(&self.url));
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }

    /// Ends every session of the program, however stuck, and waits until it has ended.
    pub(crate) async fn end_sessions(&self) {
        self.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity
             where datname = current_database() and application_name = 'stocktake'",
        )
        .await;
    }

    /// A pool on a database that is there already.
    pub(crate) async fn open(url: String) -> Self {
        let pool = PgPoolOptions::new().max_connections(4).connect(&url).await.unwrap();
        // As the program connects, with the rights of the worker and no more; the pool has its login's.
        Self { store: Store::connect(&url, 4).await.unwrap(), pool, url }
    }

    /// Lets go what ended before `cutoff`, of every account and dataset, counted back from the database's now.
    pub(crate) async fn let_go_before(&self, cutoff: DateTime<Utc>) {
        let history = (SystemClock.now() - cutoff).to_std().unwrap();
        self.store.keep_policies(|_, _| RetentionPolicy { history, is_enabled: true }).await.unwrap();
    }

    /// Purges everything that ended before `cutoff`, or says what would go.
    pub(crate) async fn purge(&self, cutoff: DateTime<Utc>, is_dry_run: bool) -> Vec<Purge> {
        self.let_go_before(cutoff).await;
        Box::pin(self.store.purge(is_dry_run)).await.unwrap().expect("no other purge runs")
    }

    /// The same database as a login of its own sees it, which is granted `roles`; logins belong to the whole server.
    pub(crate) async fn login(&self, name: &str, roles: &str) -> Self {
        self.execute(&format!("create role {name} login password 'login' in role {roles}")).await;
        Self::open(format!("postgres://{name}:login@127.0.0.1:{}/{}", cluster().port(), name_of(&self.url))).await
    }

    /// Runs a query of one value.
    pub(crate) async fn value<T>(&self, query: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// Runs a query of any columns and returns each row as PostgreSQL writes a row.
    pub(crate) async fn rows(&self, query: &str) -> Vec<String> {
        let statement = format!("select found::text from ({query}) found");
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .fetch_all(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// Runs statements for what they do.
    pub(crate) async fn execute(&self, statements: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
            .execute(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    /// Runs a query whose columns are text and joins each row with ` | `.
    pub(crate) async fn lines(&self, query: &'static str) -> Vec<String> {
        let found = self.store.tabulate(query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        found.rows.iter().map(|row| row.join(" | ")).collect()
    }
}

/// The server, started by whichever test comes first; its watchdog stops it when this process ends.
pub(crate) fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| {
        let options = Options::throwaway().in_memory(SIZE_BYTES).setting("max_connections", "300");
        Cluster::start(options).expect("PostgreSQL's programs are here")
    })
}

fn name_of(url: &str) -> &str {
    url.rsplit_once('/').unwrap().1
}

async fn migrate_template() {
    let url = create(TEMPLATE, "template1").await;
    let store = Store::connect(&url, 1).await.unwrap();
    store.migrate().await.unwrap();
    // A template can be cloned only while nobody is connected to it.
}

async fn create(name: &str, template: &str) -> String {
    let cluster = tokio::task::spawn_blocking(cluster).await.unwrap();
    let mut conn = PgConnection::connect(&cluster.url("postgres")).await.unwrap();
    let statement = format!("create database {name} template {template}");
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    cluster.url(name)
}
