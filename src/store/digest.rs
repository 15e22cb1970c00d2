//! Digests of objects: an object whose digest the database holds is unchanged and costs nothing more.

use serde_json::{Map, Value};
use xxhash_rust::xxh3::Xxh3;

/// Builds the digest of one object from its fields, ids included.
///
/// Stored with each row; when the fields or their order change, so does every digest, and the next
/// scan compares the rows themselves and refreshes the digests without opening versions.
#[derive(Default)]
pub(super) struct DigestBuilder {
    hash: Xxh3,
    size_bytes: usize,
}

/// The digest of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    /// The digest as PostgreSQL keeps it.
    pub(super) value: i64,
    /// The bytes that it was made of: what the object weighs, roughly.
    pub(super) size_bytes: usize,
}

impl DigestBuilder {
    pub(super) fn text(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(text) => {
                // The length keeps "ab" + "c" apart from "a" + "bc".
                self.add(&(text.len() as u64 + 1).to_le_bytes()).add(text.as_bytes())
            }
            None => self.add(&0u64.to_le_bytes()),
        }
    }

    pub(super) fn number(&mut self, value: Option<i64>) -> &mut Self {
        self.add(&[u8::from(value.is_some())]).add(&value.unwrap_or(0).to_le_bytes())
    }

    pub(super) fn extra(&mut self, extra: &Map<String, Value>) -> &mut Self {
        if extra.is_empty() { self.text(None) } else { self.text(Some(&Value::from(extra.clone()).to_string())) }
    }

    pub(super) fn finish(&self) -> Digest {
        Digest { value: self.hash.digest().cast_signed(), size_bytes: self.size_bytes }
    }

    fn add(&mut self, bytes: &[u8]) -> &mut Self {
        self.hash.update(bytes);
        self.size_bytes += bytes.len();
        self
    }
}

/// The digests that the database holds of one target, and which of them were seen: about 9 bytes a row.
#[derive(Debug, Default)]
pub(super) struct DigestSet {
    digests: Vec<i64>,
    /// Where the digests of each bucket begin, and where the last bucket ends.
    starts: Vec<u32>,
    /// How far a digest is shifted to be the number of its bucket.
    shift: u32,
    seen: Vec<u64>,
}

/// Digests of a bucket, on average. They are spread evenly, so that one is found within two lines of the processor's
/// cache; a binary search of a million took more time than all that is done with an unchanged object besides.
const BUCKET_SIZE: usize = 8;

impl DigestSet {
    pub(super) fn new(mut digests: Vec<i64>) -> Self {
        digests.sort_unstable();
        let seen = vec![0; digests.len().div_ceil(64)];
        let bucket_bits = (digests.len() / BUCKET_SIZE).max(2).next_power_of_two().ilog2();
        let shift = u64::BITS - bucket_bits;
        let mut starts = Vec::with_capacity((1 << bucket_bits) + 1);
        for (index, digest) in digests.iter().enumerate() {
            while starts.len() <= bucket(*digest, shift) {
                starts.push(place(index));
            }
        }
        starts.resize((1 << bucket_bits) + 1, place(digests.len()));
        Self { digests, starts, shift, seen }
    }

    /// Marks a digest as seen; false where the database does not hold it.
    pub(super) fn mark(&mut self, digest: i64) -> bool {
        let Some([start, end]) = self.starts.get(bucket(digest, self.shift)..).and_then(<[u32]>::first_chunk) else {
            return false;
        };
        let (start, end) = (*start as usize, *end as usize);
        match self.digests[start..end].iter().position(|held| *held == digest) {
            Some(offset) => {
                let index = start + offset;
                self.seen[index / 64] |= 1 << (index % 64);
                true
            }
            None => false,
        }
    }

    pub(super) fn forget_seen(&mut self) {
        self.seen.fill(0);
    }

    pub(super) fn len(&self) -> usize {
        self.digests.len()
    }

    pub(super) fn seen_count(&self) -> u64 {
        self.seen.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The digests that no observation named.
    pub(super) fn unseen(&self) -> Vec<i64> {
        self.digests
            .iter()
            .enumerate()
            .filter(|(index, _)| self.seen[index / 64] & (1 << (index % 64)) == 0)
            .map(|(_, digest)| *digest)
            .collect()
    }
}

fn place(index: usize) -> u32 {
    u32::try_from(index).expect("no target has four thousand million objects")
}

/// The leading bits of a digest, in the order of signed numbers.
fn bucket(digest: i64, shift: u32) -> usize {
    let from_zero = digest.cast_unsigned() ^ (1 << 63);
    usize::try_from(from_zero.checked_shr(shift).unwrap_or(0)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_tells_fields_apart_that_join_to_the_same_text() {
        let digest = |a, b| DigestBuilder::default().text(a).text(b).finish();
        assert_ne!(digest(Some("ab"), Some("c")), digest(Some("a"), Some("bc")));
        assert_ne!(digest(Some(""), None), digest(None, Some("")));
        assert_eq!(digest(Some("a"), None), digest(Some("a"), None));
    }

    #[test]
    fn a_digest_is_the_same_on_every_machine_and_in_every_release() {
        let digest = DigestBuilder::default().text(Some("at-1")).number(Some(5)).number(None).finish();
        assert_eq!(
            digest.value, -8_989_632_987_859_767_645,
            "digests are stored: changing them rewrites every row's digest once"
        );
    }

    #[test]
    fn every_digest_is_found_however_they_are_spread() {
        let spread = |factor: i64| (-500..500).map(|number: i64| number.wrapping_mul(factor)).collect::<Vec<_>>();
        for digests in [spread(1), spread(i64::MAX / 500), spread(0x9E37_79B9_7F4A_7C15_u64.cast_signed()), vec![7]] {
            let mut set = DigestSet::new(digests.clone());
            assert!(digests.iter().all(|digest| set.mark(*digest)));
            assert!(set.unseen().is_empty());
            assert!(digests.iter().all(|digest| digests.contains(&(digest ^ 1)) || !set.mark(digest ^ 1)));
        }
        assert!(![i64::MIN, -1, 0, i64::MAX].into_iter().any(|digest| DigestSet::new(Vec::new()).mark(digest)));
        assert!(![i64::MIN, -1, 0, i64::MAX].into_iter().any(|digest| DigestSet::default().mark(digest)));
    }

    #[test]
    fn unseen_digests_are_those_that_were_not_marked() {
        let mut set = DigestSet::new((0..130).collect());
        assert!(set.mark(0) && set.mark(64) && set.mark(129) && !set.mark(130));
        assert_eq!(set.seen_count(), 3);
        assert_eq!(set.unseen().len(), 127);
        assert!(!set.unseen().contains(&64));
        set.forget_seen();
        assert_eq!(set.unseen().len(), set.len());
    }
}
