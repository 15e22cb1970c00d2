//! The integration tests: real PostgreSQL, real HTTP, one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

mod accounts;
mod architecture;
mod baseline;
mod beside;
mod brake;
mod catalogue;
mod cli;
mod completeness;
mod connections;
mod crash;
mod credentials;
mod daily;
mod database_faults;
mod deadline;
mod documented_sql;
mod erasure;
mod faults;
mod files;
mod forbidden;
mod guards;
mod half_year;
mod history;
mod migrations;
mod moving;
mod organization;
mod races;
mod reader_accounts;
mod restore;
mod retention;
mod rights;
mod roles;
mod secrets;
mod sync;
mod tls;
mod upgrade;
mod views;
