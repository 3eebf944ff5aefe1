//! What was done: facts, and intents of what may have been done.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::flags::Flags;
use crate::head::{Head, Seen};
use crate::model::ItemKey;
use crate::packed::{Reader, put_number};

/// An item of the source has, or had, this equal on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The equal's key on the target.
    pub target: ItemKey,
    /// The source's flags when they were last carried over.
    pub source_flags: Flags,
    /// The target's flags as they were left then.
    pub target_flags: Flags,
    /// The fingerprint's short form, to know the message again when keys fail.
    pub print: u64,
    /// Whether we put it there; what was found there and adopted is not ours.
    pub ours: bool,
    /// Where it was when it was last looked for.
    pub seen: Seen,
    /// Whether it had to be changed before the target took it.
    pub repaired: bool,
}

/// Appends may have been sent for these items: durable before the first, closed after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The first of the source's keys.
    pub first: ItemKey,
    /// The last of them.
    pub last: ItemKey,
    /// What landed has this key on the target or a higher one.
    pub next: ItemKey,
    /// They were sent again since, because nothing had landed: should it land yet, it is a twin.
    pub late: bool,
}

/// What is known of some items of a folder, by the source's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    facts: BTreeMap<ItemKey, Fact>,
    intents: Vec<Intent>,
}

/// One step of what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// What an intent announced was done, or came to nothing.
    CloseIntent(Intent),
    /// Something is known of the folder.
    Head(Box<Head>),
    /// Appends are about to be sent.
    OpenIntent(Intent),
    /// An item has its equal.
    Put {
        /// The source's key.
        key: ItemKey,
        /// Its equal.
        fact: Fact,
    },
    /// An item is forgotten.
    Remove {
        /// The source's key.
        key: ItemKey,
    },
}

/// A change as rows of bytes, for a store of keys and values. The head has the empty key.
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
    /// Remove a fact.
    Remove {
        /// The key.
        key: Vec<u8>,
    },
}

impl Facts {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is known of an item.
    pub fn get(&self, key: ItemKey) -> Option<&Fact> {
        self.facts.get(&key)
    }

    /// All facts, in the order of the source's keys.
    pub fn iter(&self) -> impl Iterator<Item = (ItemKey, &Fact)> {
        self.facts.iter().map(|(&key, fact)| (key, fact))
    }

    /// Whether there is no fact.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Adds a fact.
    pub fn put(&mut self, key: ItemKey, fact: Fact) {
        self.facts.insert(key, fact);
    }

    /// Adds an open intent.
    pub fn open(&mut self, intent: Intent) {
        self.intents.push(intent);
    }

    /// From which key of the target on an item may have landed unseen, if it may.
    pub fn doubt(&self, key: ItemKey) -> Option<ItemKey> {
        let open = self.intents.iter().filter(|intent| intent.covers(key));
        open.map(|intent| intent.next).min()
    }
}

impl Change {
    /// The change as a row.
    pub fn row(&self) -> Row {
        match self {
            Self::CloseIntent(intent) => Row::CloseIntent { key: intent.first.to_bytes() },
            Self::Head(head) => {
                let (source, target) = head.to_bytes();
                Row::Put { key: Vec::new(), source, target }
            }
            Self::OpenIntent(intent) => {
                Row::OpenIntent { key: intent.first.to_bytes(), detail: intent.to_bytes() }
            }
            Self::Put { key, fact } => {
                let (source, target) = fact.to_bytes();
                Row::Put { key: key.to_bytes(), source, target }
            }
            Self::Remove { key } => Row::Remove { key: key.to_bytes() },
        }
    }
}

impl Fact {
    /// Reads the row of a fact.
    pub fn from_row(key: &[u8], source: &[u8], target: &[u8]) -> Result<(ItemKey, Self), Error> {
        let fact = ItemKey::from_bytes(key).zip(Self::read(source, target));
        fact.ok_or_else(|| Error::memory(format!("the fact of key {} cannot be read", key.escape_ascii())))
    }

    /// Source's part: fingerprint, flags. Target's part: marks, key, and flags where they are not the source's.
    fn to_bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let mut source = self.print.to_be_bytes().to_vec();
        source.extend(self.source_flags.to_packed());
        let same = self.source_flags == self.target_flags;
        let mut target = vec![
            u8::from(self.ours) | u8::from(same) << 1 | (self.seen as u8) << 2 | u8::from(self.repaired) << 4,
        ];
        put_number(&mut target, self.target.0);
        if !same {
            target.extend(self.target_flags.to_packed());
        }
        (source, target)
    }

    fn read(source: &[u8], target: &[u8]) -> Option<Self> {
        let (print, source_flags) = source.split_first_chunk::<8>()?;
        let source_flags = Flags::from_packed(source_flags)?;
        let mut to = Reader(target);
        let marks = to.byte()?;
        let target = ItemKey(to.number()?);
        let target_flags = if marks & 2 == 2 { source_flags.clone() } else { Flags::from_packed(to.0)? };
        let seen = match marks >> 2 & 3 {
            0 => Seen::Both,
            1 => Seen::Source,
            _ => Seen::Target,
        };
        let (print, ours, repaired) = (u64::from_be_bytes(*print), marks & 1 == 1, marks & 16 == 16);
        Some(Self { target, source_flags, target_flags, print, ours, seen, repaired })
    }
}

impl Intent {
    /// Whether it is about an item.
    pub fn covers(&self, key: ItemKey) -> bool {
        self.first <= key && key <= self.last
    }

    /// Reads the row of an intent.
    pub fn from_row(key: &[u8], detail: &[u8]) -> Result<Self, Error> {
        let read = || {
            let mut detail = Reader(detail);
            let (first, last) = (ItemKey::from_bytes(key)?, ItemKey(detail.number()?));
            let next = ItemKey(detail.number()?);
            Some(Self { first, last, next, late: detail.byte().is_some() })
        };
        read()
            .ok_or_else(|| Error::memory(format!("the intent of key {} cannot be read", key.escape_ascii())))
    }

    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_number(&mut bytes, self.last.0);
        put_number(&mut bytes, self.next.0);
        if self.late {
            bytes.push(1);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flags() -> impl Strategy<Value = Flags> {
        prop::collection::btree_set("[a-z$]{1,4}|\\\\Seen|\\\\Odd", 0..3)
            .prop_map(|names| names.iter().map(String::as_str).collect())
    }

    prop_compose! {
        fn fact()(target: u64, source_flags in flags(), target_flags in flags(), print: u64, ours: bool, seen in 0..3, repaired: bool,
        ) -> Fact {
            let seen = [Seen::Both, Seen::Source, Seen::Target][seen as usize];
            Fact { target: ItemKey(target), source_flags, target_flags, print, ours, seen, repaired }
        }
    }

    proptest! {
        #[test]
        fn facts_survive_a_store_of_rows(key: u64, fact in fact(), intent: [u64; 3]) {
            let key = ItemKey(key);
            let row = Change::Put { key, fact: fact.clone() }.row();
            let Row::Put { key: bytes, source, target } = row else { panic!("a fact is put") };
            prop_assert_eq!(Fact::from_row(&bytes, &source, &target).unwrap(), (key, fact));
            let [first, last, next] = intent.map(ItemKey);
            let intent = Intent { first, last, next, late: first.0 % 2 == 0 };
            let Row::OpenIntent { key, detail } = Change::OpenIntent(intent).row() else { panic!("an intent") };
            prop_assert_eq!(Intent::from_row(&key, &detail).unwrap(), intent);
        }

        #[test]
        fn f1_any_bytes(key: Vec<u8>, source: Vec<u8>, target: Vec<u8>) {
            let _ = (Fact::from_row(&key, &source, &target), Intent::from_row(&key, &source));
        }
    }

    #[test]
    fn a_head_is_the_row_with_the_empty_key() {
        let head = Head::default();
        let (source, target) = head.to_bytes();
        assert_eq!(Change::Head(Box::new(head)).row(), Row::Put { key: Vec::new(), source, target });
    }

    #[test]
    fn a_fact_is_small() {
        let seen: Flags = ["\\Seen"].into_iter().collect();
        let fact = Fact {
            target: ItemKey(70_000),
            source_flags: seen.clone(),
            target_flags: seen,
            print: 7,
            ours: true,
            seen: Seen::Both,
            repaired: false,
        };
        let (source, target) = fact.to_bytes();
        assert!(ItemKey(70_000).to_bytes().len() + source.len() + target.len() <= 20);
    }

    #[test]
    fn an_item_is_in_doubt_while_an_intent_covers_it() {
        let mut facts = Facts::new();
        facts.open(Intent { first: ItemKey(3), last: ItemKey(5), next: ItemKey(9), late: false });
        let doubts: Vec<_> = (2..7).map(|key| facts.doubt(ItemKey(key)).is_some()).collect();
        assert_eq!(doubts, [false, true, true, true, false]);
        facts.open(Intent { first: ItemKey(5), last: ItemKey(5), next: ItemKey(8), late: false });
        assert_eq!((facts.doubt(ItemKey(4)), facts.doubt(ItemKey(5))), (Some(ItemKey(9)), Some(ItemKey(8))));
    }
}
