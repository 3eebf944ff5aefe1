//! LDIF (RFC 2849), a typed view of mail directories, and the difference between two of them.
//!
//! An administrator's export of an old mail server goes in; what comes out is every class of service, domain, account,
//! alias, list and resource in it, everything that is wrong with it and where, and the steps that make a new server's
//! directory equal to it. Nothing here opens a file or a socket or asks for the time.
//!
//! ```
//! use ldif::{Directory, Severity};
//!
//! let export = b"version: 1
//!
//! dn: uid=anna,ou=people,dc=example,dc=com
//! objectClass: zimbraAccount
//! uid: anna
//! mail: anna@example.com
//! userPassword: {SSHA}c2VjcmV0c2FsdA==
//! zimbraMailQuota: a lot
//! ";
//! let (directory, findings) = Directory::read([("export.ldif", &export[..])]);
//! assert_eq!(directory.accounts[0].address.as_str(), "anna@example.com");
//! assert_eq!(findings[0].severity, Severity::Failure);
//! assert_eq!(
//!     findings[0].to_string(),
//!     "export.ldif:3: failure: anna@example.com: the quota \"a lot\" is no number of bytes; it is left out",
//! );
//! ```
//!
//! # From bytes to the model
//!
//! [`Reader`] (a file's bytes) and [`Stream`] (pieces as they come) give [`Record`]s, each [`Placed`]; a record that
//! cannot be read is one [`Error`], and the next follows. [`Directory::read`] reads any number of files as one
//! directory and checks them against each other. Which object class is what, and which attribute says what, is data:
//! the tables of the module `vocabulary`, one a kind of server.
//!
//! Who has an address: primary addresses of accounts, resources and lists in file order, then aliases with entries of
//! their own, then aliases that only their account names. The first has it; any other claim is a failure.
//!
//! What weighs how much ([`Severity`]): a failure has lost a record or a value; a note tells of a repair, or of an
//! entry kept without a type; a skip is left out by default (accounts the old server made for itself, `galsync.*`,
//! `ham.*`, `spam.*`, `virus-quarantine.*`, and its own configuration). [`OPERATIONAL`] attributes and containers are
//! left out without a word.
//!
//! # From the model to a target
//!
//! [`plan()`] compares two [`Listing`]s and the [`Facts`] of what was placed before, and is pure; [`Apply`] hands its
//! actions out as they may start and takes outcomes back; [`verify()`] pairs both sides afresh. The laws that hold of
//! them are the tests `l1_converged` to `l7_delta_is_full`; those of the parser, `f1_any_bytes` to `f6_kept`.
//!
//! # RFC coverage
//!
//! | RFC | section | here |
//! |---|---|---|
//! | 2849 | content records, change records (add, delete, modify, modrdn, moddn) | read and written |
//! | 2849 | controls | read and written; criticality false is written as absence |
//! | 2849 | base64, folding at any column, comments, CR LF and LF | read; written with LF, folded at 76, base64 where required |
//! | 2849 | values at URLs | read through the caller's resolver; else a lost value, or in a modify a lost record |
//! | 2849 | `version: 1` | read; its absence is a note; never written by `write_*` |
//! | 4525 | increment | read and written |
//! | 4512 | 2.5 attribute options | kept; compared without order or case |
//! | 4514 | distinguished names | read, written, compared without case; `#hex` values compared as text |
//! | 2253 | 4: `;` and quoted values in names | read |
//! | 2247 | domains from `dc` parts | read and written |
//! | 2307 | 5.3 `{SCHEME}` passwords | told apart, never checked |
//!
//! Beyond the RFC it takes: a byte order mark, folds that begin with a tab, base64 without padding, UTF-8 and Latin-1
//! without base64, a missing last `-`, keywords in any case, `version:` again in the middle of joined files.
//!
//! # Layout
//!
//! The modules below are in the order in which they depend on each other; none uses a later one. To `write` it is the
//! format, to `people`, `lists` and `directory` the model, from `report` on the engine.
//!
//! # Limits
//!
//! See the README. One that cannot be removed: whether two values of an attribute are equal is decided by bytes, since
//! the rules of equality are in a schema that an export does not hold.

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
mod difference;
mod plan;
mod apply;
mod verify;

pub use address::{Address, BadAddress};
pub use apply::{Apply, FactChange, Next, Outcome, next_step};
pub use difference::difference;
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
pub use plan::{Action, Plan, Policy, Settled, plan};
pub use read::{Reader, Stream};
pub use record::{Change, ChangeRecord, Control, ModRdn, Modification, Operation, Placed, Record};
pub use report::{Line, Reason, Report, Verdict};
pub use verify::verify;
pub use vocabulary::OPERATIONAL;
pub use write::{write_change, write_entry, write_record};

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
