//! `stocktake retention`: the purge by policy, and the legal holds that it respects.

mod hold;

use std::{collections::HashMap, path::Path};

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    Exit,
    context::Context,
    output::{Output, table},
    words::instant,
};
use crate::{
    clock::{Clock, SystemClock},
    store::Purge,
};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Legal holds: what the purge must leave alone
    #[command(subcommand)]
    Hold(hold::Command),
}

pub(super) async fn run(config: Option<&Path>, arguments: Arguments, output: &Output) -> anyhow::Result<Exit> {
    let context = Context::open_current(config).await?;
    let result = match arguments.command {
        Some(Command::Hold(command)) => hold::run(&context.store, command, output).await,
        None => purge(&context, arguments.dry_run, output).await,
    };
    context.close().await?;
    result.map(|()| Exit::Success)
}

async fn purge(context: &Context, is_dry_run: bool, output: &Output) -> anyhow::Result<()> {
    let store = &context.store;
    let cutoff = SystemClock.now() - context.config.retention.history;
    let purges = store.purge(cutoff, is_dry_run, &SystemClock).await?;
    let accounts = store.accounts().await?;
    let names: HashMap<_, _> = accounts.into_iter().map(|account| (account.account_id, account.account_name)).collect();
    let value = json!({ "cutoff_at": cutoff, "is_dry_run": is_dry_run, "purges": purges });
    output.print(&render(&purges, &names, cutoff, is_dry_run), &value)
}

fn render(purges: &[Purge], names: &HashMap<String, String>, cutoff: DateTime<Utc>, is_dry_run: bool) -> String {
    if purges.is_empty() {
        return "nothing to purge: the inventory has no account yet".to_owned();
    }
    let done = if is_dry_run { "would be deleted" } else { "deleted" };
    let mut rows = table(&["account", "dataset", "past the cutoff", "on legal hold", done]);
    for purge in purges {
        rows.add_row(vec![
            names.get(&purge.account_id).unwrap_or(&purge.account_id).clone(),
            purge.dataset.clone(),
            purge.matched_count.to_string(),
            purge.held_count.to_string(),
            purge.deleted_count.to_string(),
        ]);
    }
    let cutoff = instant(cutoff);
    let policy = format!("what ended before {cutoff} is past the cutoff (retention.history)");
    let last = if is_dry_run { "\ndry run: nothing was deleted" } else { "" };
    format!("{rows}\n{policy}{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(is_dry_run: bool) -> String {
        let purge = Purge {
            account_id: "1".into(),
            dataset: "access_token_history".into(),
            matched_count: 9,
            held_count: 2,
            deleted_count: 7,
        };
        let names = HashMap::from([("1".to_owned(), "prod".to_owned())]);
        render(&[purge], &names, "2023-10-03T00:00:00Z".parse().unwrap(), is_dry_run)
    }

    #[test]
    fn a_dry_run_never_says_that_something_was_deleted() {
        assert!(text(true).contains("would be deleted") && text(true).contains("nothing was deleted"));
        assert!(!text(false).contains("would be") && text(false).contains("before 2023-10-03 00:00:00Z"));
        assert!(text(false).contains("prod"));
    }
}
