//! Runs a query as a person would in psql and returns its cells as text.

use sqlx::{Column, Row};

use super::{Store, StoreError};

/// The answer to a query, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tabular {
    /// The names of the columns; empty where there is no row.
    pub columns: Vec<String>,
    /// The cells; a null is an empty text.
    pub rows: Vec<Vec<String>>,
}

impl Store {
    /// Runs `query`, whose columns must all be text.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn tabulate(&self, query: &'static str) -> Result<Tabular, StoreError> {
        let rows = sqlx::query(query).fetch_all(&mut *self.connection().await?).await?;
        let columns = rows.first().map(|row| row.columns().iter().map(|column| column.name().to_owned()).collect());
        let rows = rows
            .iter()
            .map(|row| {
                (0..row.len()).map(|index| Ok(row.try_get::<Option<String>, _>(index)?.unwrap_or_default())).collect()
            })
            .collect::<Result<_, sqlx::Error>>()?;
        Ok(Tabular { columns: columns.unwrap_or_default(), rows })
    }
}
