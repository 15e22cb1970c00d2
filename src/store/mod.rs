//! Makes the database agree with a scan; knows no HTTP.
//!
//! A scan's life here: [`Store::begin_scan`] takes the target's lock and opens a row in the ledger;
//! `Observations` ticks off what is unchanged, and its `Stager` stages the rest beside the reading;
//! `apply` writes it in one transaction behind the fence. Only [`Tombstones`](crate::scan::Tombstones), which the
//! brake lets through of a complete scan, are written.

mod access_tokens;
mod accounts;
mod apply;
mod aside;
mod baseline;
mod connection;
mod copy;
mod diff;
mod digests;
mod ending;
mod erasure;
mod error;
mod health;
mod holds;
mod kept;
mod ledger;
mod life;
mod mfa_devices;
mod migrate;
mod nodelay;
mod observations;
mod organizations;
mod policies;
mod reports;
mod retention;
mod role;
mod session;
mod settle;
mod spare;
mod spool;
mod stager;
mod tabulate;
mod watch;

pub use accounts::KnownAccount;
pub use apply::Applied;
pub use erasure::{Erasure, ErasureRecord, NewErasure};
pub use error::StoreError;
pub use health::{SchemaState, ServerInfo};
pub use holds::{Hold, NewHold};
pub(crate) use kept::Kept;
pub use ledger::{Counts, Outcome, Trouble};
pub use life::{AccessTokenNow, Life, LifeQuery, MfaDeviceNow, Now, Oddity, StatusChange, UsageSample, Version};
pub use nodelay::send_at_once;
pub(crate) use observations::Observations;
pub use organizations::{KnownOrganization, MemberAccount};
pub use policies::RetentionPolicy;
pub use reports::{Freshness, HeldScan, Measurements, Overview, ScanCount, ScanLine, StatusCount, TransitionCount};
pub use retention::Purge;
pub use session::{ScanStart, TargetSession};
pub use tabulate::Tabular;

use std::{sync::Arc, time::Duration};

use sqlx::{PgConnection, postgres::PgConnectOptions};
use tokio::sync::Semaphore;

use crate::inventory::Source;
use spare::Spares;

/// The migrations of the schema, applied in order.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// How long the database may be silent before it is asked whether it is still at work.
const PATIENCE: Duration = Duration::from_secs(30);

/// The oldest server that keeps the promises of the schema.
const SERVER_VERSION_MIN: i32 = 150_000;

/// The inventory's database.
#[derive(Clone, Debug)]
pub struct Store {
    options: PgConnectOptions,
    /// One for each connection that may be open at once, scans not counted.
    places: Arc<Semaphore>,
    spares: Arc<Spares>,
    patience: Duration,
    purge_batch_size: i32,
}

impl Store {
    /// Connects to `url`, for at most `connection_count` connections at once.
    ///
    /// # Errors
    /// Where the server does not answer, refuses, or is too old.
    pub async fn connect(url: &str, connection_count: usize) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url
            .parse()
            // The error of the parser could quote the URL, and with it the password.
            .map_err(|_| StoreError::Unreachable("database.url is not a PostgreSQL URL".into()))?;
        let options = options.application_name("stocktake").options([
            // With `"$user"` first, a role called inventory would look for the migrations' ledger in our schema.
            ("search_path", "public"),
            // A worker whose host vanished holds its target's lock for 90 s, not for the kernel's two hours.
            ("tcp_keepalives_idle", "60"),
            ("tcp_keepalives_interval", "10"),
            ("tcp_keepalives_count", "3"),
            // Statements of many rows here are short of arithmetic: to compile them takes longer than it saves.
            ("jit", "off"),
            // A session of somebody else that sits on a lock ends the scan, not the worker.
            ("lock_timeout", "60s"),
        ]);
        let store = Self::at(options, connection_count);
        let mut session = store.own_connection().await?;
        check_server_version(&mut session).await?;
        session.release().await;
        Ok(store)
    }

    fn at(options: PgConnectOptions, connection_count: usize) -> Self {
        let places = Arc::new(Semaphore::new(connection_count));
        Self { options, places, spares: Arc::default(), patience: PATIENCE, purge_batch_size: retention::BATCH_SIZE }
    }

    /// The same database, which may be silent for `patience` before it is asked whether it is still at work.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same database, purged in transactions of at most so many rows.
    pub fn with_purge_batches_of(mut self, row_count: u16) -> Self {
        self.purge_batch_size = row_count.into();
        self
    }

    /// The id under which an account of this label was kept before.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn account_id_of(&self, account_name: &str) -> Result<Option<String>, StoreError> {
        let id = sqlx::query_scalar!(
            "select account_id from inventory.accounts where account_name = $1 order by first_seen_at desc limit 1",
            account_name
        )
        .fetch_optional(&mut *self.connection().await?)
        .await?;
        Ok(id)
    }

    /// Marks every target that is not one of `kept` (account label and source) as not scheduled.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn unschedule_others(&self, kept: &[(&str, Source)]) -> Result<(), StoreError> {
        let (names, sources): (Vec<String>, Vec<String>) =
            kept.iter().map(|(name, source)| ((*name).to_owned(), source.name().to_owned())).unzip();
        sqlx::query!(
            "update inventory.targets t
             set is_scheduled = false, stale_after_seconds = null
             from inventory.accounts a
             where a.account_id = t.account_id
               and t.is_scheduled
               and (a.account_name, t.source) not in (select * from unnest($1::text[], $2::text[]))",
            &names,
            &sources
        )
        .execute(&mut *self.connection().await?)
        .await?;
        Ok(())
    }

    /// A store whose server does not answer.
    #[cfg(test)]
    pub(crate) fn unreachable() -> Self {
        // Port 1 belongs to a service that nobody runs.
        Self::at("postgres://nobody@127.0.0.1:1/nothing".parse().unwrap(), 1)
    }
}

async fn check_server_version(conn: &mut PgConnection) -> Result<(), StoreError> {
    let version = sqlx::query!(
        r#"select current_setting('server_version_num')::int as "number!", current_setting('server_version') as "name!""#
    )
    .fetch_one(conn)
    .await?;
    if version.number < SERVER_VERSION_MIN {
        return Err(StoreError::ServerTooOld { found: version.name });
    }
    Ok(())
}
