//! What makes an item impossible to carry.

use thiserror::Error;

use crate::place::{Finding, Place, Severity};

/// Why something of a file cannot be carried, and where it stands. The input is at fault, always.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{place}: {fault}")]
#[non_exhaustive]
pub struct Error {
    /// Where.
    pub place: Place,
    /// What is the matter.
    pub fault: Fault,
}

impl Error {
    /// A fault at a place.
    pub fn new(place: Place, fault: Fault) -> Error {
        Error { place, fault }
    }

    /// The same as a finding about an item.
    pub fn into_finding(self, item: impl Into<String>) -> Finding {
        let reason = self.fault.to_string();
        Finding { severity: Severity::Failure, place: self.place, item: item.into(), reason }
    }
}

/// What is the matter with an item that cannot be carried.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Neither an event nor anything else that calendar stores keep.
    #[error("a {component} is nothing that a calendar store keeps")]
    Alien {
        /// The name of the component.
        component: String,
    },
    /// A calendar without its end, where the file ends.
    #[error("the calendar ends without END:VCALENDAR: the file may be cut short")]
    CutCalendar,
    /// An entry in which the file ends.
    #[error("the file ends within this {component}, it may be cut short: nothing of the same UID is carried")]
    CutEntry {
        /// The name of the component.
        component: String,
    },
    /// A time zone in which the file ends.
    #[error("the file ends within this VTIMEZONE, it may be cut short: the definition is left out")]
    CutZone,
    /// A time zone that nobody knows, in a file that is cut short.
    #[error("the time zone {tzid:?} is not defined in what there is of the file, and no such zone is known")]
    LostZone {
        /// What the file calls it.
        tzid: String,
    },
    /// A property that must be there is not.
    #[error("{component} without {property}")]
    Missing {
        /// The component that should have it.
        component: String,
        /// The property.
        property: &'static str,
    },
    /// There is no calendar in the file.
    #[error("no calendar: the file holds no BEGIN:VCALENDAR")]
    NoCalendar,
    /// Components inside components inside components, and so on.
    #[error("{component} is nested deeper than {limit} levels")]
    TooDeep {
        /// The component that is too deep.
        component: String,
        /// The limit.
        limit: usize,
    },
    /// Two different components claim one identity.
    #[error(
        "{component} of the same UID{recurrence} again, with other contents; the one at line {kept} is kept"
    )]
    Twin {
        /// The name of the component.
        component: String,
        /// The recurrence id, when it has one: text such as ` and recurrence id 20260301`.
        recurrence: String,
        /// The line of the one that is kept.
        kept: u64,
    },
    /// A component that runs into the next one.
    #[error("{component} is not closed: another one begins at line {next} before its END")]
    Unclosed {
        /// The name of the component.
        component: String,
        /// The line in which the next one begins.
        next: u64,
    },
    /// A value that cannot be read.
    #[error("{property} is {found:?}, expected {expected}")]
    Value {
        /// The property.
        property: String,
        /// The value as it was written, cut when it is long.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Fault {
    /// A component in which the file ends.
    pub(crate) fn cut_entry(component: String) -> Fault {
        match component.as_str() {
            "VTIMEZONE" => Fault::CutZone,
            _ => Fault::CutEntry { component },
        }
    }

    /// A value that cannot be read.
    pub fn value(property: &str, found: &str, expected: &'static str) -> Fault {
        Fault::Value { property: property.to_ascii_uppercase(), found: excerpt(found), expected }
    }
}

/// The beginning of a text, for people.
pub(crate) fn excerpt(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// How many characters of a value are shown.
const EXCERPT: usize = 60;
