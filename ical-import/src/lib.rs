//! iCalendar files read tolerantly, repaired by name, and brought to a calendar store.

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
mod digest;
mod appointment;
mod object;
mod calendar;
mod listing;
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
