//! UIDs for contacts whose source gives none.
//!
//! The UID is a hash of what makes a person: full name and first e-mail address; without an address full name,
//! organisation and first telephone number; failing these the whole content. So every reading of the file gives
//! the same UIDs. Equal contacts get an ordinal in the order of the file, so that n of them stay n; so do cards
//! that share a UID, which no server would keep apart.
//!
//! What an edit at the source does follows from this. A contact with an address keeps its identity when a
//! telephone number is corrected. One without gets a new identity, and so is one more contact on the target, when
//! its organisation or first number changes; where it has neither, after any edit. A changed name or first
//! address makes a new identity always; a name which the source lacks is made from what there is and changes
//! with it.

use crate::contact::Contact;
use crate::digest::Digest;
use crate::listing::Key;
use crate::place::Finding;
use crate::property::Property;
use std::collections::{BTreeMap, BTreeSet};

/// Gives every contact a UID of its own.
pub(crate) fn assign(contacts: &mut [Contact]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut taken: BTreeSet<Key> = BTreeSet::new();
    let mut again = vec![false; contacts.len()];
    for (contact, again) in contacts.iter().zip(&mut again) {
        *again = !contact.uid.is_empty() && !taken.insert(contact.key());
    }
    let mut ordinals: BTreeMap<Digest, u64> = BTreeMap::new();
    for (contact, again) in contacts.iter_mut().zip(again) {
        if again {
            let reason =
                format!("the UID {} is taken by an earlier card: this one gets its own", contact.uid);
            findings.push(Finding::note(contact.place.clone(), contact.display_name(), reason));
        } else if !contact.uid.is_empty() {
            continue;
        }
        let base = if again { hash(&["same uid", &contact.uid]) } else { person(contact) };
        let ordinal = ordinals.entry(base).or_insert(0);
        loop {
            contact.uid = uuid(base, *ordinal);
            *ordinal += 1;
            if taken.insert(contact.key()) {
                break;
            }
        }
    }
    findings
}

fn person(contact: &Contact) -> Digest {
    let name = plain(&contact.display_name());
    let first = |name: &'static str| contact.find(name).map(Property::text);
    if let Some(address) = first("EMAIL") {
        return hash(&["address", &name, &plain(&address)]);
    }
    let organisation = plain(&contact.organisation().join(" "));
    let number = first("TEL").unwrap_or_default();
    if organisation.is_empty() && number.is_empty() {
        return hash(&["content", &contact.digest().to_string()]);
    }
    hash(&["number", &name, &organisation, &plain(&number)])
}

/// Case and spacing make no other person.
fn plain(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn hash(fields: &[&str]) -> Digest {
    Digest::of(fields.join("\0").as_bytes())
}

/// A UUID of version 8 (RFC 9562 section 5.8): custom, made from a hash.
fn uuid(base: Digest, ordinal: u64) -> String {
    let mut bytes = *base.as_bytes();
    if ordinal > 0 {
        let seed = [&bytes[..], &ordinal.to_be_bytes()].concat();
        bytes = *Digest::of(&seed).as_bytes();
    }
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = Digest::from_bytes(bytes).to_string();
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
