//! Exit codes.

use std::process::ExitCode;

use crate::worker::TargetReport;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything that was asked for is done.
    Success,
    /// 1: nothing could be done.
    Failure,
    /// 3: some target is incomplete, failed or held; the others are applied.
    Partial,
}

impl Exit {
    /// How a `sync` with these reports ends. Without a database no target is reached and the command has failed.
    pub fn of_reports(reports: &[TargetReport]) -> Self {
        if reports.iter().all(TargetReport::is_success) { Self::Success } else { Self::Partial }
    }

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Partial => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
