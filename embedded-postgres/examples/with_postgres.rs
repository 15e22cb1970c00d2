//! Runs a command with `DATABASE_URL` set to a `PostgreSQL` database of its own.
//!
//! ```text
//! cargo run -p embedded-postgres --example with_postgres -- [--data-dir DIR] [--fetched] CMD ARGS...
//! ```
//!
//! The database is empty and gone afterwards; with `--data-dir` it is the kept one of that directory, which
//! may be in use meanwhile. `--fetched` passes over the system's programs. psql is on the command's PATH.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use embedded_postgres::{Cluster, Options, Search};

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            eprintln!("with_postgres: {error}{cause}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<u8, Box<dyn std::error::Error>> {
    let mut arguments = env::args_os().skip(1).peekable();
    let mut options = Options::throwaway();
    if arguments.next_if_eq("--data-dir").is_some() {
        options = Options::durable(arguments.next().ok_or("--data-dir needs a directory")?);
    }
    if arguments.next_if_eq("--fetched").is_some() {
        options = options.search(Search::FetchedOnly);
    }
    let program = arguments.next().ok_or("no command was given")?;

    let cluster = Cluster::start(options)?;
    let mut command = Command::new(program);
    command.args(arguments).env("DATABASE_URL", cluster.url(Cluster::DATABASE)).env("PATH", path_with(&cluster)?);
    if let Some(path) = cluster.library_path() {
        command.env("LD_LIBRARY_PATH", path);
    }
    let status = command.status();
    cluster.stop()?;
    // A command that was killed has no code; the shell's convention would need its signal.
    Ok(status?.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn path_with(cluster: &Cluster) -> Result<OsString, env::JoinPathsError> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths([cluster.bin_dir().to_owned()].into_iter().chain(env::split_paths(&path)))
}
