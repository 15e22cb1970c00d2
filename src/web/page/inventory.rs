//! The live inventory by status, as bars.

use maud::{Markup, html};

use super::{status::class, words::number};
use crate::store::StatusCount;

/// Units that the longest bar is wide.
const WIDTH: i64 = 1000;

pub(super) fn section(counts: &[StatusCount]) -> Markup {
    html! {
        section.panel {
            h2 { "Inventory by status" }
            @if counts.is_empty() {
                p.empty { "Nothing is kept yet. The first complete scan fills this; start one with " code { "stocktake sync" } "." }
            }
            @for target in counts.chunk_by(|a, b| a.account_id == b.account_id && a.source == b.source) {
                (bars(target))
            }
        }
    }
}

fn bars(counts: &[StatusCount]) -> Markup {
    let most = counts.iter().map(|count| count.object_count).max().unwrap_or_default();
    let overdue: i64 = counts.iter().map(|count| count.overdue_count).sum();
    html! {
        @if let [first, ..] = counts {
            h3 { (first.account_name) " · " (first.source) }
        }
        @for count in counts { (bar(count, most)) }
        @if overdue > 0 {
            p.muted { (number(overdue)) " of these have expired by their own dates, though the API does not say so yet." }
        }
    }
}

fn bar(count: &StatusCount, most: i64) -> Markup {
    // What is there is seen, however few.
    let width = (count.object_count * WIDTH / most.max(1)).clamp(4, WIDTH);
    html! {
        div.bar {
            span { (count.status) }
            svg role="img" viewBox={ "0 0 " (WIDTH) " 10" } preserveAspectRatio="none" {
                title { (count.status) ": " (number(count.object_count)) }
                rect.track width=(WIDTH) height="10" {}
                rect.(class(&count.status)) width=(width) height="10" {}
            }
            span.count { (number(count.object_count)) }
        }
    }
}
