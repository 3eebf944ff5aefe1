//! The driver without I/O: it hands out the actions that may start now and takes back what became of them.

use std::collections::{BTreeMap, VecDeque};

use crate::digest::Digest;
use crate::listing::{Fact, Key, Kind};
use crate::plan::{Action, Plan};
use crate::report::{Line, Reason, Report, Verdict};

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, and this is now the digest of the target's item.
    Done {
        /// The digest of the target's item, as observed or as it must be. Of no matter for [`Action::Forget`].
        target: Digest,
    },
    /// It is not done.
    Failed {
        /// Why, for people.
        reason: String,
        /// Whether trying again may help.
        transient: bool,
    },
}

/// What to do after an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Carry the same action out again, then report its outcome again.
    Again(Action),
    /// Keep this.
    Record(FactChange),
    /// Nothing: the item has failed, and the report says so.
    Settled,
}

/// A change to the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactChange {
    /// We placed this.
    Put(Key, Fact),
    /// Neither side has it any more.
    Remove(Key),
}

/// What comes after an outcome; `attempt` counts from 1.
pub fn next_step(action: &Action, attempt: u32, outcome: &Outcome) -> Next {
    let target = match outcome {
        Outcome::Done { target } => *target,
        Outcome::Failed { transient: true, .. } if attempt < ATTEMPTS => return Next::Again(action.clone()),
        Outcome::Failed { .. } => return Next::Settled,
    };
    Next::Record(match action {
        Action::Forget { key } => FactChange::Remove(key.clone()),
        Action::Adopt { key, source, .. }
        | Action::Create { key, source }
        | Action::Update { key, source } => FactChange::Put(key.clone(), Fact { source: *source, target }),
    })
}

/// Carries a plan out, many actions at a time; whatever depends on another kind of item waits for it.
///
/// [`Action::Adopt`] and [`Action::Forget`] need no effect: finish them at once with [`Outcome::Done`].
#[derive(Clone, Debug)]
pub struct Apply {
    plan: Plan,
    waiting: VecDeque<Action>,
    /// Actions handed out, with the number of attempts so far.
    flying: BTreeMap<Key, u32>,
    ended: BTreeMap<Key, (Verdict, Option<Reason>)>,
    forgotten: u64,
}

impl Apply {
    /// Begins with a plan.
    pub fn new(plan: Plan) -> Self {
        let waiting = plan.actions.iter().cloned().collect();
        Self { plan, waiting, flying: BTreeMap::new(), ended: BTreeMap::new(), forgotten: 0 }
    }

    /// The next action that may start now. `None` when there is none, or when the next has to wait for one in flight.
    pub fn start(&mut self) -> Option<Action> {
        let kind = self.waiting.front()?.key().kind();
        if self.flying.keys().next().is_some_and(|key| waits_for(kind, key.kind())) {
            return None;
        }
        let action = self.waiting.pop_front()?;
        self.flying.insert(action.key().clone(), 1);
        Some(action)
    }

    /// Takes back what became of an action and says what to do next.
    // By value: an action is spent when it is reported.
    #[allow(clippy::needless_pass_by_value)]
    pub fn finish(&mut self, action: Action, outcome: Outcome) -> Next {
        let key = action.key();
        let attempt = self.flying.get(key).copied().unwrap_or(ATTEMPTS);
        let next = next_step(&action, attempt, &outcome);
        if let Next::Again(_) = next {
            self.flying.insert(key.clone(), attempt + 1);
            return next;
        }
        self.flying.remove(key);
        match (&action, outcome) {
            (_, Outcome::Failed { reason, .. }) => {
                self.ended.insert(key.clone(), (Verdict::Failed, Some(Reason::Other(reason))));
            }
            (Action::Forget { .. }, _) => self.forgotten += 1,
            (Action::Adopt { .. }, _) => {
                self.ended.insert(key.clone(), (Verdict::Adopted, None));
            }
            (Action::Create { .. } | Action::Update { .. }, _) => {
                self.ended.insert(key.clone(), (Verdict::Copied, None));
            }
        }
        next
    }

    /// What became of every item; whatever has not been finished is pending.
    pub fn into_report(mut self) -> Report {
        let mut lines: Vec<Line> = Vec::with_capacity(self.plan.actions.len() + self.plan.settled.len());
        for action in &self.plan.actions {
            let key = action.key();
            // What is on neither side is no item: it is counted only.
            if matches!(action, Action::Forget { .. }) {
                continue;
            }
            let (verdict, reason) = self.ended.remove(key).unwrap_or((Verdict::Pending, None));
            let place = self.plan.places.get(key).cloned().unwrap_or_default();
            lines.push(Line { key: key.clone(), verdict, reason, place });
        }
        lines.extend(self.plan.settled.into_iter().map(|settled| Line {
            key: settled.key,
            verdict: settled.verdict,
            reason: settled.reason,
            place: settled.place,
        }));
        lines.sort_by(|a, b| a.key.cmp(&b.key));
        Report { lines, forgotten: self.forgotten }
    }
}

/// Whether an item of one kind needs those of another to be settled first.
fn waits_for(kind: Kind, flying: Kind) -> bool {
    flying < kind
}

/// How often an action is carried out before its failure counts, when the failures may pass.
const ATTEMPTS: u32 = 3;
