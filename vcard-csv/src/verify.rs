//! The proof: both sides paired afresh; facts only explain what differs.

use crate::listing::{Fact, Facts, Item, Key, Listing};
use crate::report::{Line, Reason, Report, Verdict};
use std::collections::BTreeSet;

/// Compares both sides, item by item. With `live`, what was removed or changed on the target since we placed it
/// is shown and excluded; otherwise it is a failure, as a user and a fault cannot be told apart.
pub fn verify(source: &Listing, target: &Listing, facts: &Facts, live: bool) -> Report {
    let keys: BTreeSet<&Key> =
        source.iter().map(|(key, _)| key).chain(target.iter().map(|(key, _)| key)).collect();
    let lines = keys.into_iter().filter_map(|key| {
        let (item, (verdict, reason)) = match (source.get(key), target.get(key)) {
            (Some(source), target) => (source, judge(source, target, facts.get(key), live)),
            (None, Some(target)) => (target, (Verdict::Extra, Some(extra(facts.get(key))))),
            (None, None) => return None,
        };
        Some(Line { key: key.clone(), name: item.name.clone(), verdict, reason, place: item.place.clone() })
    });
    Report { lines: lines.collect(), forgotten: 0 }
}

fn judge(source: &Item, target: Option<&Item>, fact: Option<&Fact>, live: bool) -> (Verdict, Option<Reason>) {
    let since = if live { Verdict::Excluded } else { Verdict::Failed };
    match (target, fact) {
        (Some(target), _) if target.digest == source.digest => (Verdict::Unchanged, None),
        (Some(target), Some(fact)) if fact.source == source.digest && fact.target != target.digest => {
            (since, Some(Reason::ChangedOnTarget))
        }
        (Some(_), _) => (Verdict::Failed, Some(Reason::Different)),
        (None, Some(_)) => (since, Some(Reason::RemovedOnTarget)),
        (None, None) => (Verdict::Failed, Some(Reason::Missing)),
    }
}

fn extra(fact: Option<&Fact>) -> Reason {
    if fact.is_some() { Reason::GoneFromSource } else { Reason::NotOurs }
}
