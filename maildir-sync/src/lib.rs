//! Mail on disk: Maildir names, flags and folders, and an engine that knows that a renamed file is the same message.
//!
//! ```
//! use maildir_sync::{FolderName, unique::FileName};
//!
//! let name = FileName::parse(b"1700000000.M1P2.mail.example.com,S=7:2,FSa").unwrap();
//! assert_eq!(name.unique.to_string(), "1700000000.M1P2.mail.example.com,S=7");
//! assert_eq!((name.flags.to_string(), name.letters), ("FS".to_owned(), b"a".to_vec()));
//!
//! let folder = FolderName::from_path_parts(&["Arbeit", "Größe"]).unwrap();
//! assert_eq!(folder.dir_name(), b".Arbeit.Gr&APYA3w-e");
//! assert_eq!(folder.to_string(), "Arbeit/Größe");
//! ```
//!
//! The README shows a whole run.
//!
//! # The flow
//!
//! [`Source::list`] observes a folder on each side, [`plan()`] decides purely, [`apply()`] carries out and hands back
//! [`FactChange`]s and a [`Report`]. A dry run prints [`Plan::preview`]; a second run is the same three calls with the
//! facts of the first. [`verify()`] reads both sides afresh and proves equality by content.
//!
//! # What is understood
//!
//! | what | where | how |
//! |---|---|---|
//! | Maildir names, `:2,` flags | [`unique`], [`flags`] | whole; what is unknown after the colon is kept on a target, noted on a source |
//! | Maildir++ folders | [`folder`] | whole, with listescape's `\2e` for a dot in a name |
//! | modified UTF-7, RFC 3501 5.1.3 | [`utf7`] | whole |
//! | `dovecot-keywords` | [`keywords`] | whole; mapped name by name between the tables of the two sides |
//! | Dovecot `subscriptions`, both forms | [`subscriptions`] | read, and added to in the form found |
//! | Courier `courierimapsubscribed` | [`subscriptions`] | read |
//! | `dovecot-uidlist`, versions 1 and 3 | [`uidlist`], [`uidlist_parse`], [`uidlist_plan`] | read, and merged with the UIDs of a source under Dovecot's own lock ([`Target::settle_with_uids`]) |
//! | everything in [`NEVER_COPIED`] | | left behind |
//!
//! # Layout
//!
//! The modules below stand in the order of their dependencies; each uses only those above it. All effects on files are
//! in `disk`, under [`MaildirSource`], which cannot write, and [`MaildirTarget`]. The engine sees neither, only the
//! traits [`Source`] and [`Target`], so anything that has folders, names and states can stand on either side.
//!
//! # What makes a crash harmless
//!
//! A batch is written to `tmp/` under names marked as ours, made durable, renamed into place (never over a file), made
//! durable again, and only then recorded. Killed before the renames, it leaves files which the next run clears; killed
//! after, messages that are there without a fact, which the next run adopts.
//!
//! Where UIDs are kept, the renames and the list's change happen under `dovecot-uidlist.lock`, without which Dovecot numbers
//! nothing. Killed between the two, it leaves messages without a record; the next run gives them theirs, unless a Dovecot that
//! found the lock stale has given them others.
//!
//! # Limits
//!
//! Two runs must not write to one target at once; whoever calls keeps them apart. `subscriptions` is replaced by a rename
//! without Dovecot's lock. A Dovecot that keeps its control files elsewhere (`CONTROL=`) sees neither our lock nor our list,
//! and numbers messages itself; one that keeps its indexes elsewhere (`INDEX=`) may once have promised UIDs of which we
//! cannot know, and then gives new ones. A list that we begin has no folder id (`G`); Dovecot adds one when it first reads
//! it. The README has the rest.

pub mod error;
pub mod flags;
pub mod unique;
pub mod uidlist;
pub mod uidlist_parse;
pub mod uidlist_plan;
pub mod utf7;
pub mod folder;
pub mod message;
pub mod fact;
pub mod report;
pub mod plan;
mod header;
pub mod store;
pub mod apply;
mod pairs;
pub mod verify;
pub mod keywords;
pub mod subscriptions;
mod disk;
mod dotlock;
mod uidlist_file;
pub mod source;
mod opened;
pub mod target;

pub use apply::apply;
pub use error::{Error, Result};
pub use fact::{Fact, FactChange, Facts};
pub use flags::Flags;
pub use folder::FolderName;
pub use message::{Finding, Keywords, Listing, Message, Place, Severity, State, Subdir};
pub use plan::{Action, Plan, Policy, Settled, plan, plan_folders};
pub use report::{Line, Reason, Report, Verdict};
pub use source::{MaildirSource, NEVER_COPIED};
pub use store::{Left, Source, Target};
pub use target::{MaildirTarget, Options};
pub use uidlist::UidList;
pub use uidlist_plan::{Numbers, Obstacle};
pub use unique::Unique;
pub use verify::verify;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
