//! From files to entries, each with its shape: read, cleaned of operational attributes, each name once.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::dn::Dn;
use crate::entry::{Attribute, Entry};
use crate::error::{Finding, Place, Severity};
use crate::listing::digest_of;
use crate::read::Reader;
use crate::record::{Change, Record};
use crate::vocabulary::{ADDRESSES, OPERATIONAL, Shape, TEXT, VOCABULARIES, Vocabulary};

/// An entry that the model may have a type for.
pub(crate) struct Raw {
    pub(crate) entry: Entry,
    pub(crate) place: Place,
    pub(crate) dn: Dn,
    /// What it is by which table; `None` when no table knows any of its object classes.
    pub(crate) known: Option<(Shape, &'static Vocabulary)>,
}

/// Findings as they come.
#[derive(Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    pub(crate) fn failure(&mut self, place: &Place, item: &str, reason: impl Into<String>) {
        self.add(Severity::Failure, place, item, reason.into());
    }

    pub(crate) fn note(&mut self, place: &Place, item: &str, reason: impl Into<String>) {
        self.add(Severity::Note, place, item, reason.into());
    }

    pub(crate) fn skip(&mut self, place: &Place, item: &str, reason: impl Into<String>) {
        self.add(Severity::Skip, place, item, reason.into());
    }

    fn add(&mut self, severity: Severity, place: &Place, item: &str, reason: String) {
        self.0.push(Finding { severity, place: place.clone(), item: item.to_owned(), reason });
    }
}

/// All entries of all files, in order.
pub(crate) fn gather<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    findings: &mut Findings,
) -> Vec<Raw> {
    let mut entries = Vec::new();
    let mut seen = Seen::default();
    for (name, bytes) in files {
        let mut reader = Reader::new(name, bytes);
        let before = entries.len();
        for record in reader.by_ref() {
            match record {
                Ok(placed) => {
                    findings.0.extend(placed.findings);
                    if let Some(entry) = content(placed.value, &placed.place, findings) {
                        entries.extend(
                            raw(entry, placed.place, findings).filter(|raw| seen.first(raw, findings)),
                        );
                    }
                }
                Err(error) => findings.0.push(error.into()),
            }
        }
        if reader.version().is_none() && entries.len() > before {
            let place = Place { file: name.into(), line: 1, ..Place::default() };
            findings.note(&place, name, "the file does not begin with version: 1; read as LDIF version 1");
        }
    }
    entries
}

fn content(record: Record, place: &Place, findings: &mut Findings) -> Option<Entry> {
    let (dn, kind) = match record {
        Record::Content(entry) => return Some(entry),
        Record::Change(change) => match change.change {
            Change::Add(attributes) => return Some(Entry { dn: change.dn, attributes }),
            Change::Delete => (change.dn, "delete"),
            Change::ModRdn(_) => (change.dn, "modrdn"),
            Change::Modify(_) => (change.dn, "modify"),
        },
    };
    findings.failure(place, &dn, format!("a change ({kind}), not an entry; it is not applied"));
    None
}

fn raw(mut entry: Entry, place: Place, findings: &mut Findings) -> Option<Raw> {
    let Ok(dn) = entry.dn.parse::<Dn>() else {
        findings.failure(&place, &entry.dn, "not a distinguished name; the entry is left out");
        return None;
    };
    entry.attributes.retain(|attribute| !OPERATIONAL.iter().any(|name| attribute.is(name)));
    for attribute in &mut entry.attributes {
        for repair in repairs(attribute) {
            findings.note(&place, &entry.dn, repair);
        }
    }
    let known = shape(&entry);
    Some(Raw { entry, place, dn, known })
}

/// Makes text UTF-8 and cuts the blanks around addresses; says what it did.
fn repairs(attribute: &mut Attribute) -> Vec<String> {
    let mut said = Vec::new();
    if TEXT.iter().any(|name| attribute.is(name)) && std::str::from_utf8(&attribute.value).is_err() {
        let text: String = attribute.value.iter().map(|&byte| char::from(byte)).collect();
        attribute.value = text.into_bytes();
        said.push(format!("{} is not UTF-8; read as Latin-1", attribute.description));
    }
    let trimmed = attribute.value.trim_ascii();
    if trimmed.len() != attribute.value.len() && ADDRESSES.iter().any(|name| attribute.is(name)) {
        attribute.value = trimmed.to_vec();
        said.push(format!("blanks around an address in {} are cut", attribute.description));
    }
    said
}

fn shape(entry: &Entry) -> Option<(Shape, &'static Vocabulary)> {
    VOCABULARIES.into_iter().find_map(|vocabulary| {
        let (_, shape) = vocabulary.classes.iter().find(|(class, _)| entry.is_a(class))?;
        Some((*shape, vocabulary))
    })
}

/// The names met so far, folded: where, and with what content.
#[derive(Default)]
struct Seen(BTreeMap<String, (Place, Digest)>);

impl Seen {
    /// Whether the name is new. Containers may come again: every file of an export brings its own.
    fn first(&mut self, raw: &Raw, findings: &mut Findings) -> bool {
        if matches!(raw.known, Some((Shape::Container, _))) {
            return true;
        }
        let (name, digest) = (raw.dn.folded(), digest_of("", &raw.entry.attributes));
        let Some((place, known)) = self.0.get(&name) else {
            self.0.insert(name, (raw.place.clone(), digest));
            return true;
        };
        let at = format!("{}:{}", place.file, place.line);
        if *known == digest {
            findings.note(&raw.place, &raw.entry.dn, format!("the same entry as at {at}; read once"));
        } else {
            let reason = format!("another entry of the same name is at {at}; only that one is read");
            findings.failure(&raw.place, &raw.entry.dn, reason);
        }
        false
    }
}
