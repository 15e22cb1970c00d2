//! Reads one `ListAccessTokens` listing, filtered or not, by whatever paging the server honours.

use std::sync::Arc;

use futures::{StreamExt, stream};
use tokio::sync::Semaphore;

use super::{
    Evidence, Halt, Incompleteness, Limits, Observer, ScanOptions,
    proof::{CountedListing, Named},
};
use crate::{
    config::Paging,
    inventory::AccessToken,
    source::{AccessTokenPage, AccessTokenQuery, ListAccessTokens, PageRequest},
    task::Task,
};

/// The largest page size that the documentation names.
const PAGE_SIZE: u32 = 50;

/// Pages that may be under way or wait for an earlier one, for each that may be fetched at once.
const PAGES_AHEAD: usize = 4;

/// Reads listings of one account and hands on what it sees.
pub(super) struct ListingReader<'a, S, O> {
    pub(super) source: &'a S,
    pub(super) observer: &'a mut O,
    pub(super) limits: &'a Limits,
    pub(super) options: ScanOptions,
    pub(super) evidence: Evidence,
    pub(super) named: Named,
    /// False once the gateway has rejected the undocumented parameters.
    pub(super) asks_for_pages: bool,
}

impl<'a, S, O> ListingReader<'a, S, O>
where
    S: ListAccessTokens + Clone + 'static,
    O: Observer<AccessToken>,
{
    pub(super) fn new(source: &'a S, observer: &'a mut O, limits: &'a Limits, options: ScanOptions) -> Self {
        let asks_for_pages = options.paging == Paging::Auto;
        let (evidence, named) = (Evidence::default(), Named::default());
        Self { source, observer, limits, options, evidence, named, asks_for_pages }
    }

    /// Reads all pages of the listing that `filter` selects, as far as the server gives them. It may be a part of one
    /// that was read before.
    pub(super) async fn read(
        &mut self,
        filter: &AccessTokenQuery,
        part_of: Option<&CountedListing>,
    ) -> Result<CountedListing, Halt<O::Error>> {
        let first = self.first_page(filter).await?;
        let page_length = (first.page.items.len() + first.page.rejected.len()) as u64;
        let mut listing = CountedListing::begin(&mut self.named, part_of);
        self.take(&mut listing, first).await?;
        if !self.asks_for_pages || page_length == 0 {
            return Ok(listing);
        }

        let (source, limits, reads_all) = (self.source, self.limits, self.observer.wants_all());
        let concurrency = self.options.concurrency.max(1);
        let (lanes, places) = (Arc::new(Semaphore::new(concurrency)), &Semaphore::new(concurrency));
        let fetch = |number: u64| {
            let query = AccessTokenQuery { reads_all, ..page_query(filter, number) };
            let (source, limits, lanes) = (source.clone(), limits.clone(), Arc::clone(&lanes));
            async move {
                let place = places.acquire().await.expect("nobody closes the semaphore");
                // The next page takes the lane at once, whatever this task is doing.
                let mut fetching = Task::spawn(async move {
                    let _lane = lanes.acquire().await.expect("nobody closes the semaphore");
                    limits.answer(source.list_access_tokens(&query)).await
                });
                Ok::<_, Halt<O::Error>>((fetching.join().await?, place))
            }
        };
        // A page without a new item means that the server ignores paging or has no more:
        // either way asking on is in vain.
        let mut brought_new = true;
        if listing.lacks_items() {
            let page_total = listing.total_last().unwrap_or(0).div_ceil(page_length);
            let mut pages = stream::iter(2..=page_total).map(fetch).buffered(PAGES_AHEAD * concurrency);
            while brought_new && let Some(answer) = pages.next().await {
                let (page, _place) = answer?;
                brought_new = self.take(&mut listing, page).await?;
                if listing.page_count() == 2 {
                    // Paging is honoured. A page that is late need not keep the lanes of those after it empty.
                    places.add_permits((PAGES_AHEAD - 1) * concurrency);
                }
            }
        }
        // The listing grew, or its pages are shorter than the first.
        while brought_new && listing.lacks_items() {
            let (page, _place) = fetch(listing.page_count() + 1).await?;
            brought_new = self.take(&mut listing, page).await?;
        }
        Ok(listing)
    }

    /// Asks once more how many there are.
    pub(super) async fn read_total(&mut self, listing: &mut CountedListing) -> Result<(), Halt<O::Error>> {
        let answer = self.first_page(&AccessTokenQuery::default()).await?;
        self.take(listing, answer).await?;
        Ok(())
    }

    /// Counts an answer and hands its items on.
    pub(super) async fn hand_on(&mut self, answer: AccessTokenPage) -> Result<(), Halt<O::Error>> {
        self.evidence.count_page(&answer.page);
        let observed_at = answer.page.observed_at;
        self.observer.reject(answer.page.rejected, observed_at);
        self.observer.observe(answer.page.items, observed_at).await.map_err(Halt::Observer)?;
        Ok(self.limits.check(&self.evidence)?)
    }

    async fn first_page(&mut self, filter: &AccessTokenQuery) -> Result<AccessTokenPage, Halt<O::Error>> {
        if self.asks_for_pages {
            let query = page_query(filter, 1);
            match self.limits.answer(self.source.list_access_tokens(&query)).await {
                Err(Halt::Short(Incompleteness::Source(error)))
                    if error.rejects_parameter(&["PageNumber", "PageSize"]) =>
                {
                    self.asks_for_pages = false;
                }
                answer => return answer,
            }
        }
        self.limits.answer(self.source.list_access_tokens(filter)).await
    }

    /// Takes one page into the listing; true where it brought an item that is new to it.
    async fn take(&mut self, listing: &mut CountedListing, answer: AccessTokenPage) -> Result<bool, Halt<O::Error>> {
        let brought_new = listing.take(&answer, &mut self.named);
        self.hand_on(answer).await?;
        Ok(brought_new)
    }
}

fn page_query(filter: &AccessTokenQuery, number: u64) -> AccessTokenQuery {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    AccessTokenQuery { paging: Some(PageRequest { number, size: PAGE_SIZE }), ..filter.clone() }
}
