//! What the binaries do: parse the flags, make a job of them, call one library, print the result, say the exit code.

pub mod arguments;
pub mod outcome;
pub mod session;
pub mod mailferry;
pub mod ldif_provision;
pub mod collections;
pub mod ical_import;
pub mod vcard_csv;
pub mod maildir_sync;
mod sides;
mod way;
mod accounts;
mod imap_map;
mod removal;
pub mod imap_sync;
