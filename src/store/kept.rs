//! What the store must know of a kind of object; the two sources differ here and share everything else.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    baseline::Baseline,
    copy::CopyRows,
    diff::{Difference, Known, Write},
    erasure::Erased,
};
use crate::{
    inventory::{Object, RejectedItem},
    scan::Tombstones,
};

/// A kind of object that is kept with history.
pub(crate) trait Kept: Object + Send + Sync + Sized + 'static {
    /// The current row, as far as comparing needs it.
    type Row: Send + Sync;

    /// How a baseline goes straight into its table; `None` where an object is more than one row.
    const BASELINE: Option<Baseline<Self>>;
    /// Creates the temporary staging table.
    const STAGING: &'static str;
    /// Fills it, in binary.
    const COPY: &'static str;
    /// How many columns [`Kept::encode`] writes.
    const COLUMN_COUNT: i16;
    /// Tells the planner how much is in it, and of what, as far as statements ask.
    const ANALYZE: &'static str;
    /// Keeps the last observation of each object that was staged more than once.
    const KEEP_LAST: &'static str;
    /// Counts the staged objects that came back after their tombstone.
    const COUNT_RETURNED: &'static str;

    /// Takes whom `erased` knows out of an answer; only where people are named is there anything to do.
    fn withhold(
        _erased: &Erased,
        _conn: &mut PgConnection,
        _items: &mut [Self],
        _rejected: &mut [RejectedItem],
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send {
        std::future::ready(Ok(()))
    }

    /// Compares the object with its row.
    fn compare(&self, row: Option<&Self::Row>, observed_at: DateTime<Utc>, known: Known) -> Difference;

    /// The digest that a row holds.
    fn digest_of(row: &Self::Row) -> i64;

    /// Writes the columns that follow the common ones in the staging table.
    fn encode(&self, rows: &mut CopyRows);

    /// What is live when a scan begins. The digests come in one value: a million rows would take the client longer than
    /// the server.
    fn load_live(
        conn: &mut PgConnection,
        account_id: &str,
        started_at: DateTime<Utc>,
    ) -> impl Future<Output = Result<Live, sqlx::Error>> + Send;

    /// The rows of `ids`, tombstones included.
    fn load_rows(
        conn: &mut PgConnection,
        account_id: &str,
        ids: &[String],
    ) -> impl Future<Output = Result<HashMap<String, Self::Row>, sqlx::Error>> + Send;

    /// The ids of live rows that have one of the `unseen` digests and are not staged.
    fn load_vanished(
        conn: &mut PgConnection,
        account_id: &str,
        unseen: &[i64],
    ) -> impl Future<Output = Result<Vec<String>, sqlx::Error>> + Send;

    /// Writes what is staged, inside the transaction of the apply: `has` tells which statements have rows to write.
    fn write_staged(
        conn: &mut PgConnection,
        account_id: &str,
        scan_id: i64,
        has: Contents,
    ) -> impl Future<Output = Result<Written, sqlx::Error>> + Send;

    /// Records what is odd only because time has passed; returns how many anomalies.
    fn note_overdue(
        conn: &mut PgConnection,
        account_id: &str,
        scan_id: i64,
        started_at: DateTime<Utc>,
    ) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;

    /// Writes tombstones with their transitions; returns how many. The last complete scan, which began at
    /// `complete_started_at`, saw them all.
    fn bury(
        conn: &mut PgConnection,
        scan_id: i64,
        tombstones: Tombstones<'_>,
        complete_started_at: Option<DateTime<Utc>>,
    ) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;
}

/// The live rows of a target when a scan begins, as far as it needs to know them beforehand.
#[derive(Debug)]
pub(crate) struct Live {
    /// `None` where there are none.
    pub(super) digests: Option<Vec<i64>>,
    /// Whether [`Kept::note_overdue`] has something to look at, even if no row changes.
    pub(super) has_overdue: bool,
}

/// What a staging table holds rows of. A statement that finds none would read all of them all the same.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Contents {
    pub(super) opens: bool,
    pub(super) nexts: bool,
    pub(super) touches: bool,
    pub(super) samples: bool,
    pub(super) transitions: bool,
    pub(super) anomalies: bool,
}

impl Contents {
    pub(super) fn add(&mut self, difference: &Difference) {
        match difference.write {
            Write::Open => self.opens = true,
            Write::Next => self.nexts = true,
            Write::Touch => self.touches = true,
        }
        self.samples |= difference.is_sampled;
        self.transitions |= difference.transition.is_some();
        self.anomalies |= !difference.anomalies.is_empty();
    }
}

/// Rows that the statements of [`Kept::write_staged`] touched.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) opened: u64,
    pub(crate) advanced: u64,
    pub(crate) touched: u64,
    pub(crate) transitions: u64,
    pub(crate) anomalies: u64,
}

/// Runs one statement on the staging table; such statements cannot be checked at compile time,
/// because temporary tables exist in no database that the compiler could ask.
pub(super) async fn run_staged(
    conn: &mut PgConnection,
    statement: &'static str,
    account_id: &str,
    scan_id: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(statement).bind(account_id).bind(scan_id).execute(conn).await?;
    Ok(done.rows_affected())
}
