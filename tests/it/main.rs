//! The integration tests: real PostgreSQL, real HTTP, one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

mod architecture;
mod cli;
mod completeness;
mod guards;
mod history;
mod sync;
