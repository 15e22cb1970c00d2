//! What waits for an approval, and how to give it.

use maud::{Markup, html};

use super::words::{instant, number, shell_word};
use crate::store::HeldScan;

pub(super) fn section(held: &[HeldScan]) -> Markup {
    html! {
        @if !held.is_empty() {
            section.panel.alert {
                h2 { "Held for your approval" }
                @for scan in held { (entry(scan)) }
            }
        }
    }
}

fn entry(scan: &HeldScan) -> Markup {
    // The ledger's line is cause and mend; the mend below is the same for this target alone.
    let cause = scan.error_message.split("; ").next().unwrap_or_default();
    html! {
        article {
            h3 { (scan.account_name) " " span.muted { (scan.account_id) } " · " (scan.source) }
            p {
                strong { (number(scan.held_count)) " deletes" }
                " are held since the scan of " (instant(scan.started_at)) ": " (cause)
                ". Everything else was applied."
            }
            p.mend { "If these objects are really gone, let them go:" }
            pre { code {
                "stocktake sync --approve-deletes " (scan.held_count)
                " --account " (shell_word(&scan.account_name)) " --source " (scan.source)
            } }
        }
    }
}
