//! `dovecot-uidlist`: which UID each message of a folder has. Its grammar is at [`uidlist_parse`](crate::uidlist_parse).

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::unique::{Unique, printable};

/// The list of a folder, as version 3 has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UidList {
    validity: NonZeroU32,
    next: u32,
    fields: Vec<Field>,
    records: BTreeMap<u32, Record>,
    uids: HashMap<Arc<Unique>, u32>,
}

/// A message's line, without its UID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    name: Arc<Unique>,
    fields: Vec<Field>,
}

/// A letter and what it says: `W` the size with CRLF, `S` the size, `P` the POP3 UIDL, `O` the POP3 order, `G` the
/// message's id; in the header `G` the folder's id and `P` the form of POP3 UIDLs. Others may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The letter; in a record from A to Z.
    pub letter: u8,
    /// What follows it: neither space nor line end.
    pub value: Vec<u8>,
}

impl UidList {
    /// A list without a message.
    pub fn new(validity: NonZeroU32) -> Self {
        Self::begun(validity, 1, Vec::new())
    }

    /// A list of which only the header is known.
    pub(crate) fn begun(validity: NonZeroU32, next: u32, fields: Vec<Field>) -> Self {
        let (records, uids) = Default::default();
        Self { validity, next, fields, records, uids }
    }

    /// The whole file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("3 V{} N{}", self.validity, self.next()).into_bytes();
        write_fields(&mut bytes, &self.fields);
        bytes.push(b'\n');
        self.records.iter().for_each(|(uid, record)| record.write(*uid, &mut bytes));
        bytes
    }

    /// The folder's UIDVALIDITY.
    pub fn validity(&self) -> NonZeroU32 {
        self.validity
    }

    /// The UID that the next new message gets.
    pub fn next(&self) -> u32 {
        self.next.max(self.last().map_or(1, |last| last.saturating_add(1)))
    }

    /// What the header says of it: too little after records were added to the file.
    pub(crate) fn told_next(&self) -> u32 {
        self.next
    }

    /// The highest UID that a message has.
    pub fn last(&self) -> Option<u32> {
        self.records.last_key_value().map(|(last, _)| *last)
    }

    /// The header's other fields, in their order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The records in the order of their UIDs.
    pub fn records(&self) -> impl Iterator<Item = (u32, &Record)> {
        self.records.iter().map(|(uid, record)| (*uid, record))
    }

    /// Whether no message has a UID, or had one since the list was last cleaned.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record of this UID.
    pub fn get(&self, uid: u32) -> Option<&Record> {
        self.records.get(&uid)
    }

    /// The UID of a message.
    pub fn uid(&self, unique: &Unique) -> Option<u32> {
        self.uids.get(unique).copied()
    }

    /// Raises the next UID; it never falls.
    pub fn raise_next(&mut self, next: u32) {
        self.next = self.next.max(next);
    }

    /// Takes out the record of a message.
    pub(crate) fn remove(&mut self, unique: &Unique) -> Option<Record> {
        let uid = self.uids.remove(unique)?;
        self.records.remove(&uid)
    }

    /// The same folder without a message, its UIDs counted anew.
    #[must_use]
    pub fn begun_anew(self, validity: NonZeroU32) -> Self {
        Self::begun(validity, 1, self.fields)
    }

    /// Adds a record; a message that has one keeps it, and so does a UID.
    pub fn insert(&mut self, uid: u32, record: Record) -> Result<(), &'static str> {
        if !is_uid(uid) {
            return Err("it is no UID");
        }
        if record.name.as_bytes().iter().any(|byte| b"\r\n".contains(byte)) {
            return Err("a line end in a name has no place in the list");
        }
        if self.records.contains_key(&uid) || self.uids.contains_key(&record.name) {
            return Err("a record of this UID or of this name is there already");
        }
        self.uids.insert(record.name.clone(), uid);
        self.records.insert(uid, record);
        Ok(())
    }
}

impl Record {
    /// A record that says no more than the name does.
    pub fn new(name: Unique) -> Self {
        Self::with_fields(name, Vec::new())
    }

    pub(crate) fn with_fields(name: Unique, fields: Vec<Field>) -> Self {
        Self { name: name.into(), fields }
    }

    /// Which message it is.
    pub fn name(&self) -> &Unique {
        &self.name
    }

    /// Its fields in their order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// What a field says.
    pub fn field(&self, letter: u8) -> Option<&[u8]> {
        let field = self.fields.iter().find(|field| field.letter == letter);
        field.map(|field| field.value.as_slice())
    }

    /// The line of a record.
    pub(crate) fn write(&self, uid: u32, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(uid.to_string().as_bytes());
        write_fields(bytes, &self.fields);
        bytes.extend_from_slice(b" :");
        bytes.extend_from_slice(self.name.as_bytes());
        bytes.push(b'\n');
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", char::from(self.letter), printable(&self.value))
    }
}

fn write_fields(bytes: &mut Vec<u8>, fields: &[Field]) {
    for Field { letter, value } in fields {
        bytes.extend_from_slice(&[b' ', *letter]);
        bytes.extend_from_slice(value);
    }
}

/// The highest number is Dovecot's mark for a message without a UID.
pub(crate) fn is_uid(uid: u32) -> bool {
    uid > 0 && uid < u32::MAX
}
