//! Fuzz bodies: one a property, each over any bytes. They panic when the property does not hold.
//!
//! The targets in `fuzz_targets` hand them what the fuzzer makes up; `tests/seeds.rs` runs the same bodies on stable
//! over `seeds` and over mutations of them. How to fuzz: `README.md`.
//!
//! # Layout
//!
//! A module for each crate, three for IMAP, and [`BODIES`], the list of them all.

mod directory;
mod calendars;
mod contacts;
mod commands;
mod imap;
mod sessions;
mod maildir;

pub use calendars::{ics_read, ics_round_trip};
pub use commands::imap_encoder;
pub use contacts::{csv_read, vcard_read, vcard_round_trip};
pub use directory::{ldif_names, ldif_read, ldif_round_trip};
pub use imap::{imap_framer, imap_names, imap_responses};
pub use maildir::{maildir_keywords, maildir_names, maildir_subscriptions, maildir_uidlist};
pub use sessions::imap_session;

/// One property.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// The name of its target and of the folder of its seeds.
    pub name: &'static str,
    /// Panics when the property does not hold for these bytes.
    pub run: fn(&[u8]),
}

/// All properties, by name.
pub const BODIES: &[Body] = &[
    Body { name: "csv_read", run: csv_read },
    Body { name: "ics_read", run: ics_read },
    Body { name: "ics_round_trip", run: ics_round_trip },
    Body { name: "imap_encoder", run: imap_encoder },
    Body { name: "imap_framer", run: imap_framer },
    Body { name: "imap_names", run: imap_names },
    Body { name: "imap_responses", run: imap_responses },
    Body { name: "imap_session", run: imap_session },
    Body { name: "ldif_names", run: ldif_names },
    Body { name: "ldif_read", run: ldif_read },
    Body { name: "ldif_round_trip", run: ldif_round_trip },
    Body { name: "maildir_keywords", run: maildir_keywords },
    Body { name: "maildir_names", run: maildir_names },
    Body { name: "maildir_subscriptions", run: maildir_subscriptions },
    Body { name: "maildir_uidlist", run: maildir_uidlist },
    Body { name: "vcard_read", run: vcard_read },
    Body { name: "vcard_round_trip", run: vcard_round_trip },
];
