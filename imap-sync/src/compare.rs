//! Are two folders equal? Pure; pairs afresh, by content.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Utc};

use crate::digest::Digest;
use crate::facts::{Fact, Facts};
use crate::flags::{Flags, Permanent};
use crate::model::{Item, ItemKey, Listing};
use crate::plan::Settled;
use crate::report::{Reason, Verdict};

/// Compares two folders whose items have their `content`. Each item of the source must have its own equal on the
/// target: bytes, instant of INTERNALDATE, and flags as far as the target can keep them. Among items of equal
/// bytes the equal ones are paired first. Facts only explain what differs; with `live` what users may have done is
/// excluded instead of failed.
pub fn compare(source: &Listing, target: &Listing, facts: &Facts, live: bool) -> Vec<Settled> {
    let judge = Judge { target, facts, live };
    let (mut settled, taken) = judge.exact(source);
    let mut there = Queues::new();
    for (key, item) in target.iter().filter(|(key, _)| !taken.contains(key)) {
        if let Some(content) = item.content {
            there.entry(content).or_default().push_back(key);
        }
    }
    for (key, item) in source.iter() {
        settled.entry(key).or_insert_with(|| judge.rest(key, item, &mut there));
    }
    let extra = extra(target, facts, source, &there);
    settled.into_values().chain(extra).collect()
}

/// The digest of all that a folder holds: bytes, dates and flags of each item, whatever their order and keys. Equal folders
/// have equal digests; `permanent` says which flags count, those that the target can keep.
pub fn folder_digest(listing: &Listing, permanent: &Permanent) -> Digest {
    let mut items: Vec<Digest> = listing.iter().map(|(_, item)| item_digest(item, permanent)).collect();
    items.sort_unstable();
    Digest::of(&items.iter().flat_map(|digest| *digest.as_bytes()).collect::<Vec<u8>>())
}

fn item_digest(item: &Item, permanent: &Permanent) -> Digest {
    let mut bytes = Vec::new();
    // What could not be read is equal to nothing readable.
    bytes.extend(item.content.map_or([0; 16], |content| *content.as_bytes()));
    bytes.extend(item.date.map_or(i64::MIN, |date| date.timestamp()).to_be_bytes());
    let flags = item.flags.as_ref().map(|flags| permanent.keep(flags).to_bytes().to_ascii_lowercase());
    bytes.extend(flags.unwrap_or_else(|| b"\\".to_vec()));
    Digest::of(&bytes)
}

/// Items of equal bytes, in order.
type Queues = BTreeMap<Digest, VecDeque<ItemKey>>;

/// What equal items have in common.
type Whole = (Digest, DateTime<Utc>, Flags);

struct Judge<'a> {
    target: &'a Listing,
    facts: &'a Facts,
    live: bool,
}

impl Judge<'_> {
    /// Pairs those that are equal in everything, and tells which of the target's are taken by that.
    fn exact(&self, source: &Listing) -> (BTreeMap<ItemKey, Settled>, BTreeSet<ItemKey>) {
        let mut there: BTreeMap<Whole, VecDeque<ItemKey>> = BTreeMap::new();
        for (key, item) in self.target.iter() {
            if let Some(whole) = whole(item, Flags::clone) {
                there.entry(whole).or_default().push_back(key);
            }
        }
        let (mut settled, mut taken) = (BTreeMap::new(), BTreeSet::new());
        for (key, item) in source.iter() {
            let wanted = whole(item, |flags| self.target.permanent.keep(flags));
            let equal = wanted.and_then(|whole| there.get_mut(&whole)?.pop_front());
            if let Some(equal) = equal {
                taken.insert(equal);
                settled.insert(key, Settled { key, verdict: Verdict::Unchanged, reason: None });
            }
        }
        (settled, taken)
    }

    fn rest(&self, key: ItemKey, item: &Item, there: &mut Queues) -> Settled {
        let fact = self.facts.get(key);
        let Some(content) = item.content else {
            let reason = Some(Reason::Unread("the message itself"));
            return Settled { key, verdict: Verdict::Failed, reason };
        };
        let repaired = fact.filter(|fact| fact.repaired && self.target.get(fact.target).is_some());
        let found = there.get_mut(&content).and_then(VecDeque::pop_front);
        if let (None, Some(fact)) = (found, repaired) {
            self.release(fact.target, there);
            return Settled { key, verdict: Verdict::Unchanged, reason: Some(Reason::Repaired) };
        }
        if let (Some(found), Some(fact)) = (found, fact)
            && self.is_as_left(item, found, fact)
        {
            return Settled { key, verdict: Verdict::Unchanged, reason: Some(Reason::Repaired) };
        }
        let reason = match (found.and_then(|found| self.target.get(found)), fact) {
            (Some(to), fact) => self.explain(item, to, fact),
            (None, Some(fact)) if self.target.get(fact.target).is_none() => Reason::RemovedOnTarget,
            (None, Some(_)) => Reason::Different("its content".into()),
            (None, None) => Reason::Missing,
        };
        let users = matches!(reason, Reason::RemovedOnTarget | Reason::ChangedOnTarget);
        let verdict = if self.live && users { Verdict::Excluded } else { Verdict::Failed };
        Settled { key, verdict, reason: Some(reason) }
    }

    /// Whether it differs only in what the target would not keep when it took it, which was told then.
    fn is_as_left(&self, from: &Item, found: ItemKey, fact: &Fact) -> bool {
        let Some(to) = self.target.get(found).filter(|_| fact.target == found) else { return false };
        let flags =
            from.flags.as_ref() == Some(&fact.source_flags) && to.flags.as_ref() == Some(&fact.target_flags);
        flags && (from.date == to.date || fact.repaired)
    }

    /// A repaired message is not one that only the target has.
    fn release(&self, key: ItemKey, there: &mut Queues) {
        let content = self.target.get(key).and_then(|item| item.content);
        if let Some(queue) = content.and_then(|content| there.get_mut(&content)) {
            queue.retain(|it| *it != key);
        }
    }

    fn explain(&self, from: &Item, to: &Item, fact: Option<&Fact>) -> Reason {
        let same_date = from.date.is_some() && from.date == to.date;
        let changed = |fact: &Fact| {
            from.flags.as_ref() == Some(&fact.source_flags) && to.flags.as_ref() != Some(&fact.target_flags)
        };
        if same_date && fact.is_some_and(changed) {
            return Reason::ChangedOnTarget;
        }
        Reason::Different(self.difference(from, to).unwrap_or_default())
    }

    fn difference(&self, from: &Item, to: &Item) -> Option<String> {
        let (Some(from_flags), Some(to_flags)) = (&from.flags, &to.flags) else {
            return Some("flags that could not be read".into());
        };
        let (Some(from_date), Some(to_date)) = (from.date, to.date) else {
            return Some("a date that could not be read".into());
        };
        let wanted = self.target.permanent.keep(from_flags);
        match (from_date == to_date, wanted == *to_flags) {
            (true, true) => None,
            (false, _) => Some(format!("its date is {to_date} and not {from_date}")),
            (true, false) => Some(format!("its flags are {to_flags} and not {wanted}")),
        }
    }
}

/// All of an item, its flags by `kept`; `None` when something of it is not known.
fn whole(item: &Item, kept: impl Fn(&Flags) -> Flags) -> Option<Whole> {
    Some((item.content?, item.date?.to_utc(), kept(item.flags.as_ref()?)))
}

fn extra(target: &Listing, facts: &Facts, source: &Listing, there: &Queues) -> Vec<Settled> {
    let placed: BTreeMap<ItemKey, ItemKey> = facts.iter().map(|(key, fact)| (fact.target, key)).collect();
    let unread = target.iter().filter(|(_, item)| item.content.is_none()).map(|(key, _)| key);
    let mut keys: Vec<ItemKey> = there.values().flatten().copied().chain(unread).collect();
    keys.sort_unstable();
    let reason = |key: &ItemKey| match placed.get(key) {
        Some(from) if source.get(*from).is_none() => Reason::GoneFromSource,
        _ => Reason::NotOurs,
    };
    let settle = |key| Settled { key, verdict: Verdict::Extra, reason: Some(reason(&key)) };
    keys.into_iter().map(settle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Validity;

    fn listing(items: impl IntoIterator<Item = (u8, i64, &'static str)>) -> Listing {
        let mut listing = Listing::new(Validity(1), ItemKey(1), Permanent::All);
        for (key, (content, date, flags)) in (1..).zip(items) {
            let date = DateTime::from_timestamp(date, 0).map(|date| date.fixed_offset());
            let content = Some(Digest::from_bytes([content; 16]));
            let flags = Some(flags.split_whitespace().collect());
            listing.insert(ItemKey(key), Item { flags, date, content, ..Item::default() });
        }
        listing
    }

    fn settled(source: &Listing, target: &Listing) -> Vec<String> {
        let shown = |it: Settled| format!("{} {} {:?}", it.key, it.verdict, it.reason);
        compare(source, target, &Facts::default(), false).into_iter().map(shown).collect()
    }

    #[test]
    fn equal_items_are_paired_before_those_of_equal_bytes() {
        let source = listing([(1, 5, ""), (1, 5, "\\Seen"), (1, 5, ""), (2, 5, "")]);
        let target = listing([(1, 5, "\\Seen"), (1, 5, ""), (1, 5, "\\Flagged"), (3, 5, "")]);
        assert_eq!(
            settled(&source, &target),
            [
                "1 unchanged None",
                "2 unchanged None",
                "3 failed Some(Different(\"its flags are (\\\\Flagged) and not ()\"))",
                "4 failed Some(Missing)",
                "4 extra Some(NotOurs)",
            ]
        );
    }

    #[test]
    fn equal_folders_have_equal_digests_in_any_order() {
        let digest = |items: &[(u8, i64, &'static str)]| {
            folder_digest(&listing(items.iter().copied()), &Permanent::All)
        };
        let one = digest(&[(1, 5, "\\Seen a"), (2, 6, "")]);
        assert_eq!(one, digest(&[(2, 6, ""), (1, 5, "A \\Seen")]));
        for other in
            [&[(1, 5, "\\Seen a")][..], &[(1, 5, "\\Seen a"), (2, 7, "")], &[(1, 5, "a"), (2, 6, "")]]
        {
            assert_ne!(one, digest(other));
        }
    }

    /// By pairs these would be ten thousand million comparisons.
    #[test]
    fn many_equal_items_do_not_take_the_square_of_the_time() {
        const MANY: usize = 100_000;
        let one = |flags| std::iter::repeat_n((1, 5, flags), MANY);
        let (source, target) = (listing(one("")), listing(one("\\Seen").chain(one(""))));
        let settled = compare(&source, &target, &Facts::default(), false);
        let count = |verdict| settled.iter().filter(|settled| settled.verdict == verdict).count();
        assert_eq!((count(Verdict::Unchanged), count(Verdict::Extra)), (MANY, MANY));
    }
}
