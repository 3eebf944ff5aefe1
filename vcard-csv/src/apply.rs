//! The sans-I/O driver: hands out the actions that may start now and takes their outcomes back.

use crate::digest::Digest;
use crate::listing::{Fact, Key};
use crate::plan::{Action, Plan, Settled};
use crate::report::{Line, Reason, Report, Verdict};
use std::collections::{BTreeMap, VecDeque};

/// What came of one attempt at an action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It is done, and the target's contact has this content now (for [`Action::Forget`] it does not matter).
    Done {
        /// The target's content as observed, or as written where it cannot be observed.
        target: Digest,
    },
    /// It did not get through.
    Failed {
        /// What the target said.
        reason: String,
        /// Whether another attempt may get through.
        transient: bool,
    },
}

/// A change of the facts, to be kept before anything relies on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FactChange {
    /// Keep this fact.
    Put(Key, Fact),
    /// Drop the fact of this key.
    Remove(Key),
}

/// What to do after an attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next {
    /// Try it once more.
    Again(Action),
    /// Record what happened; the action is over.
    Record(FactChange),
    /// The action is over, without a change of the facts.
    Settled,
}

/// Decides what follows an attempt, counted from 1. Pure.
pub fn next_step(action: &Action, attempt: u32, outcome: &Outcome) -> Next {
    match (action, outcome) {
        (_, Outcome::Failed { transient: true, .. }) if attempt < ATTEMPTS => Next::Again(action.clone()),
        (_, Outcome::Failed { .. }) => Next::Settled,
        (Action::Forget { key }, Outcome::Done { .. }) => Next::Record(FactChange::Remove(key.clone())),
        (Action::Adopt { key, source, target, .. }, Outcome::Done { .. }) => {
            Next::Record(FactChange::Put(key.clone(), Fact { source: *source, target: *target }))
        }
        (
            Action::Create { key, source, .. } | Action::Update { key, source, .. },
            Outcome::Done { target },
        ) => Next::Record(FactChange::Put(key.clone(), Fact { source: *source, target: *target })),
    }
}

/// One application of a plan. Any number of actions may be in flight; what was started and never finished, or
/// never started, is pending in the report.
#[derive(Clone, Debug, Default)]
pub struct Apply {
    waiting: VecDeque<Action>,
    attempts: BTreeMap<Key, u32>,
    lines: BTreeMap<Key, Line>,
    forgotten: usize,
}

impl Apply {
    /// Begins with a plan.
    pub fn new(plan: Plan) -> Self {
        let pending = plan.actions.iter().filter_map(pending_line);
        let settled = plan.settled.into_iter().map(settled_line);
        let lines = pending.chain(settled).map(|line| (line.key.clone(), line)).collect();
        Self { waiting: plan.actions.into(), attempts: BTreeMap::new(), lines, forgotten: 0 }
    }

    /// The next action that may start now.
    pub fn start(&mut self) -> Option<Action> {
        self.waiting.pop_front()
    }

    /// Takes back what came of an action; [`Next::Again`] hands it out once more.
    // The action comes back by value: whoever finished it has no further use for it.
    #[allow(clippy::needless_pass_by_value)]
    pub fn finish(&mut self, action: Action, outcome: Outcome) -> Next {
        let attempt = self.attempts.entry(action.key().clone()).or_insert(0);
        *attempt += 1;
        let next = next_step(&action, *attempt, &outcome);
        if !matches!(next, Next::Again(_)) {
            self.attempts.remove(action.key());
            self.conclude(&action, outcome);
        }
        next
    }

    /// What became of everything.
    pub fn into_report(self) -> Report {
        Report { lines: self.lines.into_values().collect(), forgotten: self.forgotten }
    }

    fn conclude(&mut self, action: &Action, outcome: Outcome) {
        let Some(line) = self.lines.get_mut(action.key()) else {
            self.forgotten += usize::from(matches!(outcome, Outcome::Done { .. }));
            return;
        };
        match outcome {
            Outcome::Done { .. } if action.has_effect() => line.verdict = Verdict::Copied,
            Outcome::Done { .. } => line.verdict = Verdict::Adopted,
            Outcome::Failed { reason, .. } => {
                line.verdict = Verdict::Failed;
                line.reason = Some(Reason::Other(reason));
            }
        }
    }
}

fn pending_line(action: &Action) -> Option<Line> {
    match action {
        Action::Forget { .. } => None,
        Action::Adopt { key, place, name, .. }
        | Action::Create { key, place, name, .. }
        | Action::Update { key, place, name, .. } => Some(Line {
            key: key.clone(),
            name: name.clone(),
            verdict: Verdict::Pending,
            reason: None,
            place: place.clone(),
        }),
    }
}

fn settled_line(settled: Settled) -> Line {
    let Settled { key, name, verdict, reason, place } = settled;
    Line { key, name, verdict, reason, place }
}

/// How often an action is attempted when its failures may pass.
const ATTEMPTS: u32 = 3;
