//! Sets of ids that cost 8 bytes an id.

use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hasher},
};

/// Distinct ids, 8 bytes each.
///
/// Two ids with one hash count as one: the listing then looks incomplete, or the id looks named, and either deletes
/// nothing.
#[derive(Debug, Default)]
pub(super) struct DistinctIds(HashSet<u64, BuildHasherDefault<Hashed>>);

impl DistinctIds {
    /// Adds an id by its hash; true where it is new.
    pub(super) fn insert(&mut self, id_hash: u64) -> bool {
        self.0.insert(id_hash)
    }

    /// Adds all of `other`.
    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn count(&self) -> u64 {
        self.0.len() as u64
    }
}

/// Takes a hash as it is: to hash it once more would cost as much as the first time.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, _: &[u8]) {
        unreachable!("a u64 hashes itself by `write_u64`");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
