//! Contacts between the CSV dialects of mail programs and vCard, with a note for everything that is not carried
//! over exactly, and an engine that brings an address book to a server again and again.
//!
//! ```
//! use vcard_csv::{Action, AddressBook, Apply, Facts, Listing, Outcome, Policy, Verdict, Version, plan};
//!
//! let (book, findings) = AddressBook::read("anna.csv", b"firstName,email\nBert,bert@example.com\n");
//! assert_eq!(findings.len(), 1, "what the file is");
//!
//! let source = book.listing();
//! let mut apply = Apply::new(plan(&source, &Listing::new(), &Facts::new(), &Policy::default()));
//! while let Some(action) = apply.start() {
//!     let contact = book.contacts.iter().find(|contact| contact.key() == *action.key()).expect("planned from it");
//!     let (card, _notes) = contact.to_vcard(Version::V3);
//!     // Here the card goes to the server, or into the file `contact.file_stem()`.
//!     assert!(matches!(action, Action::Create { .. }) && card.starts_with(b"BEGIN:VCARD"));
//!     apply.finish(action, Outcome::Done { target: contact.digest() });
//! }
//! assert_eq!(apply.into_report().count(Verdict::Copied), 1);
//! ```
//!
//! # Coverage
//!
//! | what | how far |
//! |---|---|
//! | RFC 6350 vCard 4.0 | read and written whole; properties that are not known keep their value to the letter |
//! | RFC 2426 vCard 3.0 | read and written whole; what only 4.0 has is written with `X-` and noted |
//! | vCard 2.1 | read: quoted-printable, `CHARSET`, base64, bare parameters, its folding, `AGENT` with a card in it |
//! | RFC 6868 parameter escapes | read and written, in 3.0 as well |
//! | RFC 4770, RFC 6474, RFC 9554 | their properties and parameters are carried |
//! | Apple's `X-ABLabel`, `X-APPLE-OMIT-YEAR`, `X-ADDRESSBOOKSERVER-*` | understood |
//! | RFC 4180 CSV | delimiters `,` `;` tab `\|`, quoted line ends, ragged rows, quotes that are never closed |
//! | charsets | UTF-8, UTF-16 by mark or by shape; else what a bounded sample makes likely, and a note |
//! | CSV headers | Carbonio and Zimbra, Google old and new, Outlook, Thunderbird (English, German, Italian), Tine |
//!
//! # Layout
//!
//! Each module uses only those above it: places and errors; digests and listings; the escaping of values, properties,
//! and their one form for all versions (`canon` reads into it, `write` writes out of it: the two change together);
//! the contact; identities; then the two readers, `vcard` over `lines` and `content`, `sheet` over the tables of headers; the
//! address book; and the engine: `plan` decides, `apply` hands out and takes back, `verify` proves.
//!
//! # Limits
//!
//! A file is read whole. Nothing here touches a file, a clock or a socket. Cards are not checked for being what the
//! RFCs demand beyond `FN`, `N` and `UID`: what came in goes out. See the README for what is not understood.

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;

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
mod show;
mod identity;
mod charset;
mod content;
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
