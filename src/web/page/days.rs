//! Transitions of the last days, as stacked bars.

use std::collections::BTreeMap;

use chrono::{Days as Step, NaiveDate};
use maud::{Markup, html};

use super::{
    DAY_COUNT,
    status::{class, order},
    words::number,
};
use crate::store::TransitionCount;

/// Units that the tallest bar is high.
const HEIGHT: i64 = 1000;

/// Every day of the chart with its counts by status, the quiet ones too.
pub(super) struct Days(BTreeMap<NaiveDate, Vec<(String, i64)>>);

impl Days {
    pub(super) fn new(today: NaiveDate, counts: &[TransitionCount]) -> Self {
        let past = (0..DAY_COUNT.unsigned_abs()).filter_map(|days| today.checked_sub_days(Step::new(days)));
        let mut days: BTreeMap<_, Vec<_>> = past.map(|date| (date, Vec::new())).collect();
        for count in counts {
            if let Some(day) = days.get_mut(&count.date) {
                day.push((count.to_status.clone(), count.transition_count));
            }
        }
        days.values_mut().for_each(|day| day.sort_by(|(a, _), (b, _)| (order(a), a).cmp(&(order(b), b))));
        Self(days)
    }

    pub(super) fn section(&self) -> Markup {
        let most = self.0.values().map(|day| total(day)).max().unwrap_or_default();
        html! {
            section.panel {
                h2 { "Changes of status, activation codes, last " (DAY_COUNT) " days" }
                @if most == 0 {
                    p.empty {
                        "No code changed its status in the last " (DAY_COUNT) " days. The first complete scan is the baseline: "
                        "changes show from the second one on."
                    }
                } @else {
                    div.days {
                        @for (date, counts) in &self.0 { (bar(*date, counts, most)) }
                    }
                    (self.legend())
                }
            }
        }
    }

    fn legend(&self) -> Markup {
        let mut totals: BTreeMap<_, i64> = BTreeMap::new();
        for (status, count) in self.0.values().flatten() {
            *totals.entry((order(status), status)).or_default() += count;
        }
        html! {
            ul.legend {
                @for ((_, status), count) in totals {
                    li {
                        svg viewBox="0 0 10 10" aria-hidden="true" { rect.(class(status)) width="10" height="10" rx="2" {} }
                        "→ " (status) " " strong { (number(count)) }
                    }
                }
            }
        }
    }
}

fn bar(date: NaiveDate, counts: &[(String, i64)], most: i64) -> Markup {
    let mut below = 0;
    let segments: Vec<_> = counts
        .iter()
        .map(|(status, count)| {
            let (bottom, top) = (below * HEIGHT / most, (below + count) * HEIGHT / most);
            below += count;
            (class(status), HEIGHT - top, top - bottom)
        })
        .collect();
    html! {
        div.day {
            span.count { @if below > 0 { (number(below)) } }
            svg role="img" viewBox={ "0 0 10 " (HEIGHT) } preserveAspectRatio="none" {
                title { (describe(date, counts)) }
                rect.track width="10" height=(HEIGHT) {}
                @for (class, y, height) in segments { rect.(class) width="10" y=(y) height=(height) {} }
            }
            span.muted { (date.format("%d")) }
        }
    }
}

/// `2026-03-01: 3 activated, 1 deleted`.
fn describe(date: NaiveDate, counts: &[(String, i64)]) -> String {
    let words: Vec<_> = counts.iter().map(|(status, count)| format!("{} {status}", number(*count))).collect();
    if words.is_empty() { format!("{date}: no change") } else { format!("{date}: {}", words.join(", ")) }
}

fn total(counts: &[(String, i64)]) -> i64 {
    counts.iter().map(|(_, count)| count).sum()
}
