//! The program as a person starts it, in a folder of its own, before an emulated cloud in real time.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use emulator::{AccessKey, AccountOptions, Emulator, Options};
use tempfile::TempDir;

use super::{ACCOUNT_ID, TestDatabase};

/// An emulated cloud in real time, a database, and a folder to start the program in.
pub(crate) struct Desk {
    pub(crate) emulator: Emulator,
    pub(crate) database: TestDatabase,
    pub(crate) folder: TempDir,
}

pub(crate) const ACCOUNT: &str = "[[account]]\nname = \"prod\"\n";

impl Desk {
    pub(crate) async fn new() -> Self {
        let account = AccountOptions::new(ACCOUNT_ID).key(AccessKey::new("LTAI5tCli", "cli-secret")).generated(30, 10);
        let emulator = Emulator::start(Options::new().account(account)).await.unwrap();
        let desk = Self { emulator, database: TestDatabase::create().await, folder: TempDir::new().unwrap() };
        desk.configure(ACCOUNT);
        desk
    }

    pub(crate) fn configure(&self, text: &str) {
        let folder = self.folder.path().join("config");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("stocktake.toml"), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(self.folder.path());
        let url = self.emulator.url();
        command
            .args(arguments)
            .env("DATABASE_URL", &self.database.url)
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tCli")
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "cli-secret")
            .env("STOCKTAKE__API__SMC_ENDPOINT", &url)
            .env("STOCKTAKE__API__IMS_ENDPOINT", &url)
            .env("STOCKTAKE__API__STS_ENDPOINT", &url)
            .env("STOCKTAKE__HTTP__LISTEN", "off");
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments)).await
    }
}

/// The program with an empty environment, so that no key or setting of the machine reaches it.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stocktake"));
    command.current_dir(folder).env_clear().env("HOME", folder).env("PATH", std::env::var_os("PATH").unwrap());
    command.env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true").stdin(Stdio::null());
    command
}

pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) async fn ended(mut command: Command) -> Ended {
    // Waiting for a child would block the emulator that it talks to.
    let Output { status, stdout, stderr } =
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let ended = Ended { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) };
    for secret in ["cli-secret", "wrong-secret"] {
        assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "a secret was printed");
    }
    ended
}

impl Ended {
    /// Expects this exit code and exactly one line of failure that holds all of `words`.
    pub(crate) fn expect_failure(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.stderr);
        let lines: Vec<_> = self.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "one clear line:\n{}", self.stderr);
        for word in words {
            assert!(lines[0].contains(word), "`{word}` is not in: {}", lines[0]);
        }
    }
}
