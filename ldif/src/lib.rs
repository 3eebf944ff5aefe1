//! LDIF (RFC 2849), a typed view of mail directories, and the difference between two of them.

mod error;
mod entry;
mod dn;
mod record;
mod line;
mod grammar;
mod paragraph;
mod read;
mod write;
mod digest;
mod listing;
mod address;
mod password;
mod model;
mod vocabulary;
mod gather;
mod field;
mod survey;
mod domains;
mod people;
mod lists;
mod directory;
mod report;
mod plan;
mod apply;
mod verify;

pub use address::{Address, BadAddress};
pub use apply::{Apply, FactChange, Next, Outcome, next_step};
pub use digest::Digest;
pub use dn::{BadDn, Dn, Rdn};
pub use entry::{Attribute, BadDescription, Description, Entry};
pub use error::{Error, Fault, Finding, Place, Severity};
pub use listing::{Fact, Facts, Item, Key, Kind, Listing};
pub use model::{
    Account, Alias, ClassOfService, Directory, Domain, DomainKind, List, Other, Quota, Resource,
    ResourceKind, Status,
};
pub use password::{Password, Scheme};
pub use plan::{Action, Plan, Policy, Settled, difference, plan};
pub use read::{Reader, Stream};
pub use record::{Change, ChangeRecord, Control, ModRdn, Modification, Operation, Placed, Record};
pub use report::{Line, Reason, Report, Verdict};
pub use verify::verify;
pub use vocabulary::OPERATIONAL;
pub use write::{write_change, write_entry, write_record};
