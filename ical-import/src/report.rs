//! What became of every item.

use std::collections::BTreeMap;
use std::fmt;

use crate::digest::Key;
use crate::place::Place;

/// What became of an item.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Verdict {
    /// It was there already and is ours from now on.
    Adopted,
    /// It was created or updated.
    Copied,
    /// It is left out by a documented default.
    Excluded,
    /// Only the target has it.
    Extra,
    /// It could not be placed, or it is not as it should be.
    Failed,
    /// It was not come to.
    Pending,
    /// It is left as it is, though it was asked for.
    Skipped,
    /// It is as it should be.
    Unchanged,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Adopted => "adopted",
            Verdict::Copied => "copied",
            Verdict::Excluded => "excluded",
            Verdict::Extra => "extra",
            Verdict::Failed => "failed",
            Verdict::Pending => "pending",
            Verdict::Skipped => "skipped",
            Verdict::Unchanged => "unchanged",
        })
    }
}

/// Why a verdict is what it is; written as a sentence for people.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Reason {
    /// Source and target both changed since it was placed, and differ.
    ChangedOnBoth,
    /// The target changed it since it was placed.
    ChangedOnTarget,
    /// Source and target differ.
    Different,
    /// The source no longer has what was placed.
    GoneFromSource,
    /// The target does not have it.
    Missing,
    /// The target's own.
    NotOurs,
    /// The target has something else under the same identity, which is not ours.
    OccupiedOnTarget,
    /// The target no longer has what was placed.
    RemovedOnTarget,
    /// Anything else, in the words of who said it.
    Other(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::ChangedOnBoth => "changed on both sides since it was placed; left as it is",
            Reason::ChangedOnTarget => "changed on the target since it was placed",
            Reason::Different => "the target has it otherwise",
            Reason::GoneFromSource => "the source no longer has it; nothing is deleted",
            Reason::Missing => "the target does not have it",
            Reason::NotOurs => "only the target has it, and it was not placed by us",
            Reason::OccupiedOnTarget => {
                "the target has another one of this UID, not placed by us; left as it is"
            }
            Reason::RemovedOnTarget => "removed on the target since it was placed",
            Reason::Other(reason) => reason,
        })
    }
}

/// What became of one item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Which item.
    pub key: Key,
    /// What became of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Reason>,
    /// Where it stands in the source, or on the target where only that has it.
    pub place: Place,
}

/// What became of every item: one line each, in the order of their keys.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The lines.
    pub lines: Vec<Line>,
    /// How many facts were dropped because neither side has their item any more.
    pub forgotten: usize,
}

impl Report {
    /// A report of these lines, put into the order of their keys.
    pub fn new(mut lines: Vec<Line>, forgotten: usize) -> Report {
        lines.sort_by(|a, b| a.key.cmp(&b.key));
        Report { lines, forgotten }
    }

    /// How many lines have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.lines.iter().filter(|line| line.verdict == verdict).count()
    }

    /// How many lines each verdict has; verdicts without a line are left out.
    pub fn counts(&self) -> BTreeMap<Verdict, usize> {
        let mut counts = BTreeMap::new();
        for line in &self.lines {
            *counts.entry(line.verdict).or_default() += 1;
        }
        counts
    }

    /// Whether everything asked for is done or already so: nothing skipped, failed or pending.
    pub fn is_clean(&self) -> bool {
        !self
            .lines
            .iter()
            .any(|line| matches!(line.verdict, Verdict::Failed | Verdict::Pending | Verdict::Skipped))
    }
}
