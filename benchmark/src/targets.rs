//! Many small targets beside one large one of as many rows.

use serde::{Deserialize, Serialize};

use crate::{
    cloud::Cloud,
    figures::{Run, of},
    ground::Ground,
    suite::sync,
    table::{count, seconds},
};

/// First load and unchanged, of one account and of many that own as much together.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Targets {
    account_count: u64,
    code_count: u64,
    one_first: Vec<Run>,
    one_unchanged: Vec<Run>,
    many_first: Vec<Run>,
    many_unchanged: Vec<Run>,
}

/// Measures `account_count` accounts of `code_count` codes each, and one of all of them, `repeat_count` times over.
pub(crate) async fn measure(
    ground: &Ground,
    account_count: usize,
    code_count: usize,
    repeat_count: usize,
) -> anyhow::Result<Targets> {
    let mut targets =
        Targets { account_count: account_count as u64, code_count: code_count as u64, ..Targets::default() };
    for (accounts, codes, first, unchanged) in [
        (1, account_count * code_count, &mut targets.one_first, &mut targets.one_unchanged),
        (account_count, code_count, &mut targets.many_first, &mut targets.many_unchanged),
    ] {
        eprintln!("{accounts} accounts of {codes} codes: making the pages ready");
        let cloud = Cloud::start(accounts, codes).await?;
        let database = format!("accounts_{accounts}");
        for repeat in 1..=repeat_count {
            let url = ground.fresh_database(&database).await?;
            for (what, runs) in [("first load", &mut *first), ("unchanged", &mut *unchanged)] {
                ground.settle().await?;
                let run = sync(ground, &cloud, &database, &url).await?;
                eprintln!("{accounts} accounts, {repeat}/{repeat_count}: {what} {:.3} s", run.program.wall_s);
                runs.push(run);
            }
        }
        ground.drop_database(&database).await?;
    }
    Ok(targets)
}

impl Targets {
    /// In Markdown.
    pub(crate) fn table(&self) -> String {
        let name = |accounts: u64, codes: u64| format!("{} × {}", count(accounts), count(codes));
        let row = |name: String, what: &str, runs: &[Run], than: &[Run]| {
            let wall = |runs: &[Run]| of(runs, |run| run.program.wall_s);
            format!(
                "| {name} | {what} | {} | {:.2} | {} | {} | {:.0} MiB | {:.0} |\n",
                seconds(wall(runs)),
                wall(runs) / wall(than),
                seconds(of(runs, |run| run.program.cpu_s)),
                seconds(of(runs, |run| run.server_cpu_s)),
                of(runs, |run| run.program.peak_rss_bytes as f64) / 1024.0 / 1024.0,
                of(runs, |run| run.request_count as f64),
            )
        };
        let one = || name(1, self.account_count * self.code_count);
        let many = || name(self.account_count, self.code_count);
        [
            "| accounts × codes | run | wall | of one | CPU program | CPU PostgreSQL | peak memory | requests |\n\
             |--:|---|--:|--:|--:|--:|--:|--:|\n"
                .to_owned(),
            row(one(), "first load", &self.one_first, &self.one_first),
            row(many(), "first load", &self.many_first, &self.one_first),
            row(one(), "unchanged", &self.one_unchanged, &self.one_unchanged),
            row(many(), "unchanged", &self.many_unchanged, &self.one_unchanged),
        ]
        .concat()
    }
}
