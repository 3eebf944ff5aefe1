//! Contacts between CSV dialects and vCard, with a note for every cell that has no place.

mod place;
mod error;
mod digest;
mod listing;
mod text;
mod property;
mod dates;
mod media;
mod canon;
mod contact;
mod write;
mod identity;
mod charset;
mod lines;
mod vcard;
mod sheet;
mod book;
mod report;
mod plan;
mod apply;
mod verify;

pub use apply::{Apply, FactChange, Next, Outcome, next_step};
pub use book::{AddressBook, Form};
pub use contact::{Address, Contact, Labelled, Name};
pub use digest::Digest;
pub use error::Error;
pub use listing::{Fact, Facts, Item, Key, Listing};
pub use place::{Finding, Place, Severity};
pub use plan::{Action, Plan, Policy, Settled, plan};
pub use property::{Parameter, Property};
pub use report::{Line, Reason, Report, Verdict};
pub use sheet::headers::Exporter;
pub use sheet::read::{Column, Dialect};
pub use verify::verify;
pub use write::Version;
