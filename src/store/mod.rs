//! Makes the database agree with a scan; knows no HTTP.

/// The migrations of the schema, applied in order.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
