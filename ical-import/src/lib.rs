#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! A file goes through these steps, each a module that uses only those above it in the list below:
//!
//! 1. `lines` finds the charset, the line ends and the folds; `content` is the grammar of one line.
//! 2. `parse` builds the tree of components, through missing and stray ends, at most [`MAX_DEPTH`] deep.
//! 3. `mend` makes one entry such that a store takes it, each repair by its name in [`Repair`]; what it cannot mend is an
//!    [`Error`].
//! 4. `grouping` puts the components of one UID together, with the time zones that they use, written by `zone` where the
//!    file leaves them out.
//! 5. [`Calendar`] holds the result; [`Object::to_ics`] writes one resource, [`Object::appointment`] is the view for servers
//!    that do not speak iCalendar.
//! 6. [`plan()`], [`Apply`] and [`verify()`] bring the objects to a target, again and again. They touch nothing themselves.
//!
//! # What is covered
//!
//! | RFC | section | how |
//! |---|---|---|
//! | 5545 | 3.1 lines, folding, 3.1.4 charset | read in any form; written in CR LF, 75 octets, UTF-8 |
//! | 5545 | 3.2 parameters | kept as written; values read with quotes and RFC 6868 escapes |
//! | 5545 | 3.3 values | dates, durations, text, offsets read; recurrence rules checked |
//! | 5545 | 3.6 components | events, todos, journals, alarms, time zones; others kept inside of these |
//! | 5545 | 3.8.5 recurrence | rules, dates and exceptions carried; not expanded |
//! | 4791 | 4.1 one resource per UID | yes: master and overrides, the zones used, no METHOD |
//! | 6868 | parameter escapes | yes |
//! | 7529 | RSCALE, leap months | carried |
//! | 7986 | NAME, COLOR, DESCRIPTION of a calendar | yes, beside X-WR-CALNAME and its like |
//! | 5546 | METHOD | removed with a note: a calendar is no message |
//! | 7953, 9073 | availability; participants, locations | inside of an entry carried; VAVAILABILITY refused |
//!
//! # Decisions worth knowing
//!
//! - An entry without DTSTART fails also under a METHOD: once the METHOD is gone, no store takes it (RFC 5545 3.6.1).
//! - A line that is no property is taken as more of the text before it when that is a text that some program forgot to
//!   fold; elsewhere it is left out, with a note that shows it.
//! - Where a file ends within an entry, nothing of the same UID is carried: half a series would overwrite a whole one on
//!   the target. So it is with an entry whose time zone may have been defined behind the cut.
//! - Times in a zone that nobody knows stay as they are written, with a note; they are not turned into anything else.
//! - DTSTAMP does not count when objects are compared ([`Object::digest`]).

mod place;
mod error;
mod repair;
mod component;
mod content;
mod quoted_printable;
mod lines;
mod parse;
mod write;
mod value;
mod rule;
mod windows;
mod zone;
mod digest;
mod canonical;
mod listing;
mod appointment;
mod object;
mod mend;
mod grouping;
mod calendar;
mod report;
mod plan;
mod apply;
mod verify;

pub use apply::{Apply, Next, Outcome, next_step};
pub use appointment::{Alarm, Appointment, Attendee, Busy, Class, Person, Trigger};
pub use calendar::Calendar;
pub use component::{Component, Parameter, Property, escape_text};
pub use digest::{Digest, Key, ObjectKind};
pub use error::{Error, Fault};
pub use listing::{Fact, FactChange, Facts, Item, Listing};
pub use object::Object;
pub use parse::{MAX_DEPTH, parse};
pub use place::{Finding, Place, Severity};
pub use plan::{Action, Plan, Policy, Settled, plan};
pub use repair::Repair;
pub use report::{Line, Reason, Report, Verdict};
pub use value::{Span, When};
pub use verify::verify;
pub use write::write;
pub use zone::{define_zone, resolve_zone};
