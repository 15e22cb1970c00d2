//! Makes a new cluster: initdb, our settings, the password and the database.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{AtPath, Error};
use crate::options::Durability;
use crate::place::{PASSWORD, make_dir};
use crate::random;
use crate::server::last_lines;
use crate::work::Work;

/// The superuser's name, and that of the database.
pub(crate) const NAME: &str = "stocktake";

/// The collations to try: by code point everywhere, so that no system update can spoil an index.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// Added to the end of the configuration, where it wins over what initdb guessed from the machine.
const SETTINGS: &str = "
# Written when the cluster was made.
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
password_encryption = 'scram-sha-256'
";

/// For data that nobody will miss.
const UNSAFE_SETTINGS: &str = "
fsync = off
synchronous_commit = off
full_page_writes = off
";

/// Loopback with a password is the only way in.
const ACCESS_RULES: &str = "host all all 127.0.0.1/32 scram-sha-256\n";

/// Makes the cluster, after removing what an interrupted attempt of ours left. The place must be ours
/// and no server alive.
pub(crate) fn make(work: &Work<'_>) -> Result<(), Error> {
    work.place.forget_ready()?;
    let mut made = Ok(());
    for locale in LOCALES {
        clear_data(work)?;
        made = make_cluster(work, locale);
        if made.is_ok() {
            break;
        }
    }
    made?;
    write_settings(work)?;
    let password = random::hex(16)?;
    work.place.write(PASSWORD, &password)?;
    run_first_statements(work, &password)?;
    work.place.set_ready()
}

fn clear_data(work: &Work<'_>) -> Result<(), Error> {
    if work.data.exists() {
        fs::remove_dir_all(work.data).at("remove", work.data)?;
    }
    make_dir(work.data, 0o700)?;
    work.account.give(work.data)
}

fn make_cluster(work: &Work<'_>, locale: &str) -> Result<(), Error> {
    let mut command = work.programs.command("initdb", work.account);
    command
        .arg("--pgdata")
        .arg(work.data)
        .args(["--username", NAME, "--encoding", "UTF8", "--locale", locale])
        // The access rules are replaced below; a password could only be given in a readable file.
        .args(["--auth", "reject", "--no-instructions"]);
    match work.durability {
        Durability::Durable => command.arg("--data-checksums"),
        Durability::Throwaway => command.arg("--no-sync"),
    };
    run_to_end(work, command, None)
}

fn write_settings(work: &Work<'_>) -> Result<(), Error> {
    let path = work.data.join("postgresql.conf");
    let unsafe_settings = match work.durability {
        Durability::Durable => "",
        Durability::Throwaway => UNSAFE_SETTINGS,
    };
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| write!(file, "{SETTINGS}{unsafe_settings}"))
        .at("write", &path)?;
    let path = work.data.join("pg_hba.conf");
    fs::write(&path, ACCESS_RULES).at("write", &path)
}

/// In single-user mode, before anyone can connect. The text needs no escaping: the name is ours
/// and the password hexadecimal.
fn run_first_statements(work: &Work<'_>, password: &str) -> Result<(), Error> {
    let mut command = work.programs.command("postgres", work.account);
    command
        .args(["--single", "-D"])
        .arg(work.data)
        // An error must end it: this mode goes on to the next statement otherwise, and ends well.
        .args(["-c", "exit_on_error=on", "postgres"]);
    let statements = format!("alter role {NAME} password '{password}';\ncreate database {NAME};\n");
    run_to_end(work, command, Some(&statements))
}

fn run_to_end(work: &Work<'_>, mut command: Command, input: Option<&str>) -> Result<(), Error> {
    let program = Path::new(command.get_program()).to_owned();
    command
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(work.output()?)
        .stderr(work.output()?)
        .process_group(0);
    let mut child = command.spawn().at("run", &program)?;
    work.watchdog.guard_maker(&child)?;
    if let (Some(mut pipe), Some(text)) = (child.stdin.take(), input) {
        // A program that ended early says why in its log, better than a broken pipe does.
        let _ = pipe.write_all(text.as_bytes());
    }
    let status = child.wait().at("wait for", &program)?;
    work.watchdog.guard_nothing()?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Initdb { output: last_lines(work.place) })
}
