//! The decision: what has to be done so that the target holds what the source holds.
//!
//! | source | target | fact | verdict |
//! |---|---|---|---|
//! | yes | - | - | create |
//! | yes | - | yes | excluded: removed on the target; with `restore` create |
//! | yes | yes | - | adopt when equal, else skipped: the place is occupied |
//! | yes | yes | yes | by which side still is as the fact says, see [`plan`] |
//! | - | yes | yes | extra: gone from the source |
//! | - | yes | - | extra: not ours |
//! | - | - | yes | forget |

use crate::digest::Digest;
use crate::listing::{Fact, Facts, Item, Key, Listing};
use crate::place::Place;
use crate::report::{Reason, Verdict};
use std::collections::BTreeSet;

/// What the user wants.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Put back what was removed or changed on the target since we placed it.
    pub restore: bool,
}

impl Policy {
    /// The same policy, with or without putting back.
    #[must_use]
    pub fn with_restore(mut self, restore: bool) -> Self {
        self.restore = restore;
        self
    }
}

/// One thing to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Record that the target's equal contact is ours; no effect on the target.
    Adopt {
        /// Identity.
        key: Key,
        /// Content at the source.
        source: Digest,
        /// Content on the target.
        target: Digest,
        /// Where the source has it.
        place: Place,
        /// The contact's name.
        name: String,
    },
    /// Write a contact that the target lacks.
    Create {
        /// Identity.
        key: Key,
        /// Content at the source.
        source: Digest,
        /// Where the source has it.
        place: Place,
        /// The contact's name.
        name: String,
    },
    /// Drop the fact of a contact that neither side has; no effect on the target.
    Forget {
        /// Identity.
        key: Key,
    },
    /// Overwrite the contact that we placed.
    Update {
        /// Identity.
        key: Key,
        /// Content at the source.
        source: Digest,
        /// Where the source has it.
        place: Place,
        /// The contact's name.
        name: String,
    },
}

impl Action {
    /// The identity it is about.
    pub fn key(&self) -> &Key {
        match self {
            Self::Adopt { key, .. }
            | Self::Create { key, .. }
            | Self::Forget { key }
            | Self::Update { key, .. } => key,
        }
    }

    /// Whether it writes to the target.
    pub fn has_effect(&self) -> bool {
        matches!(self, Self::Create { .. } | Self::Update { .. })
    }
}

/// A contact for which nothing has to be done, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settled {
    /// Identity.
    pub key: Key,
    /// The contact's name.
    pub name: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, unless the verdict says it all.
    pub reason: Option<Reason>,
    /// Where it was seen, at the source if that has it.
    pub place: Place,
}

/// What to do, in executable order, and what needs nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan {
    /// What to do.
    pub actions: Vec<Action>,
    /// What needs nothing.
    pub settled: Vec<Settled>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}

/// Pairs both sides by identity and decides by content. Pure, total, and in the order of the keys.
pub fn plan(source: &Listing, target: &Listing, facts: &Facts, policy: &Policy) -> Plan {
    let keys: BTreeSet<&Key> = (source.iter().map(|(key, _)| key))
        .chain(target.iter().map(|(key, _)| key))
        .chain(facts.iter().map(|(key, _)| key))
        .collect();
    let mut plan = Plan::default();
    for key in keys {
        match (source.get(key), target.get(key), facts.get(key)) {
            (Some(source), target, fact) => plan.wanted(key, source, target, fact, policy),
            (None, Some(target), Some(_)) => {
                plan.settle(key, target, Verdict::Extra, Some(Reason::GoneFromSource));
            }
            (None, Some(target), None) => plan.settle(key, target, Verdict::Extra, Some(Reason::NotOurs)),
            (None, None, _) => plan.actions.push(Action::Forget { key: key.clone() }),
        }
    }
    plan
}

impl Plan {
    fn wanted(
        &mut self,
        key: &Key,
        source: &Item,
        target: Option<&Item>,
        fact: Option<&Fact>,
        policy: &Policy,
    ) {
        match (target, fact) {
            (None, Some(_)) if !policy.restore => {
                self.settle(key, source, Verdict::Excluded, Some(Reason::RemovedOnTarget));
            }
            (None, _) => self.create(key, source),
            (Some(target), None) if source.digest == target.digest => self.adopt(key, source, target),
            (Some(_), None) => self.settle(key, source, Verdict::Skipped, Some(Reason::OccupiedOnTarget)),
            (Some(target), Some(fact)) => self.placed(key, source, target, fact, policy),
        }
    }

    fn placed(&mut self, key: &Key, source: &Item, target: &Item, fact: &Fact, policy: &Policy) {
        let source_same = source.digest == fact.source;
        let target_same = target.digest == fact.target;
        if source_same && target_same {
            self.settle(key, source, Verdict::Unchanged, None);
        } else if source.digest == target.digest {
            self.adopt(key, source, target);
        } else if target_same || policy.restore {
            self.update(key, source);
        } else if source_same {
            self.settle(key, source, Verdict::Excluded, Some(Reason::ChangedOnTarget));
        } else {
            self.settle(key, source, Verdict::Skipped, Some(Reason::ChangedOnBoth));
        }
    }

    fn adopt(&mut self, key: &Key, source: &Item, target: &Item) {
        self.actions.push(Action::Adopt {
            key: key.clone(),
            source: source.digest,
            target: target.digest,
            place: source.place.clone(),
            name: source.name.clone(),
        });
    }

    fn create(&mut self, key: &Key, source: &Item) {
        self.actions.push(Action::Create {
            key: key.clone(),
            source: source.digest,
            place: source.place.clone(),
            name: source.name.clone(),
        });
    }

    fn update(&mut self, key: &Key, source: &Item) {
        self.actions.push(Action::Update {
            key: key.clone(),
            source: source.digest,
            place: source.place.clone(),
            name: source.name.clone(),
        });
    }

    fn settle(&mut self, key: &Key, item: &Item, verdict: Verdict, reason: Option<Reason>) {
        self.settled.push(Settled {
            key: key.clone(),
            name: item.name.clone(),
            verdict,
            reason,
            place: item.place.clone(),
        });
    }
}
