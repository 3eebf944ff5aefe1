//! An event as calendar servers take it.

use serde::Serialize;

use crate::component::{Component, Property};
use crate::value::{Span, When};

/// An event as calendar servers take it: a single one, or a series with its exceptions.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

impl Appointment {
    /// An event of a master (or, where there is none, of its first exception) and exceptions.
    pub(crate) fn read(uid: &str, components: &[Component]) -> Option<Appointment> {
        let (master, exceptions) = components.split_first()?;
        let mut appointment = Appointment::read_one(uid, master)?;
        appointment.overrides =
            exceptions.iter().filter_map(|other| Appointment::read_one(uid, other)).collect();
        Some(appointment)
    }

    fn read_one(uid: &str, component: &Component) -> Option<Appointment> {
        let when = |name: &str| When::read(component.property(name)?).ok();
        let text = |name: &str| component.text(name).map(|text| text.into_owned());
        let capitals = |name: &str| component.text(name).map(|text| text.trim().to_ascii_uppercase());
        let start = when("DTSTART")?;
        let status = capitals("STATUS");
        Some(Appointment {
            uid: uid.to_owned(),
            recurrence: when("RECURRENCE-ID"),
            and_future: component
                .property("RECURRENCE-ID")
                .is_some_and(|id| id.has("RANGE", "THISANDFUTURE")),
            cancelled: status.as_deref() == Some("CANCELLED"),
            summary: text("SUMMARY").unwrap_or_default(),
            description: text("DESCRIPTION"),
            location: text("LOCATION"),
            categories: component.all("CATEGORIES").flat_map(Property::texts).collect(),
            end: when("DTEND"),
            duration: component.property("DURATION").and_then(|duration| Span::read(duration).ok()),
            all_day: start.is_date()
                || component.text("X-MICROSOFT-CDO-ALLDAYEVENT").is_some_and(|text| is_true(&text)),
            start,
            rules: component.all("RRULE").map(|rule| rule.value.clone()).collect(),
            rdates: whens(component, "RDATE"),
            exdates: whens(component, "EXDATE"),
            overrides: vec![],
            class: Class::read(component),
            busy: Busy::read(component),
            status,
            priority: text("PRIORITY"),
            sequence: component.text("SEQUENCE").and_then(|text| text.trim().parse().ok()).unwrap_or(0),
            alarms: component.components.iter().filter(|inner| inner.is("VALARM")).map(Alarm::read).collect(),
            organizer: component.property("ORGANIZER").map(Person::read),
            attendees: component.all("ATTENDEE").map(Attendee::read).collect(),
        })
    }
}

/// Who may see an event (RFC 5545 3.8.1.3).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// CONFIDENTIAL.
    Confidential,
    /// PRIVATE, and any class that is not known.
    Private,
    /// PUBLIC, and where nothing is said.
    #[default]
    Public,
}

impl Class {
    fn read(component: &Component) -> Class {
        match component.text("CLASS") {
            None => Class::Public,
            Some(class) if class.eq_ignore_ascii_case("PUBLIC") => Class::Public,
            Some(class) if class.eq_ignore_ascii_case("CONFIDENTIAL") => Class::Confidential,
            Some(_) => Class::Private,
        }
    }
}

/// What an event means for free and busy time (TRANSP, X-MICROSOFT-CDO-BUSYSTATUS).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
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

impl Busy {
    /// What Outlook says is finer than TRANSP, and TRANSP is finer than STATUS.
    fn read(component: &Component) -> Busy {
        let says = |name: &str, value: &str| {
            component.text(name).is_some_and(|text| text.eq_ignore_ascii_case(value))
        };
        for (value, busy) in OUTLOOK {
            if says("X-MICROSOFT-CDO-BUSYSTATUS", value) {
                return busy;
            }
        }
        if says("TRANSP", "TRANSPARENT") {
            return Busy::Free;
        }
        if says("STATUS", "TENTATIVE") { Busy::Tentative } else { Busy::Busy }
    }
}

/// An alarm (RFC 5545 3.6.6).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Alarm {
    /// DISPLAY, EMAIL, AUDIO or another.
    pub action: String,
    /// When it goes off; `None` where that cannot be read.
    pub trigger: Option<Trigger>,
    /// What it says.
    pub description: Option<String>,
}

impl Alarm {
    fn read(component: &Component) -> Alarm {
        Alarm {
            action: component.text("ACTION").unwrap_or_default().trim().to_ascii_uppercase(),
            trigger: component.property("TRIGGER").and_then(Trigger::read),
            description: component.text("DESCRIPTION").map(|text| text.into_owned()),
        }
    }
}

/// When an alarm goes off (RFC 5545 3.8.6.3).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// At this time.
    At(When),
    /// So long after the end; before it when negative.
    End(Span),
    /// So long after the start; before it when negative.
    Start(Span),
}

impl Trigger {
    fn read(property: &Property) -> Option<Trigger> {
        match Span::read(property) {
            Ok(span) if property.has("RELATED", "END") => Some(Trigger::End(span)),
            Ok(span) => Some(Trigger::Start(span)),
            Err(_) => When::read(property).ok().map(Trigger::At),
        }
    }
}

/// Somebody (RFC 5545 3.3.3).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Person {
    /// The mail address, or the address as it is written where it is none.
    pub address: String,
    /// The name, where said.
    pub name: Option<String>,
}

impl Person {
    fn read(property: &Property) -> Person {
        let value = property.value.trim();
        let address = value.split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("mailto:"));
        Person {
            address: address.map_or(value, |(_, address)| address.trim()).to_owned(),
            name: property.parameter("CN").filter(|name| !name.is_empty()),
        }
    }
}

/// Somebody invited (RFC 5545 3.8.4.1).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Attendee {
    /// Who.
    #[serde(flatten)]
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

impl Attendee {
    fn read(property: &Property) -> Attendee {
        let capitals = |name: &str, default: &str| {
            property
                .parameter(name)
                .filter(|value| !value.is_empty())
                .map_or(default.to_owned(), |v| v.to_ascii_uppercase())
        };
        Attendee {
            person: Person::read(property),
            answer: capitals("PARTSTAT", "NEEDS-ACTION"),
            role: capitals("ROLE", "REQ-PARTICIPANT"),
            kind: capitals("CUTYPE", "INDIVIDUAL"),
            rsvp: property.has("RSVP", "TRUE"),
        }
    }
}

/// The values of all properties of a name; those that cannot be read are left out.
fn whens(component: &Component, name: &str) -> Vec<When> {
    component.all(name).filter_map(|property| When::read_list(property).ok()).flatten().collect()
}

fn is_true(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("TRUE")
}

const OUTLOOK: [(&str, Busy); 4] =
    [("BUSY", Busy::Busy), ("FREE", Busy::Free), ("OOF", Busy::OutOfOffice), ("TENTATIVE", Busy::Tentative)];
