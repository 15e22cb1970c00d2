//! The end of an apply: until then nothing of the scan is there, and after it everything.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, Transaction};

use super::{
    Applied, Store, StoreError,
    ledger::{self, Advance, Closing},
};

/// An apply of which only the end is missing.
pub(super) struct Ending<'c> {
    pub(super) writer: Writer<'c>,
    /// The server process at its other side.
    pub(super) pid: i32,
    pub(super) account_id: &'c str,
    pub(super) advance: Advance,
    /// How completeness was proven, if it was.
    pub(super) proof: Option<String>,
    /// What will have come of the scan.
    pub(super) applied: Applied,
}

/// Where the end is written.
pub(super) enum Writer<'c> {
    /// After everything else.
    Transaction(Transaction<'c, Postgres>),
    /// There is nothing else: a statement is a transaction by itself.
    Statement(&'c mut PgConnection),
}

impl Ending<'_> {
    /// Closes the scan's row, takes its target on, and commits. An error that lost the connection does not tell whether
    /// that took place.
    pub(super) async fn write(self, store: &Store, finished_at: DateTime<Utc>) -> (Applied, Result<(), StoreError>) {
        let Self { writer, pid, account_id, advance, proof, applied } = self;
        let closing = Closing {
            scan_id: applied.scan_id,
            outcome: applied.outcome,
            finished_at,
            advance: Some(advance),
            evidence: &applied.evidence,
            counts: applied.counts,
            proof: proof.as_deref(),
            trouble: applied.trouble.as_ref(),
        };
        let ending = async {
            match writer {
                Writer::Transaction(mut tx) => {
                    ledger::close_scan(&mut *tx, account_id, &closing).await?;
                    Ok(tx.commit().await?)
                }
                Writer::Statement(conn) => ledger::close_scan(conn, account_id, &closing).await,
            }
        };
        let ended = store.watch(pid, ending).await;
        (applied, ended)
    }
}
