//! The proof: both sides paired afresh by key and digest. Facts only explain what differs.

use std::collections::BTreeSet;

use crate::listing::{Fact, Facts, Item, Key, Listing};
use crate::report::{Line, Reason, Report, Verdict};

/// Compares the two sides. With `live`, what was removed or changed on the target since we placed it is excluded
/// instead of failed.
pub fn verify(source: &Listing, target: &Listing, facts: &Facts, live: bool) -> Report {
    let keys: BTreeSet<&Key> =
        source.iter().map(|(key, _)| key).chain(target.iter().map(|(key, _)| key)).collect();
    let lines = keys.into_iter().filter_map(|key| {
        let (source, target) = (source.get(key), target.get(key));
        let place = source.or(target)?.place.clone();
        let (verdict, reason) = compare(source, target, facts.get(key), live);
        Some(Line { key: key.clone(), verdict, reason, place })
    });
    Report { lines: lines.collect(), forgotten: 0 }
}

fn compare(
    source: Option<&Item>,
    target: Option<&Item>,
    fact: Option<&Fact>,
    live: bool,
) -> (Verdict, Option<Reason>) {
    let touched = if live { Verdict::Excluded } else { Verdict::Failed };
    match (source, target, fact) {
        (Some(source), Some(target), _) if source.digest == target.digest => (Verdict::Unchanged, None),
        (Some(source), Some(target), Some(fact))
            if fact.source == source.digest && fact.target != target.digest =>
        {
            (touched, Some(Reason::ChangedOnTarget))
        }
        (Some(_), Some(_), _) => (Verdict::Failed, Some(Reason::Different)),
        (Some(_), None, Some(_)) => (touched, Some(Reason::RemovedOnTarget)),
        (Some(_), None, None) => (Verdict::Failed, Some(Reason::Missing)),
        (None, _, Some(_)) => (Verdict::Extra, Some(Reason::GoneFromSource)),
        (None, _, None) => (Verdict::Extra, Some(Reason::NotOurs)),
    }
}
