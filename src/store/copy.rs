//! Encodes rows for PostgreSQL's binary COPY.
//!
//! The format: <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4>.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, postgres::PgCopyIn};

/// Rows of one COPY, built field by field.
pub(crate) struct CopyRows {
    buffer: Vec<u8>,
    column_count: i16,
}

impl CopyRows {
    /// No rows yet, of `column_count` columns each.
    pub(super) fn new(column_count: i16) -> Self {
        Self { buffer: Vec::new(), column_count }
    }

    /// Begins the next row; its fields follow in the order of the columns.
    pub(super) fn begin_row(&mut self) -> &mut Self {
        self.buffer.extend_from_slice(&self.column_count.to_be_bytes());
        self
    }

    pub(super) fn text(&mut self, value: Option<&str>) -> &mut Self {
        self.field(value.map(str::as_bytes))
    }

    /// A jsonb field, given as JSON text.
    pub(super) fn jsonb(&mut self, json: &str) -> &mut Self {
        const VERSION: u8 = 1;
        self.length(json.len() + 1);
        self.buffer.push(VERSION);
        self.buffer.extend_from_slice(json.as_bytes());
        self
    }

    /// An empty text[].
    pub(super) fn no_texts(&mut self) -> &mut Self {
        const TEXT_OID: u32 = 25;
        self.field(Some([[0; 4], [0; 4], TEXT_OID.to_be_bytes()].as_flattened()))
    }

    pub(super) fn bool(&mut self, value: Option<bool>) -> &mut Self {
        self.field(value.map(|value| [u8::from(value)]))
    }

    pub(super) fn i32(&mut self, value: Option<i32>) -> &mut Self {
        self.field(value.map(i32::to_be_bytes))
    }

    pub(super) fn i64(&mut self, value: Option<i64>) -> &mut Self {
        self.field(value.map(i64::to_be_bytes))
    }

    /// A timestamptz: microseconds since 2000.
    pub(super) fn instant(&mut self, value: Option<DateTime<Utc>>) -> &mut Self {
        const YEAR_2000_MICROS: i64 = 946_684_800_000_000;
        self.i64(value.map(|value| value.timestamp_micros() - YEAR_2000_MICROS))
    }

    /// The rows so far.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Forgets the rows, and keeps their room.
    pub(super) fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Sends the rows to `statement`, a `copy … from stdin (format binary)`.
    pub(super) async fn send(self, conn: &mut PgConnection, statement: &str) -> Result<u64, sqlx::Error> {
        let mut copy = CopyIn::begin(conn, statement).await?;
        copy.rows().extend_from_slice(&self.buffer);
        copy.end(Ok(())).await
    }

    fn field(&mut self, value: Option<impl AsRef<[u8]>>) -> &mut Self {
        match value {
            Some(value) => {
                let bytes = value.as_ref();
                self.length(bytes.len());
                self.buffer.extend_from_slice(bytes);
            }
            None => self.buffer.extend_from_slice(&(-1i32).to_be_bytes()),
        }
        self
    }

    fn length(&mut self, byte_count: usize) {
        let length =
            i32::try_from(byte_count).expect("an answer, and so each of its fields, is far smaller than 2 GiB");
        self.buffer.extend_from_slice(&length.to_be_bytes());
    }
}

/// A COPY under way.
///
/// Each part is a message by itself, so the small ones go with the large ones.
pub(super) struct CopyIn<'c> {
    copy: PgCopyIn<&'c mut PgConnection>,
    /// What is not sent yet.
    waiting: Vec<u8>,
}

impl<'c> CopyIn<'c> {
    /// Begins `statement`, a `copy … from stdin (format binary)`.
    pub(super) async fn begin(conn: &'c mut PgConnection, statement: &str) -> Result<Self, sqlx::Error> {
        const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"; // no flags, no extension
        Ok(Self { copy: conn.copy_in_raw(statement).await?, waiting: HEADER.to_vec() })
    }

    /// Where whole rows, or any part of them, are added.
    pub(super) fn rows(&mut self) -> &mut Vec<u8> {
        &mut self.waiting
    }

    /// Sends what was added so far: more is to come.
    pub(super) async fn send(&mut self) -> Result<(), sqlx::Error> {
        self.copy.send(self.waiting.as_slice()).await?;
        self.waiting.clear();
        Ok(())
    }

    /// Ends it as all that was `added` came out: returns how many rows were copied, or the error, with none.
    pub(super) async fn end<E: From<sqlx::Error>>(mut self, added: Result<(), E>) -> Result<u64, E> {
        const TRAILER: i16 = -1;
        let ready = match added {
            Ok(()) => {
                self.waiting.extend_from_slice(&TRAILER.to_be_bytes());
                self.send().await.map_err(E::from)
            }
            Err(error) => Err(error),
        };
        match ready {
            Ok(()) => Ok(self.copy.finish().await?),
            Err(error) => {
                // Without this the connection's next statement would get the error.
                self.copy.abort("the rows could not be sent").await?;
                Err(error)
            }
        }
    }
}
