//! What one side holds, and what we know to have placed there.

use crate::digest::Digest;
use crate::place::Place;
use std::collections::BTreeMap;
use std::fmt;

/// The identity of a contact: its UID without a leading `urn:uuid:`, in lower case where it is a UUID, because
/// address-book servers add and drop that prefix.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key(String);

impl Key {
    /// The key of a card with this UID.
    pub fn of_uid(uid: &str) -> Self {
        let bare = match uid.get(..9) {
            Some(prefix) if prefix.eq_ignore_ascii_case("urn:uuid:") => &uid[9..],
            _ => uid,
        };
        Self(if is_uuid(bare) { bare.to_ascii_lowercase() } else { bare.to_owned() })
    }

    /// The key as it goes into a journal.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    /// The key as it came out of a journal.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().map(|text| Self(text.to_owned()))
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One contact as a listing shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Item {
    /// Digest of its content.
    pub digest: Digest,
    /// Where it was seen.
    pub place: Place,
    /// The contact's name, for people.
    pub name: String,
}

/// Everything on one side, by identity.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Listing(BTreeMap<Key, Item>);

impl Listing {
    /// An empty listing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an item and returns the one that had its key.
    pub fn insert(&mut self, key: Key, item: Item) -> Option<Item> {
        self.0.insert(key, item)
    }

    /// Takes an item out.
    pub fn remove(&mut self, key: &Key) -> Option<Item> {
        self.0.remove(key)
    }

    /// The item of a key.
    pub fn get(&self, key: &Key) -> Option<&Item> {
        self.0.get(key)
    }

    /// All items in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Item)> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What we placed: the source item's digest then, and the target item's as it was then.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fact {
    /// The source's content when it was placed.
    pub source: Digest,
    /// The target's content after it was placed.
    pub target: Digest,
}

/// Everything we know to have placed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts(BTreeMap<Key, Fact>);

impl Facts {
    /// No facts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fact and returns the one it replaces.
    pub fn insert(&mut self, key: Key, fact: Fact) -> Option<Fact> {
        self.0.insert(key, fact)
    }

    /// Takes a fact out.
    pub fn remove(&mut self, key: &Key) -> Option<Fact> {
        self.0.remove(key)
    }

    /// The fact of a key.
    pub fn get(&self, key: &Key) -> Option<&Fact> {
        self.0.get(key)
    }

    /// All facts in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Fact)> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_one_identity_in_all_its_spellings() {
        let plain = Key::of_uid("f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
        assert_eq!(plain, Key::of_uid("urn:uuid:F81D4FAE-7dec-11d0-a765-00a0c91e6bf6"));
        assert_ne!(Key::of_uid("anna@example.com"), Key::of_uid("Anna@example.com"));
        assert_eq!(Key::from_bytes(&plain.to_bytes()), Some(plain));
        assert_eq!(Key::from_bytes(b"\xff"), None);
    }
}
