//! The driver of a plan: hands out what may start now, takes back what came of it, touches nothing itself.

use std::collections::{BTreeMap, VecDeque};

use crate::digest::{Digest, Key};
use crate::listing::{Fact, FactChange};
use crate::place::Place;
use crate::plan::{Action, Plan, Settled};
use crate::report::{Line, Reason, Report, Verdict};

/// What came of an action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It is done, and the target now holds an item of this digest.
    Done {
        /// The digest of the target item as observed, or as expected where it is not read back.
        target: Digest,
    },
    /// It is not done.
    Failed {
        /// Why, in the words of who said it.
        reason: String,
        /// Whether trying again may help.
        transient: bool,
    },
}

/// What is to follow an outcome.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next {
    /// Make this change of the facts durable.
    Record(FactChange),
    /// Try this once more.
    Again(Action),
    /// Nothing: the item's line is in the report.
    Settled,
}

/// What follows when `action`, tried for the `attempt`th time (from 1), ended like this.
///
/// Pure. A failure is tried again only when it is transient, and three times at most.
pub fn next_step(action: &Action, attempt: u32, outcome: &Outcome) -> Next {
    match (outcome, action) {
        (Outcome::Done { .. }, Action::Forget { key }) => Next::Record(FactChange::Remove(key.clone())),
        (
            Outcome::Done { target },
            Action::Adopt { key, source, .. }
            | Action::Create { key, source, .. }
            | Action::Update { key, source, .. },
        ) => Next::Record(FactChange::Put(key.clone(), Fact { source: *source, target: *target })),
        (Outcome::Failed { transient: true, .. }, _) if attempt < ATTEMPTS => Next::Again(action.clone()),
        (Outcome::Failed { .. }, _) => Next::Settled,
    }
}

/// A plan on its way.
///
/// Any number of actions may be started before the first is finished. Each action is about another item, so they may
/// finish in any order.
#[derive(Debug)]
pub struct Apply {
    waiting: VecDeque<Action>,
    running: BTreeMap<Key, (Action, u32)>,
    lines: Vec<Line>,
    forgotten: usize,
}

impl Apply {
    /// A plan of which nothing is done yet.
    pub fn new(plan: Plan) -> Apply {
        let lines = plan.settled.into_iter().map(settled_line).collect();
        Apply { waiting: plan.actions.into(), running: BTreeMap::new(), lines, forgotten: 0 }
    }

    /// An action that may start now, or `None` when all have been handed out.
    pub fn start(&mut self) -> Option<Action> {
        let action = self.waiting.pop_front()?;
        self.running.insert(action.key().clone(), (action.clone(), 1));
        Some(action)
    }

    /// Takes back what came of an action and tells what is to follow.
    #[allow(clippy::needless_pass_by_value, reason = "a finished action is given back for good")]
    pub fn finish(&mut self, action: Action, outcome: Outcome) -> Next {
        let (_, attempt) = self.running.remove(action.key()).unwrap_or((action.clone(), 1));
        let next = next_step(&action, attempt, &outcome);
        match (&next, outcome) {
            (Next::Again(again), _) => {
                self.running.insert(again.key().clone(), (again.clone(), attempt + 1));
            }
            (_, Outcome::Done { .. }) => self.done(&action),
            (_, Outcome::Failed { reason, .. }) => {
                self.lines.push(line(&action, Verdict::Failed, Some(Reason::Other(reason))));
            }
        }
        next
    }

    /// What became of every item. What was not finished is pending.
    pub fn into_report(mut self) -> Report {
        let unfinished = self.waiting.into_iter().chain(self.running.into_values().map(|(action, _)| action));
        let pending = unfinished.filter(|action| !matches!(action, Action::Forget { .. }));
        self.lines.extend(pending.map(|action| line(&action, Verdict::Pending, None)));
        Report::new(self.lines, self.forgotten)
    }

    fn done(&mut self, action: &Action) {
        let verdict = match action {
            Action::Adopt { .. } => Verdict::Adopted,
            Action::Create { .. } | Action::Update { .. } => Verdict::Copied,
            Action::Forget { .. } => {
                self.forgotten += 1;
                return;
            }
        };
        self.lines.push(line(action, verdict, None));
    }
}

fn settled_line(settled: Settled) -> Line {
    let Settled { key, verdict, reason, place } = settled;
    Line { key, verdict, reason, place }
}

fn line(action: &Action, verdict: Verdict, reason: Option<Reason>) -> Line {
    let place = action.place().cloned().unwrap_or_else(Place::default);
    Line { key: action.key().clone(), verdict, reason, place }
}

/// How often a transient failure is tried in all.
const ATTEMPTS: u32 = 3;
