//! Contacts between CSV dialects and vCard, with a note for every cell that has no place.

mod apply;
mod book;
mod contact;
mod digest;
mod error;
mod listing;
mod place;
mod plan;
mod property;
mod report;
mod text;
mod verify;

pub use apply::{Apply, FactChange, Next, Outcome, next_step};
pub use book::{AddressBook, Column, Dialect, Exporter, Form, Version};
pub use contact::{Address, Contact, Labelled, Name};
pub use digest::Digest;
pub use error::Error;
pub use listing::{Fact, Facts, Item, Key, Listing};
pub use place::{Finding, Place, Severity};
pub use plan::{Action, Plan, Policy, Settled, plan};
pub use property::{Parameter, Property};
pub use report::{Line, Reason, Report, Verdict};
pub use verify::verify;
