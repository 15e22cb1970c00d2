//! Brings the schema up to this program's version, under a lock, and never down.

use sqlx::migrate::{Migrate, MigrateError};

use super::{MIGRATOR, Store, StoreError, error::describe};

/// What a migration run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Migrations that were applied just now.
    pub applied_count: usize,
    /// Why the reporting roles could not be created; `None` where they are there.
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
        let before = self.applied_migrations().await?.len();
        MIGRATOR.run(self.pool()).await.map_err(|error| match error {
            MigrateError::VersionMissing(version) => StoreError::NewerThanProgram { version },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                StoreError::Migration(describe(&error))
            }
            error => StoreError::Migration(error.to_string()),
        })?;
        let applied_count = self.applied_migrations().await?.len() - before;
        Ok(Migrated { applied_count, roles_refusal: self.create_roles().await? })
    }

    /// Checks that the schema is exactly this program's.
    ///
    /// # Errors
    /// [`StoreError::NotMigrated`] or [`StoreError::NewerThanProgram`].
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let applied = self.applied_migrations().await?;
        let known: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
        if let Some(version) = applied.iter().copied().find(|version| !known.contains(version)) {
            return Err(StoreError::NewerThanProgram { version });
        }
        if known.iter().any(|version| !applied.contains(version)) {
            return Err(StoreError::NotMigrated);
        }
        Ok(())
    }

    async fn applied_migrations(&self) -> Result<Vec<i64>, StoreError> {
        let mut conn = self.pool().acquire().await?;
        let migration = |error: MigrateError| StoreError::Migration(error.to_string());
        conn.ensure_migrations_table(&MIGRATOR.table_name).await.map_err(migration)?;
        let applied = conn.list_applied_migrations(&MIGRATOR.table_name).await.map_err(migration)?;
        Ok(applied.into_iter().map(|migration| migration.version).collect())
    }

    /// Creates the reporting roles where the server lets us; says why not otherwise.
    async fn create_roles(&self) -> Result<Option<String>, StoreError> {
        const INSUFFICIENT_PRIVILEGE: &str = "42501";
        match sqlx::raw_sql(include_str!("sql/roles.sql")).execute(self.pool()).await {
            Ok(_) => Ok(None),
            Err(error)
                if error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref()
                    == Some(INSUFFICIENT_PRIVILEGE) =>
            {
                Ok(Some(describe(&error)))
            }
            Err(error) => Err(error.into()),
        }
    }
}
