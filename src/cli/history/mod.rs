//! `stocktake history`: the life of one code or device, as a timeline.

mod changes;
mod event;
mod render;
#[cfg(test)]
mod samples;
mod timeline;

use std::path::Path;

use anyhow::bail;
use clap::Args;

use super::{Exit, context::Context, output::Output, paint::Paint};
use crate::{
    clock::{Clock, SystemClock},
    store::LifeQuery,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// `AccessTokenId` of a code, or `device_key` or serial number of a device
    #[arg(value_name = "ID")]
    id: String,
    /// Only in this account, by name or id
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Name the users of a device too, not only their numbers
    #[arg(long)]
    names: bool,
}

pub(super) async fn run(config: Option<&Path>, arguments: &Arguments, output: &Output) -> anyhow::Result<Exit> {
    let context = Context::open_current(config).await?;
    let query = LifeQuery { id: &arguments.id, account: arguments.account.as_deref(), with_names: arguments.names };
    let lives = context.store.lives(query).await;
    context.close().await?;
    let lives = lives?;
    if lives.is_empty() {
        let place = arguments.account.as_ref().map(|account| format!(" in account `{account}`")).unwrap_or_default();
        bail!(
            "no code or device `{}` is known{place}; ids are exact, capitals too; `stocktake sync` reads what is new",
            arguments.id
        );
    }
    let (paint, now) = (Paint::of_stdout(), SystemClock.now());
    let text: Vec<_> = lives.iter().map(|life| render::render(life, paint, now)).collect();
    output.print(&text.join("\n\n"), &lives)?;
    Ok(Exit::Success)
}
