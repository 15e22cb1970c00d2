//! How fresh each target is, and what keeps it from being fresher.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::words::{instant, number, span};
use crate::{
    store::{Freshness, HeldScan},
    web::targets::TargetLine,
};

pub(super) fn section(targets: &[TargetLine], held: &[HeldScan], now: DateTime<Utc>) -> Markup {
    html! {
        section.panel {
            h2 { "Freshness" }
            @if targets.is_empty() {
                p.empty {
                    "No target is known. Add an " code { "[[account]]" } " to the configuration, see what it can do with "
                    code { "stocktake check" } ", and fill the inventory with " code { "stocktake sync" } "."
                }
            } @else {
                table.targets {
                    thead { tr {
                        th scope="col" { "Account" }
                        th scope="col" { "Source" }
                        th scope="col" { "State" }
                        th scope="col" { "Data as of" }
                        th.count scope="col" { "Live" }
                        th.count scope="col" { "Failures in a row" }
                        th scope="col" { "Next tick" }
                    } }
                    tbody {
                        @for target in targets { (rows(target, held, now)) }
                    }
                }
            }
        }
    }
}

fn rows(target: &TargetLine, held: &[HeldScan], now: DateTime<Utc>) -> Markup {
    let Freshness { account_id, account_name, source, state, .. } = &target.freshness;
    let is_held = held.iter().any(|scan| scan.account_id == *account_id && scan.source == *source);
    html! {
        tr {
            th scope="row" { (account_name) " " span.muted { (account_id) } }
            td data-label="Source" { (source) }
            td data-label="State" { span.badge.(badge(state)) { (state) } }
            td data-label="Data as of" { div { (age(&target.freshness)) } }
            td.count data-label="Live" { (number(target.freshness.live_count)) }
            td.count data-label="Failures in a row" { (number(target.freshness.consecutive_failure_count)) }
            td.tick data-label="Next tick" { div { (next_tick(target.next_tick_at, now)) } }
        }
        @if let Some(problem) = problem(&target.freshness, is_held) {
            tr.note { td colspan="7" { (problem) } }
        }
    }
}

fn age(target: &Freshness) -> Markup {
    html! {
        @match (target.data_as_of_at, target.age_seconds) {
            (Some(at), Some(seconds)) => { strong { (span(seconds)) " ago" } " " span.muted { (instant(at)) } }
            _ => "no complete scan yet",
        }
    }
}

fn next_tick(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Markup {
    html! {
        @match at {
            Some(at) => { "in " (span((at - now).num_seconds())) " " span.muted { (at.format("%H:%M:%S")) } }
            None => span.muted { "not scheduled" },
        }
    }
}

/// The last error, or else what to do about a target that was never read; what is held is told above.
fn problem(target: &Freshness, is_held: bool) -> Option<Markup> {
    match &target.last_error {
        // The newest scan, and the only one since the data was fresh, is the held one.
        Some(_) if is_held && target.consecutive_failure_count <= 1 => {
            Some(html! { "Deletes are held for your approval; see above." })
        }
        Some(error) => Some(html! { "Last error: " (error) }),
        None if target.state == "never" => Some(html! {
            "No scan has ended yet. Read it now with " code { "stocktake sync" }
            ", or see why it cannot be read with " code { "stocktake check" } "."
        }),
        None => None,
    }
}

fn badge(state: &str) -> &'static str {
    match state {
        "fresh" => "good",
        "late" => "late",
        "stale" => "bad",
        "never" => "new",
        _ => "off",
    }
}
