//! An event as calendar servers take it.

use crate::value::{Span, When};

/// An event as calendar servers take it: a single one, or a series with its exceptions.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Appointment {
    /// The UID (RFC 5545 3.8.4.7).
    pub uid: String,
    /// For an exception the start that the rule gave it (RFC 5545 3.8.4.4).
    pub recurrence: Option<When>,
    /// Whether the exception holds for all later instances too (RANGE=THISANDFUTURE).
    pub and_future: bool,
    /// Whether this event, or this instance, is cancelled.
    pub cancelled: bool,
    /// What it is about.
    pub summary: String,
    /// The long text.
    pub description: Option<String>,
    /// Where it takes place.
    pub location: Option<String>,
    /// The categories.
    pub categories: Vec<String>,
    /// When it starts.
    pub start: When,
    /// When it ends, where that is said.
    pub end: Option<When>,
    /// How long it lasts, where that is said instead.
    pub duration: Option<Span>,
    /// Whether it takes whole days.
    pub all_day: bool,
    /// The recurrence rules as they are written (RFC 5545 3.8.5.3).
    pub rules: Vec<String>,
    /// Further starts (RFC 5545 3.8.5.2).
    pub rdates: Vec<When>,
    /// Starts that are left out (RFC 5545 3.8.5.1).
    pub exdates: Vec<When>,
    /// The exceptions: instances that differ from the series, in order.
    pub overrides: Vec<Appointment>,
    /// Who may see it.
    pub class: Class,
    /// What it means for free and busy time.
    pub busy: Busy,
    /// TENTATIVE, CONFIRMED, CANCELLED, where said.
    pub status: Option<String>,
    /// PRIORITY, where said.
    pub priority: Option<String>,
    /// SEQUENCE.
    pub sequence: u64,
    /// The alarms.
    pub alarms: Vec<Alarm>,
    /// Who invites.
    pub organizer: Option<Person>,
    /// Who is invited.
    pub attendees: Vec<Attendee>,
}

/// Who may see an event (RFC 5545 3.8.1.3).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Class {
    /// CONFIDENTIAL.
    Confidential,
    /// PRIVATE, and any class that is not known.
    Private,
    /// PUBLIC, and where nothing is said.
    #[default]
    Public,
}

/// What an event means for free and busy time (TRANSP, X-MICROSOFT-CDO-BUSYSTATUS).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Busy {
    /// The time is taken.
    #[default]
    Busy,
    /// The time stays free.
    Free,
    /// Out of the office.
    OutOfOffice,
    /// The time may be taken.
    Tentative,
}

/// An alarm (RFC 5545 3.6.6).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alarm {
    /// DISPLAY, EMAIL, AUDIO or another.
    pub action: String,
    /// When it goes off; `None` where that cannot be read.
    pub trigger: Option<Trigger>,
    /// What it says.
    pub description: Option<String>,
}

/// When an alarm goes off (RFC 5545 3.8.6.3).
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// At this time.
    At(When),
    /// So long after the end; before it when negative.
    End(Span),
    /// So long after the start; before it when negative.
    Start(Span),
}

/// Somebody (RFC 5545 3.3.3).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Person {
    /// The mail address, or the address as it is written where it is none.
    pub address: String,
    /// The name, where said.
    pub name: Option<String>,
}

/// Somebody invited (RFC 5545 3.8.4.1).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Attendee {
    /// Who.
    pub person: Person,
    /// The answer: PARTSTAT, in capitals; NEEDS-ACTION where nothing is said.
    pub answer: String,
    /// ROLE, in capitals; REQ-PARTICIPANT where nothing is said.
    pub role: String,
    /// CUTYPE, in capitals; INDIVIDUAL where nothing is said.
    pub kind: String,
    /// Whether an answer is asked for.
    pub rsvp: bool,
}
