//! What one side holds, and what is remembered of earlier runs.

use std::collections::BTreeMap;

use crate::digest::{Digest, Key};
use crate::place::Place;

/// What one side holds of one object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Item {
    /// What the object holds, as [`crate::Object::digest`] tells it.
    pub digest: Digest,
    /// Where it was read.
    pub place: Place,
    /// Its summary, for people.
    pub summary: String,
}

/// What one side holds: its items by key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Listing {
    items: BTreeMap<Key, Item>,
}

impl Listing {
    /// A side that holds nothing.
    pub fn new() -> Listing {
        Listing::default()
    }

    /// Puts an item in; gives back the one that had this key.
    pub fn insert(&mut self, key: Key, item: Item) -> Option<Item> {
        self.items.insert(key, item)
    }

    /// Takes an item out.
    pub fn remove(&mut self, key: &Key) -> Option<Item> {
        self.items.remove(key)
    }

    /// The item of a key.
    pub fn get(&self, key: &Key) -> Option<&Item> {
        self.items.get(key)
    }

    /// All items in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Item)> {
        self.items.iter()
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl FromIterator<(Key, Item)> for Listing {
    fn from_iter<I: IntoIterator<Item = (Key, Item)>>(items: I) -> Listing {
        Listing { items: items.into_iter().collect() }
    }
}

/// What we placed once: the source item as it was then, and what the target made of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fact {
    /// The digest of the source item then.
    pub source: Digest,
    /// The digest of the target item as it was then.
    pub target: Digest,
}

/// What is remembered of earlier runs: a fact for each item that we placed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts(BTreeMap<Key, Fact>);

impl Facts {
    /// Nothing remembered.
    pub fn new() -> Facts {
        Facts::default()
    }

    /// Remembers a fact; gives back the one it replaces.
    pub fn insert(&mut self, key: Key, fact: Fact) -> Option<Fact> {
        self.0.insert(key, fact)
    }

    /// Forgets a fact.
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

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a change in, as [`crate::Apply::finish`] gives it.
    pub fn apply(&mut self, change: FactChange) {
        match change {
            FactChange::Put(key, fact) => drop(self.insert(key, fact)),
            FactChange::Remove(key) => drop(self.remove(&key)),
        }
    }
}

impl FromIterator<(Key, Fact)> for Facts {
    fn from_iter<I: IntoIterator<Item = (Key, Fact)>>(facts: I) -> Facts {
        Facts(facts.into_iter().collect())
    }
}

/// A change of what is remembered, to be made durable.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FactChange {
    /// Remember this of that item.
    Put(Key, Fact),
    /// Forget that item.
    Remove(Key),
}
