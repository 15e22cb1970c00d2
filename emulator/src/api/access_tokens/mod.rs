//! SMC `ListAccessTokens`: filters, order, and the four ways a server may treat paging that no document mentions.

mod order;
mod paging;
mod wire;

use std::collections::BTreeMap;

pub use order::CodeOrder;
pub use paging::Paging;

use super::ApiError;
use crate::account::Account;
use crate::inventory::{AccessToken, Inventory};
use crate::request::GatewayRequest;
use paging::Window;
use wire::Answer;

/// What to list.
#[derive(Debug, Default)]
struct Filter<'a> {
    ids: Vec<&'a str>,
    name: Option<&'a str>,
    status: Option<&'a str>,
}

/// Answers one request.
pub(crate) fn list(request: &GatewayRequest, account: &Account, request_id: &str) -> Result<Vec<u8>, ApiError> {
    let settings = &account.settings;
    let window = Window::of(request, settings.paging, settings.page_limit)?;
    let filter = Filter::of(request);
    let (items, total_count) = filter.select(&account.inventory, settings.code_order, window);
    let answer = Answer::new(request_id, items, total_count, window, settings.swapped_echo);
    Ok(serde_json::to_vec(&answer).expect("strings, numbers and JSON values are always JSON"))
}

impl<'a> Filter<'a> {
    /// An empty value filters nothing; `AccessTokenId.N` may have holes.
    fn of(request: &'a GatewayRequest) -> Self {
        let given = |name: &str| request.parameter(name).filter(|value| !value.is_empty());
        let numbered: BTreeMap<u32, &str> = request
            .query
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix("AccessTokenId.")?.parse().ok()?, value.as_str())))
            .filter(|&(number, value)| number > 0 && !value.is_empty())
            .collect();
        Self { ids: numbered.into_values().collect(), name: given("Name"), status: given("Status") }
    }

    fn fits(&self, token: &AccessToken) -> bool {
        self.name.is_none_or(|name| token.name.as_deref() == Some(name))
            && self.status.is_none_or(|status| token.status == status)
    }

    /// The items in the window, and how many there are in all.
    fn select<'i>(&self, inventory: &'i Inventory, order: CodeOrder, window: Window) -> (Vec<&'i AccessToken>, usize) {
        let Window { offset, limit, .. } = window;
        if !self.ids.is_empty() {
            let mut seen = std::collections::HashSet::new();
            let found = self.ids.iter().filter(|id| seen.insert(**id)).filter_map(|id| inventory.token(id));
            return cut(found.filter(|token| self.fits(token)), offset, limit);
        }
        if self.name.is_none() && self.status.is_none() {
            // The common case must not look at every item: benches page through a million.
            let items = order.list(inventory, offset).take(limit).collect();
            return (items, inventory.token_count());
        }
        cut(order.list(inventory, 0).filter(|token| self.fits(token)), offset, limit)
    }
}

fn cut<'i>(all: impl Iterator<Item = &'i AccessToken>, offset: usize, limit: usize) -> (Vec<&'i AccessToken>, usize) {
    let mut items = Vec::new();
    let mut total_count = 0;
    for token in all {
        if total_count >= offset && items.len() < limit {
            items.push(token);
        }
        total_count += 1;
    }
    (items, total_count)
}
