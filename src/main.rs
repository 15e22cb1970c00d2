//! The `stocktake` binary: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use stocktake::cli::Cli;

fn main() -> ExitCode {
    stocktake::cli::run(Cli::parse())
}
