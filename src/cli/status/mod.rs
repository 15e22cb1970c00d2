//! `stocktake status`: how fresh every target is, the last scans, what is held and why.

mod render;
mod report;

use std::path::Path;

use super::{Exit, context::Context, output::Output, paint::Paint};
use report::StatusReport;

/// Scans that are listed.
const SCAN_COUNT: i64 = 10;

pub(super) async fn run(config: Option<&Path>, output: &Output) -> anyhow::Result<Exit> {
    let context = Context::open_current(config).await?;
    let report = read(&context).await;
    context.close().await?;
    let report = report?;
    output.print(&render::render(&report, Paint::of_stdout()), &report)?;
    Ok(if report.is_good { Exit::Success } else { Exit::Partial })
}

async fn read(context: &Context) -> anyhow::Result<StatusReport> {
    let store = &context.store;
    Ok(StatusReport::new(
        store.freshness().await?,
        store.newest_scans(SCAN_COUNT).await?,
        store.held_scans().await?,
        store.holds(false).await?.len(),
        &context.config.accounts,
    ))
}
