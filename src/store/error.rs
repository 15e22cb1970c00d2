//! Why the database could not be made to agree; a variant says what the caller can do.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::inventory::Target;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection could be had: check the server and the URL.
    #[error("the database cannot be reached: {0}; check database.url and that the server runs")]
    Unreachable(String),
    /// The server is too old to keep the promises.
    #[error("the database server is PostgreSQL {found}; Stocktake needs 15 or newer")]
    ServerTooOld {
        /// The server's version.
        found: String,
    },
    /// A newer program has migrated the database: run that one.
    #[error(
        "the database has migration {version}, which this program does not know; run the newer stocktake that applied it"
    )]
    NewerThanProgram {
        /// The newest migration in the database.
        version: i64,
    },
    /// The schema is behind: `stocktake migrate` brings it up.
    #[error("the database has no schema of this version yet; run `stocktake migrate`")]
    NotMigrated,
    /// A migration failed.
    #[error("a migration failed: {0}; the database is as before it")]
    Migration(String),
    /// The worker's clock is behind what was already applied; history cannot run backwards.
    #[error(
        "the clock shows {now}, but observations up to {applied_until} are already applied; correct the clock of this machine"
    )]
    ClockWentBack {
        /// What the clock shows.
        now: DateTime<Utc>,
        /// The newest applied observation.
        applied_until: DateTime<Utc>,
    },
    /// Another scan of the target was applied meanwhile; this one must not be.
    #[error("a newer scan of this target was applied first; nothing of this one was kept")]
    Overtaken,
    /// A statement did not touch the rows that the comparison found: nothing was kept.
    #[error("{statement} touched {touched} rows where {expected} were expected; nothing was kept, please report this")]
    Disagreement {
        /// What was being done.
        statement: &'static str,
        /// Rows that were touched.
        touched: u64,
        /// Rows that the comparison found.
        expected: u64,
    },
    /// A scan of one target brought the proof of another: nothing was kept.
    #[error("the proof is of {proven}, not of {target}; nothing was kept, please report this")]
    ForeignProof {
        /// What the proof is of.
        proven: Target,
        /// What was to be applied.
        target: Target,
    },
    /// The login may not take the role that this needs.
    #[error(
        "the database login `{login}` may not act as {role}; run `grant {role} to {login}` as an administrator; nothing was changed"
    )]
    RoleNotGranted {
        /// The role that may.
        role: &'static str,
        /// Who is logged in.
        login: String,
    },
    /// A scan of this target is under way, and did not end in time: try again.
    #[error("{0} is being scanned; try again when that has ended, see `stocktake status`; nothing was changed")]
    Busy(Target),
    /// What the operator named is not there.
    #[error("{0}")]
    NotFound(String),
    /// What a first load has read could not be kept in a temporary file until its end: make room there.
    #[error(
        "a first load keeps what it reads in a file in {folder} until its end, and cannot: {0}; make room there, or set TMPDIR to a folder that has some",
        folder = std::env::temp_dir().display()
    )]
    NoRoom(std::io::Error),
    /// The connection is there and nobody at its other end.
    #[error("the database has been silent for {} s and is not at work on this scan; check that it runs and is reachable", waited.as_secs())]
    Silent {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The connection broke.
    #[error("the connection to the database broke: {}", describe(.0))]
    Lost(sqlx::Error),
    /// The connection broke at the commit, and the ledger could not be asked whether it took place.
    #[error("the database did not confirm that the scan was applied, and cannot be asked: {0}")]
    InDoubt(Box<StoreError>),
    /// The database refused a statement.
    #[error("the database refused: {}", describe(.0))]
    // Not its source: the chain would say it again, with line numbers of PostgreSQL's own sources.
    Database(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error::{Io, Protocol, Tls};
        let severity = error.as_database_error().map(|refusal| refusal.downcast_ref::<PgDatabaseError>().severity());
        match (&error, severity) {
            (Io(_) | Protocol(_) | Tls(_), _) | (_, Some(PgSeverity::Fatal | PgSeverity::Panic)) => Self::Lost(error),
            _ => Self::Database(error),
        }
    }
}

impl StoreError {
    /// Whether the connection cannot be used again, and what was sent last may have been done.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self, Self::Silent { .. } | Self::Lost(_) | Self::Unreachable(_))
    }

    /// The error code for the ledger.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "database_unreachable",
            Self::ServerTooOld { .. } => "database_too_old",
            Self::NewerThanProgram { .. } => "database_newer",
            Self::NotMigrated => "database_not_migrated",
            Self::Migration(_) => "migration_failed",
            Self::ClockWentBack { .. } => "clock_went_back",
            Self::Overtaken => "overtaken",
            Self::Disagreement { .. } => "disagreement",
            Self::ForeignProof { .. } => "foreign_proof",
            Self::RoleNotGranted { .. } => "role_not_granted",
            Self::Busy(_) => "busy",
            Self::NotFound(_) => "not_found",
            Self::NoRoom(_) => "no_room",
            Self::Silent { .. } => "database_silent",
            Self::Lost(_) => "connection_lost",
            Self::InDoubt(_) => "in_doubt",
            Self::Database(_) => "database_error",
        }
    }
}

/// Whether the server refused with this SQLSTATE.
pub(super) fn has_code(error: &sqlx::Error, code: &str) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some(code)
}

/// What the server said, without sqlx's line numbers of PostgreSQL's own source.
pub(super) fn describe(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(refusal) => refusal.message().to_owned(),
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => "it was closed".into(),
        sqlx::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}
