//! `stocktake check`: everything that a scan needs, one line each, with the mend.

mod account;
mod database;
mod finding;
mod organization;

use std::path::Path;

use futures::{StreamExt, stream};

use super::{Exit, output::Output, paint::Paint, words::counted};
use crate::{
    config::{Config, ConfigError, DEFAULT_FILE, process_environment},
    source::HttpClient,
};
use finding::{Finding, exit_of};

/// Accounts that are checked at once.
const CONCURRENCY: usize = 8;

pub(super) async fn run(path: Option<&Path>, output: &Output) -> anyhow::Result<Exit> {
    let mut report = Report { findings: Vec::new(), output, paint: Paint::of_stdout() };
    check(path, &mut report).await?;
    if output.is_json() {
        output.print("", &report.findings)?;
    }
    Ok(exit_of(&report.findings))
}

async fn check(path: Option<&Path>, report: &mut Report<'_>) -> anyhow::Result<()> {
    let config = match Config::load(path, process_environment()) {
        Ok(config) => config,
        // Without it there is nothing else to look at.
        Err(error) => return report.add(config_failures(error)),
    };
    report.add(config_findings(path, &config))?;
    report.add(database::check_database(&config).await)?;
    let http = match HttpClient::new(&config.api) {
        Ok(http) => http,
        Err(error) => return report.add(vec![Finding::refused("http", &error)]),
    };
    let mut accounts = config.accounts.clone();
    for organization in &config.organizations {
        let (findings, members) = organization::check_organization(organization, &config, http.clone()).await;
        report.add(findings)?;
        accounts.extend(members);
    }
    let checks = accounts.iter().map(|account| account::check_account(account, &config.api, http.clone()));
    let mut checks = stream::iter(checks).buffered(CONCURRENCY);
    while let Some(findings) = checks.next().await {
        report.add(findings)?;
    }
    Ok(())
}

/// What was found so far; a person sees each line at once.
struct Report<'a> {
    findings: Vec<Finding>,
    output: &'a Output,
    paint: Paint,
}

impl Report<'_> {
    fn add(&mut self, findings: Vec<Finding>) -> anyhow::Result<()> {
        if !self.output.is_json() {
            for finding in &findings {
                self.output.say(&finding.line(self.paint))?;
            }
        }
        self.findings.extend(findings);
        Ok(())
    }
}

/// A line a problem.
fn config_failures(error: ConfigError) -> Vec<Finding> {
    match error {
        ConfigError::Invalid { problems } => {
            problems.iter().map(|problem| Finding::fail("configuration", problem.to_string())).collect()
        }
        error => vec![Finding::fail("configuration", format!("{:#}", anyhow::Error::from(error)))],
    }
}

fn config_findings(path: Option<&Path>, config: &Config) -> Vec<Finding> {
    let file = path.unwrap_or(Path::new(DEFAULT_FILE));
    let place = if file.exists() { file.display().to_string() } else { "no file, defaults and environment".to_owned() };
    let mut sections = counted(config.accounts.len() as u64, "account");
    if !config.organizations.is_empty() {
        sections = format!("{sections} and {}", counted(config.organizations.len() as u64, "organization"));
    }
    let mut findings = vec![Finding::ok("configuration", format!("{place}: {sections}"))];
    if config.accounts.is_empty() && config.organizations.is_empty() {
        let mend = format!("add an [[account]] with a name to {DEFAULT_FILE}, or try `stocktake demo`");
        findings.push(Finding::warn("accounts", "none is configured, so nothing is scanned", mend));
    }
    findings
}
