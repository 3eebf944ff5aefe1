//! What one side holds ([`Listing`]) and what we once placed there ([`Facts`]), both by [`Key`].

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::digest::Digest;
use crate::entry::{Attribute, Entry};
use crate::error::Place;

/// What an item is, ordered so that whatever depends on another comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A class of service.
    Class,
    /// A domain.
    Domain,
    /// Another name of a domain.
    AliasDomain,
    /// An account.
    Account,
    /// A calendar resource.
    Resource,
    /// A second address.
    Alias,
    /// A distribution list.
    List,
    /// Any other entry that is kept as it is, by its DN: signatures, identities, dynamic lists.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Class => "class",
            Self::Domain => "domain",
            Self::AliasDomain => "alias domain",
            Self::Account => "account",
            Self::Resource => "resource",
            Self::Alias => "alias",
            Self::List => "list",
            Self::Other => "entry",
        })
    }
}

/// The identity of an item: what it is and its name or address. Displays as `account anna@example.com`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Key {
    kind: Kind,
    name: String,
}

impl Key {
    /// The key of a name or address, whose case does not matter.
    pub fn new(kind: Kind, name: &str) -> Self {
        Self { kind, name: name.to_lowercase() }
    }

    /// What the item is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name or address, in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key to keep elsewhere.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![tag(self.kind)];
        bytes.extend_from_slice(self.name.as_bytes());
        bytes
    }

    /// A key that was kept elsewhere.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (first, name) = bytes.split_first()?;
        let kind = KINDS.into_iter().find(|kind| tag(*kind) == *first)?;
        let name = std::str::from_utf8(name).ok()?;
        let key = Self::new(kind, name);
        (key.name == name).then_some(key)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// One item of a listing: its entry, where it is, and the digest by which it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The entry.
    pub entry: Entry,
    /// Where it was read.
    pub place: Place,
    /// The digest of the entry's canonical form.
    pub digest: Digest,
}

impl Item {
    /// An item with the digest of its entry: of the name and the values, each attribute's name in lower case, sorted.
    pub fn new(entry: Entry, place: Place) -> Self {
        let digest = digest_of(&entry.dn, &entry.attributes);
        Self { entry, place, digest }
    }
}

/// What one side holds, in key order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing(BTreeMap<Key, Item>);

impl Listing {
    /// An empty listing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an item in and gives back the one it replaces.
    pub fn insert(&mut self, key: Key, item: Item) -> Option<Item> {
        self.0.insert(key, item)
    }

    /// The item with this key.
    pub fn get(&self, key: &Key) -> Option<&Item> {
        self.0.get(key)
    }

    /// Takes an item out.
    pub fn remove(&mut self, key: &Key) -> Option<Item> {
        self.0.remove(key)
    }

    /// Takes what has changed since this listing was made: items new or different, and the keys of those that are gone.
    pub fn update<'a>(&mut self, changed: Self, gone: impl IntoIterator<Item = &'a Key>) {
        self.0.extend(changed.0);
        for key in gone {
            self.0.remove(key);
        }
    }

    /// All items in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Item)> {
        self.0.iter()
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Key, Item)> for Listing {
    fn from_iter<I: IntoIterator<Item = (Key, Item)>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

/// What we placed: the digests of the source item then and of the target item as it was then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fact {
    /// The source item then.
    pub source: Digest,
    /// The target item then.
    pub target: Digest,
}

/// Everything that we placed, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<Key, Fact>);

impl Facts {
    /// No facts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a fact in and gives back the one it replaces.
    pub fn insert(&mut self, key: Key, fact: Fact) -> Option<Fact> {
        self.0.insert(key, fact)
    }

    /// Takes a fact out.
    pub fn remove(&mut self, key: &Key) -> Option<Fact> {
        self.0.remove(key)
    }

    /// The fact of this key.
    pub fn get(&self, key: &Key) -> Option<&Fact> {
        self.0.get(key)
    }

    /// All facts in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Fact)> {
        self.0.iter()
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Key, Fact)> for Facts {
    fn from_iter<I: IntoIterator<Item = (Key, Fact)>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

/// Every part is preceded by its length, so that no two entries run together into the same bytes.
pub(crate) fn digest_of(dn: &str, attributes: &[Attribute]) -> Digest {
    let mut values: Vec<(String, &[u8])> = attributes
        .iter()
        .map(|attribute| (attribute.description.folded(), attribute.value.as_slice()))
        .collect();
    values.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(dn.as_bytes());
    for (name, value) in values {
        part(name.as_bytes());
        part(value);
    }
    Digest::cut(&hasher.finalize())
}

/// The first byte of a kept key. These numbers are written to journals: never change one.
fn tag(kind: Kind) -> u8 {
    match kind {
        Kind::Class => 1,
        Kind::Domain => 2,
        Kind::AliasDomain => 3,
        Kind::Account => 4,
        Kind::Resource => 5,
        Kind::Alias => 6,
        Kind::List => 7,
        Kind::Other => 8,
    }
}

const KINDS: [Kind; 8] = [
    Kind::Class,
    Kind::Domain,
    Kind::AliasDomain,
    Kind::Account,
    Kind::Resource,
    Kind::Alias,
    Kind::List,
    Kind::Other,
];
