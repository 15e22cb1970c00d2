//! Questions to a server, other processes that use a cluster, and waiting with a limit.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use embedded_postgres::Cluster;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What psql says to one statement.
pub(crate) fn psql(cluster: &Cluster, url: &str, sql: &str) -> Output {
    Command::new(cluster.bin_dir().join("psql"))
        .args(["--no-psqlrc", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1"])
        .args([url, "-c", sql])
        .output()
        .unwrap()
}

/// The answer to one statement that must succeed.
pub(crate) fn ask(cluster: &Cluster, sql: &str) -> String {
    let output = psql(cluster, &cluster.url(Cluster::DATABASE), sql);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The server's process id, read as the cluster's owner.
pub(crate) fn server_pid(data: &Path) -> i32 {
    let text = fs::read_to_string(data.join("postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

/// The directory of the server's data.
pub(crate) fn data_of(cluster: &Cluster) -> PathBuf {
    PathBuf::from(ask(cluster, "show data_directory"))
}

/// Whether the process does anything. One that ended may wait long for its new parent to notice.
pub(crate) fn is_alive(pid: i32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8_lossy(&output.stdout);
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

pub(crate) fn kill_hard(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

/// Waits for what nothing announces.
pub(crate) fn await_that(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Processes whose command line names `path`, of which a stopped cluster must have none.
pub(crate) fn processes_naming(path: &Path) -> Vec<i32> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,args="]).output().unwrap();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.contains(&path.display().to_string()) && !line.contains("with_postgres"))
        .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
        .collect()
}

/// Another process that uses a cluster until it is told to end, or killed.
pub(crate) struct OtherProcess {
    child: Child,
    /// What the command inside it printed: its server's data directory.
    pub(crate) data: PathBuf,
}

impl OtherProcess {
    /// Starts it and waits until its cluster answers.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Self::spawn(arguments);
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { child, data: PathBuf::from(line.trim()) }
    }

    /// Starts it without waiting. It ends when its standard input does.
    pub(crate) fn spawn(arguments: &[&str]) -> Child {
        let tests = std::env::current_exe().unwrap();
        let built = tests.parent().and_then(Path::parent).unwrap();
        Command::new(built.join("examples/with_postgres"))
            .args(arguments)
            .args(["sh", "-c", r#"psql -XAt "$DATABASE_URL" -c "show data_directory" && cat"#])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Ends it in good order.
    pub(crate) fn end(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }

    /// Ends it without a chance to clean up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
