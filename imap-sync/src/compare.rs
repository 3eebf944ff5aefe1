//! Are two folders equal? Pure; pairs afresh, by content.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::facts::{Fact, Facts};
use crate::model::{Item, ItemKey, Listing};
use crate::plan::Settled;
use crate::report::{Reason, Verdict};

/// Compares two folders whose items have their `content`. Each item of the source must have its own equal on the
/// target: bytes, instant of INTERNALDATE, and flags as far as the target can keep them. Among items of equal
/// bytes the equal ones are paired first. Facts only explain what differs; with `live` what users may have done is
/// excluded instead of failed.
pub fn compare(source: &Listing, target: &Listing, facts: &Facts, live: bool) -> Vec<Settled> {
    let mut there: BTreeMap<Digest, Vec<ItemKey>> = BTreeMap::new();
    for (key, item) in target.iter() {
        if let Some(content) = item.content {
            there.entry(content).or_default().push(key);
        }
    }
    let judge = Judge { target, facts, live };
    let mut settled = judge.exact(source, &mut there);
    for (key, item) in source.iter() {
        settled.entry(key).or_insert_with(|| judge.rest(key, item, &mut there));
    }
    let extra = extra(target, facts, source, &there);
    settled.into_values().chain(extra).collect()
}

struct Judge<'a> {
    target: &'a Listing,
    facts: &'a Facts,
    live: bool,
}

impl Judge<'_> {
    /// Pairs those that are equal in everything.
    fn exact(
        &self,
        source: &Listing,
        there: &mut BTreeMap<Digest, Vec<ItemKey>>,
    ) -> BTreeMap<ItemKey, Settled> {
        let mut settled = BTreeMap::new();
        for (key, item) in source.iter() {
            let keys = item.content.and_then(|content| there.get_mut(&content));
            let equal =
                |to: &ItemKey| self.target.get(*to).is_some_and(|to| self.difference(item, to).is_none());
            if let Some(keys) = keys
                && let Some(at) = keys.iter().position(equal)
            {
                keys.remove(at);
                settled.insert(key, Settled { key, verdict: Verdict::Unchanged, reason: None });
            }
        }
        settled
    }

    fn rest(&self, key: ItemKey, item: &Item, there: &mut BTreeMap<Digest, Vec<ItemKey>>) -> Settled {
        let fact = self.facts.get(key);
        let Some(content) = item.content else {
            let reason = Some(Reason::Unread("the message itself"));
            return Settled { key, verdict: Verdict::Failed, reason };
        };
        let found = there.get_mut(&content).filter(|keys| !keys.is_empty()).map(|keys| keys.remove(0));
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

fn extra(
    target: &Listing,
    facts: &Facts,
    source: &Listing,
    there: &BTreeMap<Digest, Vec<ItemKey>>,
) -> Vec<Settled> {
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
