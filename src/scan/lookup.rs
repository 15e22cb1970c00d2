//! Looks up vanished codes by id: only one that the API says is absent may get a tombstone.

use super::{
    Halt, Incompleteness, Observer,
    listing::ListingReader,
    proof::{LookUps, Unclear},
};
use crate::{
    inventory::AccessToken,
    source::{AccessTokenQuery, ListAccessTokens},
};

/// Ids in one look-up: how many the API takes is undocumented, and 20 is its smallest published default page.
pub(super) const LOOKUP_BATCH: usize = 20;

impl<S, O> ListingReader<'_, S, O>
where
    S: ListAccessTokens + Clone + 'static,
    O: Observer<AccessToken>,
{
    /// Asks for each of `ids`, and hands on those that answer.
    ///
    /// # Errors
    /// [`Incompleteness::UnclearLookup`] where an answer proves nothing, so that nothing is deleted.
    pub(super) async fn look_up_all(&mut self, ids: &[String]) -> Result<LookUps, Halt<O::Error>> {
        let mut look_ups = LookUps::default();
        for batch in ids.chunks(LOOKUP_BATCH) {
            match self.look_up(batch, &mut look_ups).await? {
                Ok(()) => (),
                // A short answer to many ids may be one page of several; to one id it cannot be.
                Err(_) if batch.len() > 1 => {
                    for id in batch.chunks(1) {
                        self.look_up(id, &mut look_ups).await?.map_err(Incompleteness::from)?;
                    }
                }
                Err(unclear) => return Err(Incompleteness::from(unclear).into()),
            }
        }
        Ok(look_ups)
    }

    async fn look_up(
        &mut self,
        batch: &[String],
        look_ups: &mut LookUps,
    ) -> Result<Result<(), Unclear>, Halt<O::Error>> {
        let query = AccessTokenQuery { ids: batch.to_vec(), ..AccessTokenQuery::default() };
        let answer = self.limits.answer(self.source.list_access_tokens(&query)).await?;
        let judged = look_ups.judge(batch, &answer, &mut self.named);
        self.hand_on(answer).await?;
        Ok(judged)
    }
}
