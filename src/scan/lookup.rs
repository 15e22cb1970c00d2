//! Looks up vanished codes by id: only one that the API says is absent may get a tombstone.

use std::collections::HashSet;

use super::{Absence, Halt, Incompleteness, Observer, listing::ListingReader};
use crate::{
    inventory::AccessToken,
    source::{AccessTokenPage, AccessTokenQuery, ListAccessTokens},
};

/// Ids in one look-up: how many the API takes is undocumented, and 20 is its smallest published default page.
pub(super) const LOOKUP_BATCH: usize = 20;

/// Asks for each of `ids`; hands on those that answer and returns the others.
///
/// # Errors
/// [`Incompleteness::UnclearLookup`] where an answer proves nothing, so that nothing is deleted.
pub(super) async fn verify_absences<S, O>(
    reader: &mut ListingReader<'_, S, O>,
    ids: &[String],
) -> Result<Vec<Absence>, Halt<O::Error>>
where
    S: ListAccessTokens,
    O: Observer<AccessToken>,
{
    let mut absences = Vec::new();
    for batch in ids.chunks(LOOKUP_BATCH) {
        match look_up(reader, batch).await? {
            Ok(absent) => absences.extend(absent),
            // A short answer to many ids may be one page of several; to one id it cannot be.
            Err(_) if batch.len() > 1 => {
                for id in batch {
                    absences.extend(look_up(reader, std::slice::from_ref(id)).await?.map_err(unclear)?);
                }
            }
            Err(reason) => return Err(unclear(reason).into()),
        }
    }
    Ok(absences)
}

async fn look_up<S, O>(
    reader: &mut ListingReader<'_, S, O>,
    batch: &[String],
) -> Result<Result<Vec<Absence>, &'static str>, Halt<O::Error>>
where
    S: ListAccessTokens,
    O: Observer<AccessToken>,
{
    let query = AccessTokenQuery { ids: batch.to_vec(), ..AccessTokenQuery::default() };
    let answer = reader.limits.answer(reader.source.list_access_tokens(&query)).await?;
    let absences = judge(batch, &answer);
    reader.hand_on(answer).await?;
    Ok(absences)
}

/// The asked ids that the answer proves to be absent, or why it proves nothing.
fn judge(asked: &[String], answer: &AccessTokenPage) -> Result<Vec<Absence>, &'static str> {
    let answered: HashSet<&str> = answer.page.items.iter().map(|item| item.id.as_str()).collect();
    if !answer.page.rejected.is_empty() {
        return Err("an item of the answer has no usable id");
    }
    if answered.iter().any(|id| !asked.iter().any(|wanted| wanted == id)) {
        return Err("the answer holds ids that were not asked for, so AccessTokenId is not honoured");
    }
    if answer.total_count != Some(answered.len() as u64) {
        return Err("TotalCount of the answer differs from the ids in it");
    }
    Ok(asked
        .iter()
        .filter(|id| !answered.contains(id.as_str()))
        .map(|id| Absence { id: id.clone(), proven_at: answer.page.observed_at })
        .collect())
}

fn unclear(reason: &str) -> Incompleteness {
    Incompleteness::UnclearLookup { reason: reason.to_owned() }
}
