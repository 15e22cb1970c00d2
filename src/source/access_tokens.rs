//! SMC `ListAccessTokens` over HTTP.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    AccessTokenPage, AccessTokenQuery, AccountClient, ListAccessTokens, Operation, Page, SourceError,
    decode::{AccessTokenListing, Decode, Malformed, Members, decode_access_tokens, skim_access_tokens},
};
use crate::inventory::{AccessToken, Listed};

impl ListAccessTokens for Arc<AccountClient> {
    async fn list_access_tokens(&self, query: &AccessTokenQuery) -> Result<AccessTokenPage, SourceError> {
        let reading = Reading { reads_all: query.reads_all };
        let (listing, received) = self.call(Operation::ListAccessTokens, &params(query), reading).await?;
        Ok(AccessTokenPage {
            page: Page {
                items: listing.items,
                rejected: listing.rejected,
                observed_at: received.at,
                skew: received.skew,
            },
            total_count: listing.total_count,
        })
    }
}

struct Reading {
    reads_all: bool,
}

impl Decode<AccessTokenListing<Listed<AccessToken>>> for Reading {
    fn skim(&self, body: &Bytes) -> Option<AccessTokenListing<Listed<AccessToken>>> {
        skim_access_tokens(body, self.reads_all)
    }

    fn decode(&self, members: &Members<'_>) -> Result<AccessTokenListing<Listed<AccessToken>>, Malformed> {
        let AccessTokenListing { items, rejected, total_count } = decode_access_tokens(members)?;
        Ok(AccessTokenListing { items: items.into_iter().map(Listed::from).collect(), rejected, total_count })
    }
}

fn params(query: &AccessTokenQuery) -> Vec<(String, String)> {
    let ids = query.ids.iter().zip(1..).map(|(id, n): (_, usize)| (format!("AccessTokenId.{n}"), id.clone()));
    let mut params: Vec<_> = ids.collect();
    params.extend(query.name.clone().map(|name| ("Name".to_owned(), name)));
    params.extend(query.status.clone().map(|status| ("Status".to_owned(), status)));
    if let Some(paging) = query.paging {
        params.push(("PageNumber".to_owned(), paging.number.to_string()));
        params.push(("PageSize".to_owned(), paging.size.to_string()));
    }
    params
}

#[cfg(test)]
mod tests {
    use crate::source::{PageRequest, sign::canonical_query};

    use super::*;

    #[test]
    fn only_what_is_set_is_sent() {
        let sent = |query: &AccessTokenQuery| canonical_query(&params(query));
        let mut query = AccessTokenQuery::default();
        assert_eq!(sent(&query), "");
        query.paging = Some(PageRequest { number: 1, size: 50 });
        assert_eq!(sent(&query), "PageNumber=1&PageSize=50");
        query = AccessTokenQuery { name: Some(String::new()), ..AccessTokenQuery::default() };
        query.status = Some("expired".to_owned());
        query.ids = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(sent(&query), "AccessTokenId.1=a&AccessTokenId.2=b&Name=&Status=expired");
    }
}
