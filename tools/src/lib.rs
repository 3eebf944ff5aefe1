//! The composing library of mailferry: it joins the five crates, which know nothing of each other, to commands.
//!
//! ```text
//! plan_file --> migration --> steps --> ldif  ical-import  vcard-csv  maildir-sync  imap-sync
//!                   |           |
//!                 report      files (Dovecot, Postfix, Radicale as plain files)   mailferry-journal
//! ```
//!
//! A command parses its flags, makes a [`job::Job`] of them, hands it to a step (or to [`migration`] for all of them), and
//! prints the [`report::Report`]. Decisions are the crates' own (`plan`); this library reads, writes and records.
//!
//! The library serves the binaries beside it; its interface is theirs and follows their needs.

pub mod error;
pub mod report;
pub mod template;
pub mod stop;
pub mod console;
pub mod options;
pub mod plan_file;
pub mod job;
pub mod crew;
pub mod files;
pub mod imap;
pub mod steps;
pub mod migration;
pub mod commands;
