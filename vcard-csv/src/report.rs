//! What became of every contact.

use crate::listing::Key;
use crate::place::Place;
use std::fmt;

/// What became of a contact.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Verdict {
    /// It was there already, equal, and is now known as ours.
    Adopted,
    /// It was written.
    Copied,
    /// It was left out by choice or by a documented default.
    Excluded,
    /// Only the target has it.
    Extra,
    /// It should have been carried over and was not.
    Failed,
    /// It was not begun or not finished.
    Pending,
    /// It was left as it is because the target's own must not be harmed.
    Skipped,
    /// Nothing had to be done.
    Unchanged,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Adopted => "adopted",
            Self::Copied => "copied",
            Self::Excluded => "excluded",
            Self::Extra => "extra",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::Skipped => "skipped",
            Self::Unchanged => "unchanged",
        })
    }
}

/// Why.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// Both sides changed since we placed it.
    ChangedOnBoth,
    /// The target's was changed since we placed it.
    ChangedOnTarget,
    /// The two sides differ.
    Different,
    /// The source no longer has it.
    GoneFromSource,
    /// The target lacks it.
    Missing,
    /// We did not place it.
    NotOurs,
    /// The target has another contact of this identity.
    OccupiedOnTarget,
    /// It was removed from the target since we placed it.
    RemovedOnTarget,
    /// What a target said.
    Other(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChangedOnBoth => "changed at the source and on the target since it was placed",
            Self::ChangedOnTarget => "changed on the target since it was placed",
            Self::Different => "the target's contact differs from the source's",
            Self::GoneFromSource => "no longer at the source; nothing is deleted unasked",
            Self::Missing => "missing on the target",
            Self::NotOurs => "only on the target, and not placed there by us",
            Self::OccupiedOnTarget => "the target has another contact of this identity, not placed by us",
            Self::RemovedOnTarget => "removed from the target since it was placed",
            Self::Other(reason) => reason,
        })
    }
}

/// One contact's line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Its identity.
    pub key: Key,
    /// The contact's name, for people.
    pub name: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, unless the verdict says it all.
    pub reason: Option<Reason>,
    /// Where it was read.
    pub place: Place,
}

/// What became of everything, in the order of the keys.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// One line for every contact of either side.
    pub lines: Vec<Line>,
    /// Facts dropped because neither side has the contact any more.
    pub forgotten: usize,
}

impl Report {
    /// How many lines have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.lines.iter().filter(|line| line.verdict == verdict).count()
    }
}
