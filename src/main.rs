//! The `stocktake` binary: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use stocktake::cli::Cli;

fn main() -> ExitCode {
    forbid_core_dumps();
    stocktake::cli::run(Cli::parse())
}

/// A core dump would hold the keys that are in memory. Where the system refuses, the program runs all the same.
fn forbid_core_dumps() {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_system_dumps_no_core_of_the_program() {
        nix::sys::prctl::set_dumpable(true).unwrap();
        forbid_core_dumps();
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
    }
}
