//! What people and monitors see over HTTP: the status page, `/metrics`, `/healthz` and `/readyz`.
//!
//! Everything that is shown is read from the database when it is asked for, so it agrees with SQL and
//! survives a restart; only the requests to the APIs are counted in the process.

mod health;
mod metrics;
mod page;
mod routes;
mod server;
mod state;
mod targets;
#[cfg(test)]
mod tests;

pub use server::{BoundServer, WebError, bind};
pub use state::WebState;
