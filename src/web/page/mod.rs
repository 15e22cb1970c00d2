//! The status page: one HTML document, rendered here whole, without script.

mod days;
mod held;
mod inventory;
mod scans;
mod status;
mod targets;
mod words;

use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::{
    days::Days,
    words::{instant, plural},
};
use super::targets::TargetLine;
use crate::store::{HeldScan, ScanLine, StatusCount, TransitionCount};

/// Days in the chart of transitions, today included.
pub(super) const DAY_COUNT: i64 = 14;

/// Seconds after which the page asks again.
const REFRESH_S: &str = "30";

const STYLE: &str = include_str!("style.css");

/// A pile of boxes, one ticked off.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%230f766e'/%3E%3Cpath d='M4 8.5l2.7 2.7L12 5.5' fill='none' stroke='white' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) now: DateTime<Utc>,
    pub(super) targets: Vec<TargetLine>,
    pub(super) held: Vec<HeldScan>,
    pub(super) scans: Vec<ScanLine>,
    pub(super) statuses: Vec<StatusCount>,
    pub(super) transitions: Vec<TransitionCount>,
}

impl Page {
    pub(super) fn render(&self) -> Markup {
        document(
            self.now,
            &html! {
                p.summary.(self.tone()) { (self.summary()) }
                (held::section(&self.held))
                (targets::section(&self.targets, &self.held, self.now))
                div.charts {
                    (inventory::section(&self.statuses))
                    (Days::new(self.now.date_naive(), &self.transitions).section())
                }
                (scans::section(&self.scans))
            },
        )
    }

    /// How many targets are not as fresh as they should be; one that is off on purpose does not count.
    fn trouble_count(&self) -> usize {
        self.targets.iter().filter(|target| !matches!(&*target.freshness.state, "fresh" | "off")).count()
    }

    /// The colour of the summary: that of the worst target.
    fn tone(&self) -> &'static str {
        let is_any = |state: &str| self.targets.iter().any(|target| target.freshness.state == state);
        match () {
            () if self.targets.is_empty() => "new",
            () if is_any("stale") || is_any("never") => "bad",
            () if self.trouble_count() > 0 || !self.held.is_empty() => "late",
            () => "good",
        }
    }

    fn summary(&self) -> String {
        let target_count = plural(self.targets.len(), "target");
        let freshness = match (self.targets.len(), self.trouble_count()) {
            (0, _) => "Nothing is kept yet".to_owned(),
            (1, 0) => "The one target is fresh".to_owned(),
            (2, 0) => "Both targets are fresh".to_owned(),
            (_, 0) => format!("All {target_count} are fresh"),
            (_, 1) => format!("1 of {target_count} is not fresh"),
            (_, trouble) => format!("{trouble} of {target_count} are not fresh"),
        };
        match self.held.len() {
            0 => freshness,
            1 => format!("{freshness}; 1 waits for your approval"),
            held => format!("{freshness}; {held} wait for your approval"),
        }
    }
}

/// The page where the database does not answer.
pub(super) fn without_database(now: DateTime<Utc>, reason: &str) -> Markup {
    document(
        now,
        &html! {
            p.summary.bad { "The database does not answer" }
            section.panel.alert {
                h2 { "What it said" }
                p { (reason) }
                p.mend { "The worker goes on and tries again at its next tick. Look closer with " code { "stocktake check" } "." }
            }
        },
    )
}

fn document(now: DateTime<Utc>, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content=(REFRESH_S);
                title { "Stocktake" }
                link rel="icon" href=(ICON);
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Stocktake" }
                    span.muted { (env!("CARGO_PKG_VERSION")) }
                    span.now.muted { (instant(now)) " UTC" }
                }
                main { (content) }
                footer.muted {
                    "Times are UTC. The page renews itself every " (REFRESH_S) " s. "
                    a href="/metrics" { "metrics" } " · " a href="/healthz" { "healthz" } " · " a href="/readyz" { "readyz" }
                }
            }
        }
    }
}
