//! What became of every item.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::Place;
use crate::listing::Key;

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was there already and equal; now it counts as ours.
    Adopted,
    /// It was written.
    Copied,
    /// Left as it is, by a documented default or the user's own choice.
    Excluded,
    /// Only the target has it.
    Extra,
    /// It could not be written, or is not as it should be.
    Failed,
    /// Not reached.
    Pending,
    /// Not written, for a reason.
    Skipped,
    /// Nothing was to be done.
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Source and target both changed, differently.
    ChangedOnBoth,
    /// The target's item is no longer what we placed.
    ChangedOnTarget,
    /// Source and target differ.
    Different,
    /// The source no longer has it.
    GoneFromSource,
    /// The target does not have it.
    Missing,
    /// We did not place it.
    NotOurs,
    /// Another item of that name was there before us.
    OccupiedOnTarget,
    /// We placed it, and it is gone.
    RemovedOnTarget,
    /// In the words of whoever reports it.
    Other(String),
}

/// As people see it.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChangedOnBoth => "changed at the source and on the target since it was placed there",
            Self::ChangedOnTarget => "changed on the target since it was placed there",
            Self::Different => "source and target differ",
            Self::GoneFromSource => "no longer at the source; left on the target",
            Self::Missing => "missing on the target",
            Self::NotOurs => "only on the target, and not placed there by us",
            Self::OccupiedOnTarget => {
                "already on the target, different and not placed there by us; left as it is"
            }
            Self::RemovedOnTarget => "removed on the target since it was placed there",
            Self::Other(words) => words,
        })
    }
}

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The item.
    pub key: Key,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, where that needs saying.
    pub reason: Option<Reason>,
    /// Where the item is: at the source, or on the target when only the target has it.
    pub place: Place,
}

/// What became of every item, in key order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One line an item.
    pub lines: Vec<Line>,
    /// Facts dropped because neither side has the item any more.
    pub forgotten: u64,
}

impl Report {
    /// How many items have this verdict.
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.lines.iter().filter(|line| line.verdict == verdict).count() as u64
    }

    /// Whether everything asked for is done or already so.
    pub fn is_clean(&self) -> bool {
        !self
            .lines
            .iter()
            .any(|line| matches!(line.verdict, Verdict::Failed | Verdict::Pending | Verdict::Skipped))
    }
}
