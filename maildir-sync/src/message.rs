//! What a message is, where it sits, and what a folder holds.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::flags::Flags;
use crate::folder::FolderName;
use crate::unique::{Unique, printable};

/// Keywords by name; two that differ in case only are the same.
pub type Keywords = BTreeSet<String>;

/// What may change about a message after its delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The standard flags.
    pub flags: Flags,
    /// The keywords, by name.
    pub keywords: Keywords,
    /// The internal date: the file's modification time in seconds since 1970.
    pub date: i64,
}

/// A message: its identity, its state, its size and where it sits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The name that stays.
    pub unique: Unique,
    /// The standard flags.
    pub flags: Flags,
    /// The keywords, by name.
    pub keywords: Keywords,
    /// The internal date: the file's modification time in seconds since 1970.
    pub date: i64,
    /// The size of the file in bytes.
    pub size: u64,
    /// Where it sits.
    pub place: Place,
}

/// Where a message sits in its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// `cur` or `new`.
    pub subdir: Subdir,
    /// The file name; empty while there is none, for a message that comes from elsewhere.
    pub file: Vec<u8>,
}

/// The two directories that hold messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subdir {
    /// A reader has seen that the message is there.
    #[default]
    Cur,
    /// No reader has seen it yet.
    New,
}

/// What a folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The messages, by name.
    pub messages: BTreeMap<Unique, Message>,
    /// The names of the folder's keyword table, in the order of their letters.
    pub keywords: Vec<String>,
}

/// Something about a file or folder that a person has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The folder it is about.
    pub folder: FolderName,
    /// The file, relative to the root of the Maildir, made printable.
    pub file: String,
    /// A sentence for people.
    pub reason: String,
    /// Whether a message is at stake.
    pub severity: Severity,
}

/// How much a [`Finding`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A message (or what may be one) cannot be carried over.
    Failed,
    /// Worth knowing; no message is at stake.
    Note,
}

impl State {
    /// Whether it is the same, whatever the case of keywords.
    pub fn is_same(&self, other: &Self) -> bool {
        let all = |ours: &Keywords, theirs: &Keywords| ours.iter().all(|name| holds(theirs, name));
        let keywords = all(&self.keywords, &other.keywords) && all(&other.keywords, &self.keywords);
        keywords && self.flags == other.flags && self.date == other.date
    }
}

impl Message {
    /// A message that comes from elsewhere, for `cur/`, without flags or keywords.
    pub fn new(unique: Unique, date: i64, size: u64) -> Self {
        Self { unique, flags: Flags::new(), keywords: Keywords::new(), date, size, place: Place::default() }
    }

    /// The same message with these flags, keywords and date.
    #[must_use]
    pub fn with_state(self, state: State) -> Self {
        Self { flags: state.flags, keywords: state.keywords, date: state.date, ..self }
    }

    /// Flags, keywords and date.
    pub fn state(&self) -> State {
        State { flags: self.flags, keywords: self.keywords.clone(), date: self.date }
    }

    /// The path below the root of the Maildir, made printable.
    pub fn path_text(&self, folder: &FolderName) -> String {
        let file = if self.place.file.is_empty() { self.unique.as_bytes() } else { &self.place.file };
        path_text(folder, self.place.subdir, file)
    }
}

impl Subdir {
    /// `cur` or `new`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cur => "cur",
            Self::New => "new",
        }
    }
}

impl Listing {
    /// An empty folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message; the one that bore its name before comes back.
    pub fn insert(&mut self, message: Message) -> Option<Message> {
        self.messages.insert(message.unique.clone(), message)
    }

    /// The message of this name.
    pub fn get(&self, unique: &Unique) -> Option<&Message> {
        self.messages.get(unique)
    }

    /// The messages in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// There is no message.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

/// `DIR/cur/FILE`, made printable.
pub(crate) fn path_text(folder: &FolderName, subdir: Subdir, file: &[u8]) -> String {
    let dir = folder.dir_name();
    let slash: &[u8] = if dir.is_empty() { b"" } else { b"/" };
    printable(&[&dir, slash, subdir.name().as_bytes(), b"/", file].concat())
}

/// Whether a set holds a keyword, whatever its case.
pub(crate) fn holds(keywords: &Keywords, name: &str) -> bool {
    keywords.contains(name) || keywords.iter().any(|known| known.eq_ignore_ascii_case(name))
}
