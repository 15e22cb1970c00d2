//! Refreshes selected codes by the API's own filters; never sees everything, so never deletes.

use super::{
    Incompleteness, Limits, Observer, ScanError, ScanOptions, ScanReport, Verdict, listing::ListingReader,
    lookup::LOOKUP_BATCH,
};
use crate::{
    inventory::AccessToken,
    source::{AccessTokenQuery, ListAccessTokens},
};

/// Which codes a refresh asks for; at least one filter is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refresh {
    /// Codes by id.
    pub ids: Vec<String>,
    /// Codes by `Name`.
    pub name: Option<String>,
    /// Codes by `Status`.
    pub status: Option<String>,
}

/// Reads the codes that `refresh` selects.
///
/// # Errors
/// Where the observer fails or the worker stops. Whatever else goes wrong is the report's verdict,
/// which is [`Incompleteness::PartialRefresh`] where all went well.
pub async fn refresh_access_tokens<S, O>(
    refresh: &Refresh,
    source: &S,
    observer: &mut O,
    options: ScanOptions,
    limits: &Limits,
) -> Result<ScanReport, ScanError<O::Error>>
where
    S: ListAccessTokens + Clone + 'static,
    O: Observer<AccessToken>,
{
    let mut reader = ListingReader::new(source, observer, limits, options);
    reader.evidence.begin_attempt();
    // No id at all is one batch without ids: the other filters alone.
    let batches: Vec<Vec<String>> = match refresh.ids.as_slice() {
        [] => vec![Vec::new()],
        ids => ids.chunks(LOOKUP_BATCH).map(<[String]>::to_vec).collect(),
    };
    let mut verdict = Incompleteness::PartialRefresh;
    for ids in batches {
        let Refresh { name, status, .. } = refresh.clone();
        let filter = AccessTokenQuery { ids, name, status, ..AccessTokenQuery::default() };
        match reader.read(&filter, None).await {
            Ok(listing) => {
                reader.evidence.distinct_count += listing.distinct_count();
                if let Err(why) = listing.prove() {
                    verdict = why;
                }
            }
            Err(halt) => {
                verdict = halt.into_incompleteness()?;
                break;
            }
        }
    }
    Ok(ScanReport { evidence: reader.evidence, verdict: Verdict::Incomplete(verdict) })
}
