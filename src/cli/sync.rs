//! `stocktake sync`: every target once, now.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
};

use anyhow::{bail, ensure};
use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    Exit,
    context::{Context, require_accounts},
    output::{Output, table},
    run::stop_on_signal,
};
use crate::{
    inventory::{Source, Target},
    scan::Refresh,
    worker::{Progress, ScanRequest, TargetOutcome, TargetReport, keep_policies},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this account, by name or id
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Only this source: access-tokens or mfa-devices
    #[arg(long)]
    source: Option<Source>,
    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Let at most N deletes of a target through that was held
    #[arg(long, value_name = "N", conflicts_with_all = ["token_ids", "name", "status"])]
    approve_deletes: Option<u64>,
    /// Refresh only these codes; never deletes
    #[arg(long = "token-id", value_name = "ID", num_args = 1..)]
    token_ids: Vec<String>,
    /// Refresh only codes of this name; never deletes
    #[arg(long)]
    name: Option<String>,
    /// Refresh only codes of this status; never deletes
    #[arg(long)]
    status: Option<String>,
}

pub(super) async fn run(config: Option<&Path>, arguments: Arguments, output: &Output) -> anyhow::Result<Exit> {
    let (source, request) = arguments.request()?;
    let (context, http) = Context::open_for_work(config).await?;
    require_accounts(&context.config)?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let worker = context.worker(&http, Arc::new(Bars::new(output.bars().clone())), stop)?;
    worker.recall_members().await?;
    let troubles = worker.list_members(arguments.dry_run).await;
    let accounts = worker.accounts();
    if let Some(wanted) = &arguments.account
        && !accounts.iter().any(|account| account.answers_to(wanted))
    {
        let names: Vec<_> = accounts.iter().map(|account| account.name()).collect();
        bail!("no account is called `{wanted}`; the configuration has: {}", names.join(", "));
    }
    if !arguments.dry_run {
        keep_policies(&context.config, &context.store).await?;
    }
    let worker = Arc::new(worker);
    let scans = {
        let (worker, account) = (Arc::clone(&worker), arguments.account.clone());
        async move { worker.scan_all(account.as_deref(), source, &request).await }
    };
    // A task like those that fetch pages: here it would be a thread beside theirs, which every answer has to wake.
    let reports = AbortOnDropHandle::new(tokio::spawn(scans)).await?;
    ensure!(
        !reports.is_empty() || !troubles.is_empty(),
        "no configured account keeps that source; see `sources` of the sections"
    );
    print_reports(&reports, arguments.dry_run, output)?;
    for trouble in &troubles {
        eprintln!("{}", trouble.line());
    }
    drop(worker);
    context.close().await?;
    Ok(if troubles.is_empty() { Exit::of_reports(&reports) } else { Exit::Partial })
}

impl Arguments {
    fn request(&self) -> anyhow::Result<(Option<Source>, ScanRequest)> {
        let is_refresh = !self.token_ids.is_empty() || self.name.is_some() || self.status.is_some();
        if is_refresh {
            ensure!(
                self.source != Some(Source::MfaDevices),
                "--token-id, --name and --status select activation codes; leave --source out or say access-tokens"
            );
        }
        let refresh = is_refresh.then(|| Refresh {
            ids: self.token_ids.clone(),
            name: self.name.clone(),
            status: self.status.clone(),
        });
        let source = if is_refresh { Some(Source::AccessTokens) } else { self.source };
        let request = ScanRequest { approved_delete_count: self.approve_deletes, is_rehearsal: self.dry_run, refresh };
        Ok((source, request))
    }
}

pub(super) fn print_reports(reports: &[TargetReport], is_rehearsal: bool, output: &Output) -> anyhow::Result<()> {
    let mut rows =
        table(&["account", "source", "outcome", "seen", "new", "changed", "deleted", "unchanged", "transitions"]);
    for report in reports {
        let mut row = vec![report.account_name.clone(), report.source.to_string(), report.word().to_owned()];
        if let TargetOutcome::Recorded(applied) = &report.outcome {
            let counts = applied.counts;
            let seen = applied.evidence.distinct_count;
            row.extend(
                [seen, counts.new, counts.changed, counts.deleted, counts.unchanged, counts.transitions]
                    .map(|count| count.to_string()),
            );
        }
        rows.add_row(row);
    }
    let mut text = rows.to_string();
    if is_rehearsal {
        text += "\ndry run: this is what would have changed; nothing was written";
    }
    output.print(&text, &reports.iter().map(json_of).collect::<Vec<_>>())?;
    for line in reports.iter().filter_map(TargetReport::failure_line) {
        eprintln!("{line}");
    }
    Ok(())
}

fn json_of(report: &TargetReport) -> Value {
    let mut value = json!({
        "account_name": report.account_name,
        "account_id": report.account_id,
        "source": report.source.name(),
    });
    let more = match &report.outcome {
        TargetOutcome::Recorded(applied) => json!({
            "outcome": applied.outcome.name(),
            "scan_id": applied.scan_id,
            "distinct_count": applied.evidence.distinct_count,
            "new_count": applied.counts.new,
            "changed_count": applied.counts.changed,
            "unchanged_count": applied.counts.unchanged,
            "deleted_count": applied.counts.deleted,
            "held_count": applied.counts.held,
            "transition_count": applied.counts.transitions,
            "anomaly_count": applied.counts.anomalies,
            "error_code": applied.trouble.as_ref().map(|trouble| &trouble.code),
            "error_message": applied.trouble.as_ref().map(crate::store::Trouble::message),
        }),
        TargetOutcome::Busy => json!({ "outcome": "busy" }),
        TargetOutcome::Unrecorded(trouble) => {
            json!({ "outcome": "failed", "error_code": trouble.code, "error_message": trouble.message() })
        }
    };
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    value
}

/// One bar a target.
pub(super) struct Bars {
    bars: MultiProgress,
    running: Mutex<HashMap<Target, ProgressBar>>,
}

impl Bars {
    pub(super) fn new(bars: MultiProgress) -> Self {
        Self { bars, running: Mutex::default() }
    }

    fn with_bar(&self, target: &Target, act: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.running.lock().expect("no code panics while it holds the bars").get(target) {
            act(bar);
        }
    }
}

impl Progress for Bars {
    fn begin(&self, target: &Target, account_name: &str) {
        let style = ProgressStyle::with_template("{spinner} {prefix} {pos} read, {per_sec} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = self.bars.add(ProgressBar::new_spinner().with_style(style));
        bar.set_prefix(format!("{account_name} {}", target.source));
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        self.running.lock().expect("no code panics while it holds the bars").insert(target.clone(), bar);
    }

    fn observe(&self, target: &Target, item_count: usize) {
        self.with_bar(target, |bar| bar.inc(item_count as u64));
    }

    fn end(&self, target: &Target, summary: &str) {
        self.with_bar(target, |bar| bar.finish_with_message(summary.to_owned()));
        self.running.lock().expect("no code panics while it holds the bars").remove(target);
    }
}
