//! What was measured of one size, and its medians.

use serde::{Deserialize, Serialize};

use crate::{database::Spent, usage::ChildUsage};

/// One run of the program.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Run {
    pub(crate) program: ChildUsage,
    pub(crate) server_cpu_s: f64,
    pub(crate) request_count: u64,
    pub(crate) spent: Spent,
}

/// All runs of one size, in the order in which they were made.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Figures {
    pub(crate) code_count: u64,
    pub(crate) row_count: u64,
    /// The drain floor.
    pub(crate) drain: Vec<ChildUsage>,
    /// The load floor, in seconds.
    pub(crate) load_s: Vec<f64>,
    /// One read of the digests, in seconds.
    pub(crate) digests_s: Vec<f64>,
    pub(crate) first: Vec<Run>,
    pub(crate) unchanged: Vec<Run>,
    pub(crate) changed: Vec<Run>,
}

/// The middle of `values`; the upper one of two.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median of one figure of some runs.
pub(crate) fn of(runs: &[Run], figure: impl Fn(&Run) -> f64) -> f64 {
    median(runs.iter().map(figure))
}

impl Figures {
    pub(crate) fn drain_s(&self) -> f64 {
        median(self.drain.iter().map(|usage| usage.wall_s))
    }

    pub(crate) fn load_s(&self) -> f64 {
        median(self.load_s.iter().copied())
    }

    pub(crate) fn digests_s(&self) -> f64 {
        median(self.digests_s.iter().copied())
    }

    /// CPU microseconds a row of program and server together.
    pub(crate) fn cpu_us_a_row(&self, runs: &[Run]) -> f64 {
        of(runs, |run| run.program.cpu_s + run.server_cpu_s) * 1e6 / self.row_count as f64
    }
}
