//! One binary for all tests over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod auth;
mod caller;
mod codes;
mod connection_faults;
mod content_faults;
mod devices;
mod directory;
mod handle;
mod lifecycle;
mod local;
mod sts;
