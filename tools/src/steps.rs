//! The steps of a migration, each over one crate.

pub mod carry;
pub mod provisioning;
pub mod shelf;
pub mod collections;
pub mod calendars;
pub mod contacts;
pub mod subscriptions;
pub mod mail;
mod imap_check;
pub mod imap;
