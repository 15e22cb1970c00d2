//! A private `PostgreSQL` cluster, made from the programs found on the machine, as root or not.
//!
//! The way of a start, in reading order:
//!
//! 1. [`Options`] says where the cluster lives and whether it is kept.
//! 2. `account` decides who runs the server: `PostgreSQL` refuses root, so root hands it to another account.
//! 3. `programs` finds `initdb` and `postgres`, or fetches them without touching the system.
//! 4. `place` lays out the cluster's directory, `locks` makes the processes that share it take turns.
//! 5. `initdb` makes the cluster once, `server` starts, awaits and stops it.
//! 6. `watchdog` stops the server when the last process that uses it is gone, however it went.
//! 7. [`Cluster`] joins them; `sweep` removes what a dead machine left of throwaway clusters.
//!
//! Everything blocks: an asynchronous caller wraps [`Cluster::start`] and [`Cluster::stop`] in its
//! runtime's blocking pool.

mod account;
mod cluster;
mod error;
mod initdb;
mod locks;
mod memory;
mod options;
mod place;
mod postmaster;
mod programs;
mod random;
mod server;
mod sweep;
mod watchdog;
mod work;

pub use cluster::Cluster;
pub use error::Error;
pub use options::{Durability, Options, Search};
