//! What every step of a command needs to know.

use std::path::Path;

use mailferry_journal::Journal;

use crate::console::Console;
use crate::error::{Error, Result};
use crate::report::{Line, Note, Report, Step, Verdict};
use crate::stop::Stop;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Read the source and say what is wrong with it.
    Check,
    /// Say what would be done.
    Plan,
    /// Do it.
    Run,
    /// Compare both sides afresh.
    Verify {
        /// After the switch: what users removed or changed since is shown and excluded.
        live: bool,
    },
}

impl Mode {
    /// What became of a piece of work, in a line.
    pub fn summary(self, report: &Report) -> String {
        let word = match self {
            Self::Check => "good",
            Self::Plan => "would copy",
            Self::Run => "copied",
            Self::Verify { .. } => "equal",
        };
        let parts = report.steps().iter().map(|(step, counts)| {
            let done = if matches!(self, Self::Plan | Self::Run) { counts.copied } else { counts.unchanged };
            let mut text = format!("{step} {done} of {}", counts.source);
            if counts.in_trouble() {
                text.push_str(&format!(" ({} not done)", counts.failed + counts.skipped + counts.pending));
            }
            text
        });
        format!("{word} {}", parts.collect::<Vec<_>>().join(", "))
    }
}

/// One piece of work: what is asked for, and by which means.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// What is asked for.
    pub mode: Mode,
    /// Bring back what was removed or changed on the target since it was placed.
    pub restore: bool,
    /// List every item.
    pub keep_all: bool,
    /// What was done before; `None` when nothing was, or when nothing may be written.
    pub journal: Option<&'a Journal>,
    /// Where progress and log go.
    pub console: &'a Console,
    /// Whether to come to an end.
    pub stop: &'a Stop,
}

impl Job<'_> {
    /// Whether something that was filled here is gone as a whole: a Maildir, a collection. Users remove messages and events; an
    /// unmounted disk looks like that, and must not be taken for their doing. `filled` asks the journal.
    pub fn is_gone(&self, target: &Path, filled: impl FnOnce(&Journal) -> Result<bool>) -> Result<bool> {
        match self.journal {
            Some(journal)
                if self.minds_losses() && !target.try_exists().map_err(|e| Error::io(target, e))? =>
            {
                filled(journal)
            }
            _ => Ok(false),
        }
    }

    /// Whether what is gone as a whole is a failure of its own: not where it is to be restored, nor where every item of it is
    /// compared and named.
    pub fn minds_losses(&self) -> bool {
        !self.restore && !matches!(self.mode, Mode::Verify { live: false })
    }

    /// An empty report for this job.
    pub fn report(&self) -> Report {
        Report::new(self.keep_all)
    }
}

/// Writes the items and notes of one account and step into a report.
pub struct Writer<'a> {
    /// The step.
    pub step: Step,
    /// The account; empty for what belongs to none.
    pub account: &'a str,
    /// Where they go.
    pub report: &'a mut Report,
}

impl Writer<'_> {
    /// Takes in one item.
    pub fn line(
        &mut self,
        verdict: Verdict,
        item: impl Into<String>,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) {
        self.lines(verdict, 1, item, place, reason);
    }

    /// Takes in one line for so many items.
    pub fn lines(
        &mut self,
        verdict: Verdict,
        count: u64,
        item: impl Into<String>,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) {
        self.report.add(Line {
            step: self.step,
            account: self.account.to_owned(),
            item: item.into(),
            verdict,
            place: place.into(),
            reason: reason.into(),
            count,
        });
    }

    /// Takes in items of which nothing is to be said.
    pub fn count(&mut self, verdict: Verdict, number: u64) {
        self.report.count(self.step, verdict, number);
    }

    /// Takes in the one failure that stands for a whole Maildir.
    pub fn gone(&mut self, target: &Path) {
        let reason = "the Maildir that was filled here is gone as a whole; --restore fills it again";
        self.line(Verdict::Failed, "Maildir", target.display().to_string(), reason);
    }

    /// Takes in a note.
    pub fn note(&mut self, item: impl Into<String>, place: impl Into<String>, reason: impl Into<String>) {
        self.report.note(Note {
            step: self.step,
            account: self.account.to_owned(),
            item: item.into(),
            place: place.into(),
            reason: reason.into(),
        });
    }
}
