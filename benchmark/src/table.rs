//! The figures as tables in Markdown.

use std::fmt::Write as _;

use crate::figures::{Figures, Run, median, of};

/// Times against their floors, then what each run cost.
pub(crate) fn tables(all: &[Figures]) -> String {
    format!("{}\n{}", times(all), costs(all))
}

fn times(all: &[Figures]) -> String {
    let mut text =
        "| codes | drain floor | load floor | digests | first load | of its floor | unchanged | of its floor \
                    | 1 % changed | of the drain |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
    for figures in all {
        let (drain, load, digests) = (figures.drain_s(), figures.load_s(), figures.digests_s());
        let wall = |runs: &[Run]| of(runs, |run| run.program.wall_s);
        let (first, unchanged, changed) = (wall(&figures.first), wall(&figures.unchanged), wall(&figures.changed));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {:.2} | {} | {:.2} | {} | {:.2} |",
            count(figures.code_count),
            seconds(drain),
            seconds(load),
            seconds(digests),
            seconds(first),
            first / drain.max(load),
            seconds(unchanged),
            unchanged / (drain + digests),
            seconds(changed),
            changed / drain,
        );
    }
    text
}

fn costs(all: &[Figures]) -> String {
    let mut text = "| codes | run | wall | CPU program | CPU PostgreSQL | CPU a row | peak memory | requests | WAL | WAL of data \
                    | rows written | in the ledger | rows locked |\n|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for figures in all {
        let runs =
            [("first load", &figures.first), ("unchanged", &figures.unchanged), ("1 % changed", &figures.changed)];
        for (name, runs) in runs {
            let _ = writeln!(
                text,
                "| {} | {name} | {} | {} | {} | {:.1} µs | {:.0} MiB | {:.0} | {} | {} | {:.0} | {:.0} | {:.0} |",
                count(figures.code_count),
                seconds(of(runs, |run| run.program.wall_s)),
                seconds(of(runs, |run| run.program.cpu_s)),
                seconds(of(runs, |run| run.server_cpu_s)),
                figures.cpu_us_a_row(runs),
                of(runs, |run| run.program.peak_rss_bytes as f64) / 1024.0 / 1024.0,
                of(runs, |run| run.request_count as f64),
                bytes(of(runs, |run| run.spent.wal_bytes as f64)),
                match runs.iter().map(|run| run.spent.data_wal_bytes).collect::<Option<Vec<_>>>() {
                    Some(sizes) => bytes(median(sizes.into_iter().map(|size| size as f64))),
                    None => "-".to_owned(),
                },
                of(runs, |run| run.spent.rows_written as f64),
                of(runs, |run| run.spent.ledger_rows_written as f64),
                of(runs, |run| run.spent.rows_locked as f64),
            );
        }
    }
    text
}

/// `100 k`, `1 M`.
pub(crate) fn count(count: u64) -> String {
    match count {
        1_000_000.. if count.is_multiple_of(1_000_000) => format!("{} M", count / 1_000_000),
        1_000.. if count.is_multiple_of(1_000) => format!("{} k", count / 1_000),
        _ => count.to_string(),
    }
}

/// Three digits, whatever the size.
pub(crate) fn seconds(seconds: f64) -> String {
    match seconds {
        10.0.. => format!("{seconds:.1} s"),
        1.0.. => format!("{seconds:.2} s"),
        _ => format!("{:.0} ms", seconds * 1e3),
    }
}

/// In decimal units.
pub(crate) fn bytes(bytes: f64) -> String {
    match bytes {
        1e6.. => format!("{:.1} MB", bytes / 1e6),
        1e3.. => format!("{:.1} kB", bytes / 1e3),
        _ => format!("{bytes:.0} B"),
    }
}
