//! Sets of numbers in responses (RFC 9051 section 9, RFC 4315). A few bytes may claim four billion messages: they stay
//! ranges.

use nom::bytes::complete::tag;
use nom::combinator::{map, opt, verify};
use nom::multi::separated_list1;
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::token::number;
use crate::keys::KeySet;
use crate::model::ItemKey;

/// UIDs in the order of what they were given to, as `APPENDUID` and `COPYUID` tell them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uids(Vec<(u64, u64)>);

impl Uids {
    /// How many; those counted are not looked at one by one.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|(first, last)| (last - first).saturating_add(1)).fold(0, u64::saturating_add)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The UID of the message at this place, counted from 0.
    pub fn nth(&self, place: u64) -> Option<ItemKey> {
        let mut before = 0u64;
        for &(first, last) in &self.0 {
            let within = place - before;
            if within <= last - first {
                return Some(ItemKey(first + within));
            }
            before = before.checked_add((last - first).checked_add(1)?)?;
        }
        None
    }

    /// The one UID, if it is one.
    pub fn single(&self) -> Option<ItemKey> {
        self.nth(0).filter(|_| self.len() == 1)
    }

    /// The UIDs in their order. A server may claim any range: check `len` before keeping them one by one.
    pub fn iter(&self) -> impl Iterator<Item = ItemKey> {
        self.0.iter().flat_map(|&(first, last)| (first..=last).map(ItemKey))
    }

    /// The UIDs without their order.
    pub fn to_set(&self) -> KeySet {
        self.0.iter().map(|&(first, last)| ItemKey(first)..=ItemKey(last)).collect()
    }
}

/// `uid-set = (uniqueid / uid-range) *("," uid-set)`. A range is the same in either direction; no number is 0.
pub(super) fn uids(input: &[u8]) -> IResult<&[u8], Uids> {
    let unique = || verify(number, |&uid| uid > 0);
    let range = map((unique(), opt(preceded(tag(":"), unique()))), |(one, other)| {
        let other = other.unwrap_or(one);
        (one.min(other), one.max(other))
    });
    map(separated_list1(tag(","), range), Uids).parse(input)
}

/// `sequence-set`, without `*`: in what a server says it means nothing.
pub(super) fn key_set(input: &[u8]) -> IResult<&[u8], KeySet> {
    map(uids, |uids| uids.to_set()).parse(input)
}

impl KeySet {
    /// Reads `sequence-set`, without `*` (RFC 9051 section 9).
    pub fn parse(text: &[u8]) -> Option<Self> {
        key_set(text).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, set)| set)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sets_in_any_order() {
        for (input, expected) in [
            ("1", Some("1")),
            ("304,319:320", Some("304,319:320")),
            ("116:43", Some("43:116")),
            ("7,1:3,2", Some("1:3,7")),
            ("1:4294967295", Some("1:4294967295")),
            ("1:*", None),
            ("0", None),
            ("1,", None),
            ("", None),
            ("1:2:3", None),
            ("18446744073709551616", None),
        ] {
            let shown = KeySet::parse(input.as_bytes()).map(|set| set.to_string());
            assert_eq!(shown.as_deref(), expected, "{input}");
        }
    }

    #[test]
    fn uids_keep_their_order() {
        let read = |text: &str| uids(text.as_bytes()).unwrap().1;
        let shown = |uids: &Uids| uids.iter().map(|key| key.to_string()).collect::<Vec<_>>().join(" ");
        let some = read("9,3:1,7");
        assert_eq!((shown(&some).as_str(), some.len()), ("9 1 2 3 7", 5));
        assert_eq!(some.nth(2), Some(ItemKey(2)));
        assert_eq!((some.nth(4), some.nth(5)), (Some(ItemKey(7)), None));
        assert_eq!((some.single(), read("9").single()), (None, Some(ItemKey(9))));
        let most = read("1:18446744073709551615,5,1:18446744073709551615");
        assert_eq!(most.len(), u64::MAX);
        assert_eq!(most.nth(u64::MAX), Some(ItemKey(5)));
        assert_eq!((Uids::default().nth(0), Uids::default().len()), (None, 0));
    }

    proptest! {
        #[test]
        fn f2_write_then_parse(keys in prop::collection::btree_set(1u64.., 1..40)) {
            let set: KeySet = keys.into_iter().map(ItemKey).collect();
            prop_assert_eq!(KeySet::parse(set.to_string().as_bytes()), Some(set));
        }

        #[test]
        fn f1_any_bytes(input in prop_oneof![any::<Vec<u8>>(), "[0-9:,]{0,40}".prop_map(String::into_bytes)]) {
            if let Ok((_, uids)) = uids(&input) {
                prop_assert_eq!(uids.nth(0).is_some(), !uids.is_empty());
                prop_assert!(uids.to_set().ranges().len() <= input.len());
            }
        }
    }
}
