//! Legal holds: what the purge must leave alone, who said so and why.

mod object;
mod record;

pub use record::{Hold, NewHold};

use sqlx::Connection;

use super::{Store, StoreError, role::assume_retention};
use crate::{clock::Clock, inventory::Source};

impl Store {
    /// Places a hold; history of what it covers is not purged from now on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where account or object is not known; nothing was changed.
    pub async fn add_hold(&self, hold: &NewHold<'_>, clock: &dyn Clock) -> Result<Hold, StoreError> {
        let account = self.account(hold.account).await?;
        let object = match hold.object_id {
            Some(object_id) => Some(self.find_object(&account.account_id, hold.dataset, object_id).await?),
            None => None,
        };
        let dataset = object.as_ref().map(|(dataset, _)| *dataset).or(hold.dataset);
        let mut conn = self.connection().await?;
        let mut tx = conn.begin().await?;
        assume_retention(&mut tx).await?;
        let hold_id = sqlx::query_scalar!(
            "insert into inventory.legal_holds (account_id, dataset, object_id, reason, placed_by, placed_at)
             values ($1, $2, $3, $4, $5, $6)
             returning hold_id",
            account.account_id,
            dataset.map(Source::name),
            object.map(|(_, object_id)| object_id),
            hold.reason,
            hold.placed_by,
            clock.now()
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        self.hold(hold_id).await?.ok_or_else(|| not_there(hold_id))
    }

    /// Releases a hold.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where it is not there or released already; nothing was changed.
    pub async fn release_hold(&self, hold_id: i64, by: &str, clock: &dyn Clock) -> Result<Hold, StoreError> {
        let mut conn = self.connection().await?;
        let mut tx = conn.begin().await?;
        assume_retention(&mut tx).await?;
        let released = sqlx::query!(
            "update inventory.legal_holds set released_by = $2, released_at = $3
             where hold_id = $1 and released_at is null",
            hold_id,
            by,
            clock.now()
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        let hold = self.hold(hold_id).await?.ok_or_else(|| not_there(hold_id))?;
        match (released.rows_affected(), &hold.released_by, hold.released_at) {
            (0, Some(by), Some(at)) => Err(StoreError::NotFound(format!(
                "hold {hold_id} was released already, by {by} at {}; nothing was changed",
                at.format("%F %TZ")
            ))),
            _ => Ok(hold),
        }
    }

    /// The holds in force, or every one there was, newest first.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn holds(&self, with_released: bool) -> Result<Vec<Hold>, StoreError> {
        self.select_holds(None, with_released).await
    }

    async fn hold(&self, hold_id: i64) -> Result<Option<Hold>, StoreError> {
        Ok(self.select_holds(Some(hold_id), true).await?.pop())
    }

    async fn select_holds(&self, hold_id: Option<i64>, with_released: bool) -> Result<Vec<Hold>, StoreError> {
        let holds = sqlx::query_as!(
            Hold,
            r#"select h.hold_id, h.account_id, a.account_name as "account_name?", h.dataset, h.object_id, h.reason,
                      h.placed_by, h.placed_at, h.released_by, h.released_at
               from inventory.legal_holds h
               left join inventory.accounts a on a.account_id = h.account_id
               where ($1::bigint is null or h.hold_id = $1)
                 and ($2 or h.released_at is null)
               order by h.hold_id desc"#,
            hold_id,
            with_released
        )
        .fetch_all(&mut *self.connection().await?)
        .await?;
        Ok(holds)
    }
}

fn not_there(hold_id: i64) -> StoreError {
    StoreError::NotFound(format!(
        "there is no hold {hold_id}; see `stocktake retention hold list`; nothing was changed"
    ))
}
