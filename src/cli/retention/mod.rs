//! `stocktake retention`: the purge by policy, and the legal holds that it respects.

mod hold;

pub(super) use hold::person;

use std::{collections::HashMap, path::Path, time::Duration};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    Exit,
    context::Context,
    output::{Output, table},
};
use crate::{store::Purge, worker::keep_policies};

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
    keep_policies(&context.config, store).await?;
    let purges = store.purge(is_dry_run).await?;
    let purges = purges.context("another purge is running; try again when it has ended; nothing was changed")?;
    let accounts = store.accounts().await?;
    let names: HashMap<_, _> = accounts.into_iter().map(|account| (account.account_id, account.account_name)).collect();
    output.print(&render(&purges, &names, is_dry_run), &json!({ "is_dry_run": is_dry_run, "purges": purges }))
}

fn render(purges: &[Purge], names: &HashMap<String, String>, is_dry_run: bool) -> String {
    if purges.is_empty() {
        return "nothing to purge: the inventory has no account yet".to_owned();
    }
    let done = if is_dry_run { "would be deleted" } else { "deleted" };
    let mut rows = table(&["account", "dataset", "policy", "past the cutoff", "on legal hold", done]);
    for purge in purges {
        let name = names.get(&purge.account_id).unwrap_or(&purge.account_id);
        let mut row = vec![name.clone(), purge.dataset.clone()];
        if purge.is_enabled {
            row.push(age(purge.keep_seconds));
            row.extend([purge.matched_count, purge.held_count, purge.deleted_count].map(|count| count.to_string()));
        } else {
            row.extend(["off", "-", "-", "-"].map(str::to_owned));
        }
        rows.add_row(row);
    }
    let last = if is_dry_run { "\ndry run: nothing was deleted" } else { "" };
    format!("{rows}{last}")
}

/// A policy's age as the configuration would say it: `3y`, `90d`, `1d 12h`.
fn age(seconds: u64) -> String {
    const YEAR: u64 = 31_557_600;
    const DAY: u64 = 86_400;
    match seconds {
        _ if seconds.is_multiple_of(YEAR) => format!("{}y", seconds / YEAR),
        _ if seconds.is_multiple_of(DAY) => format!("{}d", seconds / DAY),
        _ => format!("{}d {}", seconds / DAY, humantime::format_duration(Duration::from_secs(seconds % DAY))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(is_dry_run: bool) -> String {
        let purge = Purge {
            account_id: "1".into(),
            dataset: "access_token_history".into(),
            is_enabled: true,
            keep_seconds: 90 * 86_400,
            cutoff_at: Some("2023-10-03T00:00:00Z".parse().unwrap()),
            matched_count: 9,
            held_count: 2,
            deleted_count: 7,
        };
        let off = Purge { dataset: "access_token_usage".into(), is_enabled: false, cutoff_at: None, ..purge.clone() };
        let names = HashMap::from([("1".to_owned(), "prod".to_owned())]);
        render(&[purge, off], &names, is_dry_run)
    }

    fn cells(line: &str) -> Vec<&str> {
        line.split(['│', '┆']).map(str::trim).filter(|cell| !cell.is_empty()).collect()
    }

    #[test]
    fn a_dry_run_never_says_that_something_was_deleted() {
        assert!(text(true).contains("would be deleted") && text(true).contains("nothing was deleted"));
        assert!(!text(false).contains("would be"));
    }

    #[test]
    fn each_dataset_shows_its_policy_and_no_numbers_where_it_is_off() {
        let text = text(false);
        let lines: Vec<_> = text.lines().map(cells).collect();
        assert!(lines.contains(&vec!["prod", "access_token_history", "90d", "9", "2", "7"]), "{text}");
        assert!(lines.contains(&vec!["prod", "access_token_usage", "off", "-", "-", "-"]), "{text}");
    }

    #[test]
    fn an_age_is_told_as_it_is_configured() {
        assert_eq!([3 * 31_557_600, 86_400, 129_600].map(age), ["3y", "1d", "1d 12h"]);
    }
}
