//! What was placed: the memory that tells a change at the source from one on the target.

use std::collections::BTreeMap;

use crate::flags::Flags;
use crate::message::State;
use crate::unique::Unique;

/// What both sides were like when a message was placed or its state carried over last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The source's state then.
    pub source: State,
    /// The target's state as it was left; less than the source's where something found no place.
    pub target: State,
}

/// The facts of one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<Unique, Fact>);

/// A change to the facts, to be kept by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactChange {
    /// The fact about this message is now this one.
    Put(Unique, Fact),
    /// Nothing is known about this message any more.
    Remove(Unique),
}

impl Fact {
    /// The two states in a few bytes each, for a journal; an empty second part says that the target equals the source.
    pub fn to_bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let target = if self.target == self.source { Vec::new() } else { write_state(&self.target) };
        (write_state(&self.source), target)
    }

    /// Whether it says the same, whatever the case of keywords.
    pub fn is_same(&self, other: &Self) -> bool {
        self.source.is_same(&other.source) && self.target.is_same(&other.target)
    }

    /// What [`Fact::to_bytes`] wrote.
    pub fn from_bytes(source: &[u8], target: &[u8]) -> Option<Self> {
        let source = read_state(source)?;
        let target = if target.is_empty() { source.clone() } else { read_state(target)? };
        Some(Self { source, target })
    }
}

impl Facts {
    /// No facts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers a fact; the old one comes back.
    pub fn insert(&mut self, unique: Unique, fact: Fact) -> Option<Fact> {
        self.0.insert(unique, fact)
    }

    /// Forgets a fact; it comes back.
    pub fn remove(&mut self, unique: &Unique) -> Option<Fact> {
        self.0.remove(unique)
    }

    /// The fact about a message.
    pub fn get(&self, unique: &Unique) -> Option<&Fact> {
        self.0.get(unique)
    }

    /// All facts in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&Unique, &Fact)> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies a change, as it came from [`apply`](crate::apply()).
    pub fn change(&mut self, change: FactChange) {
        match change {
            FactChange::Put(unique, fact) => self.0.insert(unique, fact),
            FactChange::Remove(unique) => self.0.remove(&unique),
        };
    }
}

impl Extend<(Unique, Fact)> for Facts {
    fn extend<I: IntoIterator<Item = (Unique, Fact)>>(&mut self, facts: I) {
        self.0.extend(facts);
    }
}

impl FromIterator<(Unique, Fact)> for Facts {
    fn from_iter<I: IntoIterator<Item = (Unique, Fact)>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

/// Flags in one byte, the date as a zigzag varint, then each keyword after its length.
fn write_state(state: &State) -> Vec<u8> {
    let mut bytes = vec![state.flags.bits()];
    write_number(&mut bytes, ((state.date << 1) ^ (state.date >> 63)).cast_unsigned());
    for keyword in &state.keywords {
        write_number(&mut bytes, keyword.len() as u64);
        bytes.extend_from_slice(keyword.as_bytes());
    }
    bytes
}

fn read_state(bytes: &[u8]) -> Option<State> {
    let (&bits, mut rest) = bytes.split_first()?;
    let date = read_number(&mut rest)?;
    let date = (date >> 1).cast_signed() ^ -(date & 1).cast_signed();
    let mut state = State { flags: Flags::from_bits(bits)?, date, ..State::default() };
    while !rest.is_empty() {
        let length = usize::try_from(read_number(&mut rest)?).ok()?;
        let (keyword, after) = rest.split_at_checked(length)?;
        state.keywords.insert(String::from_utf8(keyword.to_vec()).ok()?);
        rest = after;
    }
    Some(state)
}

/// Seven bits a byte, the lowest first, the eighth bit set on all but the last.
fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn state() -> impl Strategy<Value = State> {
        let keywords = proptest::collection::btree_set(any::<String>(), 0..3);
        (0u8..64, keywords, any::<i64>()).prop_map(|(bits, keywords, date)| State {
            flags: Flags::from_bits(bits).unwrap(),
            keywords,
            date,
        })
    }

    #[test]
    fn an_ordinary_fact_is_small() {
        let state = State { flags: Flags::parse(b"S"), date: 1_700_000_000, ..State::default() };
        let (source, target) = Fact { source: state.clone(), target: state }.to_bytes();
        assert_eq!((source.len(), target.len()), (6, 0));
    }

    #[test]
    fn broken_facts_are_none() {
        for bytes in [&b""[..], b"\x40\0", b"\0", b"\0\x80", b"\0\0\x05ab", b"\0\0\x01\xff"] {
            assert_eq!(Fact::from_bytes(bytes, b""), None, "{bytes:?}");
        }
        assert_eq!(Fact::from_bytes(&[&[0][..], &[0xff; 9], &[2]].concat(), b""), None);
    }

    proptest! {
        #[test]
        fn f1_any_bytes(source: Vec<u8>, target: Vec<u8>) {
            Fact::from_bytes(&source, &target);
        }

        #[test]
        fn f2_write_then_parse(source in state(), target in state()) {
            let fact = Fact { source, target };
            let (source, target) = fact.to_bytes();
            prop_assert_eq!(Fact::from_bytes(&source, &target), Some(fact));
        }
    }
}
