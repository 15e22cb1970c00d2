//! The PostgreSQL that all episodes stand on: throw-away, migrated once, cloned for each.

use std::sync::atomic::{AtomicU32, Ordering};

use embedded_postgres::{Cluster, Options};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use stocktake::store::Store;

use crate::Broken;

const TEMPLATE: &str = "migrated";

/// One small database a job, and the log of what was written to them.
const SIZE_BYTES: u64 = 1 << 30;

/// A server with a migrated template; gone when dropped.
#[derive(Debug)]
pub struct Ground {
    cluster: Cluster,
    /// Two clonings of one template at once would refuse each other.
    cloning: tokio::sync::Mutex<()>,
    count: AtomicU32,
}

impl Ground {
    /// Starts the server and migrates the template.
    ///
    /// # Errors
    /// Where the server does not start or the migrations fail.
    pub async fn prepare() -> Result<Self, Broken> {
        let options =
            Options::throwaway().in_memory(SIZE_BYTES).setting("autovacuum", "off").setting("shared_buffers", "64MB");
        let cluster = tokio::task::spawn_blocking(|| Cluster::start(options)).await.map_err(Broken::other)??;
        let ground = Self { cluster, cloning: tokio::sync::Mutex::default(), count: AtomicU32::new(0) };
        ground.execute(&format!("create database {TEMPLATE}")).await?;
        let store = Store::connect(&ground.cluster.url(TEMPLATE), 1).await?;
        store.migrate().await?;
        Ok(ground)
    }

    /// The name of a fresh database.
    pub(crate) async fn create_database(&self) -> Result<String, Broken> {
        let name = format!("episode_{}", self.count.fetch_add(1, Ordering::Relaxed));
        let _turn = self.cloning.lock().await;
        self.execute(&format!("create database {name} template {TEMPLATE}")).await?;
        Ok(name)
    }

    pub(crate) async fn drop_database(&self, name: &str) -> Result<(), Broken> {
        self.execute(&format!("drop database {name} with (force)")).await
    }

    pub(crate) fn url(&self, database: &str) -> String {
        self.cluster.url(database)
    }

    async fn execute(&self, statement: &str) -> Result<(), Broken> {
        let mut conn = PgConnection::connect(&self.cluster.url("postgres")).await?;
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut conn).await?;
        conn.close().await?;
        Ok(())
    }
}
