//! Why an episode ended before its end.

use crate::Violation;

/// The machinery failed, not the product.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The simulation's own look at the database failed.
    #[error("the simulation cannot read the database: {0}")]
    Database(#[from] sqlx::Error),
    /// The store could not be prepared.
    #[error("the store cannot be prepared: {0}")]
    Store(#[from] stocktake::store::StoreError),
    /// The server did not start.
    #[error("the database does not start: {0}")]
    Cluster(#[from] embedded_postgres::Error),
    /// The emulated cloud did not start, or failed.
    #[error("the emulator does not start: {0}")]
    Emulator(#[from] emulator::StartError),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Broken {
    pub(crate) fn other(error: impl std::fmt::Display) -> Self {
        Self::Other(error.to_string())
    }
}

/// Why an episode ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// The product broke a promise.
    #[error("{0}")]
    Violation(Box<Violation>),
    /// The simulation could not go on.
    #[error(transparent)]
    Broken(#[from] Broken),
}

impl From<sqlx::Error> for Halt {
    fn from(error: sqlx::Error) -> Self {
        Self::Broken(error.into())
    }
}
