//! `stocktake retention hold`: legal holds.

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};

use crate::{
    cli::{
        output::{Output, table},
        words::instant,
    },
    clock::SystemClock,
    inventory::Source,
    source::Environment,
    store::{Hold, NewHold, Store},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Keep the history of an account, a dataset or one object from the purge
    Add(AddArguments),
    /// Let the purge have it again
    Release(ReleaseArguments),
    /// The holds in force, newest first
    List(ListArguments),
}

#[derive(Debug, Args)]
pub(super) struct AddArguments {
    /// The account, by name or id
    #[arg(long, value_name = "NAME")]
    account: String,
    /// Only this dataset: access-tokens or mfa-devices
    #[arg(long, value_name = "SOURCE")]
    dataset: Option<Source>,
    /// Only this object: the `access_token_id` of a code or the `device_key` of a device
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// Why, for whoever asks later
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who says so; $USER where left out
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ReleaseArguments {
    /// The number of the hold, as `hold list` shows it
    #[arg(value_name = "HOLD_ID")]
    hold_id: i64,
    /// Who says so; $USER where left out
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Released ones too
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(store: &Store, command: Command, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Add(arguments) => {
            ensure!(
                !arguments.reason.trim().is_empty(),
                "the reason is empty; say why with --reason; nothing was changed"
            );
            let hold = NewHold {
                account: &arguments.account,
                dataset: arguments.dataset,
                object_id: arguments.object.as_deref(),
                reason: &arguments.reason,
                placed_by: &person(arguments.by)?,
            };
            let hold = store.add_hold(&hold, &SystemClock).await?;
            output.print(&format!("hold {} keeps {}", hold.hold_id, scope(&hold)), &hold)
        }
        Command::Release(arguments) => {
            let hold = store.release_hold(arguments.hold_id, &person(arguments.by)?, &SystemClock).await?;
            output.print(&format!("hold {} is released: it kept {}", hold.hold_id, scope(&hold)), &hold)
        }
        Command::List(ListArguments { all }) => {
            let holds = store.holds(all).await?;
            output.print(&render(&holds, all), &holds)
        }
    }
}

/// Who says so: `--by`, or whoever is logged in.
pub(in crate::cli) fn person(by: Option<String>) -> anyhow::Result<String> {
    by.or_else(|| Environment::of_process().get("USER"))
        .filter(|name| !name.trim().is_empty())
        .context("nobody is named: --by is empty or USER is not set; say who with --by; nothing was changed")
}

/// `access-tokens t-1 of prod (1772422852740001)`.
fn scope(hold: &Hold) -> String {
    let account = match &hold.account_name {
        Some(name) => format!("{name} ({})", hold.account_id),
        None => hold.account_id.clone(),
    };
    match (&hold.dataset, &hold.object_id) {
        (Some(dataset), Some(object_id)) => format!("{dataset} {object_id} of {account}"),
        (Some(dataset), None) => format!("all {dataset} of {account}"),
        _ => format!("everything of {account}"),
    }
}

fn render(holds: &[Hold], with_released: bool) -> String {
    if holds.is_empty() {
        return if with_released { "there never was a hold" } else { "no hold is in force" }.to_owned();
    }
    let mut header = vec!["hold", "keeps", "reason", "placed"];
    header.extend(with_released.then_some("released"));
    let mut rows = table(&header);
    for hold in holds {
        let mut row = vec![
            hold.hold_id.to_string(),
            scope(hold),
            hold.reason.clone(),
            format!("{} by {}", instant(hold.placed_at), hold.placed_by),
        ];
        if with_released {
            row.push(match (hold.released_at, &hold.released_by) {
                (Some(at), Some(by)) => format!("{} by {by}", instant(at)),
                _ => "-".to_owned(),
            });
        }
        rows.add_row(row);
    }
    rows.to_string()
}

#[cfg(test)]
#[path = "hold_tests.rs"]
mod tests;
