//! What is to be done: a pure function of two listings, the facts and the policy.

use std::collections::BTreeSet;

use crate::fact::{Fact, Facts};
use crate::flags::Flags;
use crate::folder::FolderName;
use crate::message::{Keywords, Listing, Message, State, holds};
use crate::report::{Line, Reason, Report, Verdict};
use crate::unique::Unique;

/// What may be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Put back what was placed and then removed or changed on the target.
    pub restore: bool,
}

/// What is to be done in one folder, and what is settled without doing anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The actions, in the order of the names.
    pub actions: Vec<Action>,
    /// The messages that need no action, in the order of the names.
    pub settled: Vec<Settled>,
    /// The keywords that the actions need, in the order in which the source keeps them.
    pub keywords: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// The message is on the target and is known from now on. Without a fact before, its state becomes the source's.
    Adopt {
        /// The message.
        message: Message,
        /// The state to be set first, where it differs.
        state: Option<State>,
        /// What is to be remembered.
        fact: Fact,
    },
    /// The message is to be copied.
    Copy {
        /// The message as the source lists it.
        message: Message,
    },
    /// Both sides have dropped the message; so does the memory.
    Forget {
        /// The name.
        unique: Unique,
    },
    /// The source's changes are to be carried over.
    SetState {
        /// The message as the source lists it.
        message: Message,
        /// The target's state afterwards.
        state: State,
        /// What is to be remembered.
        fact: Fact,
    },
}

/// A message that needs no action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The message, as the source lists it, or else the target.
    pub message: Message,
    /// What became of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Reason>,
    /// What exactly, where that needs saying.
    pub detail: Option<String>,
}

/// Decides what is to be done in one folder.
pub fn plan(source: &Listing, target: &Listing, facts: &Facts, policy: &Policy) -> Plan {
    let known = facts.iter().map(|(unique, _)| unique);
    let names: BTreeSet<_> = source.messages.keys().chain(target.messages.keys()).chain(known).collect();
    let mut plan = Plan::default();
    for unique in names {
        match decide(unique, source.get(unique), target.get(unique), facts.get(unique), *policy) {
            Decision::Act(action) => plan.actions.push(action),
            Decision::Settle(settled) => plan.settled.push(settled),
        }
    }
    plan.keywords = plan.needed_keywords(source);
    plan
}

/// The folders that the target lacks, parents first.
pub fn plan_folders(source: &[FolderName], target: &[FolderName]) -> Vec<FolderName> {
    let there: BTreeSet<_> = target.iter().collect();
    let missing: BTreeSet<_> = source.iter().filter(|folder| !there.contains(folder)).collect();
    missing.into_iter().cloned().collect()
}

impl Policy {
    /// The same policy, with or without putting back what the target's users removed or changed.
    #[must_use]
    pub fn with_restore(self, restore: bool) -> Self {
        Self { restore }
    }
}

impl Plan {
    /// There is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Whether anything is done to the target: a message that both sides dropped is merely forgotten, and its folder need
    /// not be there.
    pub fn touches_target(&self) -> bool {
        self.actions.iter().any(|action| action.message().is_some())
    }

    /// The report as it would be if every action succeeded: what a dry run prints.
    pub fn preview(&self, folder: &FolderName) -> Report {
        let done = self.actions.iter().filter_map(|action| action.line(folder));
        let mut lines: Vec<Line> =
            self.settled.iter().map(|settled| settled.line(folder)).chain(done).collect();
        lines.sort_by(|a, b| a.unique.cmp(&b.unique));
        Report { lines, notes: Vec::new() }
    }

    fn needed_keywords(&self, source: &Listing) -> Vec<String> {
        let needed: BTreeSet<&str> =
            self.actions.iter().filter_map(Action::keywords).flatten().map(String::as_str).collect();
        let mut ordered: Vec<String> = Vec::with_capacity(needed.len());
        let in_table = source.keywords.iter().map(String::as_str).filter(|name| needed.contains(name));
        for name in in_table.chain(needed.iter().copied()) {
            if !ordered.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                ordered.push(name.to_owned());
            }
        }
        ordered
    }
}

impl Action {
    /// The message's name.
    pub fn unique(&self) -> &Unique {
        match self {
            Self::Adopt { message, .. } | Self::Copy { message } | Self::SetState { message, .. } => {
                &message.unique
            }
            Self::Forget { unique } => unique,
        }
    }

    /// The message as the source lists it; none for what is forgotten.
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Adopt { message, .. } | Self::Copy { message } | Self::SetState { message, .. } => {
                Some(message)
            }
            Self::Forget { .. } => None,
        }
    }

    /// The line that reports it done; nothing is said about what is forgotten.
    pub fn line(&self, folder: &FolderName) -> Option<Line> {
        let message = self.message()?;
        let verdict = if matches!(self, Self::Adopt { .. }) { Verdict::Adopted } else { Verdict::Copied };
        Some(Line::new(folder, &message.unique, verdict, message.path_text(folder)))
    }

    fn keywords(&self) -> Option<&Keywords> {
        match self {
            Self::Adopt { state, .. } => state.as_ref().map(|state| &state.keywords),
            Self::Copy { message } => Some(&message.keywords),
            Self::Forget { .. } => None,
            Self::SetState { state, .. } => Some(&state.keywords),
        }
    }
}

impl Settled {
    /// Its line in a report.
    pub fn line(&self, folder: &FolderName) -> Line {
        let place = self.message.path_text(folder);
        let line = Line::new(folder, &self.message.unique, self.verdict, place).because(self.reason.clone());
        Line { detail: self.detail.clone(), ..line }
    }
}

enum Decision {
    Act(Action),
    Settle(Settled),
}

/// The table: is it at the source, on the target, and do we remember it?
fn decide(
    unique: &Unique,
    source: Option<&Message>,
    target: Option<&Message>,
    fact: Option<&Fact>,
    policy: Policy,
) -> Decision {
    match (source, target, fact) {
        (Some(s), None, Some(_)) if !policy.restore => {
            settle(s, Verdict::Excluded, Some(Reason::RemovedOnTarget))
        }
        (Some(s), None, _) => Decision::Act(Action::Copy { message: s.clone() }),
        (Some(s), Some(t), _) if s.size != t.size => occupied(s, t),
        (Some(s), Some(t), None) => adopt(s, t),
        (Some(s), Some(t), Some(f)) => merge(s, t, f, policy),
        (None, Some(t), Some(_)) => settle(t, Verdict::Extra, Some(Reason::GoneFromSource)),
        (None, Some(t), None) => settle(t, Verdict::Extra, Some(Reason::NotOurs)),
        (None, None, _) => Decision::Act(Action::Forget { unique: unique.clone() }),
    }
}

fn settle(message: &Message, verdict: Verdict, reason: Option<Reason>) -> Decision {
    Decision::Settle(Settled { message: message.clone(), verdict, reason, detail: None })
}

fn occupied(s: &Message, t: &Message) -> Decision {
    let detail = Some(format!("{} bytes at the source, {} on the target", s.size, t.size));
    let reason = Some(Reason::OccupiedOnTarget);
    Decision::Settle(Settled { message: s.clone(), verdict: Verdict::Skipped, reason, detail })
}

/// Ours by its name and size, but not remembered: the source's state holds.
fn adopt(s: &Message, t: &Message) -> Decision {
    let mut state = s.state();
    state.keywords = spelled(&s.keywords, &t.keywords);
    let fact = Fact { source: s.state(), target: state.clone() };
    let state = (state != t.state()).then_some(state);
    Decision::Act(Action::Adopt { message: s.clone(), state, fact })
}

/// The three-way merge: per flag, per keyword and for the date, what the source changed since is carried over and
/// what was changed on the target alone stays.
fn merge(s: &Message, t: &Message, f: &Fact, policy: Policy) -> Decision {
    let merged = Merged::new(s, t, f, policy.restore);
    let message = s.clone();
    if merged.state != t.state() {
        return Decision::Act(Action::SetState { message, state: merged.state, fact: merged.fact });
    }
    if !merged.fact.is_same(f) {
        return Decision::Act(Action::Adopt { message, state: None, fact: merged.fact });
    }
    let detail =
        merged.date_conflict.then(|| "the date changed on both sides; the target's stays".to_owned());
    let reason = (merged.state != merged.fact.target).then_some(Reason::ChangedOnTarget);
    Decision::Settle(Settled { message, verdict: Verdict::Unchanged, reason, detail })
}

struct Merged {
    /// What the target is to be.
    state: State,
    /// What is to be remembered: the source as it is, and the target as *we* left it, so that a change made there
    /// is known as one as long as it lasts.
    fact: Fact,
    /// The date changed on both sides. Neither fact moves, so that it is said again each time.
    date_conflict: bool,
}

impl Merged {
    fn new(s: &Message, t: &Message, f: &Fact, restore: bool) -> Self {
        let mut merged = Self {
            state: State::default(),
            fact: Fact { source: s.state(), target: State::default() },
            date_conflict: false,
        };
        merged.date(s, t, f, restore);
        for letter in Flags::LETTERS {
            let sides = [s.flags, t.flags, f.source.flags, f.target.flags];
            let (now, left) = side(sides.map(|flags| flags.has(letter)), restore);
            merged.state.flags = merged.state.flags.with(letter, now);
            merged.fact.target.flags = merged.fact.target.flags.with(letter, left);
        }
        let sets = [&s.keywords, &t.keywords, &f.source.keywords, &f.target.keywords];
        for name in names(&sets) {
            let (now, left) = side(sets.map(|set| holds(set, name)), restore);
            if now {
                merged.state.keywords.insert(name.to_owned());
            }
            if left {
                merged.fact.target.keywords.insert(name.to_owned());
            }
        }
        merged
    }

    fn date(&mut self, s: &Message, t: &Message, f: &Fact, restore: bool) {
        let conflict = s.date != f.source.date && t.date != f.target.date && s.date != t.date;
        if conflict && !restore {
            self.date_conflict = true;
            self.state.date = t.date;
            self.fact.source.date = f.source.date;
            self.fact.target.date = f.target.date;
        } else {
            (self.state.date, self.fact.target.date) =
                side([s.date, t.date, f.source.date, f.target.date], restore);
        }
    }
}

/// One value on the source, on the target, and on both as remembered: what it is to be, and what we left there.
fn side<V: PartialEq + Copy>([s, t, source, target]: [V; 4], restore: bool) -> (V, V) {
    if s != source || (restore && t != target) { (s, s) } else { (t, target) }
}

/// Every keyword once, spelled as the target spells it where it has it.
fn names<'a>([s, t, source, target]: &[&'a Keywords; 4]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for name in t.iter().chain(*s).chain(*source).chain(*target) {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    names
}

fn spelled(keywords: &Keywords, like: &Keywords) -> Keywords {
    let known =
        |name: &String| like.iter().find(|known| known.eq_ignore_ascii_case(name)).unwrap_or(name).clone();
    keywords.iter().map(known).collect()
}
