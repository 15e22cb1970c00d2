//! The runs of one size, side by side: floors, first load, unchanged, one percent changed.

use crate::{
    cloud::Cloud,
    database::{counters, spent_since},
    figures::{Figures, Run},
    ground::Ground,
    load::{Load, read_digests},
    usage,
};

/// The default of `scan.concurrency`, and so that of the drain floor.
const CONCURRENCY: &str = "4";

/// Measures `code_count` codes and a tenth as many devices, `repeat_count` times over.
pub(crate) async fn measure(ground: &Ground, code_count: usize, repeat_count: usize) -> anyhow::Result<Figures> {
    eprintln!("{code_count} codes: making the pages ready");
    let cloud = Cloud::start(1, code_count).await?;
    let row_count = (code_count + code_count / 10) as u64;
    let mut figures = Figures { code_count: code_count as u64, row_count, ..Figures::default() };
    let database = format!("codes_{code_count}");
    for repeat in 1..=repeat_count {
        let url = ground.fresh_database(&database).await?;
        ground.settle().await?;
        let say =
            |what: &str, seconds: f64| eprintln!("{code_count} codes, {repeat}/{repeat_count}: {what} {seconds:.3} s");

        let program = std::env::current_exe()?;
        let drain = usage::run(&program, &["drain", cloud.host(), CONCURRENCY], &[])?;
        say("drain floor", drain.wall_s);
        figures.drain.push(drain);

        let first = sync(ground, &cloud, &database, &url).await?;
        say("first load", first.program.wall_s);
        figures.first.push(first);

        ground.vacuum(&database).await?;
        ground.settle().await?;
        let load_s = Load::of(&url).await?.run(&url).await?;
        say("load floor", load_s);
        figures.load_s.push(load_s);

        ground.settle().await?;
        figures.digests_s.push(read_digests(&url).await?);
        let unchanged = sync(ground, &cloud, &database, &url).await?;
        say("unchanged", unchanged.program.wall_s);
        figures.unchanged.push(unchanged);

        cloud.change_one_percent(repeat).await?;
        ground.settle().await?;
        let changed = sync(ground, &cloud, &database, &url).await?;
        say("1 % changed", changed.program.wall_s);
        figures.changed.push(changed);
    }
    ground.drop_database(&database).await?;
    Ok(figures)
}

pub(crate) async fn sync(ground: &Ground, cloud: &Cloud, database: &str, url: &str) -> anyhow::Result<Run> {
    let before = counters(url).await?;
    let (requests, server_cpu_s) = (cloud.request_count(), ground.server_cpu_s()?);
    let program = ground.stocktake(&["sync"], database, Some(cloud))?;
    let run = Run {
        program,
        server_cpu_s: ground.server_cpu_s()? - server_cpu_s,
        request_count: cloud.request_count() - requests,
        spent: spent_since(&before, url).await?,
    };
    Ok(run)
}
