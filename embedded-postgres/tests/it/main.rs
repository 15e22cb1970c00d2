//! The promises of the crate, held against real servers. Every test passes as root and as a user.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod account;
mod death;
mod durable;
mod recovery;
mod sharing;
mod support;
mod throwaway;
