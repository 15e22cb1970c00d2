//! Brings the schema up to this program's version, under a lock, and never down.

use sqlx::{
    PgConnection,
    migrate::{Migrate, MigrateError},
};

use super::{
    MIGRATOR, SchemaState, Store, StoreError,
    error::{describe, has_code},
    health::{applied_versions, schema_state},
};

/// What a migration run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Migrations that were applied just now.
    pub applied_count: usize,
    /// Why the roles could not be created; `None` where they are there.
    pub roles_refusal: Option<String>,
}

impl Store {
    /// Applies the migrations that are missing, then the roles.
    ///
    /// Several programs may call this at once: they take turns.
    ///
    /// # Errors
    /// Where a migration fails, or the database has one that this program does not know.
    pub async fn migrate(&self) -> Result<Migrated, StoreError> {
        // With the login's own rights; and sqlx keeps the lock when a run fails, which only the session's end gives back.
        let mut session = self.login_connection().await?;
        let migrated = self.watch(session.pid, migrate_in_turn(&mut session)).await?;
        session.release().await;
        Ok(migrated)
    }

    /// As [`migrate`](Self::migrate), unless nothing is missing: to grant everything once more would cost each start of
    /// the program more than a small scan.
    ///
    /// # Errors
    /// As [`migrate`](Self::migrate).
    pub async fn migrate_if_needed(&self) -> Result<Migrated, StoreError> {
        // What cannot be looked at is told by what comes next.
        if self.is_ready().await.unwrap_or(false) {
            return Ok(Migrated { applied_count: 0, roles_refusal: None });
        }
        self.migrate().await
    }

    /// Checks that the schema is exactly this program's.
    ///
    /// # Errors
    /// [`StoreError::NotMigrated`] or [`StoreError::NewerThanProgram`].
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        require_current(self.schema_state().await?)
    }
}

/// Everything of a migration run, under the lock from the first look to the last grant.
async fn migrate_in_turn(conn: &mut PgConnection) -> Result<Migrated, StoreError> {
    // Others may be migrating for long.
    sqlx::query!("set lock_timeout = 0").execute(&mut *conn).await?;
    // The run takes it again, which a session may, and gives back its own share alone.
    conn.lock().await.map_err(refused)?;
    let before = applied_versions(conn).await?.len();
    if !may_migrate(conn).await? {
        // A login that only works here leaves that to the owner, and has to find it done.
        require_current(schema_state(conn).await?)?;
        return Ok(Migrated { applied_count: 0, roles_refusal: None });
    }
    // What `run` does, without the `Acquire` whose lifetimes a spawned task cannot satisfy.
    MIGRATOR.run_direct(None, &mut *conn, false).await.map_err(refused)?;
    let applied_count = applied_versions(conn).await?.len() - before;
    Ok(Migrated { applied_count, roles_refusal: create_roles(conn).await? })
}

fn require_current(state: SchemaState) -> Result<(), StoreError> {
    match state {
        SchemaState::Current { .. } => Ok(()),
        SchemaState::Pending { .. } => Err(StoreError::NotMigrated),
        SchemaState::Newer { version } => Err(StoreError::NewerThanProgram { version }),
    }
}

/// Whether the login owns the ledger of migrations, or is the first to make one.
async fn may_migrate(conn: &mut PgConnection) -> Result<bool, StoreError> {
    let may = sqlx::query_scalar!(
        r#"select coalesce(has_table_privilege(to_regclass('_sqlx_migrations')::oid, 'insert'), true) as "may!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(may)
}

/// Creates the roles where the server lets us; says why not otherwise.
async fn create_roles(conn: &mut PgConnection) -> Result<Option<String>, StoreError> {
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    match sqlx::raw_sql(include_str!("sql/roles.sql")).execute(conn).await {
        Ok(_) => Ok(None),
        Err(error) if has_code(&error, INSUFFICIENT_PRIVILEGE) => Ok(Some(describe(&error))),
        Err(error) => Err(error.into()),
    }
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::NewerThanProgram { version },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            StoreError::Migration(describe(&error))
        }
        error => StoreError::Migration(error.to_string()),
    }
}
