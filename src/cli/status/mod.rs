//! `stocktake status`: how fresh every target is, the last scans, what is held and why.

mod render;
mod report;

use std::path::Path;

use super::{Exit, context::Context, output::Output, paint::Paint};
use report::{OrganizationStatus, StatusReport};

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
    let mut accounts = context.config.accounts.clone();
    let mut organizations = Vec::new();
    for organization in &context.config.organizations {
        let known = store.organization(&organization.name).await?;
        organizations.push(OrganizationStatus::new(&organization.name, known));
        let management = organization.management.then(|| organization.management_account());
        let members = store.members(&organization.name).await?.into_iter();
        let is_of_section = |id: &str| context.config.accounts.iter().any(|account| account.id.as_deref() == Some(id));
        let members =
            members.filter(|member| organization.wants(&member.account_id) && !is_of_section(&member.account_id));
        accounts.extend(management);
        accounts.extend(members.map(|member| organization.member_account(&member.account_id, member.account_name)));
    }
    Ok(StatusReport::new(
        store.freshness().await?,
        store.newest_scans(SCAN_COUNT).await?,
        store.held_scans().await?,
        store.holds(false).await?.len(),
        organizations,
        &accounts,
    ))
}
