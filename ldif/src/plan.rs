//! The decision: source, target and facts in, actions and verdicts out. Pure, total, deterministic.

use std::collections::{BTreeMap, BTreeSet};

use crate::difference::update;
use crate::digest::Digest;
use crate::entry::Entry;
use crate::error::Place;
use crate::listing::{Fact, Facts, Item, Key, Listing};
use crate::record::{Change, ChangeRecord};
use crate::report::{Reason, Verdict};

/// What the user wants beyond the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Put back what was removed or changed on the target since we placed it.
    pub restore: bool,
}

impl Policy {
    /// The same policy with `restore` as given.
    #[must_use]
    pub fn with_restore(self, restore: bool) -> Self {
        Self { restore }
    }
}

/// One step that changes the target or the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The target has it already, equal: note the fact. No effect on the target.
    Adopt {
        /// The item.
        key: Key,
        /// The source item's digest.
        source: Digest,
        /// The target item's digest.
        target: Digest,
    },
    /// Write an item that the target does not have.
    Create {
        /// The item.
        key: Key,
        /// The source item's digest.
        source: Digest,
    },
    /// Neither side has it any more: drop the fact. No effect on the target.
    Forget {
        /// The item.
        key: Key,
    },
    /// Make the target's item equal to the source's.
    Update {
        /// The item.
        key: Key,
        /// The source item's digest.
        source: Digest,
    },
}

impl Action {
    /// The item it is about.
    pub fn key(&self) -> &Key {
        match self {
            Self::Adopt { key, .. }
            | Self::Create { key, .. }
            | Self::Forget { key }
            | Self::Update { key, .. } => key,
        }
    }
}

/// An item that needs no action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The item.
    pub key: Key,
    /// What it is.
    pub verdict: Verdict,
    /// Why, where that needs saying.
    pub reason: Option<Reason>,
    /// Where the item is.
    pub place: Place,
}

/// What is to be done, in executable order, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps, each after those it depends on.
    pub actions: Vec<Action>,
    /// Everything that needs no step, in key order.
    pub settled: Vec<Settled>,
    pub(crate) places: BTreeMap<Key, Place>,
}

impl Plan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// The effects of the plan as change records, in order: what a dry run prints and what an LDAP server takes.
    pub fn change_records(&self, source: &Listing, target: &Listing) -> Vec<ChangeRecord> {
        self.actions.iter().filter_map(|action| change_records(action, source, target)).flatten().collect()
    }
}

/// Decides what is to be done about every item that the source, the target or the facts know.
pub fn plan(source: &Listing, target: &Listing, facts: &Facts, policy: &Policy) -> Plan {
    let keys: BTreeSet<&Key> = (source.iter().map(|(key, _)| key))
        .chain(target.iter().map(|(key, _)| key))
        .chain(facts.iter().map(|(key, _)| key))
        .collect();
    let mut plan = Plan::default();
    for key in keys {
        let (source, target) = (source.get(key), target.get(key));
        let place = source.or(target).map(|item| item.place.clone()).unwrap_or_default();
        match decide(source, target, facts.get(key), policy) {
            Decision::Act(step) => {
                plan.actions.push(step.on(key.clone()));
                plan.places.insert(key.clone(), place);
            }
            Decision::Settle(verdict, reason) => {
                plan.settled.push(Settled { key: key.clone(), verdict, reason, place });
            }
        }
    }
    plan
}

enum Decision {
    Act(Step),
    Settle(Verdict, Option<Reason>),
}

enum Step {
    Adopt(Digest, Digest),
    Create(Digest),
    Forget,
    Update(Digest),
}

impl Step {
    fn on(self, key: Key) -> Action {
        match self {
            Self::Adopt(source, target) => Action::Adopt { key, source, target },
            Self::Create(source) => Action::Create { key, source },
            Self::Forget => Action::Forget { key },
            Self::Update(source) => Action::Update { key, source },
        }
    }
}

/// The whole table.
fn decide(source: Option<&Item>, target: Option<&Item>, fact: Option<&Fact>, policy: &Policy) -> Decision {
    use Decision::{Act, Settle};
    match (source.map(|item| item.digest), target.map(|item| item.digest), fact) {
        (Some(source), None, None) => Act(Step::Create(source)),
        (Some(source), None, Some(_)) if policy.restore => Act(Step::Create(source)),
        (Some(_), None, Some(_)) => Settle(Verdict::Excluded, Some(Reason::RemovedOnTarget)),
        (Some(source), Some(target), None) if source == target => Act(Step::Adopt(source, target)),
        (Some(_), Some(_), None) => Settle(Verdict::Skipped, Some(Reason::OccupiedOnTarget)),
        (Some(source), Some(target), Some(fact)) => decide_known(source, target, fact, policy),
        (None, Some(_), Some(_)) => Settle(Verdict::Extra, Some(Reason::GoneFromSource)),
        (None, Some(_), None) => Settle(Verdict::Extra, Some(Reason::NotOurs)),
        (None, None, _) => Act(Step::Forget),
    }
}

/// The part of the table where both sides have the item and we placed it.
fn decide_known(source: Digest, target: Digest, fact: &Fact, policy: &Policy) -> Decision {
    use Decision::{Act, Settle};
    match (source == fact.source, target == fact.target) {
        (true, true) => Settle(Verdict::Unchanged, None),
        _ if source == target => Act(Step::Adopt(source, target)),
        (false, true) => Act(Step::Update(source)),
        _ if policy.restore => Act(Step::Update(source)),
        (true, false) => Settle(Verdict::Excluded, Some(Reason::ChangedOnTarget)),
        (false, false) => Settle(Verdict::Skipped, Some(Reason::ChangedOnBoth)),
    }
}

fn change_records(action: &Action, source: &Listing, target: &Listing) -> Option<Vec<ChangeRecord>> {
    match action {
        Action::Adopt { .. } | Action::Forget { .. } => None,
        Action::Create { key, .. } => {
            let Entry { dn, attributes } = source.get(key)?.entry.clone();
            Some(vec![ChangeRecord { dn, controls: Vec::new(), change: Change::Add(attributes) }])
        }
        Action::Update { key, .. } => Some(update(&target.get(key)?.entry, &source.get(key)?.entry)),
    }
}
