//! `benchmark`: runs the real program against the floors of wire and disk, and prints both side by side.

mod bloat;
mod cloud;
mod database;
mod drain;
mod figures;
mod ground;
mod load;
mod picture;
mod suite;
mod table;
mod targets;
mod usage;
mod views;
mod wire;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// Measures Stocktake on this machine; starts all that it needs.
#[derive(Parser, Debug)]
struct Arguments {
    /// Activation codes of each size; a tenth as many devices come with them
    #[arg(long, value_delimiter = ',', value_name = "COUNT", default_values = ["10k", "100k", "1M"], value_parser = row_count)]
    rows: Vec<usize>,
    /// Runs of each kind, of which the median counts
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Accounts among which a million codes are shared out, beside one that owns them all; 0 leaves this out
    #[arg(long, default_value_t = 0)]
    accounts: usize,
    /// Activation codes, with ten closed versions each, over which the views are timed; left out if not given
    #[arg(long, value_name = "COUNT", value_parser = row_count)]
    views: Option<usize>,
    /// Scans of 10,000 codes and 1,000 devices, after which tables and indexes are measured; left out if not given
    #[arg(long, value_name = "COUNT", value_parser = row_count)]
    scans: Option<usize>,
    /// Where the picture goes
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Where every single figure goes, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// Codes that all accounts of `--accounts` own together.
const MILLION: usize = 1_000_000;

/// What a measured process does; the suite starts itself with these.
#[derive(Subcommand, Debug)]
enum Part {
    /// Run a command and tell what it cost
    #[command(hide = true)]
    Supervise {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Read a cloud and keep nothing
    #[command(hide = true)]
    Drain { host: String, concurrency: usize },
    /// The program itself
    #[command(hide = true)]
    Stocktake {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.part {
        Some(Part::Stocktake { arguments }) => {
            let arguments = std::iter::once("stocktake".to_owned()).chain(arguments);
            return stocktake::cli::run(stocktake::cli::Cli::parse_from(arguments));
        }
        Some(Part::Supervise { command }) => usage::supervise(&command),
        Some(Part::Drain { host, concurrency }) => runtime().and_then(|runtime| {
            println!("{}", runtime.block_on(drain::drain(&host, concurrency))?);
            Ok(())
        }),
        None => runtime().and_then(|runtime| runtime.block_on(measure(&arguments))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let ground = ground::Ground::prepare().await?;
    let mut all = Vec::new();
    let repeat_count = arguments.repeat.max(1);
    for code_count in &arguments.rows {
        all.push(suite::measure(&ground, *code_count, repeat_count).await?);
    }
    if !all.is_empty() {
        println!("{}", table::tables(&all));
    }
    let mut targets = None;
    if arguments.accounts > 0 {
        let measured =
            targets::measure(&ground, arguments.accounts, MILLION / arguments.accounts, repeat_count).await?;
        println!("{}", measured.table());
        targets = Some(measured);
    }
    let mut views = None;
    if let Some(code_count) = arguments.views {
        let measured = views::measure(&ground, code_count).await?;
        println!("{}", measured.table());
        views = Some(measured);
    }
    let mut bloat = None;
    if let Some(scan_count) = arguments.scans {
        let measured = bloat::measure(scan_count).await?;
        println!("{}", measured.table());
        bloat = Some(measured);
    }
    if let Some(path) = &arguments.svg {
        std::fs::write(path, picture::picture(&all)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_string_pretty(&(&all, &targets, &views, &bloat))?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// `10k`, `1M`, or plain digits.
fn row_count(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1_000_000)),
    };
    let count = digits.parse::<usize>().ok().and_then(|count| count.checked_mul(unit));
    count.filter(|count| *count >= 100).ok_or_else(|| "write a number from 100 on, such as 10k or 1M".to_owned())
}
