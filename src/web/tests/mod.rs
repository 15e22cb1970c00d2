//! The page and the metrics from made-up data, and the server over real HTTP without a database.

mod http;
mod metrics;
mod page;
mod sample;
