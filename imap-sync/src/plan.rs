//! What is to be done: pure, total, deterministic.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::facts::{Fact, Facts};
use crate::flags::Flags;
use crate::head::Seen;
use crate::model::{Item, ItemKey, Listing};
use crate::policy::Policy;
use crate::report::{Reason, Verdict};

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The equal is there: only the fact is put down. Needs no effect.
    Adopt {
        /// The source's key.
        source: ItemKey,
        /// What is to be known.
        fact: Fact,
    },
    /// Add the message to the target.
    Append {
        /// The source's key.
        source: ItemKey,
        /// The flags to set, as the target can keep them.
        flags: Flags,
    },
    /// Neither side has it any more: the fact goes. Needs no effect.
    Forget {
        /// The source's key.
        source: ItemKey,
    },
    /// It was removed on one side, or came back: only the fact changes. Needs no effect.
    Note {
        /// The source's key.
        source: ItemKey,
        /// What is to be known.
        fact: Fact,
    },
    /// Bring the target's flags up to date.
    SetFlags {
        /// The source's key.
        source: ItemKey,
        /// The flags to add.
        add: Flags,
        /// The flags to remove.
        remove: Flags,
        /// What is to be known afterwards.
        fact: Fact,
    },
}

impl Action {
    /// Whether carrying it out changes the target.
    pub fn is_effect(&self) -> bool {
        matches!(self, Self::Append { .. } | Self::SetFlags { .. })
    }

    /// The source's key.
    pub fn key(&self) -> ItemKey {
        match self {
            Self::Adopt { source, .. }
            | Self::Append { source, .. }
            | Self::Forget { source }
            | Self::Note { source, .. }
            | Self::SetFlags { source, .. } => *source,
        }
    }
}

/// An item for which nothing is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The source's key; for `Extra` the target's.
    pub key: ItemKey,
    /// What is said of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Reason>,
}

/// What is to be done in a folder, in executable order, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// To be done, in this order: forgotten first, then adopted and brought up to date, then appended by source key.
    pub actions: Vec<Action>,
    /// Nothing to be done.
    pub settled: Vec<Settled>,
}

impl Plan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}

/// Plans some items of a folder: all of them, a window of keys, or those that changed. The source's listing holds those
/// of the items that are there, the facts all that is known of them, the target's listing what the facts tell of and
/// what may be equal to an item without a fact.
///
/// | source | target | fact | |
/// |---|---|---|---|
/// | yes | yes | yes | flags merged three-way, each by itself: unchanged, `SetFlags`, or `Adopt` when only the fact is old |
/// | yes | no | yes | excluded, for it was removed on the target, and `Note`d; with `restore` `Append` |
/// | yes | equal without a fact | no | `Adopt`, and `SetFlags` where they differ |
/// | yes | no | no | `Append` |
/// | no | yes | yes | extra: gone from the source, and `Note`d |
/// | no | yes | no | extra: not ours |
/// | no | no | yes | `Forget` |
///
/// Equals without a fact are found by fingerprint, as a multiset: each item of the target answers for one of
/// the source. An item with an open intent looks first among those that came after the intent.
pub fn plan(source: &Listing, target: &Listing, facts: &Facts, policy: &Policy) -> Plan {
    let mut planner = Planner {
        target,
        policy,
        free: Free::of(target, facts),
        found: BTreeMap::new(),
        forget: Vec::new(),
        note: Vec::new(),
        adopt: Vec::new(),
        append: Vec::new(),
        settled: Vec::new(),
    };
    planner.find(source, facts);
    for (key, item) in source.iter() {
        match (facts.get(key), planner.found.get(&key).copied()) {
            (_, Some(found)) => planner.adopt(key, item, found),
            (Some(fact), None) => planner.known(key, item, fact),
            (None, None) => planner.append(key, item),
        }
    }
    planner.gone(source, facts);
    planner.extra();
    let actions = [planner.forget, planner.note, planner.adopt, planner.append].concat();
    Plan { actions, settled: planner.settled }
}

/// Those items of source and target whose headers must be known before `plan` can tell whether they are equal:
/// both have no counterpart by the facts, are of one size and of one date.
pub fn candidates(source: &Listing, target: &Listing, facts: &Facts) -> (Vec<ItemKey>, Vec<ItemKey>) {
    let placed = placed(facts);
    let from = |key: ItemKey| is_loose(key, target, facts);
    let to = |key: ItemKey| !placed.contains(&key);
    let outlines = |listing: &Listing, free: &dyn Fn(ItemKey) -> bool| -> BTreeSet<(u64, i64)> {
        listing.iter().filter(|(key, _)| free(*key)).filter_map(|(_, item)| item.outline()).collect()
    };
    let both: BTreeSet<_> = outlines(source, &from).intersection(&outlines(target, &to)).copied().collect();
    let ask = |listing: &Listing, free: &dyn Fn(ItemKey) -> bool| -> Vec<ItemKey> {
        let open = |item: &Item| item.header.is_none() && item.outline().is_some_and(|it| both.contains(&it));
        listing.iter().filter(|(key, item)| free(*key) && open(item)).map(|(key, _)| key).collect()
    };
    (ask(source, &from), ask(target, &to))
}

struct Planner<'a> {
    target: &'a Listing,
    policy: &'a Policy,
    free: Free,
    found: BTreeMap<ItemKey, Found>,
    forget: Vec<Action>,
    note: Vec<Action>,
    adopt: Vec<Action>,
    append: Vec<Action>,
    settled: Vec<Settled>,
}

/// An equal without a fact.
#[derive(Clone, Copy)]
struct Found {
    key: ItemKey,
    fingerprint: Digest,
    ours: bool,
}

impl Planner<'_> {
    /// Finds equals: for items with an open intent first, among what came after it; then for those without a
    /// fact; then for those whose equal has gone from where the fact says (moved away and back again).
    fn find(&mut self, source: &Listing, facts: &Facts) {
        let loose: Vec<(ItemKey, Digest)> = source
            .iter()
            .filter(|(key, _)| is_loose(*key, self.target, facts))
            .filter_map(|(key, item)| Some((key, item.fingerprint()?)))
            .collect();
        for (key, print) in &loose {
            if let Some(next) = facts.doubt(*key) {
                self.take(*key, *print, next, true);
            }
        }
        let (known, unknown): (Vec<_>, Vec<_>) = loose.iter().partition(|(key, _)| facts.get(*key).is_some());
        for (key, print) in unknown.into_iter().chain(known) {
            if !self.found.contains_key(&key) {
                self.take(key, print, ItemKey(0), false);
            }
        }
    }

    fn take(&mut self, key: ItemKey, fingerprint: Digest, since: ItemKey, ours: bool) {
        if let Some(found) = self.free.take(&fingerprint, since) {
            self.found.insert(key, Found { key: found, fingerprint, ours });
        }
    }

    fn known(&mut self, key: ItemKey, item: &Item, fact: &Fact) {
        match (self.target.get(fact.target), &item.flags) {
            (None, _) if self.policy.restore => self.append(key, item),
            (None, _) => {
                self.see(key, fact, Seen::Source);
                self.settle(key, Verdict::Excluded, Some(Reason::RemovedOnTarget));
            }
            (Some(Item { flags: Some(to), .. }), Some(from)) => self.merge(key, from, to, fact),
            _ => self.settle(key, Verdict::Failed, Some(Reason::Unread("flags"))),
        }
    }

    /// A flag changed at the source is carried over; one changed only on the target stays, unless restored.
    fn merge(&mut self, key: ItemKey, from: &Flags, to: &Flags, known: &Fact) {
        let added = self.target.permanent.keep(&from.minus(&known.source_flags));
        let removed = known.source_flags.minus(from);
        let carry = |flags: &Flags| flags.union(&added).minus(&removed);
        let exact = self.target.permanent.keep(from);
        let restore = self.policy.restore;
        let wanted = if restore { exact.clone() } else { carry(to) };
        let target_flags = if restore { exact } else { carry(&known.target_flags) };
        let fact = Fact { source_flags: from.clone(), target_flags, seen: Seen::Both, ..known.clone() };
        if wanted != *to {
            self.set_flags(key, to, &wanted, fact);
        } else if (&fact.source_flags, &fact.target_flags) != (&known.source_flags, &known.target_flags) {
            self.adopt.push(Action::Adopt { source: key, fact });
        } else {
            self.see(key, known, Seen::Both);
            let changed = *to != fact.target_flags;
            self.settle(key, Verdict::Unchanged, changed.then_some(Reason::ChangedOnTarget));
        }
    }

    /// Both sides count as agreed on what the target has: what the source has beside it is a change of its own.
    fn adopt(&mut self, key: ItemKey, item: &Item, found: Found) {
        let there = self.target.get(found.key).and_then(|there| there.flags.clone());
        let (Some(to), Some(flags)) = (there, &item.flags) else {
            return self.settle(key, Verdict::Failed, Some(Reason::Unread("flags")));
        };
        let wanted = self.target.permanent.keep(flags);
        let source_flags = if wanted == to { flags.clone() } else { to.clone() };
        let Found { key: target, fingerprint, ours } = found;
        let (print, seen) = (fingerprint.short(), Seen::Both);
        let repaired = false;
        let fact = Fact { target, source_flags, target_flags: to.clone(), print, ours, seen, repaired };
        self.adopt.push(Action::Adopt { source: key, fact: fact.clone() });
        if wanted != to {
            let fact = Fact { source_flags: flags.clone(), target_flags: wanted.clone(), ..fact };
            self.set_flags(key, &to, &wanted, fact);
        }
    }

    fn set_flags(&mut self, source: ItemKey, from: &Flags, to: &Flags, fact: Fact) {
        self.adopt.push(Action::SetFlags { source, add: to.minus(from), remove: from.minus(to), fact });
    }

    fn append(&mut self, source: ItemKey, item: &Item) {
        match item {
            Item { flags: Some(flags), date: Some(_), size: Some(_), .. } => {
                self.append.push(Action::Append { source, flags: self.target.permanent.keep(flags) });
            }
            _ => self.settle(source, Verdict::Failed, Some(Reason::Unread("flags, date or size"))),
        }
    }

    fn gone(&mut self, source: &Listing, facts: &Facts) {
        for (key, fact) in facts.iter().filter(|(key, _)| source.get(*key).is_none()) {
            if self.target.get(fact.target).is_some() {
                self.see(key, fact, Seen::Target);
                self.settle(fact.target, Verdict::Extra, Some(Reason::GoneFromSource));
            } else {
                self.forget.push(Action::Forget { source: key });
            }
        }
    }

    fn see(&mut self, source: ItemKey, fact: &Fact, seen: Seen) {
        if fact.seen != seen {
            self.note.push(Action::Note { source, fact: Fact { seen, ..fact.clone() } });
        }
    }

    fn extra(&mut self) {
        for key in std::mem::take(&mut self.free.keys) {
            self.settle(key, Verdict::Extra, Some(Reason::NotOurs));
        }
    }

    fn settle(&mut self, key: ItemKey, verdict: Verdict, reason: Option<Reason>) {
        self.settled.push(Settled { key, verdict, reason });
    }
}

/// The target's items without a fact, and the same by fingerprint.
struct Free {
    keys: BTreeSet<ItemKey>,
    prints: BTreeMap<Digest, BTreeSet<ItemKey>>,
}

impl Free {
    fn of(target: &Listing, facts: &Facts) -> Self {
        let placed = placed(facts);
        let mut free = Self { keys: BTreeSet::new(), prints: BTreeMap::new() };
        for (key, item) in target.iter().filter(|(key, _)| !placed.contains(key)) {
            free.keys.insert(key);
            if let Some(print) = item.fingerprint() {
                free.prints.entry(print).or_default().insert(key);
            }
        }
        free
    }

    fn take(&mut self, print: &Digest, since: ItemKey) -> Option<ItemKey> {
        let keys = self.prints.get_mut(print)?;
        let key = *keys.range(since..).next()?;
        keys.remove(&key);
        self.keys.remove(&key);
        Some(key)
    }
}

fn placed(facts: &Facts) -> BTreeSet<ItemKey> {
    facts.iter().map(|(_, fact)| fact.target).collect()
}

/// Whether an item of the source has no counterpart by the facts.
fn is_loose(key: ItemKey, target: &Listing, facts: &Facts) -> bool {
    facts.get(key).is_none_or(|fact| target.get(fact.target).is_none())
}
