//! A file of contacts.

use crate::contact::Contact;
use crate::identity;
use crate::listing::{Item, Listing};
use crate::place::{Finding, Place};
use crate::vcard;
use std::sync::Arc;

/// Which program wrote a CSV file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Exporter {
    /// Carbonio or Zimbra.
    Carbonio,
    /// None of the known ones, but with headers that are understood.
    Generic,
    /// Google Contacts since 2024.
    Google,
    /// Google Contacts before.
    GoogleOld,
    /// Outlook.
    Outlook,
    /// Thunderbird.
    Thunderbird,
}

/// A column of a CSV file.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Column {
    /// Its header as the file has it.
    pub header: String,
    /// Whether the header is understood; cells of other columns are kept as `X-` properties.
    pub mapped: bool,
}

/// What was found out about a CSV file.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Dialect {
    /// Between the cells.
    pub delimiter: u8,
    /// As the encoding standard calls it.
    pub charset: &'static str,
    /// Who wrote it.
    pub exporter: Exporter,
    /// The language of the headers.
    pub language: &'static str,
    /// In the order of the file.
    pub columns: Vec<Column>,
}

/// What kind of file it was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Form {
    /// CSV.
    Csv(Dialect),
    /// vCard.
    Vcard,
}

/// The contacts of one file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AddressBook {
    /// In the order of the file.
    pub contacts: Vec<Contact>,
    /// What kind of file it was.
    pub form: Form,
}

impl AddressBook {
    /// Reads a file, vCard or CSV by its content. What is not carried over exactly is a finding.
    pub fn read(file: &str, bytes: &[u8]) -> (Self, Vec<Finding>) {
        let file = Place::file(&Arc::from(file));
        let (mut contacts, mut findings) = vcard::read(&file, bytes);
        findings.extend(identity::assign(&mut contacts));
        (Self { contacts, form: Form::Vcard }, findings)
    }

    /// The contacts by identity.
    pub fn listing(&self) -> Listing {
        let mut listing = Listing::new();
        for contact in &self.contacts {
            let item = Item {
                digest: contact.digest(),
                place: contact.place().clone(),
                name: contact.display_name(),
            };
            listing.insert(contact.key(), item);
        }
        listing
    }
}
