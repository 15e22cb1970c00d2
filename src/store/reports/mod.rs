//! What people ask of the inventory, read from the `reporting` views: no table is named here.

mod freshness;
mod inventory_counts;
mod measurements;
mod overview;
mod scans;
mod snapshot;
mod transition_counts;

pub use freshness::Freshness;
pub use inventory_counts::StatusCount;
pub use measurements::Measurements;
pub use overview::Overview;
pub use scans::{HeldScan, ScanCount, ScanLine};
pub use transition_counts::TransitionCount;
