//! The commands: what a person types, sees and gets as an exit code.

mod check;
mod context;
#[cfg(feature = "demo")]
mod demo;
#[cfg(feature = "demo")]
mod emulate;
mod erase;
mod exit;
mod history;
mod migrate;
mod output;
mod paint;
mod retention;
mod run;
mod status;
mod sync;
mod words;

pub use exit::Exit;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use self::output::{Output, OutputFormat};
use crate::{source::install_crypto_provider, telemetry};

/// A truthful inventory of Alibaba Cloud activation codes and virtual MFA devices in PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "stocktake", version, propagate_version = true)]
pub struct Cli {
    /// The configuration; `config/stocktake.toml` if it is there
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// For people or for programs
    #[arg(long, global = true, value_enum, default_value_t)]
    output: OutputFormat,
    /// Say more in the log; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole job on this machine, with nothing configured
    #[cfg(feature = "demo")]
    Demo(demo::Arguments),
    /// The worker: scans on a schedule, purges, serves the status page, until SIGTERM or Ctrl-C
    Run(run::Arguments),
    /// Scan every target once, now
    Sync(sync::Arguments),
    /// How fresh every target is, the last scans, what is held and why
    ///
    /// Exit code 0 where every configured target is fresh or late, none fails and nothing is held; else 3.
    Status,
    /// The life of one code or device, as a timeline
    History(history::Arguments),
    /// Purge closed history that the policies let go; place and release legal holds
    Retention(retention::Arguments),
    /// Erase the names, ids and device serials of one person; history keeps the number
    Erase(erase::Arguments),
    /// Check configuration, database, credentials and permissions, with the mend; changes nothing
    ///
    /// Exit code 0 where nothing fails, 1 where configuration or database cannot be used, 3 where only
    /// something of an account fails.
    Check,
    /// Apply the database migrations and exit
    Migrate,
    /// The emulated cloud alone, on a port
    #[cfg(feature = "demo")]
    Emulate(emulate::Arguments),
}

/// Runs a command to its end.
///
/// Exit codes: 0 all done and complete; 3 some target incomplete, failed or held; 1 nothing could be
/// done; 2 wrong usage, which clap reports.
pub fn run(cli: Cli) -> ExitCode {
    install_crypto_provider();
    let output = Output::new(cli.output);
    let log_format = match cli.output {
        OutputFormat::Text => telemetry::LogFormat::Text,
        OutputFormat::Json => telemetry::LogFormat::Json,
    };
    let result = telemetry::init_to(cli.verbose, log_format, telemetry::BesideBars(output.bars().clone()))
        .map_err(anyhow::Error::from)
        .and_then(|()| {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(dispatch(cli, &output))
        });
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            // One line with the whole chain, not a backtrace.
            eprintln!("error: {error:#}");
            Exit::Failure.into()
        }
    }
}

async fn dispatch(cli: Cli, output: &Output) -> anyhow::Result<Exit> {
    let config = cli.config.as_deref();
    match cli.command {
        Command::Run(arguments) => run::run(config, &arguments).await,
        Command::Sync(arguments) => sync::run(config, arguments, output).await,
        #[cfg(feature = "demo")]
        Command::Demo(arguments) => demo::run(&arguments, output).await,
        #[cfg(feature = "demo")]
        Command::Emulate(arguments) => emulate::run(&arguments, output).await,
        Command::Status => status::run(config, output).await,
        Command::History(arguments) => history::run(config, &arguments, output).await,
        Command::Retention(arguments) => retention::run(config, arguments, output).await,
        Command::Erase(arguments) => erase::run(config, arguments, output).await,
        Command::Check => check::run(config, output).await,
        Command::Migrate => migrate::run(config, output).await,
    }
}
