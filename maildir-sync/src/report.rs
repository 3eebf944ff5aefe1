//! What became of every message.

use std::fmt;

use crate::folder::FolderName;
use crate::message::{Finding, Severity};
use crate::unique::Unique;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It was on the target already and is known from now on.
    Adopted,
    /// It, or its changed state, was carried over.
    Copied,
    /// Left as it is because someone wanted it so.
    Excluded,
    /// Only the target has it.
    Extra,
    /// It could not be carried over, or is not what it should be.
    Failed,
    /// The run ended before its turn.
    Pending,
    /// Left alone, for a reason that a person should look into.
    Skipped,
    /// Nothing was to be done.
    Unchanged,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Both sides changed it, differently.
    ChangedOnBoth,
    /// Someone changed it on the target after it was placed.
    ChangedOnTarget,
    /// The two sides differ.
    Different,
    /// The source has dropped it.
    GoneFromSource,
    /// The target lacks it.
    Missing,
    /// It was never placed by us.
    NotOurs,
    /// Another message has its name on the target.
    OccupiedOnTarget,
    /// Someone removed it on the target after it was placed.
    RemovedOnTarget,
    /// A sentence of its own.
    Other(String),
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its folder.
    pub folder: FolderName,
    /// Its name.
    pub unique: Unique,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, where that needs saying.
    pub reason: Option<Reason>,
    /// What exactly differs or was left out, where that needs saying.
    pub detail: Option<String>,
    /// The file, relative to the root of the Maildir, made printable.
    pub place: String,
    /// The Message-ID header, for lines that a person will want to look up.
    pub message_id: Option<String>,
}

/// What became of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One line a message, in the order of folders and names within each run.
    pub lines: Vec<Line>,
    /// Notes that belong to no single message.
    pub notes: Vec<Finding>,
}

impl Report {
    /// How many lines have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.lines.iter().filter(|line| line.verdict == verdict).count()
    }

    /// How many messages of the source are accounted for: copied, adopted, unchanged, skipped and failed.
    pub fn source(&self) -> usize {
        self.lines.iter().filter(|line| line.verdict.is_accounted()).count()
    }

    /// Everything asked for is done or was so already.
    pub fn is_good(&self) -> bool {
        !self.lines.iter().any(|line| line.verdict.is_bad())
    }

    /// Takes the findings of a listing in: a message at stake becomes a failed line, the rest notes.
    pub fn add_findings(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            match finding.severity {
                Severity::Failed => self.lines.push(Line::from(finding)),
                Severity::Note => self.notes.push(finding),
            }
        }
    }

    /// Adds another folder's report to this one.
    pub fn extend(&mut self, other: Self) {
        self.lines.extend(other.lines);
        self.notes.extend(other.notes);
    }
}

impl Verdict {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 8] = [
        Self::Adopted,
        Self::Copied,
        Self::Excluded,
        Self::Extra,
        Self::Failed,
        Self::Pending,
        Self::Skipped,
        Self::Unchanged,
    ];

    /// One of the five verdicts into which the source's messages fall.
    pub const fn is_accounted(self) -> bool {
        matches!(self, Self::Adopted | Self::Copied | Self::Failed | Self::Skipped | Self::Unchanged)
    }

    /// Something asked for was not done.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Pending | Self::Skipped)
    }
}

impl Line {
    /// A line with nothing more to say.
    pub fn new(folder: &FolderName, unique: &Unique, verdict: Verdict, place: impl Into<String>) -> Self {
        Self {
            folder: folder.clone(),
            unique: unique.clone(),
            verdict,
            reason: None,
            detail: None,
            place: place.into(),
            message_id: None,
        }
    }

    /// The same line with a reason.
    #[must_use]
    pub fn because(self, reason: Option<Reason>) -> Self {
        Self { reason, ..self }
    }

    /// Reason and detail in one sentence, for people.
    pub fn reason_text(&self) -> Option<String> {
        match (&self.reason, &self.detail) {
            (Some(reason), Some(detail)) => Some(format!("{reason}: {detail}")),
            (Some(reason), None) => Some(reason.to_string()),
            (None, detail) => detail.clone(),
        }
    }
}

impl From<Finding> for Line {
    fn from(finding: Finding) -> Self {
        let verdict = match finding.severity {
            Severity::Failed => Verdict::Failed,
            Severity::Note => Verdict::Excluded,
        };
        let name = finding.file.rsplit('/').next().unwrap_or_default();
        let unique = Unique::unchecked(name.split(':').next().unwrap_or_default().as_bytes().to_vec());
        Self::new(&finding.folder, &unique, verdict, finding.file)
            .because(Some(Reason::Other(finding.reason)))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.verdict, self.folder, self.place)?;
        if let Some(id) = &self.message_id {
            write!(f, " <{id}>")?;
        }
        self.reason_text().map_or(Ok(()), |reason| write!(f, ": {reason}"))
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
        f.write_str(match self {
            Self::ChangedOnBoth => "changed on both sides, differently; left as it is",
            Self::ChangedOnTarget => "changed on the target since it was placed",
            Self::Different => "differs from the source",
            Self::GoneFromSource => "the source does not have it any more; nothing is deleted unasked",
            Self::Missing => "missing on the target",
            Self::NotOurs => "was on the target before or came there by itself",
            Self::OccupiedOnTarget => "another message has its name on the target; left as it is",
            Self::RemovedOnTarget => "removed on the target since it was placed",
            Self::Other(text) => text,
        })
    }
}
