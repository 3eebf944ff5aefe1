//! Whether the target holds what the source holds, paired afresh.

use crate::digest::Key;
use crate::listing::{Fact, Facts, Item, Listing};
use crate::plan::all_keys;
use crate::report::{Line, Reason, Report, Verdict};

/// Pairs both sides afresh by key and digest; the facts only explain what differs.
///
/// Equal is unchanged, missing or different is failed, what only the target has is extra. With `live`, after users
/// have moved, what they removed or changed on the target since it was placed is excluded.
pub fn verify(source: &Listing, target: &Listing, facts: &Facts, live: bool) -> Report {
    let lines = all_keys(source, target, facts).into_iter();
    let lines = lines.filter_map(|key| judge(key, source.get(key), target.get(key), facts.get(key), live));
    Report::new(lines.collect(), 0)
}

fn judge(
    key: &Key,
    source: Option<&Item>,
    target: Option<&Item>,
    fact: Option<&Fact>,
    live: bool,
) -> Option<Line> {
    let users = if live { Verdict::Excluded } else { Verdict::Failed };
    let (verdict, reason) = match (source, target, fact) {
        (Some(s), Some(t), _) if s.digest == t.digest => (Verdict::Unchanged, None),
        (Some(s), Some(t), Some(fact)) if fact.source == s.digest && fact.target != t.digest => {
            (users, Some(Reason::ChangedOnTarget))
        }
        (Some(_), Some(_), _) => (Verdict::Failed, Some(Reason::Different)),
        (Some(_), None, Some(_)) => (users, Some(Reason::RemovedOnTarget)),
        (Some(_), None, None) => (Verdict::Failed, Some(Reason::Missing)),
        (None, Some(_), Some(_)) => (Verdict::Extra, Some(Reason::GoneFromSource)),
        (None, Some(_), None) => (Verdict::Extra, Some(Reason::NotOurs)),
        (None, None, _) => return None,
    };
    let place = source.or(target)?.place.clone();
    Some(Line { key: key.clone(), verdict, reason, place })
}
