//! A file of contacts.

use crate::charset::{certain, decode};
use crate::contact::Contact;
use crate::identity;
use crate::lines::physical;
use crate::listing::{Item, Listing};
use crate::place::{Finding, Place};
use crate::sheet::read::{Dialect, read};
use crate::vcard;
use std::borrow::Cow;
use std::sync::Arc;

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
        let place = Place::file(&Arc::from(file));
        let (mut contacts, form, mut findings) = match cards(file, bytes) {
            Some(text) => {
                let (contacts, findings) = vcard::read(&place, &text, matches!(text, Cow::Owned(_)));
                (contacts, Form::Vcard, findings)
            }
            None => {
                let (contacts, dialect, findings) = read(&place, bytes);
                (contacts, Form::Csv(dialect), findings)
            }
        };
        findings.extend(identity::assign(&mut contacts));
        (Self { contacts, form }, findings)
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

/// The bytes of a vCard file, in UTF-8 if they were in UTF-16; nothing when no card is near its beginning, nor its
/// name says so.
fn cards<'a>(file: &str, bytes: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    let text = match certain(bytes) {
        Some((encoding, mark)) if encoding != encoding_rs::UTF_8 => {
            match decode(encoding, &bytes[mark..]).0 {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            }
        }
        Some((_, mark)) => Cow::Borrowed(&bytes[mark..]),
        None => Cow::Borrowed(bytes),
    };
    let begins = physical(&text).filter(|line| !line.is_blank()).take(HEAD).any(|line| line.is_mark("BEGIN"));
    let named = [".vcf", ".vcard"].iter().any(|end| file.to_ascii_lowercase().ends_with(end));
    (begins || named).then_some(text)
}

/// Lines within which the first card is looked for.
const HEAD: usize = 100;
