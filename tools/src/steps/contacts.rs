//! Address books out of CSV and vCard files.

use crate::files::vdir::Properties;
use crate::report::Step;
use crate::steps::shelf::{Contents, Element, Finding, Kind};

crate::engine!(Cards, vcard_csv, 256, false);

/// Address books.
pub struct Contacts;

impl Kind for Contacts {
    type Engine = Cards;

    const STEP: Step = Step::Contacts;
    const NAME: &'static str = "contacts";
    const EXTENSION: &'static str = "vcf";
    const SOURCES: &'static [&'static str] = &["csv", "txt", "vcf", "vcard"];
    const SINGLE: &'static str = "contacts";

    fn read(file: &str, bytes: &[u8]) -> Contents<Cards> {
        let (book, mut findings) = vcard_csv::AddressBook::read(file, bytes);
        let listing = book.listing();
        let mut elements = Vec::new();
        for contact in &book.contacts {
            let key = contact.key();
            let Some(item) = listing.get(&key).cloned() else { continue };
            // RFC 6352 section 5.1: every address book server takes version 3.0.
            let (bytes, lost) = contact.to_vcard(vcard_csv::Version::V3);
            findings.extend(lost);
            elements.push(Element {
                key,
                item,
                name: contact.display_name(),
                stem: contact.file_stem(),
                bytes,
            });
        }
        Contents {
            elements,
            properties: Properties { tag: "VADDRESSBOOK", title: None, description: None, color: None },
            findings: findings
                .into_iter()
                .map(|finding| Finding {
                    failed: finding.severity == vcard_csv::Severity::Failure,
                    item: finding.item,
                    place: finding.place.to_string(),
                    reason: finding.reason,
                })
                .collect(),
        }
    }
}
