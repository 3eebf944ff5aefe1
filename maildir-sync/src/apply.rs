//! Carrying a plan out: the only place with effects. What is to be done was decided before; how a failure is taken
//! is decided by [`next_step`] alone.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::error::{Error, Result};
use crate::fact::{Fact, FactChange};
use crate::folder::FolderName;
use crate::header::message_id;
use crate::message::{Finding, Keywords, Message, Severity, State};
use crate::plan::{Action, Plan, Settled};
use crate::report::{Line, Reason, Report, Verdict};
use crate::store::{Source, Target};
use crate::unique::Unique;

/// Carries a folder's plan out and says what became of every message in it.
///
/// Facts go to `record` in batches, each after the target has made it durable. A message that fails is one failed
/// line and the rest goes on; when the disk is full, the rest of the folder fails with that reason, untried. When
/// `go_on` turns false, what is in flight is finished and recorded, and the rest is pending. `progress` sees each
/// line of an action once it is final.
pub fn apply<S: Source, T: Target, E: Display>(
    plan: &Plan,
    folder: &FolderName,
    source: &mut S,
    target: &mut T,
    record: &mut dyn FnMut(&[FactChange]) -> Result<(), E>,
    go_on: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(&Line),
) -> Report {
    let mut run = Run {
        folder,
        source,
        target,
        progress,
        batch: Vec::new(),
        bytes: 0,
        without: Vec::new(),
        report: Report::default(),
    };
    run.settled(&plan.settled);
    let mut record = |changes: &[FactChange]| record(changes).map_err(|error| error.to_string());
    run.all(plan, &mut record, go_on);
    run.report.lines.sort_by(|a, b| a.unique.cmp(&b.unique));
    run.report
}

/// What a failure means for what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next action has its chance.
    GoOn,
    /// The rest of the folder would fail in the same way and is not tried.
    Stop,
}

/// Decides how to go on after an action failed.
pub fn next_step(error: &Error) -> Next {
    if error.is_full() { Next::Stop } else { Next::GoOn }
}

struct Run<'a, S, T> {
    folder: &'a FolderName,
    source: &'a mut S,
    target: &'a mut T,
    progress: &'a mut dyn FnMut(&Line),
    /// What was done since the last settling, with the line and the fact it will have.
    batch: Vec<Done>,
    /// The bytes in it.
    bytes: u64,
    /// Keywords without a letter on the target.
    without: Vec<String>,
    report: Report,
}

struct Done {
    line: Option<Line>,
    change: FactChange,
}

type Record<'a> = dyn FnMut(&[FactChange]) -> Result<(), String> + 'a;

impl<S: Source, T: Target> Run<'_, S, T> {
    fn all(&mut self, plan: &Plan, record: &mut Record<'_>, go_on: &dyn Fn() -> bool) {
        if plan.is_empty() {
            return;
        }
        let mut stopped = if plan.touches_target() { self.prepare(&plan.keywords) } else { Ok(()) };
        let mut actions = plan.actions.iter();
        while stopped.is_ok() && go_on() {
            let Some(action) = actions.next() else { break };
            stopped = self.one(action);
            if stopped.is_ok() && (self.batch.len() >= self.target.batch_len() || self.bytes >= BATCH_BYTES) {
                stopped = self.settle(record);
            }
        }
        let stopped = stopped.and_then(|()| self.settle(record)).or_else(|stop| {
            // What was done before the stop is done all the same.
            self.settle(record).and(Err(stop))
        });
        for action in actions {
            let line = action.line(self.folder);
            self.finish(line.map(|line| match &stopped {
                Ok(()) => Line { verdict: Verdict::Pending, ..line },
                Err(stop) => failed(line, format!("not tried: {stop}")),
            }));
        }
    }

    /// Lines for what needs no action; where something is wrong, with what a person looks a message up by.
    fn settled(&mut self, settled: &[Settled]) {
        for settled in settled {
            let mut line = settled.line(self.folder);
            if line.verdict.is_bad() {
                line.message_id = self.message_id(&settled.message);
            }
            self.report.lines.push(line);
        }
    }

    fn message_id(&mut self, message: &Message) -> Option<String> {
        message_id(self.source.open(self.folder, message).ok()?)
    }

    fn prepare(&mut self, keywords: &[String]) -> Result<(), String> {
        self.without = self.target.prepare(self.folder, keywords).map_err(|error| error.to_string())?;
        for name in &self.without {
            let reason = format!(
                "no letter is left for the keyword `{name}`, or its name cannot have one; it is not carried over"
            );
            let file = "dovecot-keywords".to_owned();
            let severity = Severity::Note;
            self.report.notes.push(Finding { folder: self.folder.clone(), file, reason, severity });
        }
        Ok(())
    }

    /// Tries one action; an error stops the folder.
    fn one(&mut self, action: &Action) -> Result<(), String> {
        let line = action.line(self.folder);
        match self.act(action) {
            Ok(change) => {
                let line = line.map(|line| self.with_left_out(line, &change));
                self.batch.push(Done { line, change });
                Ok(())
            }
            Err(error) => {
                let reason = error.to_string();
                let message_id = action.message().and_then(|message| self.message_id(message));
                self.finish(line.map(|line| Line { message_id, ..failed(line, reason.clone()) }));
                match next_step(&error) {
                    Next::GoOn => Ok(()),
                    Next::Stop => Err(reason),
                }
            }
        }
    }

    fn act(&mut self, action: &Action) -> Result<FactChange> {
        Ok(match action {
            Action::Adopt { message, state, fact } => {
                if let Some(state) = state {
                    self.set_state(&message.unique, state)?;
                }
                FactChange::Put(message.unique.clone(), self.possible_fact(fact))
            }
            Action::Copy { message } => FactChange::Put(message.unique.clone(), self.copy(message)?),
            Action::Forget { unique } => FactChange::Remove(unique.clone()),
            Action::SetState { message, state, fact } => {
                self.set_state(&message.unique, state)?;
                FactChange::Put(message.unique.clone(), self.possible_fact(fact))
            }
        })
    }

    fn copy(&mut self, message: &Message) -> Result<Fact> {
        let placed = Message { keywords: self.possible(&message.keywords), ..message.clone() };
        let mut body = self.source.open(self.folder, message)?;
        self.bytes += self.target.deliver(self.folder, &placed, &mut body)?;
        Ok(Fact { source: message.state(), target: placed.state() })
    }

    fn set_state(&mut self, unique: &Unique, state: &State) -> Result<()> {
        let state = State { keywords: self.possible(&state.keywords), ..state.clone() };
        self.target.set_state(self.folder, unique, &state)
    }

    /// Makes the batch durable and records it; an error stops the folder.
    fn settle(&mut self, record: &mut Record<'_>) -> Result<(), String> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        let refused = match self.target.settle(self.folder) {
            Ok(refused) => refused,
            Err(error) => return self.fail(batch, error.to_string()),
        };
        let stop = refused.iter().find(|(_, error)| next_step(error) == Next::Stop);
        let stop = stop.map_or(Ok(()), |(_, error)| Err(error.to_string()));
        let refused: BTreeMap<Unique, String> =
            refused.into_iter().map(|(unique, error)| (unique, error.to_string())).collect();
        let (done, lost): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|done| !refused.contains_key(done.unique()));
        for done in lost {
            let reason = refused[done.unique()].clone();
            self.finish(done.line.map(|line| failed(line, reason)));
        }
        let changes: Vec<FactChange> = done.iter().map(|done| done.change.clone()).collect();
        if let Err(error) = if changes.is_empty() { Ok(()) } else { record(&changes) } {
            return self.fail(done, format!("done, but it could not be recorded: {error}"));
        }
        done.into_iter().for_each(|done| self.finish(done.line));
        stop
    }

    fn fail(&mut self, batch: Vec<Done>, reason: String) -> Result<(), String> {
        for done in batch {
            self.finish(done.line.map(|line| failed(line, reason.clone())));
        }
        Err(reason)
    }

    fn finish(&mut self, line: Option<Line>) {
        if let Some(line) = line {
            (self.progress)(&line);
            self.report.lines.push(line);
        }
    }

    fn with_left_out(&self, line: Line, change: &FactChange) -> Line {
        let FactChange::Put(_, fact) = change else { return line };
        let left: Vec<&str> =
            fact.source.keywords.iter().map(String::as_str).filter(|name| self.has_no_letter(name)).collect();
        let detail = (!left.is_empty()).then(|| format!("without the keywords {}", left.join(", ")));
        Line { detail, ..line }
    }

    fn possible(&self, keywords: &Keywords) -> Keywords {
        keywords.iter().filter(|name| !self.has_no_letter(name)).cloned().collect()
    }

    fn possible_fact(&self, fact: &Fact) -> Fact {
        let target = State { keywords: self.possible(&fact.target.keywords), ..fact.target.clone() };
        Fact { source: fact.source.clone(), target }
    }

    fn has_no_letter(&self, name: &str) -> bool {
        self.without.iter().any(|without| without.eq_ignore_ascii_case(name))
    }
}

impl Done {
    fn unique(&self) -> &Unique {
        match &self.change {
            FactChange::Put(unique, _) | FactChange::Remove(unique) => unique,
        }
    }
}

fn failed(line: Line, reason: String) -> Line {
    Line { verdict: Verdict::Failed, ..line }.because(Some(Reason::Other(reason)))
}

/// A batch is settled early when its bodies are large.
const BATCH_BYTES: u64 = 64 << 20;
