//! Where everything runs: one PostgreSQL, a migrated template, a fresh copy of it for each first load.

use std::{fmt::Write as _, path::PathBuf};

use embedded_postgres::{Cluster, Options};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{
    cloud::Cloud,
    usage::{self, ChildUsage},
    wire::{KEY_SECRET, account_id, key_id},
};

const TEMPLATE: &str = "migrated";

/// The server and the configuration of the program.
pub(crate) struct Ground {
    cluster: Cluster,
    folder: tempfile::TempDir,
}

impl Ground {
    /// Starts the server and migrates the template; nothing is vacuumed but by [`Self::vacuum`].
    pub(crate) async fn prepare() -> anyhow::Result<Self> {
        Self::start(("autovacuum", "off")).await
    }

    /// The same with a server that vacuums by its own defaults. It looks for work every second, not every minute, for
    /// scans follow each other here within a second, too.
    pub(crate) async fn prepare_vacuuming() -> anyhow::Result<Self> {
        Self::start(("autovacuum_naptime", "1s")).await
    }

    async fn start(vacuuming: (&str, &str)) -> anyhow::Result<Self> {
        // As durable as a server that somebody keeps; checkpoints come by time alone, so that none falls into a run by chance.
        let options = Options::throwaway()
            .setting("fsync", "on")
            .setting("synchronous_commit", "on")
            .setting("full_page_writes", "on")
            .setting("shared_buffers", "512MB")
            .setting("max_wal_size", "16GB")
            .setting("checkpoint_timeout", "1h")
            .setting(vacuuming.0, vacuuming.1);
        let cluster = tokio::task::spawn_blocking(|| Cluster::start(options)).await??;
        let ground = Self { cluster, folder: tempfile::tempdir()? };
        ground.execute(&format!("create database {TEMPLATE}")).await?;
        ground.stocktake(&["migrate"], TEMPLATE, None)?;
        let mut conn = PgConnection::connect(&ground.cluster.url(TEMPLATE)).await?;
        if let Err(error) = sqlx::raw_sql("create extension pg_walinspect").execute(&mut conn).await {
            eprintln!("the log of data tables is not told apart: {error}");
        }
        conn.close().await?;
        Ok(ground)
    }

    /// A fresh copy of the template; the one before of this name is dropped.
    pub(crate) async fn fresh_database(&self, name: &str) -> anyhow::Result<String> {
        self.drop_database(name).await?;
        self.execute(&format!("create database {name} template {TEMPLATE}")).await?;
        Ok(self.cluster.url(name))
    }

    pub(crate) async fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        self.execute(&format!("drop database if exists {name} with (force)")).await
    }

    /// Writes out what is dirty, so that no run pays for the one before.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        self.execute("checkpoint").await
    }

    /// CPU seconds that the server has used so far.
    pub(crate) fn server_cpu_s(&self) -> anyhow::Result<f64> {
        Ok(usage::server_cpu(self.cluster.dir())?.as_secs_f64())
    }

    /// Runs the program, against a cloud where it needs one.
    pub(crate) fn stocktake(
        &self,
        arguments: &[&str],
        database: &str,
        cloud: Option<&Cloud>,
    ) -> anyhow::Result<ChildUsage> {
        let config = self.configure(cloud)?;
        let url = self.cluster.url(database);
        let mut variables = vec![("DATABASE_URL".to_owned(), url), ("BENCH_SECRET".to_owned(), KEY_SECRET.to_owned())];
        for account in 0..cloud.map_or(0, Cloud::account_count) {
            variables.push((format!("BENCH_KEY_{account}"), key_id(account)));
        }
        let config = config.to_string_lossy();
        let all: Vec<&str> = ["stocktake", "--config", &config].into_iter().chain(arguments.iter().copied()).collect();
        usage::run(&std::env::current_exe()?, &all, &variables)
    }

    fn configure(&self, cloud: Option<&Cloud>) -> anyhow::Result<PathBuf> {
        let mut text = "[http]\nlisten = \"off\"\n[api]\nrequests_per_second = 1000000\n".to_owned();
        if let Some(cloud) = cloud {
            for api in ["smc", "ims", "sts"] {
                writeln!(text, "{api}_endpoint = \"http://{}\"", cloud.host())?;
            }
            for account in 0..cloud.account_count() {
                writeln!(
                    text,
                    "[[account]]\nname = \"bench-{account}\"\nid = \"{}\"\n\
                     credentials = {{ kind = \"env\", id_var = \"BENCH_KEY_{account}\", secret_var = \"BENCH_SECRET\" }}",
                    account_id(account)
                )?;
            }
        }
        let path = self.folder.path().join("stocktake.toml");
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// What autovacuum does within a minute of a first load; it is off here, so that it falls into no run.
    pub(crate) async fn vacuum(&self, database: &str) -> anyhow::Result<()> {
        let mut conn = PgConnection::connect(&self.cluster.url(database)).await?;
        sqlx::raw_sql("vacuum (analyze)").execute(&mut conn).await?;
        Ok(conn.close().await?)
    }

    async fn execute(&self, statement: &str) -> anyhow::Result<()> {
        let mut conn = PgConnection::connect(&self.cluster.url("postgres")).await?;
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut conn).await?;
        Ok(conn.close().await?)
    }
}
