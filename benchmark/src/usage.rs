//! What programs cost: wall, CPU and memory of a child, CPU of the database's processes.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use serde::{Deserialize, Serialize};

/// What one run of a program cost.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct ChildUsage {
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    pub(crate) peak_rss_bytes: u64,
}

/// Runs `command` and prints what it cost. The process that does so has no other child, so the figures are its alone.
pub(crate) fn supervise(command: &[String]) -> anyhow::Result<()> {
    let [program, arguments @ ..] = command else { anyhow::bail!("no command to run") };
    let begun = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status()?;
    let wall_s = begun.elapsed().as_secs_f64();
    ensure!(status.success(), "{program} ended with {status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    let usage = ChildUsage {
        wall_s,
        cpu_s: cpu as f64 / 1e6,
        // In kilobytes on Linux.
        peak_rss_bytes: usage.max_rss().unsigned_abs() * 1024,
    };
    println!("{}", serde_json::to_string(&usage)?);
    Ok(())
}

/// Runs a program with these arguments and variables under [`supervise`].
pub(crate) fn run(program: &Path, arguments: &[&str], variables: &[(String, String)]) -> anyhow::Result<ChildUsage> {
    let output = Command::new(std::env::current_exe()?)
        .arg("supervise")
        .arg(program)
        .args(arguments)
        .envs(variables.iter().cloned())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{} {} failed", program.display(), arguments.join(" "));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// CPU seconds that the server of `cluster_dir` has used so far, all its processes together.
pub(crate) fn server_cpu(cluster_dir: &Path) -> anyhow::Result<Duration> {
    let pid_file = fs::read_to_string(cluster_dir.join("data/postmaster.pid")).context("no server runs here")?;
    let postmaster: u64 = pid_file.lines().next().unwrap_or_default().trim().parse()?;
    let mut ticks = 0;
    for entry in fs::read_dir("/proc")?.filter_map(Result::ok) {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name in parentheses may hold blanks.
        let Some((pid, rest)) = stat.split_once(" (").and_then(|(pid, rest)| Some((pid, rest.rsplit_once(") ")?.1)))
        else {
            continue;
        };
        let fields: Vec<&str> = rest.split(' ').collect();
        let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        let (is_postmaster, is_child) = (pid.parse() == Ok(postmaster), number(1) == postmaster);
        if is_postmaster || is_child {
            ticks += number(11) + number(12);
        }
        if is_postmaster {
            // Of the backends that have ended.
            ticks += number(13) + number(14);
        }
    }
    let per_second = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK)?.unwrap_or(100);
    Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}
