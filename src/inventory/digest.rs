//! Digests of objects: two of one digest say the same.

use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_64;

/// The hash of an id.
pub fn id_hash(id: &str) -> u64 {
    xxh3_64(id.as_bytes())
}

/// Builds the digests of objects from their fields, ids included, one after the other.
///
/// Stored with each row; when the fields or their order change, so does every digest, and the next
/// scan compares the rows themselves and refreshes the digests without opening versions.
#[derive(Debug, Default)]
pub struct DigestBuilder {
    bytes: Vec<u8>,
}

/// The digest of all that is kept of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The digest as PostgreSQL keeps it.
    pub value: i64,
    /// The bytes that it was made of: what the object weighs, roughly.
    pub size_bytes: usize,
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

    pub(super) fn extra(&mut self, extra: Option<&Map<String, Value>>) -> &mut Self {
        let Some(extra) = extra else { return self.text(None) };
        if extra.is_empty() { self.text(None) } else { self.text(Some(&Value::from(extra.clone()).to_string())) }
    }

    /// The digest of what was added; the next object begins.
    pub(super) fn finish(&mut self) -> Digest {
        let digest = Digest { value: xxh3_64(&self.bytes).cast_signed(), size_bytes: self.bytes.len() };
        self.bytes.clear();
        digest
    }

    fn add(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }
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
}
