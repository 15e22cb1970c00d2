//! The rows of a baseline on their way from the API into their table: in memory while they are few, else in a nameless
//! file of this program's.
//!
//! A baseline is by far the most that is ever written at once. Staged in the database it would be written twice; copied
//! as it comes it would keep a transaction open for as long as the API takes to answer.

use std::{
    collections::HashSet,
    io::{self, SeekFrom},
};

use sqlx::PgConnection;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

use super::{StoreError, copy::CopyIn};

/// Bytes kept in memory before they go to the file, and read back at once.
const PART_BYTES: usize = 4 * 1024 * 1024;

/// Parts copied by one statement. The trigger that counts by day goes through all rows of a statement once more, and so
/// many stay in the memory that [`Baseline::write`](super::baseline::Baseline::write) allows.
const COPY_PARTS: usize = 8;

/// Before each row: the hash of its id, and its size in bytes.
const HEAD_BYTES: usize = 8 + 4;

/// Rows in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Spool {
    newest: Vec<u8>,
    file: Option<File>,
    /// The sizes of the parts in the file, each of whole rows.
    parts: Vec<usize>,
}

impl Spool {
    /// Adds the row of the object whose id has this hash.
    ///
    /// # Errors
    /// [`StoreError::NoRoom`] where the file cannot be made or written.
    pub(super) async fn add(&mut self, id_hash: u64, row: &[u8]) -> Result<(), StoreError> {
        let size = u32::try_from(row.len()).expect("an answer, and so each of its items, is far smaller than 2 GiB");
        self.newest.extend_from_slice(&id_hash.to_le_bytes());
        self.newest.extend_from_slice(&size.to_le_bytes());
        self.newest.extend_from_slice(row);
        if self.newest.len() >= PART_BYTES {
            self.spill().await.map_err(StoreError::NoRoom)?;
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.newest.is_empty() && self.parts.is_empty()
    }

    /// Copies the rows to `statement`, but for those of `overtaken` objects; returns how many that were.
    ///
    /// # Errors
    /// Where the file cannot be read, or the database refuses.
    pub(super) async fn copy_into(
        self,
        conn: &mut PgConnection,
        statement: &str,
        overtaken: &HashSet<u64>,
    ) -> Result<u64, StoreError> {
        let Self { newest, file, parts } = self;
        let mut row_count = 0;
        if let Some(mut file) = file {
            file.seek(SeekFrom::Start(0)).await.map_err(StoreError::NoRoom)?;
            for sizes in parts.chunks(COPY_PARTS) {
                let mut copy = CopyIn::begin(&mut *conn, statement).await?;
                let added = add_parts(&mut copy, &mut file, sizes, overtaken).await;
                row_count += copy.end(added).await?;
            }
        }
        let mut copy = CopyIn::begin(conn, statement).await?;
        add_rows(copy.rows(), &newest, overtaken);
        Ok(row_count + copy.end(Ok::<_, StoreError>(())).await?)
    }

    async fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(File::from_std(tempfile::tempfile()?)),
        };
        file.write_all(&self.newest).await?;
        // Written in the background: only this tells whether it was.
        file.flush().await?;
        self.parts.push(self.newest.len());
        self.newest.clear();
        Ok(())
    }
}

/// Adds the next parts of `file`, which have these sizes.
async fn add_parts(
    copy: &mut CopyIn<'_>,
    file: &mut File,
    sizes: &[usize],
    overtaken: &HashSet<u64>,
) -> Result<(), StoreError> {
    let mut part = Vec::new();
    for size in sizes {
        part.resize(*size, 0);
        file.read_exact(&mut part).await.map_err(StoreError::NoRoom)?;
        add_rows(copy.rows(), &part, overtaken);
        copy.send().await?;
    }
    Ok(())
}

/// Adds the rows of a part, without their heads and without those of `overtaken` objects.
///
/// They come in the order of their bytes, and as each begins with the size of its id and the id, those of one size in the
/// order of the key: an index grows faster from left to right than here and there. Parts stay as they came, for what was
/// made together changes together, and should lie on few pages.
fn add_rows(rows: &mut Vec<u8>, mut part: &[u8], overtaken: &HashSet<u64>) {
    rows.reserve(part.len());
    let mut sorted = Vec::new();
    while let Some((head, rest)) = part.split_first_chunk::<HEAD_BYTES>() {
        let (id_hash, size) = head.split_at(8);
        let id_hash = u64::from_le_bytes(id_hash.try_into().expect("it was split at its size"));
        let size = u32::from_le_bytes(size.try_into().expect("it was split at its size"));
        let (row, rest) = rest.split_at(size as usize);
        if !overtaken.contains(&id_hash) {
            sorted.push(row);
        }
        part = rest;
    }
    sorted.sort_unstable();
    sorted.iter().for_each(|row| rows.extend_from_slice(row));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_is_added_in_the_order_of_its_rows_without_the_overtaken() {
        let mut spool = Spool::default();
        for (id_hash, row) in [(1, "c"), (2, "a"), (3, "bb"), (4, "ab")] {
            spool.add(id_hash, row.as_bytes()).await.unwrap();
        }
        let mut rows = b"z".to_vec();
        add_rows(&mut rows, &spool.newest, &HashSet::from([3]));
        assert_eq!(rows, b"zaabc");
    }
}
