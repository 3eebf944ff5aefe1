//! Real files, compared with what other programs read out of them. They lie outside of the repository:
//! `MAILFERRY_CORPORA` names the directory; without it there is nothing to compare.

// Functions that tests share are tests, too.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use vcard_csv::{AddressBook, Contact, Form, Severity, Version};

fn corpora() -> Option<PathBuf> {
    std::env::var_os("MAILFERRY_CORPORA").map(PathBuf::from)
}

fn files(root: &Path, folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> (AddressBook, Vec<vcard_csv::Finding>) {
    AddressBook::read(&path.to_string_lossy(), &std::fs::read(path).unwrap())
}

/// Cards by file, where at least two independent parsers agree.
fn expected(root: &Path) -> BTreeMap<String, usize> {
    let table = std::fs::read(root.join("EXPECTED.tsv")).unwrap();
    let table = String::from_utf8_lossy(&table);
    let mut expected = BTreeMap::new();
    for line in table.lines().skip(1) {
        let mut columns = line.split('\t');
        let (Some(file), Some(_), Some(consensus)) = (columns.next(), columns.next(), columns.next()) else {
            continue;
        };
        if !file.starts_with("vcf/") {
            continue;
        }
        let count = consensus.split([' ', ',']).find_map(|part| part.strip_prefix("VCARD=")?.parse().ok());
        if let Some(count) = count {
            expected.insert(file.to_owned(), count);
        }
    }
    expected
}

#[test]
fn vcard_counts_are_those_of_others() {
    let Some(root) = corpora() else { return };
    let mut wrong = Vec::new();
    let expected = expected(&root);
    for (file, count) in &expected {
        let (book, findings) = read(&root.join(file));
        let refused = findings.iter().filter(|finding| finding.severity == Severity::Failure).count();
        if book.contacts.len() != *count {
            wrong.push(format!("{file}: {} of {count}, {refused} refused", book.contacts.len()));
        }
    }
    eprintln!("{} of {} files agree", expected.len() - wrong.len(), expected.len());
    let unexplained: Vec<&String> =
        wrong.iter().filter(|line| !EXPLAINED.iter().any(|(file, _)| line.contains(file))).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}

#[test]
fn whatever_is_read_can_be_written_and_read_again() {
    let Some(root) = corpora() else { return };
    let mut contacts = 0;
    for path in files(&root, "vcf").into_iter().chain(files(&root, "csv")).chain(files(&root, "fuzz")) {
        let (book, _) = read(&path);
        for contact in &book.contacts {
            contacts += 1;
            for version in [Version::V3, Version::V4] {
                let (card, _) = contact.to_vcard(version);
                let (again, _) = AddressBook::read("again.vcf", &card);
                let digests: Vec<_> = again.contacts.iter().map(Contact::digest).collect();
                assert_eq!(
                    digests,
                    [contact.digest()],
                    "{}: {}",
                    path.display(),
                    String::from_utf8_lossy(&card)
                );
            }
        }
    }
    eprintln!("{contacts} contacts");
    assert!(contacts > 250);
}

#[test]
fn csv_files_say_what_their_cards_say() {
    let Some(root) = corpora() else { return };
    let pairs = root.join("csv/roundcube+roundcubemail/tests/src/Csv2vcard");
    for name in ["all", "email", "gmail"] {
        let (sheet, findings) = read(&pairs.join(name).with_extension("csv"));
        assert!(matches!(sheet.form, Form::Csv(_)));
        let failures = findings.iter().filter(|finding| finding.severity == Severity::Failure);
        assert_eq!(failures.count(), 0, "{name}");
        let (cards, _) = read(&pairs.join(name).with_extension("vcf"));
        assert_eq!(sheet.contacts.len(), cards.contacts.len(), "{name}");
        for (ours, theirs) in sheet.contacts.iter().zip(&cards.contacts) {
            compare(ours, theirs);
        }
    }
}

/// Everything but the labels, in which the two programs differ on purpose.
fn compare(ours: &Contact, theirs: &Contact) {
    let values =
        |labelled: Vec<vcard_csv::Labelled>| labelled.into_iter().map(|one| one.value).collect::<Vec<_>>();
    assert_eq!(ours.display_name(), theirs.display_name());
    assert_eq!(ours.name(), theirs.name());
    assert_eq!(ours.nicknames(), theirs.nicknames());
    assert_eq!(values(ours.emails()), values(theirs.emails()));
    assert_eq!(values(ours.phones()), values(theirs.phones()));
    assert_eq!(values(ours.urls()), values(theirs.urls()));
    assert_eq!(ours.title(), theirs.title());
    assert_eq!(ours.organisation().first(), theirs.organisation().first());
    assert_eq!(ours.birthday(), theirs.birthday());
    assert_eq!(ours.anniversary(), theirs.anniversary());
    assert_eq!(ours.notes(), theirs.notes());
    assert_eq!(ours.categories(), theirs.categories());
    let address = |contact: &Contact| {
        let parts = |address: vcard_csv::Address| {
            [address.street, address.city, address.region, address.code, address.country]
        };
        contact.addresses().into_iter().map(parts).collect::<Vec<_>>()
    };
    assert_eq!(address(ours), address(theirs));
}

/// Files in which we count otherwise, and why.
const EXPLAINED: &[(&str, &str)] =
    &[("vcard/063.vcf", "the third card is empty: refused"), ("vcard/068.vcf", "the card is empty: refused")];
