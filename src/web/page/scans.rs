//! The newest scans.

use maud::{Markup, html};

use super::words::{duration, instant, number};
use crate::store::ScanLine;

pub(super) fn section(scans: &[ScanLine]) -> Markup {
    html! {
        section.panel {
            h2 { "Last scans" }
            @if scans.is_empty() {
                p.empty {
                    "No scan has begun. The schedule starts the next one; " code { "stocktake sync" } " starts one now."
                }
            } @else {
                div.wide {
                    table.scans {
                        thead { tr {
                            th scope="col" { "Started" }
                            th scope="col" { "Account" }
                            th scope="col" { "Source" }
                            th scope="col" { "Outcome" }
                            @for name in ["Took", "Seen", "New", "Changed", "Deleted", "Transitions"] {
                                th.count scope="col" { (name) }
                            }
                        } }
                        tbody { @for scan in scans { (rows(scan)) } }
                    }
                }
            }
        }
    }
}

fn rows(scan: &ScanLine) -> Markup {
    html! {
        tr {
            td { (instant(scan.started_at)) }
            td { (scan.account_name) }
            td { (scan.source) }
            td { span.badge.(badge(&scan.outcome)) { (scan.outcome) } }
            td.count {
                @match scan.finished_at {
                    Some(finished_at) => (duration(finished_at - scan.started_at)),
                    None => "…",
                }
            }
            td.count { (number(scan.distinct_count)) }
            @for count in [scan.new_count, scan.changed_count, scan.deleted_count, scan.transition_count] {
                td.count.muted[count == 0] { (number(count)) }
            }
        }
        @if let Some(error) = &scan.error_message {
            tr.note { td colspan="10" { div.stay { (error) } } }
        }
    }
}

fn badge(outcome: &str) -> &'static str {
    match outcome {
        "complete" => "good",
        "held" | "incomplete" => "late",
        "failed" => "bad",
        "running" => "new",
        _ => "off",
    }
}
