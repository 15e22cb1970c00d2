//! Stocktake keeps a truthful inventory of Alibaba Cloud activation codes and
//! virtual MFA devices in PostgreSQL, with history.
//!
//! Data travels one way; read the modules in this order:
//!
//! 1. [`inventory`]: what is kept: codes, devices, and what was odd about them.
//! 2. [`config`], [`clock`], [`telemetry`]: what the program is told; `task`: work beside other work.
//! 3. [`schedule`]: cron becomes a trigger, and nothing else.
//! 4. [`source`]: the two listings over signed HTTP; knows no database.
//! 5. [`scan`]: reads a listing to its end; the only maker of a `CompleteScan`.
//! 6. [`store`]: makes the database agree with a scan; knows no HTTP.
//! 7. [`worker`]: the loop that joins them: trigger, lock, scan, apply, record.
//! 8. [`web`] and [`cli`]: what people see.

pub mod cli;
pub mod clock;
pub mod config;
pub mod inventory;
pub mod scan;
pub mod schedule;
pub mod source;
pub mod store;
mod task;
pub mod telemetry;
pub mod web;
pub mod worker;

pub use store::MIGRATOR;
