//! What most commands begin with: configuration, database, worker.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use embedded_postgres::{Cluster, Options};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    clock::SystemClock,
    config::{Config, process_environment},
    source::{Environment, HttpClient},
    store::Store,
    worker::{Progress, Worker},
};

/// Connections of one program at once, those of scans not counted: for those who look at the page and the metrics.
const CONNECTION_COUNT: usize = 16;

/// A configuration and the database that it names.
pub(super) struct Context {
    pub(super) config: Config,
    pub(super) store: Store,
    /// Kept for its drop: the last user of an embedded server stops it.
    cluster: Option<Cluster>,
}

impl Context {
    /// Reads the configuration and connects, without migrating.
    pub(super) async fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let config = Config::load(path, process_environment())?;
        Self::open_with(config).await
    }

    pub(super) async fn open_with(config: Config) -> anyhow::Result<Self> {
        let (url, cluster) = match &config.database.url {
            Some(url) => (url.clone(), None),
            None => {
                let data_dir = config.database.data_dir.clone();
                // Starting a server takes a while and blocks.
                let cluster = tokio::task::spawn_blocking(move || Cluster::start(Options::durable(data_dir)))
                    .await?
                    .context("the embedded PostgreSQL does not start; set database.url to use another")?;
                let url = cluster.url(Cluster::DATABASE);
                if cluster.is_owner() {
                    // Not a line of the log, which may travel further than the password should.
                    eprintln!("embedded PostgreSQL {}: psql {url}", cluster.version());
                }
                (url, Some(cluster))
            }
        };
        let store = Store::connect(&url, CONNECTION_COUNT).await?;
        Ok(Self { config, store, cluster })
    }

    /// As [`Context::open`], with the schema brought up to date and the client for a worker.
    pub(super) async fn open_for_work(path: Option<&Path>) -> anyhow::Result<(Self, HttpClient)> {
        let config = Config::load(path, process_environment())?;
        let api = config.api.clone();
        // It reads the machine's certificates meanwhile, which takes as long as a database needs to answer.
        let http = tokio::task::spawn_blocking(move || HttpClient::new(&api));
        let context = Self::open_with(config).await?;
        context.migrate().await?;
        Ok((context, http.await??))
    }

    /// As [`Context::open`], refusing a schema that is not this program's.
    pub(super) async fn open_current(path: Option<&Path>) -> anyhow::Result<Self> {
        let context = Self::open(path).await?;
        match &context.cluster {
            // Nobody else migrates a server of our own.
            Some(_) => context.migrate().await?,
            None => context.store.check_schema().await?,
        }
        Ok(context)
    }

    pub(super) async fn migrate(&self) -> anyhow::Result<()> {
        let migrated = self.store.migrate_if_needed().await?;
        if migrated.applied_count > 0 {
            info!("applied {} migrations", migrated.applied_count);
        }
        if let Some(refusal) = migrated.roles_refusal {
            warn!(
                "the roles could not be created: {refusal}; grant CREATEROLE, or have an administrator run src/store/sql/roles.sql"
            );
        }
        Ok(())
    }

    /// The worker of this configuration.
    pub(super) fn worker(
        &self,
        http: &HttpClient,
        progress: Arc<dyn Progress>,
        stop: CancellationToken,
    ) -> anyhow::Result<Worker> {
        let environment = Environment::of_process();
        let clock = Arc::new(SystemClock);
        Ok(Worker::new(http, self.config.clone(), self.store.clone(), clock, &environment, progress, stop)?)
    }

    /// Lets go of the embedded server.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        if let Some(cluster) = self.cluster {
            tokio::task::spawn_blocking(move || cluster.stop()).await??;
        }
        Ok(())
    }
}

/// Refuses a command that has nothing to scan.
pub(super) fn require_accounts(config: &Config) -> anyhow::Result<()> {
    anyhow::ensure!(
        !config.accounts.is_empty() || !config.organizations.is_empty(),
        "no account is configured; add an [[account]] with a name to config/stocktake.toml, or try `stocktake demo`"
    );
    Ok(())
}
