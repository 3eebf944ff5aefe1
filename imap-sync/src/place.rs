//! Where folders go, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::model::FolderName;
use crate::special::SpecialUse;

/// Where each folder of a source goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Each folder of the source, once.
    pub places: BTreeMap<FolderName, Place>,
    /// Places that several folders would have by the user's own rules. None of them goes there.
    pub collisions: Vec<Collision>,
    /// What is to be made on the target, parents first.
    pub creations: Vec<Creation>,
    /// Names in the table that the source does not have: mistyped, or gone.
    pub unused: Vec<FolderName>,
}

/// What became of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It goes nowhere.
    Excluded(Exclusion),
    /// It goes there.
    Mapped(Mapped),
}

/// Where a folder goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The name on the target, with the prefix of its namespace.
    pub target: FolderName,
    /// By which rule.
    pub how: How,
    /// What else is to be known.
    pub remarks: BTreeSet<Remark>,
}

/// Why a folder goes nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exclusion {
    /// By the user's own rules others would go to the same place.
    Collision,
    /// It holds no messages, only other folders.
    NotSelectable,
    /// The renamings leave nothing of its name, or let it grow beyond all measure.
    Unnamed,
    /// No escape makes its name writable with the target's separator.
    Unwritable,
}

/// By which rule a folder got its place. The first that applies, in this order: known, table, inbox, special use, renamed, own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// `INBOX` is `INBOX` everywhere.
    Inbox,
    /// It was copied there before.
    Known,
    /// By its own name.
    Own,
    /// By the user's renamings.
    Renamed,
    /// By what it is for.
    SpecialUse {
        /// What it is for.
        special: SpecialUse,
        /// Whether a name was all that spoke for it, on either side.
        guessed: bool,
    },
    /// By the user's table.
    Table,
}

/// What else is to be known of a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Remark {
    /// Several look as if they were for that use, and none is taken for it.
    Ambiguous(SpecialUse),
    /// The target cannot hold some of its characters.
    Escaped,
    /// There are more levels than there may be.
    Flattened,
    /// Another folder of the source is for the same use, and is taken for it.
    NotTheFirst(SpecialUse),
    /// It goes where it went before, though the table says otherwise.
    Recorded,
    /// The target keeps that name for something else.
    Reserved,
    /// Its name was no modified UTF-7 and is now.
    Restated,
    /// The target has it in another case.
    Respelled,
    /// Its name was too long; there is no way back from what is left of it.
    Shortened,
    /// Another folder has that name on the target.
    Taken,
}

/// Several folders would have one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The place.
    pub target: FolderName,
    /// Those that would have it.
    pub sources: Vec<FolderName>,
}

/// A folder to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Its name.
    pub name: FolderName,
    /// What it is to be for: `CREATE name (USE (attribute))` (RFC 6154 section 3), where the server offers
    /// `CREATE-SPECIAL-USE`.
    pub special: Option<SpecialUse>,
}

impl Mapping {
    /// Where a folder goes.
    pub fn target(&self, source: &FolderName) -> Option<&FolderName> {
        match self.places.get(source)? {
            Place::Excluded(_) => None,
            Place::Mapped(mapped) => Some(&mapped.target),
        }
    }

    /// What the report says of each folder that does not simply keep its name.
    pub fn notes(&self) -> impl Iterator<Item = (&FolderName, String)> {
        self.places.iter().filter_map(|(source, place)| match place {
            Place::Excluded(Exclusion::NotSelectable) => None,
            Place::Excluded(exclusion) => Some((source, exclusion.to_string())),
            Place::Mapped(mapped) => Some((source, mapped.note(source)?)),
        })
    }
}

impl Mapped {
    /// What the report says of it; nothing when the name is the same and nothing is to be known.
    pub fn note(&self, source: &FolderName) -> Option<String> {
        let mut words: Vec<String> = self.remarks.iter().map(Remark::to_string).collect();
        if self.target == *source && words.is_empty() {
            return None;
        }
        if let How::SpecialUse { .. } | How::Renamed | How::Table | How::Known = self.how {
            words.insert(0, self.how.to_string());
        }
        let reasons = words.join("; ");
        let colon = if reasons.is_empty() { "" } else { ": " };
        Some(format!("goes to {}{colon}{reasons}", self.target))
    }
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Collision => {
                "others would go to the same folder; to have them in one, name each of them in the table"
            }
            Self::NotSelectable => "it holds no messages, only other folders",
            Self::Unnamed => "the renamings leave no usable name of it",
            Self::Unwritable => "its name cannot be written with the target's separator",
        })
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inbox => f.write_str("INBOX"),
            Self::Known => f.write_str("as before"),
            Self::Own => f.write_str("its own name"),
            Self::Renamed => f.write_str("by the renamings"),
            Self::SpecialUse { special, guessed: true } => write!(f, "the folder for {special}, by its name"),
            Self::SpecialUse { special, guessed: false } => write!(f, "the folder for {special}"),
            Self::Table => f.write_str("by the table"),
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous(special) => {
                write!(f, "several look like the folder for {special}, and none is taken for it")
            }
            Self::Escaped => f.write_str("the target cannot hold some of its characters"),
            Self::Flattened => f.write_str("it has more levels than there may be"),
            Self::NotTheFirst(special) => write!(f, "another is the folder for {special}"),
            Self::Recorded => f.write_str("the table says otherwise, but it was copied there before"),
            Self::Reserved => f.write_str("the target keeps that name for something else"),
            Self::Restated => f.write_str("its name was no modified UTF-7"),
            Self::Respelled => f.write_str("the target has it in another case"),
            Self::Shortened => f.write_str("its name was too long"),
            Self::Taken => f.write_str("another folder has its name on the target"),
        }
    }
}

impl fmt::Display for Collision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources: Vec<String> = self.sources.iter().map(FolderName::to_string).collect();
        write!(f, "{} would all go to {}", sources.join(", "), self.target)
    }
}
