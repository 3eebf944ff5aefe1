//! What a migration has done, kept in one SQLite file.
//!
//! The engines decide what to do from three things: the source, the target, and the *facts*, which say what was
//! placed on the target before. This package keeps the facts, and what else must outlive a process: intents opened
//! before an effect that cannot be repeated, the leases that keep two runs off one account, and the reports.
//! It knows nothing of mail: keys and states are bytes.
//!
//! ```
//! use mailferry_journal::{Change, Fact, Journal, Scope};
//!
//! # fn main() -> Result<(), mailferry_journal::Error> {
//! # let folder = tempfile::tempdir().expect("a temporary directory");
//! # let path = folder.path().join("example.state");
//! let journal = Journal::open(&path)?;
//! let lease = journal.lease("anna@example.com")?;
//! let inbox = Scope::new("anna@example.com", "mail", "INBOX");
//! let fact = Fact { key: b"1700000000.M1P2.mail".to_vec(), source: b"FS".to_vec(), target: b"FS".to_vec() };
//! journal.record(&inbox, &[Change::Put(fact.clone())])?; // on the disk when it returns
//! assert_eq!(journal.facts(&inbox)?, [fact]);
//! drop(lease);
//! # Ok(())
//! # }
//! ```
//!
//! # Tables
//!
//! Documented, so that an administrator may read them with `sqlite3`, and plain SQL, so that PostgreSQL can hold the
//! same ones. Times are seconds since 1970 in UTC. `PRAGMA application_id` is 0x6d666a6c ("mfjl"), `user_version` the
//! version of these tables, now 1.
//!
//! | table | a row is | columns |
//! |---|---|---|
//! | `account` | an account something was recorded for | `number`, `address` |
//! | `collection` | a folder, calendar or address book of it, or its directory data | `number`, `account`, `kind`, `name` (bytes) |
//! | `fact` | an item that was placed | `collection`, `key`, `source`, `target` (bytes; NULL: as `source`) |
//! | `intent` | an effect that was begun and not yet seen to be done | `collection`, `key`, `detail` (bytes) |
//! | `lease` | an account a living process works on | `account`, `pid`, `host`, `boot`, `namespace`, `started`, `number`, `since`, `heartbeat` |
//! | `run` | a run of a program; `ended` is NULL when it was killed or still runs | `number`, `command`, `began`, `ended`, `exit` |
//! | `report` | the JSON report of one of the last ten runs | `run`, `document` |
//!
//! The view `listed` joins the first three in words, for people.
//!
//! # What a fact is
//!
//! This package does not look into keys and states. Those who use it put in:
//!
//! | `kind` | `collection` | `key` | `source` and `target` |
//! |---|---|---|---|
//! | `directory` | empty, of the account with the empty address | an entry | digests |
//! | `calendar`, `contacts` | the calendar or address book | an object | digests |
//! | `mail` of a Maildir | the folder's directory without its dot, empty for INBOX | the unique part of a file's name | flags, keywords, date |
//! | `mail` by IMAP | the folder, with `/` before each level, as `/Sent` | the source's UID: how many bytes, then these bytes | source: fingerprint (8 bytes), flags. Target: marks, UID, its flags if they are others |
//! | the same | the same | empty: the *head* of the folder | source: how it stood, what its facts come to, what could not be carried over, its MAILBOXID. Target: how it stood, its name there |
//! | `folders`, `subscriptions` | empty | a folder that was made or subscribed to | empty |
//! | `target` | empty, of the account with the empty address | `files` | source: the destination that the journal is kept for |
//!
//! Of mail by IMAP, flags are a byte for the system flags, then the names of the others with spaces between; numbers have seven bits a
//! byte, the lowest first. The marks are 1: put there by us; 2: the target's flags are the source's; 4 and 8: where it was seen last (0 on
//! both sides, 4 on the source only, 8 on the target only); 16: repaired. The key of an intent is the first UID of a window that may
//! have been sent; its detail is the last one, from which UID of the target on it may have landed, and a byte 1 if it was sent again.
//!
//! The head is a fact as any other to this package: whoever counts messages leaves it out (`length(key) > 0`).
//!
//! # Promises
//!
//! - What [`Journal::record`] was given is on the disk, whole, when it returns: it survives `kill -9` and a power loss
//!   (write-ahead log, `synchronous=FULL`). A batch costs one flush, so record in batches.
//! - [`Journal::open_existing`] neither creates nor changes a file, so that a dry run leaves no trace.
//! - A file of another program or of a newer version is refused untouched, a damaged one is named.
//! - A lease ends with its process, however that ends.
//!
//! # Layout
//!
//! [`Error`], then the tables (`schema`), the file and its transactions (`store`), the facts, the runs, the process
//! a lease belongs to, the leases, and [`Journal`] over all of them. Each uses only those before it.
//!
//! # Limits
//!
//! One file on a local disk: the write-ahead log does not work over network file systems. A lease of another host
//! (or of another container) lapses ten minutes after its last heartbeat, since nothing better can be known of it.
//! SQLite keeps no checksums: a page the disk changed is found when its structure is broken, not when only an item's
//! bytes are. `PRAGMA integrity_check` in `sqlite3` looks deeper. A lost fact does no harm: its item is adopted.

mod error;
mod schema;
mod store;
mod fact;
mod run;
mod process;
mod lease;
mod journal;

pub use error::Error;
pub use fact::{Change, Count, Fact, Intent, Scope};
pub use journal::Journal;
pub use lease::Lease;
pub use run::{RunId, RunRow};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
