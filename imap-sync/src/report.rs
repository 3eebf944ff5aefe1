//! What became of each item.

use std::fmt;

use crate::digest::Digest;
use crate::error::Error;
use crate::model::{FolderName, ItemKey};

/// What became of an item, or in a dry run what would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It was already on the target, and is now known to be.
    Adopted,
    /// It, or a change of it, was carried over.
    Copied,
    /// It was left out on purpose.
    Excluded,
    /// Only the target has it.
    Extra,
    /// It could not be carried over, or is not equal.
    Failed,
    /// Its turn did not come.
    Pending,
    /// It was left out for a reason that nobody asked for.
    Skipped,
    /// Nothing was to be done.
    Unchanged,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Its flags were changed on the target after we had set them.
    ChangedOnTarget,
    /// Its flags or its date differ between the two sides.
    Different(String),
    /// The whole folder was removed on the target after we had made it.
    FolderRemovedOnTarget,
    /// We placed it, and the source has it no more.
    GoneFromSource,
    /// The target does not have it.
    Missing,
    /// We did not place it.
    NotOurs,
    /// We placed it, and the target has it no more.
    RemovedOnTarget,
    /// The target did not take or keep all of it as it was, which was told when it was copied.
    Repaired,
    /// The server's answer about it could not be read.
    Unread(&'static str),
    /// In somebody's own words.
    Other(String),
}

/// What became of one item, or of a folder as a whole when there is no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The folder.
    pub folder: FolderName,
    /// The source's key; for `Extra` the target's.
    pub key: Option<ItemKey>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Reason>,
    /// Where it is, for people.
    pub place: String,
    /// For how many items it stands.
    pub count: u64,
    /// Its Message-ID, where it was looked up: for what failed, was skipped or excluded.
    pub message_id: Option<String>,
}

/// What is not carried over exactly, though the item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The folder.
    pub folder: FolderName,
    /// The source's key, when it is about one item.
    pub key: Option<ItemKey>,
    /// What is to be known.
    pub text: String,
}

/// How many items of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Counts {
    /// All but the extra ones.
    pub source: u64,
    pub adopted: u64,
    pub copied: u64,
    pub excluded: u64,
    pub extra: u64,
    pub failed: u64,
    pub pending: u64,
    pub skipped: u64,
    pub unchanged: u64,
}

/// What became of everything.
#[derive(Debug, Default)]
pub struct Report {
    /// What is not simply adopted, copied or unchanged: by folder, then by key.
    pub lines: Vec<Line>,
    /// What was not carried over exactly.
    pub notes: Vec<Note>,
    /// Why it ended early; what it did not come to is pending.
    pub error: Option<Error>,
    /// After a comparison the digests of each folder, of the source's side and of the target's.
    pub digests: Vec<(FolderName, Digest, Digest)>,
    counts: Counts,
}

impl Report {
    /// How many items of each verdict.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Counts items that need no line.
    pub(crate) fn count(&mut self, verdict: Verdict, number: u64) {
        self.counts.add(verdict, number);
    }

    /// Counts the items of a line, and keeps it where there is something to be said.
    pub(crate) fn add(&mut self, line: Line) {
        self.counts.add(line.verdict, line.count);
        let plain = matches!(line.verdict, Verdict::Adopted | Verdict::Copied | Verdict::Unchanged);
        if !plain || line.reason.is_some() {
            self.lines.push(line);
        }
    }
}

impl Counts {
    /// Takes away what a line stands for: what is left is only counted.
    pub fn take(&mut self, line: &Line) {
        let cell = self.cell(line.verdict);
        *cell = cell.saturating_sub(line.count);
    }

    fn add(&mut self, verdict: Verdict, number: u64) {
        if verdict != Verdict::Extra {
            self.source += number;
        }
        *self.cell(verdict) += number;
    }

    fn cell(&mut self, verdict: Verdict) -> &mut u64 {
        match verdict {
            Verdict::Adopted => &mut self.adopted,
            Verdict::Copied => &mut self.copied,
            Verdict::Excluded => &mut self.excluded,
            Verdict::Extra => &mut self.extra,
            Verdict::Failed => &mut self.failed,
            Verdict::Pending => &mut self.pending,
            Verdict::Skipped => &mut self.skipped,
            Verdict::Unchanged => &mut self.unchanged,
        }
    }
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

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChangedOnTarget => f.write_str("its flags were changed on the target since we set them"),
            Self::Different(what) => write!(f, "it differs on the target: {what}"),
            Self::FolderRemovedOnTarget => {
                f.write_str("its folder was removed on the target since we made it")
            }
            Self::GoneFromSource => f.write_str("the source has it no more"),
            Self::Missing => f.write_str("the target does not have it"),
            Self::NotOurs => f.write_str("only the target has it, and we did not place it"),
            Self::RemovedOnTarget => f.write_str("it was removed on the target since we placed it"),
            Self::Repaired => {
                f.write_str("the target did not keep all of it as it was, as was told when it was copied")
            }
            Self::Unread(what) => write!(f, "the server's answer could not be read: {what}"),
            Self::Other(words) => f.write_str(words),
        }
    }
}
