use vcard_csv::{AddressBook, Contact, Version};

/// Any table is read to its end; every finding has its place, and what became a contact can be written.
pub fn csv_read(data: &[u8]) {
    for contact in read("any.csv", data) {
        round_trip(&contact, Version::V3);
    }
}

/// The same of any card.
pub fn vcard_read(data: &[u8]) {
    let contacts = read("any.vcf", data);
    for contact in &contacts {
        assert!(!contact.uid().is_empty());
        let stem = contact.file_stem();
        assert!(
            !stem.is_empty() && stem.len() <= 250 && !stem.starts_with('.') && !stem.contains(['/', '\0']),
            "{stem}"
        );
    }
}

/// A card that was written is read as itself and is written the same again, in either version.
pub fn vcard_round_trip(data: &[u8]) {
    for contact in read("any.vcf", data) {
        round_trip(&contact, Version::V3);
        round_trip(&contact, Version::V4);
    }
}

fn read(file: &str, data: &[u8]) -> Vec<Contact> {
    let (book, findings) = AddressBook::read(file, data);
    for finding in findings {
        assert_eq!(&*finding.place.file, file, "{finding:?}");
        assert!(!finding.reason.is_empty(), "{finding:?}");
    }
    assert_eq!(book.listing().len(), book.contacts.len(), "two contacts have one identity");
    book.contacts
}

fn round_trip(contact: &Contact, version: Version) {
    let (written, losses) = contact.to_vcard(version);
    let shown = written.escape_ascii();
    let again = read("written.vcf", &written);
    let [read] = again.as_slice() else { panic!("{} cards of one: {shown}", again.len()) };
    assert_eq!(read.key(), contact.key(), "{shown}");
    if losses.is_empty() {
        assert_eq!(read.digest(), contact.digest(), "{shown}");
    }
    assert_eq!(read.to_vcard(version).0.escape_ascii().to_string(), shown.to_string());
    let lines = written.split(|&byte| byte == b'\n');
    assert!(lines.into_iter().all(|line| line.len() <= 76), "a line is too long: {shown}");
}
