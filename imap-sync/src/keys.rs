//! Sets of keys as ranges: a folder of a million messages without gaps costs one.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use crate::model::ItemKey;

/// A set of keys. Memory grows with the gaps between them, not with the keys.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeySet {
    /// First and last of each range. They neither overlap nor touch.
    ranges: BTreeMap<u64, u64>,
}

impl KeySet {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key; whether it was not there.
    pub fn insert(&mut self, key: ItemKey) -> bool {
        let there = self.contains(key);
        if !there {
            self.insert_range(key..=key);
        }
        !there
    }

    /// Adds all keys of a range, none if its end is before its start.
    pub fn insert_range(&mut self, range: RangeInclusive<ItemKey>) {
        let (ItemKey(mut first), ItemKey(mut last)) = range.into_inner();
        if first > last {
            return;
        }
        // From behind: those that touch the new range are taken into it.
        while let Some((&start, &end)) = self.ranges.range(..=last.saturating_add(1)).next_back() {
            if end.saturating_add(1) < first {
                break;
            }
            (first, last) = (first.min(start), last.max(end));
            self.ranges.remove(&start);
        }
        self.ranges.insert(first, last);
    }

    /// Removes a key; whether it was there.
    pub fn remove(&mut self, key: ItemKey) -> bool {
        let there = self.contains(key);
        self.remove_range(key..=key);
        there
    }

    /// Removes all keys of a range.
    pub fn remove_range(&mut self, range: RangeInclusive<ItemKey>) {
        let (ItemKey(first), ItemKey(last)) = range.into_inner();
        if first > last {
            return;
        }
        while let Some((&start, &end)) = self.ranges.range(..=last).next_back() {
            if end < first {
                break;
            }
            self.ranges.remove(&start);
            if end > last {
                self.ranges.insert(last + 1, end);
            }
            if start < first {
                self.ranges.insert(start, first - 1);
            }
        }
    }

    /// Whether a key is among them.
    pub fn contains(&self, ItemKey(key): ItemKey) -> bool {
        self.ranges.range(..=key).next_back().is_some_and(|(_, &last)| key <= last)
    }

    /// How many keys, by counting the ranges; all 2^64 count as one less.
    pub fn len(&self) -> u64 {
        let sizes = self.ranges.iter().map(|(first, last)| (last - first).saturating_add(1));
        sizes.fold(0, u64::saturating_add)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The lowest.
    pub fn first(&self) -> Option<ItemKey> {
        self.ranges.first_key_value().map(|(&first, _)| ItemKey(first))
    }

    /// The highest.
    pub fn last(&self) -> Option<ItemKey> {
        self.ranges.last_key_value().map(|(_, &last)| ItemKey(last))
    }

    /// The keys in order. A server may claim any range: check `len` before keeping them one by one.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = ItemKey> {
        self.ranges.iter().flat_map(|(&first, &last)| (first..=last).map(ItemKey))
    }

    /// The ranges in order, as few as there can be.
    pub fn ranges(&self) -> impl DoubleEndedIterator<Item = RangeInclusive<ItemKey>> + ExactSizeIterator {
        self.ranges.iter().map(|(&first, &last)| ItemKey(first)..=ItemKey(last))
    }

    /// Keys that are in either.
    pub fn union(&self, other: &Self) -> Self {
        let (mut all, fewer) = if self.ranges.len() < other.ranges.len() {
            (other.clone(), self)
        } else {
            (self.clone(), other)
        };
        fewer.ranges().for_each(|range| all.insert_range(range));
        all
    }

    /// Keys that are not in the other.
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = self.clone();
        other.ranges().for_each(|range| left.remove_range(range));
        left
    }

    /// Keys that are in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut ours, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        let mut both = BTreeMap::new();
        while let (Some(&(&a, &a_end)), Some(&(&b, &b_end))) = (ours.peek(), theirs.peek()) {
            let (first, last) = (a.max(b), a_end.min(b_end));
            if first <= last {
                both.insert(first, last);
            }
            if a_end < b_end {
                ours.next()
            } else {
                theirs.next()
            };
        }
        Self { ranges: both }
    }

    /// Takes out the lowest `count` keys, or all where there are fewer.
    pub fn split_off_first(&mut self, count: u64) -> Self {
        let mut taken = Self::new();
        let mut left = count;
        while left > 0
            && let Some((first, last)) = self.ranges.pop_first()
        {
            let end = last.min(first.saturating_add(left - 1));
            if end < last {
                self.ranges.insert(end + 1, last);
            }
            taken.ranges.insert(first, end);
            left -= (end - first).saturating_add(1);
        }
        taken
    }

    /// The keys in windows of `count`, in order; the last may hold fewer. Of none there is an end at once.
    pub fn chunks(&self, count: u64) -> impl Iterator<Item = Self> + use<> {
        let mut left = self.clone();
        std::iter::from_fn(move || Some(left.split_off_first(count)).filter(|window| !window.is_empty()))
    }

    /// The keys in sets of which each is written in at most `chars` characters, or is one range: servers limit the
    /// length of a command's line.
    pub fn pieces(&self, chars: usize) -> impl Iterator<Item = Self> + use<'_> {
        let mut ranges = self.ranges.iter().peekable();
        std::iter::from_fn(move || {
            let mut piece = BTreeMap::new();
            let mut used = 0;
            while let Some(&(&first, &last)) = ranges.peek() {
                used += written(first, last).len() + usize::from(!piece.is_empty());
                if used > chars && !piece.is_empty() {
                    break;
                }
                piece.insert(first, last);
                ranges.next();
            }
            (!piece.is_empty()).then_some(Self { ranges: piece })
        })
    }
}

/// `sequence-set = (seq-number / seq-range) ["," sequence-set]` (RFC 9051 section 9): `1:3,7`.
impl fmt::Display for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (&first, &last)) in self.ranges.iter().enumerate() {
            f.write_str(if at > 0 { "," } else { "" })?;
            f.write_str(&written(first, last))?;
        }
        Ok(())
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({self})")
    }
}

impl Extend<ItemKey> for KeySet {
    fn extend<I: IntoIterator<Item = ItemKey>>(&mut self, keys: I) {
        // Most come in order: then the last range grows without a search.
        let mut run: Option<RangeInclusive<ItemKey>> = None;
        for key in keys {
            match &run {
                Some(range) if range.end().0.checked_add(1) == Some(key.0) => {
                    run = Some(*range.start()..=key);
                }
                _ => {
                    run.replace(key..=key).into_iter().for_each(|range| self.insert_range(range));
                }
            }
        }
        run.into_iter().for_each(|range| self.insert_range(range));
    }
}

impl FromIterator<ItemKey> for KeySet {
    fn from_iter<I: IntoIterator<Item = ItemKey>>(keys: I) -> Self {
        let mut set = Self::new();
        set.extend(keys);
        set
    }
}

impl FromIterator<RangeInclusive<ItemKey>> for KeySet {
    fn from_iter<I: IntoIterator<Item = RangeInclusive<ItemKey>>>(ranges: I) -> Self {
        let mut set = Self::new();
        ranges.into_iter().for_each(|range| set.insert_range(range));
        set
    }
}

fn written(first: u64, last: u64) -> String {
    if first == last { first.to_string() } else { format!("{first}:{last}") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(keys: impl IntoIterator<Item = u64>) -> KeySet {
        keys.into_iter().map(ItemKey).collect()
    }

    fn plain(set: &KeySet) -> BTreeSet<u64> {
        set.iter().map(|key| key.0).collect()
    }

    #[test]
    fn keys_are_written_as_ranges() {
        for (keys, expected) in [
            (&[][..], ""),
            (&[5], "5"),
            (&[1, 2, 3, 7], "1:3,7"),
            (&[7, 3, 1, 2, 3], "1:3,7"),
            (&[u64::MAX, u64::MAX - 1], "18446744073709551614:18446744073709551615"),
            (&[0, 2], "0,2"),
        ] {
            assert_eq!(set(keys.iter().copied()).to_string(), expected);
        }
    }

    #[test]
    fn all_numbers_are_one_range() {
        let mut all: KeySet = [ItemKey(0)..=ItemKey(u64::MAX)].into_iter().collect();
        assert_eq!((all.len(), all.ranges().len()), (u64::MAX, 1));
        assert!(!all.insert(ItemKey(5)) && all.remove(ItemKey(5)) && !all.remove(ItemKey(5)));
        assert_eq!(all.to_string(), "0:4,6:18446744073709551615");
        assert_eq!(all.split_off_first(6).to_string(), "0:4,6");
        assert_eq!(all.split_off_first(u64::MAX).to_string(), "7:18446744073709551615");
        assert!(all.is_empty());
    }

    #[test]
    fn reversed_range_is_empty() {
        let mut keys = set([5]);
        keys.insert_range(ItemKey(9)..=ItemKey(1));
        keys.remove_range(ItemKey(9)..=ItemKey(1));
        assert_eq!(keys, set([5]));
    }

    #[test]
    fn windows_and_pieces() {
        let keys = set([1, 2, 3, 10, 11, 20]);
        let shown = |sets: Vec<KeySet>| sets.iter().map(KeySet::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(shown(keys.chunks(2).collect()), "1:2 3,10 11,20");
        assert_eq!(shown(keys.chunks(0).collect()), "");
        assert_eq!(shown(keys.pieces(9).collect()), "1:3,10:11 20");
        assert_eq!(shown(keys.pieces(1).collect()), "1:3 10:11 20");
        assert_eq!(shown(KeySet::new().pieces(9).collect()), "");
    }

    proptest! {
        #[test]
        fn as_a_plain_set(
            steps in prop::collection::vec((any::<bool>(), 0..40u64, 0..8u64), 0..40),
            probe in 0..50u64,
        ) {
            let (mut keys, mut plainly) = (KeySet::new(), BTreeSet::new());
            for (add, first, more) in steps {
                let range = ItemKey(first)..=ItemKey(first + more);
                if more == 0 && add {
                    prop_assert_eq!(keys.insert(ItemKey(first)), plainly.insert(first));
                } else if more == 0 {
                    prop_assert_eq!(keys.remove(ItemKey(first)), plainly.remove(&first));
                } else if add {
                    keys.insert_range(range);
                    plainly.extend(first..=first + more);
                } else {
                    keys.remove_range(range);
                    plainly.retain(|key| !(first..=first + more).contains(key));
                }
                prop_assert_eq!(plain(&keys), plainly.clone());
            }
            prop_assert_eq!(keys.len(), plainly.len() as u64);
            prop_assert_eq!(keys.contains(ItemKey(probe)), plainly.contains(&probe));
            prop_assert_eq!(keys.first().map(|key| key.0), plainly.first().copied());
            prop_assert_eq!(keys.last().map(|key| key.0), plainly.last().copied());
            let gaps = keys.ranges().zip(keys.ranges().skip(1));
            prop_assert!(gaps.into_iter().all(|(one, next)| one.end().0 + 1 < next.start().0));
        }

        #[test]
        fn two_sets(a in prop::collection::btree_set(0..60u64, 0..40), b in prop::collection::btree_set(0..60u64, 0..40)) {
            let (one, two) = (set(a.iter().copied()), set(b.iter().copied()));
            prop_assert_eq!(plain(&one.union(&two)), a.union(&b).copied().collect());
            prop_assert_eq!(plain(&one.minus(&two)), a.difference(&b).copied().collect());
            prop_assert_eq!(plain(&one.intersection(&two)), a.intersection(&b).copied().collect());
        }

        #[test]
        fn windows_hold_all_keys_in_order(keys in prop::collection::btree_set(any::<u64>(), 0..40), count in 1..9u64, chars in 1..60usize) {
            let whole = set(keys.iter().copied());
            let windows: Vec<KeySet> = whole.chunks(count).collect();
            prop_assert!(windows.iter().rev().skip(1).all(|window| window.len() == count));
            prop_assert!(windows.last().is_none_or(|window| window.len() <= count));
            prop_assert_eq!(windows.iter().flat_map(KeySet::iter).collect::<Vec<_>>(), whole.iter().collect::<Vec<_>>());
            let pieces: Vec<KeySet> = whole.pieces(chars).collect();
            prop_assert!(pieces.iter().all(|it| it.to_string().len() <= chars || it.ranges().len() == 1));
            let joined: Vec<String> = pieces.iter().map(KeySet::to_string).collect();
            prop_assert_eq!(joined.join(","), whole.to_string());
        }
    }
}
