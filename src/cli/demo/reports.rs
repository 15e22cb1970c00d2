//! The reports at the end of the demo: each is a query that anyone can type into psql.

use crate::{
    cli::output::{Output, table},
    store::Store,
};

/// A title and the query beneath it; every column is cast to text.
const REPORTS: [(&str, &str); 7] = [
    ("How fresh is it? (reporting.freshness)", include_str!("freshness.sql")),
    ("What is there? (reporting.access_tokens, reporting.mfa_devices)", include_str!("status.sql")),
    ("Codes at the end of each day, four weeks back (reporting.access_token_daily_status)", include_str!("days.sql")),
    ("The life of one code, with its time bounds (reporting.access_token_transitions)", include_str!("timeline.sql")),
    ("Transitions of the last two weeks", include_str!("transitions.sql")),
    ("Scans that were not complete: nothing was deleted by them (reporting.scans)", include_str!("trouble.sql")),
    ("What should not have been so (reporting.anomalies)", include_str!("anomalies.sql")),
];

/// Prints every report; false where the freshness report is empty, which would mean that nothing worked.
pub(super) async fn print(store: &Store, output: &Output) -> anyhow::Result<bool> {
    let mut is_sound = true;
    for (index, (title, query)) in REPORTS.into_iter().enumerate() {
        let found = store.tabulate(query).await?;
        if index == 0 {
            is_sound = !found.rows.is_empty();
        }
        let columns: Vec<&str> = found.columns.iter().map(String::as_str).collect();
        let mut rows = table(&columns);
        for row in &found.rows {
            rows.add_row(row);
        }
        let text = if found.rows.is_empty() { "   none".to_owned() } else { rows.to_string() };
        output.say(&format!("{title}\n{text}\n"))?;
    }
    Ok(is_sound)
}

pub(super) fn what_next(url: &str) -> String {
    format!(
        "What to type next\n  \
         psql {url}\n    \
         \\dv reporting.*\n    \
         select * from reporting.access_token_lifecycle limit 20;\n  \
         stocktake check                  whether your own account can be read\n  \
         stocktake sync                   read it once; see README.md for the first configuration\n  \
         stocktake run                    keep reading it"
    )
}
