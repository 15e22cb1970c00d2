//! An object as an answer lists it: told by its hashes, and read in full only where somebody needs it.

use std::fmt;

use bytes::Bytes;

use super::digest::{Digest, id_hash};

/// A kind of object that is kept.
pub trait Object {
    /// The id in the source.
    fn id(&self) -> &str;

    /// The digest of all that is kept of it.
    fn digest(&self) -> Digest;
}

/// One object of an answer.
#[derive(Clone)]
pub struct Listed<T> {
    id_hash: u64,
    digest: Digest,
    content: Content<T>,
}

#[derive(Clone)]
enum Content<T> {
    Read(Box<T>),
    Unread(Unread<T>),
}

/// An object that is still in the API's own text.
#[derive(Clone)]
struct Unread<T> {
    answer: Bytes,
    place: Place,
    read: fn(&Bytes, Place) -> T,
}

/// Where an answer lists an object.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Which of the items it is, from 0.
    pub index: usize,
    /// The byte where it probably begins.
    pub start: usize,
}

impl<T> Listed<T> {
    /// The object at `place` of `answer`, from where `read` reads it when somebody needs it; its hashes are known already.
    pub fn unread(id_hash: u64, digest: Digest, answer: Bytes, place: Place, read: fn(&Bytes, Place) -> T) -> Self {
        Self { id_hash, digest, content: Content::Unread(Unread { answer, place, read }) }
    }

    /// An object whose hashes are known already.
    pub fn known(id_hash: u64, digest: Digest, object: T) -> Self {
        Self { id_hash, digest, content: Content::Read(Box::new(object)) }
    }

    /// The hash of its id.
    pub fn id_hash(&self) -> u64 {
        self.id_hash
    }

    /// Its digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether nobody has read it yet.
    #[cfg(test)]
    pub(crate) fn is_unread(&self) -> bool {
        matches!(self.content, Content::Unread(..))
    }

    /// The object itself.
    pub fn read(self) -> T {
        match self.content {
            Content::Read(object) => *object,
            Content::Unread(Unread { answer, place, read }) => read(&answer, place),
        }
    }
}

impl<T: Object> From<T> for Listed<T> {
    fn from(object: T) -> Self {
        Self::known(id_hash(object.id()), object.digest(), object)
    }
}

impl<T> fmt::Debug for Listed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed").field("id_hash", &self.id_hash).field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// Two that say the same are equal.
impl<T> PartialEq for Listed<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.id_hash, self.digest) == (other.id_hash, other.digest)
    }
}
