//! What `check` asks of a database: server, schema, roles. Reads only.

use sqlx::PgConnection;

use super::{MIGRATOR, Store, StoreError};

/// The group roles that read the views.
const ROLES: [&str; 2] = ["stocktake_reader", "stocktake_pii_reader"];

/// The server and where on it we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// The server's version, as it says it.
    pub version: String,
    /// The database.
    pub database: String,
    /// The role that we log in as.
    pub role: String,
}

/// How the schema of the database compares with this program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// The same.
    Current {
        /// Migrations applied.
        count: usize,
    },
    /// Migrations are missing.
    Pending {
        /// How many.
        count: usize,
    },
    /// A newer program was here.
    Newer {
        /// The migration that this program does not know.
        version: i64,
    },
}

impl Store {
    /// Who answers.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn server_info(&self) -> Result<ServerInfo, StoreError> {
        let server = sqlx::query_as!(
            ServerInfo,
            r#"select current_setting('server_version') as "version!", current_database()::text as "database!",
                      current_user::text as "role!""#
        )
        .fetch_one(self.pool())
        .await?;
        Ok(server)
    }

    /// Compares the schema with this program's.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn schema_state(&self) -> Result<SchemaState, StoreError> {
        let known: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
        Ok(compare(&known, &applied_versions(&mut *self.pool().acquire().await?).await?))
    }

    /// The reporting roles that cannot read the views: the server has no such role, or it was granted
    /// nothing in this database. Before the views are there, a role is enough.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn missing_roles(&self) -> Result<Vec<&'static str>, StoreError> {
        let able = sqlx::query_scalar!(
            r#"select rolname::text as "rolname!"
               from pg_catalog.pg_roles
               where rolname = any($1)
                 and coalesce(has_schema_privilege(rolname, to_regnamespace('reporting')::oid, 'usage'), true)"#,
            &ROLES.map(str::to_owned)
        )
        .fetch_all(self.pool())
        .await?;
        Ok(ROLES.into_iter().filter(|role| !able.iter().any(|able| able == role)).collect())
    }
}

/// The migrations of the database; none where nobody has migrated it yet.
pub(super) async fn applied_versions(conn: &mut PgConnection) -> Result<Vec<i64>, StoreError> {
    let table = sqlx::query_scalar!("select to_regclass('_sqlx_migrations')::text").fetch_one(&mut *conn).await?;
    if table.is_none() {
        return Ok(Vec::new());
    }
    // Not by a macro: the database that checks the macros is migrated by other means.
    Ok(sqlx::query_scalar("select version from _sqlx_migrations where success order by version")
        .fetch_all(conn)
        .await?)
}

fn compare(known: &[i64], applied: &[i64]) -> SchemaState {
    if let Some(version) = applied.iter().rev().find(|version| !known.contains(version)) {
        return SchemaState::Newer { version: *version };
    }
    match known.iter().filter(|version| !applied.contains(version)).count() {
        0 => SchemaState::Current { count: known.len() },
        count => SchemaState::Pending { count },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_that_this_program_lacks_outweighs_a_pending_one() {
        assert_eq!(compare(&[1, 2], &[1, 2]), SchemaState::Current { count: 2 });
        assert_eq!(compare(&[1, 2], &[]), SchemaState::Pending { count: 2 });
        assert_eq!(compare(&[1, 2], &[1, 3]), SchemaState::Newer { version: 3 });
    }
}
