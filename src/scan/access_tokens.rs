//! Scans `ListAccessTokens`, a listing that states its total but documents no paging.

use super::{
    CompleteScan, Halt, Limits, Observer, ScanError, ScanOptions, ScanReport, Verdict, listing::ListingReader,
    proof::CountedListing,
};
use crate::{
    inventory::{AccessToken, Target},
    source::{AccessTokenQuery, ListAccessTokens},
};

/// The statuses that partition the listing where its pages cannot be had.
const STATUSES: [&str; 3] = ["unactivated", "activated", "expired"];

/// Reads all activation codes of `target`, up to `options.attempts` times, and judges whether it saw them all.
///
/// # Errors
/// Where the observer fails or the worker stops. Whatever else goes wrong is the report's verdict.
pub async fn scan_access_tokens<S, O>(
    target: &Target,
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
    let verdict = loop {
        match attempt(&mut reader, target).await {
            Ok(complete) => break Verdict::Complete(complete),
            Err(halt) => {
                let why = halt.into_incompleteness()?;
                if !why.may_heal() || reader.evidence.attempt_count >= options.attempts {
                    break Verdict::Incomplete(why);
                }
                reader.observer.restart().await.map_err(ScanError::Observer)?;
            }
        }
    };
    Ok(ScanReport { evidence: reader.evidence, verdict })
}

async fn attempt<S, O>(reader: &mut ListingReader<'_, S, O>, target: &Target) -> Result<CompleteScan, Halt<O::Error>>
where
    S: ListAccessTokens + Clone + 'static,
    O: Observer<AccessToken>,
{
    reader.evidence.begin_attempt();
    let mut listing = reader.read(&AccessTokenQuery::default(), None).await?;
    let mut way = if listing.page_count() > 1 { "by pages" } else { "in one answer" };
    record(reader, &listing);
    if listing.total_first() == listing.total_last() && listing.lacks_items() {
        read_partitions(reader, &mut listing).await?;
        way = "by status";
        record(reader, &listing);
    }
    let whole = listing.prove()?;

    let vanished = reader.observer.vanished().await.map_err(Halt::Observer)?;
    let look_ups = reader.look_up_all(&vanished).await?;
    Ok(whole.conclude(way, look_ups, &reader.named, target.clone()))
}

/// Reads the listing once per status and joins the results.
async fn read_partitions<S, O>(
    reader: &mut ListingReader<'_, S, O>,
    listing: &mut CountedListing,
) -> Result<(), Halt<O::Error>>
where
    S: ListAccessTokens + Clone + 'static,
    O: Observer<AccessToken>,
{
    for status in STATUSES {
        let filter = AccessTokenQuery { status: Some(status.to_owned()), ..AccessTokenQuery::default() };
        listing.join(reader.read(&filter, Some(listing)).await?);
    }
    // The parts were read after the first page: the total must not have moved meanwhile.
    reader.read_total(listing).await
}

fn record<S, O>(reader: &mut ListingReader<'_, S, O>, listing: &CountedListing) {
    reader.evidence.distinct_count = listing.distinct_count();
    reader.evidence.total_first = listing.total_first();
    reader.evidence.total_last = listing.total_last();
}
