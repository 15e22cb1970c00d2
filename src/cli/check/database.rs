//! Database, schema and roles; reads only.

use super::finding::Finding;
use crate::{
    cli::{context::Context, words::counted},
    config::Config,
    store::{SchemaState, Store, StoreError},
};

/// Connects, and looks at what is there. A failure ends only these checks.
pub(super) async fn check_database(config: &Config) -> Vec<Finding> {
    let is_embedded = config.database.url.is_none();
    let context = match Context::open_with(config.clone()).await {
        Ok(context) => context,
        Err(error) => return vec![Finding::fail("database", format!("{error:#}"))],
    };
    let store = &context.store;
    let mut findings = vec![
        server(store, is_embedded).await.unwrap_or_else(|error| refused("database", &error)),
        schema(store).await.unwrap_or_else(|error| refused("schema", &error)),
        roles(store).await.unwrap_or_else(|error| refused("roles", &error)),
    ];
    if let Err(error) = context.close().await {
        findings.push(Finding::warn("database", format!("{error:#}"), "look at the server's log in database.data_dir"));
    }
    findings
}

fn refused(check: &'static str, error: &StoreError) -> Finding {
    Finding::fail(check, error.to_string())
}

async fn server(store: &Store, is_embedded: bool) -> Result<Finding, StoreError> {
    let server = store.server_info().await?;
    let kind = if is_embedded { "embedded PostgreSQL" } else { "PostgreSQL" };
    Ok(Finding::ok("database", format!("{kind} {}, database {} as {}", server.version, server.database, server.login)))
}

async fn schema(store: &Store) -> Result<Finding, StoreError> {
    Ok(schema_finding(store.schema_state().await?))
}

fn schema_finding(state: SchemaState) -> Finding {
    match state {
        SchemaState::Current { count } => {
            Finding::ok("schema", format!("current: all {} applied", counted(count as i64, "migration")))
        }
        SchemaState::Pending { count } => {
            let message = format!("{} pending", counted(count as i64, "migration"));
            Finding::warn("schema", message, "run `stocktake migrate`, or let `run` or `sync` do it")
        }
        SchemaState::Newer { version } => refused("schema", &StoreError::NewerThanProgram { version }),
    }
}

async fn roles(store: &Store) -> Result<Finding, StoreError> {
    let missing = store.missing_roles().await?;
    if !missing.is_empty() {
        let message = format!("no {} with rights in this database", missing.join(" and no "));
        let mend =
            "run `stocktake migrate` as a role with CREATEROLE, or have an administrator run src/store/sql/roles.sql";
        return Ok(Finding::warn("roles", message, mend));
    }
    if matches!(store.schema_state().await?, SchemaState::Current { .. }) && store.has_loose_readers().await? {
        let message = "the logins of inventory.reader_accounts read every account";
        let mend = "run `stocktake migrate` as the owner of the schema, which has to be granted stocktake_views";
        return Ok(Finding::warn("roles", message, mend));
    }
    let server = store.server_info().await?;
    if server.role == server.login {
        let message = format!("the worker has all rights of `{}`, beyond stocktake_worker's", server.login);
        let mend = format!("run `grant stocktake_worker, stocktake_retention to {}`", server.login);
        return Ok(Finding::warn("roles", message, mend));
    }
    Ok(Finding::ok("roles", format!("all are there; the worker works as {}", server.role)))
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};

    #[test]
    fn only_a_newer_schema_fails() {
        let level = |state| schema_finding(state).level;
        assert_eq!(level(SchemaState::Current { count: 12 }), Level::Ok);
        assert_eq!(level(SchemaState::Pending { count: 1 }), Level::Warn);
        assert_eq!(level(SchemaState::Newer { version: 99 }), Level::Fail);
    }
}
