//! `stocktake migrate`: the schema, brought up to date.

use std::path::Path;

use serde_json::json;

use super::{Exit, context::Context, output::Output};

pub(super) async fn run(config: Option<&Path>, output: &Output) -> anyhow::Result<Exit> {
    let context = Context::open(config).await?;
    let migrated = context.store.migrate().await?;
    let mut text = match migrated.applied_count {
        0 => "the schema is up to date".to_owned(),
        count => format!("applied {count} migrations; the schema is up to date"),
    };
    if let Some(refusal) = &migrated.roles_refusal {
        text += &format!(
            "\nthe roles could not be created: {refusal}; grant CREATEROLE, or have an administrator run src/store/sql/roles.sql"
        );
    }
    let value = json!({ "applied_count": migrated.applied_count, "roles_refusal": migrated.roles_refusal });
    output.print(&text, &value)?;
    context.close().await?;
    Ok(Exit::Success)
}
