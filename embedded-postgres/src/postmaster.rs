//! The file in which a running server says who it is and how far its start has come.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What the server tells of itself. Trustworthy only while `locks::server_is_alive`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Postmaster {
    pub(crate) pid: i32,
    pub(crate) port: u16,
    pub(crate) is_ready: bool,
}

impl Postmaster {
    /// `None` while there is no file, or not yet all of its lines.
    pub(crate) fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    /// Line 1 is the process, line 4 the port, line 8 the state that `pg_ctl` waits for too.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            // A server in single-user mode writes a negative number, which would signal a whole group.
            pid: lines.first()?.parse().ok().filter(|&pid| pid > 1)?,
            port: lines.get(3)?.parse().ok()?,
            is_ready: lines.get(7) == Some(&"ready"),
        })
    }

    pub(crate) fn signal(self, signal: Signal) {
        // It may be gone by now, which is what all our signals want.
        let _ = kill(Pid::from_raw(self.pid), signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTING: &str = "4711\n/data\n1763926212\n40001\n\n127.0.0.1\n  1234  5\nstarting\n";

    #[test]
    fn server_is_ready_only_when_it_says_so() {
        let expected = Postmaster { pid: 4711, port: 40001, is_ready: false };
        assert_eq!(Postmaster::parse(STARTING), Some(expected));
        let ready = Postmaster::parse(&STARTING.replace("starting", "ready   "));
        assert!(ready.is_some_and(|postmaster| postmaster.is_ready));
    }

    #[test]
    fn half_written_file_tells_nothing() {
        assert_eq!(Postmaster::parse("4711\n/data\n"), None);
    }
}
