//! In which order codes are listed.

use crate::inventory::{AccessToken, Inventory};

/// What a page number counts from: where the inventory changes between two pages, each order repeats and skips others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CodeOrder {
    /// A new code is the first: it pushes others on to the next page.
    #[default]
    NewestFirst,
    /// A new code is the last.
    OldestFirst,
}

impl CodeOrder {
    /// All codes in this order, without the first `skip` of them.
    pub(super) fn list(self, inventory: &Inventory, skip: usize) -> Box<dyn Iterator<Item = &AccessToken> + '_> {
        let shelf = inventory.token_shelf();
        match self {
            Self::NewestFirst => Box::new(shelf.newest_first(skip)),
            Self::OldestFirst => Box::new(shelf.oldest_first(0).map(|(_, code)| code).skip(skip)),
        }
    }
}
