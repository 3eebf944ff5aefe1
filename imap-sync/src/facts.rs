//! What was done: facts, and intents of what may have been done.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::error::Error;
use crate::flags::Flags;
use crate::model::{ItemKey, Validity};

/// What is known of a folder as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Under which the keys of the source were noted.
    pub source: Validity,
    /// Under which the keys of the target were noted.
    pub target: Validity,
    /// Whether the folder was subscribed to on the target for the source's sake.
    pub subscribed: bool,
}

/// An item of the source has this equal on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The equal's key on the target.
    pub target: ItemKey,
    /// The source's flags when they were last carried over.
    pub source_flags: Flags,
    /// The target's flags as they were left then.
    pub target_flags: Flags,
    /// Of the message, to know it again when keys fail.
    pub fingerprint: Digest,
    /// Whether we put it there; what was found there and adopted is not ours.
    pub ours: bool,
}

/// An append may have been sent: durable before it, settled after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// If it landed, then under this key or a higher one.
    pub next: ItemKey,
    /// The message's size.
    pub size: u64,
    /// Its INTERNALDATE, in seconds of the Unix epoch.
    pub date: i64,
}

/// All that is known of a folder, by the source's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What is known of the folder itself; `None` before anything was done.
    pub head: Option<Head>,
    facts: BTreeMap<ItemKey, Fact>,
    intents: BTreeMap<ItemKey, Intent>,
}

/// One step of what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An intent came to nothing.
    CloseIntent {
        /// The source's key.
        key: ItemKey,
    },
    /// Something is known of the folder.
    Head(Head),
    /// An append is about to be sent.
    OpenIntent {
        /// The source's key.
        key: ItemKey,
        /// How to find it, should it land unseen.
        intent: Intent,
    },
    /// An item has its equal. Settles an open intent of the same key.
    Put {
        /// The source's key.
        key: ItemKey,
        /// Its equal.
        fact: Fact,
    },
    /// An item is forgotten, and with it an open intent.
    Remove {
        /// The source's key.
        key: ItemKey,
    },
}

/// A change as rows of bytes, for a store of keys and values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Remove the intent of this key.
    CloseIntent {
        /// The key.
        key: Vec<u8>,
    },
    /// Keep an intent.
    OpenIntent {
        /// The key.
        key: Vec<u8>,
        /// All of the intent.
        detail: Vec<u8>,
    },
    /// Keep a fact, replacing that of the same key.
    Put {
        /// The key.
        key: Vec<u8>,
        /// The source's part.
        source: Vec<u8>,
        /// The target's part.
        target: Vec<u8>,
    },
    /// Remove the fact of this key.
    Remove {
        /// The key.
        key: Vec<u8>,
    },
}

impl Head {
    /// Whether the folder was made, or found, on the target; mere parents are only subscribed to.
    pub(crate) fn was_there(&self) -> bool {
        self.target != Validity::default()
    }
}

impl Facts {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// The fact of a source's key.
    pub fn get(&self, key: ItemKey) -> Option<&Fact> {
        self.facts.get(&key)
    }

    /// In the order of the source's keys.
    pub fn iter(&self) -> impl Iterator<Item = (ItemKey, &Fact)> {
        self.facts.iter().map(|(&key, fact)| (key, fact))
    }

    /// How many items have an equal.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether nothing was done.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.intents.is_empty()
    }

    /// The open intent of a source's key.
    pub fn intent(&self, key: ItemKey) -> Option<&Intent> {
        self.intents.get(&key)
    }

    /// The open intents, in the order of the source's keys.
    pub fn intents(&self) -> impl Iterator<Item = (ItemKey, &Intent)> {
        self.intents.iter().map(|(&key, intent)| (key, intent))
    }

    /// Does one step.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::CloseIntent { key } => {
                self.intents.remove(&key);
            }
            Change::Head(head) => self.head = Some(head),
            Change::OpenIntent { key, intent } => {
                self.intents.insert(key, intent);
            }
            Change::Put { key, fact } => {
                self.intents.remove(&key);
                self.facts.insert(key, fact);
            }
            Change::Remove { key } => {
                self.intents.remove(&key);
                self.facts.remove(&key);
            }
        }
    }

    /// The facts as far as they hold under these validities, and the changes that make it so. When keys have lost
    /// their meaning on either side all pairs go; equals are then found again by fingerprint.
    pub fn under(&self, source: Validity, target: Validity) -> (Self, Vec<Change>) {
        let head = match self.head {
            Some(head) if (head.source, head.target) == (source, target) => {
                return (self.clone(), Vec::new());
            }
            Some(head) => Head { source, target, ..head },
            None => Head { source, target, subscribed: false },
        };
        let keys = self.facts.keys().chain(self.intents.keys());
        let mut changes: Vec<Change> = keys.map(|&key| Change::Remove { key }).collect();
        changes.push(Change::Head(head));
        (Self { head: Some(head), ..Self::default() }, changes)
    }

    /// Reads back what `Change::rows` gave: facts as (key, source, target), intents as (key, detail).
    pub fn from_rows(
        facts: impl IntoIterator<Item = (Vec<u8>, Vec<u8>, Vec<u8>)>,
        intents: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
    ) -> Result<Self, Error> {
        let mut all = Self::new();
        for (key, source, target) in facts {
            all.read_fact(&key, &source, &target).ok_or_else(|| unreadable("fact", &key))?;
        }
        for (key, detail) in intents {
            let read = ItemKey::from_bytes(&key).zip(Intent::from_bytes(&detail));
            let (key, intent) = read.ok_or_else(|| unreadable("intent", &key))?;
            all.intents.insert(key, intent);
        }
        Ok(all)
    }

    fn read_fact(&mut self, key: &[u8], source: &[u8], target: &[u8]) -> Option<()> {
        if key.is_empty() {
            self.head = Some(Head::from_bytes(source, target)?);
        } else {
            self.facts.insert(ItemKey::from_bytes(key)?, Fact::from_bytes(source, target)?);
        }
        Some(())
    }
}

impl Change {
    /// The change as rows.
    pub fn rows(&self) -> Vec<Row> {
        match self {
            Self::CloseIntent { key } => vec![Row::CloseIntent { key: key.to_bytes() }],
            Self::Head(head) => {
                let (source, target) = head.to_bytes();
                vec![Row::Put { key: Vec::new(), source, target }]
            }
            Self::OpenIntent { key, intent } => {
                vec![Row::OpenIntent { key: key.to_bytes(), detail: intent.to_bytes() }]
            }
            Self::Put { key, fact } => {
                let ((source, target), key) = (fact.to_bytes(), key.to_bytes());
                vec![Row::CloseIntent { key: key.clone() }, Row::Put { key, source, target }]
            }
            Self::Remove { key } => {
                let key = key.to_bytes();
                vec![Row::CloseIntent { key: key.clone() }, Row::Remove { key }]
            }
        }
    }
}

impl Head {
    fn to_bytes(self) -> (Vec<u8>, Vec<u8>) {
        let mut target = vec![u8::from(self.subscribed)];
        target.extend(self.target.0.to_be_bytes());
        (self.source.0.to_be_bytes().to_vec(), target)
    }

    fn from_bytes(source: &[u8], target: &[u8]) -> Option<Self> {
        let (&subscribed, target) = target.split_first()?;
        let validity = |bytes: &[u8]| Some(Validity(u64::from_be_bytes(bytes.try_into().ok()?)));
        Some(Self { source: validity(source)?, target: validity(target)?, subscribed: subscribed == 1 })
    }
}

impl Fact {
    /// Source's part: fingerprint, flags. Target's part: ours or not, key, and flags where they are not the source's.
    fn to_bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let mut source = self.fingerprint.as_bytes().to_vec();
        source.extend(self.source_flags.to_bytes());
        let same = self.source_flags == self.target_flags;
        let mut target = vec![u8::from(self.ours) | u8::from(same) << 1];
        target.extend(self.target.to_bytes());
        if !same {
            target.extend(self.target_flags.to_bytes());
        }
        (source, target)
    }

    fn from_bytes(source: &[u8], target: &[u8]) -> Option<Self> {
        let (fingerprint, source_flags) = source.split_first_chunk::<16>()?;
        let source_flags = Flags::from_bytes(source_flags);
        let (&marks, target) = target.split_first()?;
        let (key, flags) = target.split_at_checked(1 + usize::from(*target.first()?))?;
        let target_flags = if marks & 2 == 2 { source_flags.clone() } else { Flags::from_bytes(flags) };
        Some(Self {
            target: ItemKey::from_bytes(key)?,
            source_flags,
            target_flags,
            fingerprint: Digest::from_bytes(*fingerprint),
            ours: marks & 1 == 1,
        })
    }
}

impl Intent {
    fn to_bytes(&self) -> Vec<u8> {
        [self.next.0.to_be_bytes(), self.size.to_be_bytes(), self.date.to_be_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (next, rest) = bytes.split_first_chunk::<8>()?;
        let (size, rest) = rest.split_first_chunk::<8>()?;
        let date = i64::from_be_bytes(rest.try_into().ok()?);
        Some(Self { next: ItemKey(u64::from_be_bytes(*next)), size: u64::from_be_bytes(*size), date })
    }
}

fn unreadable(what: &str, key: &[u8]) -> Error {
    Error::memory(format!("the {what} of key {} cannot be read", key.escape_ascii()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flags() -> impl Strategy<Value = Flags> {
        prop::collection::btree_set("[a-z$]{1,4}|\\\\Seen", 0..3)
            .prop_map(|names| names.iter().map(String::as_str).collect())
    }

    prop_compose! {
        fn fact()(target: u64, source_flags in flags(), target_flags in flags(), print: [u8; 16], ours: bool) -> Fact {
            let (target, fingerprint) = (ItemKey(target), Digest::from_bytes(print));
            Fact { target, source_flags, target_flags, fingerprint, ours }
        }
    }

    fn change() -> impl Strategy<Value = Change> {
        let key = || (0u64..20).prop_map(ItemKey);
        prop_oneof![
            key().prop_map(|key| Change::CloseIntent { key }),
            (any::<(u64, u64, bool)>()).prop_map(|(source, target, subscribed)| {
                Change::Head(Head { source: Validity(source), target: Validity(target), subscribed })
            }),
            (key(), any::<(u64, u64, i64)>()).prop_map(|(key, (next, size, date))| {
                Change::OpenIntent { key, intent: Intent { next: ItemKey(next), size, date } }
            }),
            (key(), fact()).prop_map(|(key, fact)| Change::Put { key, fact }),
            key().prop_map(|key| Change::Remove { key }),
        ]
    }

    proptest! {
        #[test]
        fn facts_survive_a_store_of_rows(changes in prop::collection::vec(change(), 0..40)) {
            let (mut facts, mut intents, mut model) = (BTreeMap::new(), BTreeMap::new(), Facts::new());
            for change in changes {
                for row in change.rows() {
                    match row {
                        Row::CloseIntent { key } => drop(intents.remove(&key)),
                        Row::OpenIntent { key, detail } => drop(intents.insert(key, detail)),
                        Row::Put { key, source, target } => drop(facts.insert(key, (source, target))),
                        Row::Remove { key } => drop(facts.remove(&key)),
                    }
                }
                model.apply(change);
            }
            let facts = facts.into_iter().map(|(key, (source, target))| (key, source, target));
            prop_assert_eq!(Facts::from_rows(facts, intents).unwrap(), model);
        }

        #[test]
        fn f1_any_bytes(key: Vec<u8>, source: Vec<u8>, target: Vec<u8>) {
            let _ = Facts::from_rows([(key.clone(), source, target.clone())], [(key, target)]);
        }
    }

    #[test]
    fn a_fact_is_small() {
        let seen: Flags = ["\\Seen"].into_iter().collect();
        let fact = Fact {
            target: ItemKey(70_000),
            source_flags: seen.clone(),
            target_flags: seen,
            fingerprint: Digest::of(b""),
            ours: true,
        };
        let (source, target) = fact.to_bytes();
        assert!(ItemKey(70_000).to_bytes().len() + source.len() + target.len() <= 32);
    }
}
