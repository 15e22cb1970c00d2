//! An ordered collection that finds by key and pages by rank quickly, even with a million items.

use std::collections::HashMap;

/// How many slots share one count of the items alive in them; skipping to any rank of a million items is 1,000 additions.
const BLOCK: usize = 1024;

/// Something with a unique, unchanging key.
pub(crate) trait Keyed {
    fn key(&self) -> &str;
}

/// Items in the order of insertion. A removed item leaves its slot empty for good, so that a slot number
/// stays a valid place in the listing, which markers and the expiry queue rely on.
#[derive(Debug, Clone)]
pub(crate) struct Shelf<T> {
    slots: Vec<Option<T>>,
    by_key: HashMap<String, usize>,
    live_by_block: Vec<usize>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), by_key: HashMap::new(), live_by_block: Vec::new() }
    }
}

impl<T: Keyed> Shelf<T> {
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// One past the last slot ever used.
    pub(crate) fn slot_count(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn slot_of(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.at(self.slot_of(key)?)
    }

    pub(crate) fn at(&self, slot: usize) -> Option<&T> {
        self.slots.get(slot)?.as_ref()
    }

    pub(crate) fn at_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// Returns the item's slot, and the item of the same key that it replaced.
    pub(crate) fn insert(&mut self, item: T) -> (usize, Option<T>) {
        if let Some(slot) = self.slot_of(item.key()) {
            return (slot, self.slots[slot].replace(item));
        }
        let slot = self.slots.len();
        self.by_key.insert(item.key().to_owned(), slot);
        self.slots.push(Some(item));
        if slot / BLOCK == self.live_by_block.len() {
            self.live_by_block.push(0);
        }
        self.live_by_block[slot / BLOCK] += 1;
        (slot, None)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        let slot = self.by_key.remove(key)?;
        self.live_by_block[slot / BLOCK] -= 1;
        self.slots[slot].take()
    }

    /// Items from the last inserted to the first, without the first `skip` of them.
    pub(crate) fn newest_first(&self, skip: usize) -> impl Iterator<Item = &T> {
        let mut to_skip = skip;
        let mut end = self.slots.len();
        while end > 0 {
            let block = (end - 1) / BLOCK;
            let live = self.live_by_block[block];
            if live > to_skip {
                break;
            }
            to_skip -= live;
            end = block * BLOCK;
        }
        self.slots[..end].iter().rev().flatten().skip(to_skip)
    }

    /// Items in the order of insertion from a slot on, with their slots.
    pub(crate) fn oldest_first(&self, from_slot: usize) -> impl Iterator<Item = (usize, &T)> {
        let from = from_slot.min(self.slots.len());
        self.slots[from..].iter().enumerate().filter_map(move |(index, item)| Some((from + index, item.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Keyed for String {
        fn key(&self) -> &str {
            self
        }
    }

    #[test]
    fn any_rank_is_found_after_removals() {
        let mut shelf = Shelf::default();
        for number in 0..5_000 {
            shelf.insert(format!("{number}"));
        }
        for number in (0..5_000).filter(|number| number % 3 == 0) {
            shelf.remove(&format!("{number}"));
        }
        let expected: Vec<String> =
            (0..5_000).rev().filter(|number| number % 3 != 0).map(|number| format!("{number}")).collect();
        assert_eq!(shelf.len(), expected.len());
        for skip in [0, 1, 682, 683, 1_500, 3_332, 3_333, 9_999] {
            let found: Vec<&String> = shelf.newest_first(skip).collect();
            let wanted: Vec<&String> = expected.iter().skip(skip).collect();
            assert_eq!(found, wanted, "skipping {skip}");
        }
    }

    #[test]
    fn an_item_of_the_same_key_is_replaced_in_its_place() {
        let mut shelf = Shelf::default();
        shelf.insert("a".to_owned());
        shelf.insert("b".to_owned());
        assert_eq!(shelf.insert("a".to_owned()), (0, Some("a".to_owned())));
        assert_eq!(shelf.oldest_first(0).map(|(slot, _)| slot).collect::<Vec<_>>(), [0, 1]);
    }
}
