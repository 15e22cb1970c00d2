//! What `check` asks of a database: server, schema, roles. Reads only.

use sqlx::PgConnection;

use super::{MIGRATOR, Store, StoreError};

/// The group roles, each with the schema that it must be able to use.
const ROLES: [(&str, &str); 4] = [
    ("stocktake_reader", "reporting"),
    ("stocktake_pii_reader", "reporting_pii"),
    ("stocktake_worker", "inventory"),
    ("stocktake_retention", "inventory"),
];

/// The server and where on it we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// The server's version, as it says it.
    pub version: String,
    /// The database.
    pub database: String,
    /// The role that we log in as.
    pub login: String,
    /// The role whose rights statements have.
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
                      session_user::text as "login!", current_user::text as "role!""#
        )
        .fetch_one(&mut *self.connection().await?)
        .await?;
        Ok(server)
    }

    /// Compares the schema with this program's.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn schema_state(&self) -> Result<SchemaState, StoreError> {
        schema_state(&mut *self.connection().await?).await
    }

    /// The roles that cannot do their part: the server has no such role, or it was granted nothing in this
    /// database. Before the schemas are there, a role is enough.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn missing_roles(&self) -> Result<Vec<&'static str>, StoreError> {
        missing_roles(&mut *self.connection().await?).await
    }

    /// Whether logins are named that may read some accounts only, and read all of them nevertheless: the schema was
    /// restored, or changed, by somebody who could not restrict them.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn has_loose_readers(&self) -> Result<bool, StoreError> {
        has_loose_readers(&mut *self.connection().await?).await
    }

    /// Whether there is nothing to migrate: the schema is this program's, every role can do its part, and this login
    /// works as the worker.
    pub(super) async fn is_ready(&self) -> Result<bool, StoreError> {
        let mut session = self.connection().await?;
        let conn = &mut *session;
        let is_ready = matches!(schema_state(conn).await?, SchemaState::Current { .. })
            && sqlx::query_scalar!(r#"select current_user = 'stocktake_worker' as "is_worker!""#)
                .fetch_one(&mut *conn)
                .await?
            && missing_roles(conn).await?.is_empty()
            && !has_loose_readers(conn).await?;
        session.release().await;
        Ok(is_ready)
    }
}

async fn missing_roles(conn: &mut PgConnection) -> Result<Vec<&'static str>, StoreError> {
    let (names, schemas): (Vec<String>, Vec<String>) =
        ROLES.iter().map(|(role, schema)| ((*role).to_owned(), (*schema).to_owned())).unzip();
    let able = sqlx::query_scalar!(
        r#"select r.rolname::text as "rolname!"
           from unnest($1::text[], $2::text[]) as wanted (role_name, schema_name)
           join pg_catalog.pg_roles r on r.rolname = wanted.role_name
           where coalesce(has_schema_privilege(r.rolname, to_regnamespace(wanted.schema_name)::oid, 'usage'), true)"#,
        &names,
        &schemas
    )
    .fetch_all(conn)
    .await?;
    let missing = ROLES.into_iter().filter(|(role, _)| !able.iter().any(|able| able == role));
    Ok(missing.map(|(role, _)| role).collect())
}

async fn has_loose_readers(conn: &mut PgConnection) -> Result<bool, StoreError> {
    let is_loose = sqlx::query_scalar!(
        r#"select exists (select from inventory.reader_accounts)
                  and exists (
                      select
                      from pg_catalog.pg_class c
                      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                      where (n.nspname in ('inventory', 'reporting', 'reporting_pii')
                             and c.relkind = 'v' and pg_get_userbyid(c.relowner) <> 'stocktake_views')
                         or (n.nspname = 'inventory' and c.relkind in ('r', 'p')
                             and c.relname <> 'reader_accounts'
                             and not exists (
                                 select from pg_catalog.pg_policy p
                                 where p.polrelid = c.oid and p.polname = 'reader_accounts'))
                  ) as "is_loose!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(is_loose)
}

pub(super) async fn schema_state(conn: &mut PgConnection) -> Result<SchemaState, StoreError> {
    let known: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
    Ok(compare(&known, &applied_versions(conn).await?))
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
