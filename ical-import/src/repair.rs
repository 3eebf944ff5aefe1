//! What is repaired on the way, each fault by its name.

use thiserror::Error;

use crate::place::{Finding, Place, Severity};

/// Something that was repaired, or that is not quite right and kept as it is.
///
/// None of them loses an item. Where a line or a component is left out, the text says so and shows it.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Repair {
    /// RFC 5545 3.1: lines end in CR LF.
    #[error("lines end in a bare {0}")]
    BareLineEnd(&'static str),
    /// A byte order mark, or a UTF-16 text.
    #[error("{0}, read as such")]
    ByteOrderMark(&'static str),
    /// Bytes that are not UTF-8.
    #[error(
        "{lines} line(s) with bytes that are not UTF-8, from here on; these bytes are read as Windows-1252"
    )]
    Charset {
        /// How many lines have such bytes.
        lines: u64,
    },
    /// A date in another form than RFC 5545 3.3.4 and 3.3.5 have it.
    #[error("{property} {found:?} is written as RFC 5545 has it: {written}")]
    DateForm {
        /// The property.
        property: String,
        /// The value as it was.
        found: String,
        /// The value as it is now.
        written: String,
    },
    /// A second component with the same contents.
    #[error("the same {component} stands at line {kept} already")]
    Duplicate {
        /// The name of the component.
        component: String,
        /// The line of the one that is kept.
        kept: u64,
    },
    /// A property that says nothing.
    #[error("an empty {0}, left out")]
    Empty(String),
    /// An end before the start.
    #[error("{property} is before DTSTART; kept as it is")]
    EndBeforeStart {
        /// DTEND or DUE.
        property: String,
    },
    /// RFC 4791 4.1: what is stored has no METHOD.
    #[error("METHOD:{0} removed: this is a calendar, not a message")]
    Method(String),
    /// A line without the calendar's BEGIN above it.
    #[error("no BEGIN:VCALENDAR before BEGIN:{0}; read as if it were there")]
    MissingBegin(String),
    /// A component whose END is not there.
    #[error("{0} without its END; closed here")]
    MissingEnd(String),
    /// RFC 5545 3.7: a calendar has PRODID and VERSION.
    #[error("the calendar has no {0}")]
    MissingHeader(&'static str),
    /// RFC 5545 3.8.7.2: a component has a DTSTAMP.
    #[error("no DTSTAMP that can be read; taken from {from}")]
    MissingStamp {
        /// What it was taken from.
        from: &'static str,
    },
    /// RFC 5545 3.8.4.7: a component has a UID.
    #[error("no UID; given one made from the contents")]
    MissingUid,
    /// RFC 5545 3.2.20: a DATE is marked as one.
    #[error("{0} holds a date and is not marked as VALUE=DATE; marked")]
    MissingValueDate(String),
    /// An END that names no component at all.
    #[error("END:{found} where {open} is open; read as its END")]
    MistypedEnd {
        /// What it names.
        found: String,
        /// What is open.
        open: String,
    },
    /// A file with nothing in it.
    #[error("the file is empty")]
    NothingInside,
    /// A quote in a parameter that is never closed (RFC 5545 3.2, RFC 6868).
    #[error("a parameter of {0} begins with a quote that is never closed; the quote is written as ^'")]
    OpenQuote(String),
    /// Lines outside of every calendar.
    #[error("{lines} line(s) outside of the calendar, from here on, left out: {first:?}")]
    Outside {
        /// How many.
        lines: u64,
        /// What the first says.
        first: String,
    },
    /// Text in quoted-printable, as vCalendar 1.0 has it.
    #[error("{0} in quoted-printable, decoded")]
    QuotedPrintable(String),
    /// An END of something that is not open.
    #[error("END:{0} of nothing that is open, left out")]
    StrayEnd(String),
    /// Lines that are no property, taken as the rest of a text that was not folded.
    #[error("{lines} line(s) that are no property, taken as more of {property}: {first:?}")]
    Unfolded {
        /// How many.
        lines: u64,
        /// The property that they are added to.
        property: String,
        /// What the first says.
        first: String,
    },
    /// A parameter value with a colon in it, not in quotes (RFC 5545 3.2).
    #[error("a parameter of {0} is put in quotes")]
    Unquoted(String),
    /// Lines that are no property and cannot be taken for more text.
    #[error("{lines} line(s) that are no property, left out: {first:?}")]
    Unreadable {
        /// How many.
        lines: u64,
        /// What the first says.
        first: String,
    },
    /// A component that calendars do not store.
    #[error("a VFREEBUSY is not stored, left out")]
    UnstoredFreeBusy,
    /// A value that cannot be read and does not decide about the item.
    #[error("{property} is {found:?}, which cannot be read; kept as it is")]
    ValueKept {
        /// The property.
        property: String,
        /// The value.
        found: String,
    },
    /// A vCalendar 1.0.
    #[error("version {0}, read as far as it agrees with version 2.0")]
    Version(String),
    /// A time zone that the file does not define.
    #[error("the file does not define the time zone {tzid:?}; definition of {zone} added")]
    ZoneAdded {
        /// What the file calls it.
        tzid: String,
        /// The zone of the IANA database.
        zone: String,
    },
    /// Two definitions of one time zone name.
    #[error("the time zone {0:?} is defined twice and differently; the first is kept")]
    ZoneTwice(String),
    /// A time zone that nobody knows.
    #[error(
        "the file does not define the time zone {0:?} and no such zone is known; kept as it is, programs will take it as local time"
    )]
    ZoneUnknown(String),
}

impl Repair {
    /// A note about an item; the text is empty when the file as a whole is meant.
    pub fn into_finding(self, place: Place, item: impl Into<String>) -> Finding {
        Finding { severity: Severity::Note, place, item: item.into(), reason: self.to_string() }
    }
}
