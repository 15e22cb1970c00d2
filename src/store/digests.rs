//! The digests that the database holds: an object of one of them is unchanged and costs nothing more.

use std::hint::black_box;

/// The digests that the database holds of one target, and which of them were seen: about 10 bytes a row.
#[derive(Debug, Default)]
pub(super) struct DigestSet {
    digests: Vec<i64>,
    /// Where the digests of each bucket begin, and where the last bucket ends.
    starts: Vec<u32>,
    /// How far a digest is shifted to be the number of its bucket.
    shift: u32,
    seen: Vec<u64>,
    /// How many of the seen ones were seen to have been replaced.
    replaced_count: u64,
}

/// Digests of a bucket, on average. They are spread evenly, so that one is found within two lines of the processor's
/// cache; a binary search of a million took more time than all else that is done with an unchanged object.
const BUCKET_SIZE: usize = 2;

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
        Self { digests, starts, shift, seen, replaced_count: 0 }
    }

    /// Marks a digest as seen; false where the database does not hold it.
    pub(super) fn mark(&mut self, digest: i64) -> bool {
        self.see(digest).is_some()
    }

    /// Marks the digest of an object that was seen, but is no longer what the digest says.
    pub(super) fn mark_replaced(&mut self, digest: i64) {
        self.replaced_count += u64::from(self.see(digest) == Some(true));
    }

    /// Whether a digest is seen for the first time; `None` where the database does not hold it.
    fn see(&mut self, digest: i64) -> Option<bool> {
        let [start, end] = self.starts.get(bucket(digest, self.shift)..).and_then(<[u32]>::first_chunk)?;
        let (start, end) = (*start as usize, *end as usize);
        let index = start + self.digests[start..end].iter().position(|held| *held == digest)?;
        let (word, bit) = (&mut self.seen[index / 64], 1 << (index % 64));
        let is_first = *word & bit == 0;
        *word |= bit;
        Some(is_first)
    }

    /// Looks at the places of digests that are about to be marked. One by one each look would wait for the memory; at
    /// once they wait together.
    pub(super) fn look_ahead(&self, digests: impl Iterator<Item = i64>) {
        let looked = digests.fold(0, |seen, digest| {
            let start = self.starts.get(bucket(digest, self.shift)).copied().unwrap_or_default();
            seen ^ self.digests.get(start as usize).copied().unwrap_or_default()
        });
        black_box(looked);
    }

    pub(super) fn forget_seen(&mut self) {
        self.seen.fill(0);
        self.replaced_count = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.digests.len()
    }

    /// How many were seen, and not seen to have been replaced.
    pub(super) fn unchanged_count(&self) -> u64 {
        self.seen.iter().map(|word| u64::from(word.count_ones())).sum::<u64>() - self.replaced_count
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
        assert_eq!(set.unchanged_count(), 3);
        set.mark_replaced(1);
        set.mark_replaced(1);
        set.mark_replaced(0);
        set.mark_replaced(131);
        assert_eq!((set.unchanged_count(), set.unseen().len()), (3, 126));
        assert!(!set.unseen().contains(&64));
        set.forget_seen();
        assert_eq!((set.unchanged_count(), set.unseen().len()), (0, set.len()));
    }
}
