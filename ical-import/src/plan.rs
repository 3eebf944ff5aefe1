//! What is to be done: a pure function of both sides, the facts and the policy.
//!
//! | source | target | fact | then |
//! |---|---|---|---|
//! | yes | no | no | create |
//! | yes | no | yes | excluded: removed on the target (`restore`: create) |
//! | yes | yes | no | equal: adopt; else skipped: occupied on the target |
//! | yes | yes | yes, both as then | unchanged |
//! | yes | yes | yes, source changed | update |
//! | yes | yes | yes, target changed | excluded: changed on the target (`restore`: update) |
//! | yes | yes | yes, both changed | skipped: changed on both (`restore`: update) |
//! | no | yes | yes | extra: gone from the source |
//! | no | yes | no | extra: not ours |
//! | no | no | yes | forget |
//!
//! Where something changed but both sides are equal, the item is adopted: only its fact is refreshed.

use std::collections::BTreeSet;

use crate::digest::{Digest, Key};
use crate::listing::{Fact, Facts, Item, Listing};
use crate::place::Place;
use crate::report::{Reason, Verdict};

/// What the user wants beyond the defaults.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Put back what was removed or changed on the target since it was placed.
    pub restore: bool,
}

impl Policy {
    /// Sets whether to put back what was removed or changed on the target.
    pub fn with_restore(mut self, restore: bool) -> Policy {
        self.restore = restore;
        self
    }
}

/// One thing to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// The target has the equal item: only a fact is to be written.
    Adopt {
        /// Which item.
        key: Key,
        /// The digest of the source item.
        source: Digest,
        /// The digest of the target item.
        target: Digest,
        /// Where the source item stands.
        place: Place,
    },
    /// Create the item on the target.
    Create {
        /// Which item.
        key: Key,
        /// The digest of the source item.
        source: Digest,
        /// Where the source item stands.
        place: Place,
    },
    /// Neither side has the item any more: only the fact is to be dropped.
    Forget {
        /// Which item.
        key: Key,
    },
    /// Replace the item on the target.
    Update {
        /// Which item.
        key: Key,
        /// The digest of the source item.
        source: Digest,
        /// The digest of the target item that is to be replaced.
        target: Digest,
        /// Where the source item stands.
        place: Place,
    },
}

impl Action {
    /// Which item it is about.
    pub fn key(&self) -> &Key {
        match self {
            Action::Adopt { key, .. }
            | Action::Create { key, .. }
            | Action::Forget { key }
            | Action::Update { key, .. } => key,
        }
    }

    /// Where the source item stands, if there is one.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Action::Adopt { place, .. } | Action::Create { place, .. } | Action::Update { place, .. } => {
                Some(place)
            }
            Action::Forget { .. } => None,
        }
    }

    /// Whether it changes the target; the others change only what is remembered.
    pub fn has_effect(&self) -> bool {
        matches!(self, Action::Create { .. } | Action::Update { .. })
    }
}

/// An item that needs no effect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settled {
    /// Which item.
    pub key: Key,
    /// What it is.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Reason>,
    /// Where it stands in the source, or on the target where only that has it.
    pub place: Place,
}

/// What is to be done, and what needs nothing done.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan {
    /// What is to be done, in this order.
    pub actions: Vec<Action>,
    /// What needs nothing done.
    pub settled: Vec<Settled>,
}

impl Plan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}

/// What is to be done so that the target holds what the source holds.
///
/// Pure, total and deterministic: actions and settled items come in the order of their keys.
pub fn plan(source: &Listing, target: &Listing, facts: &Facts, policy: &Policy) -> Plan {
    let mut plan = Plan::default();
    for key in all_keys(source, target, facts) {
        match decide(key, source.get(key), target.get(key), facts.get(key), policy) {
            Decision::Act(action) => plan.actions.push(action),
            Decision::Rest(settled) => plan.settled.push(settled),
        }
    }
    plan
}

/// All keys that anyone knows, each once, in their order.
pub(crate) fn all_keys<'a>(source: &'a Listing, target: &'a Listing, facts: &'a Facts) -> BTreeSet<&'a Key> {
    let keys = source.iter().map(|(key, _)| key).chain(target.iter().map(|(key, _)| key));
    keys.chain(facts.iter().map(|(key, _)| key)).collect()
}

enum Decision {
    Act(Action),
    Rest(Settled),
}

fn decide(
    key: &Key,
    source: Option<&Item>,
    target: Option<&Item>,
    fact: Option<&Fact>,
    policy: &Policy,
) -> Decision {
    let rest = |verdict, reason, item: &Item| {
        Decision::Rest(Settled { key: key.clone(), verdict, reason, place: item.place.clone() })
    };
    match (source, target, fact) {
        (Some(source), None, Some(_)) if !policy.restore => {
            rest(Verdict::Excluded, Some(Reason::RemovedOnTarget), source)
        }
        (Some(source), None, _) => {
            let (key, place) = (key.clone(), source.place.clone());
            Decision::Act(Action::Create { key, source: source.digest, place })
        }
        (Some(source), Some(target), fact) => match compare(source.digest, target.digest, fact, policy) {
            Pair::Adopt => Decision::Act(adopt(key, source, target)),
            Pair::Update => Decision::Act(update(key, source, target)),
            Pair::Rest(verdict, reason) => rest(verdict, reason, source),
        },
        (None, Some(target), Some(_)) => rest(Verdict::Extra, Some(Reason::GoneFromSource), target),
        (None, Some(target), None) => rest(Verdict::Extra, Some(Reason::NotOurs), target),
        (None, None, _) => Decision::Act(Action::Forget { key: key.clone() }),
    }
}

enum Pair {
    Adopt,
    Rest(Verdict, Option<Reason>),
    Update,
}

fn compare(source: Digest, target: Digest, fact: Option<&Fact>, policy: &Policy) -> Pair {
    let Some(fact) = fact else {
        return match source == target {
            true => Pair::Adopt,
            false => Pair::Rest(Verdict::Skipped, Some(Reason::OccupiedOnTarget)),
        };
    };
    match (source == fact.source, target == fact.target) {
        (true, true) => Pair::Rest(Verdict::Unchanged, None),
        _ if source == target => Pair::Adopt,
        (false, true) => Pair::Update,
        _ if policy.restore => Pair::Update,
        (true, false) => Pair::Rest(Verdict::Excluded, Some(Reason::ChangedOnTarget)),
        (false, false) => Pair::Rest(Verdict::Skipped, Some(Reason::ChangedOnBoth)),
    }
}

fn adopt(key: &Key, source: &Item, target: &Item) -> Action {
    Action::Adopt {
        key: key.clone(),
        source: source.digest,
        target: target.digest,
        place: source.place.clone(),
    }
}

fn update(key: &Key, source: &Item, target: &Item) -> Action {
    Action::Update {
        key: key.clone(),
        source: source.digest,
        target: target.digest,
        place: source.place.clone(),
    }
}
