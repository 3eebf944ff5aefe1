//! File names: the unique part that is the message, and the info that is its state.

use std::fmt;

use crate::error::{Error, Result};
use crate::flags::Flags;

/// The part of a file name before `:`; the message's identity in its folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unique(Vec<u8>);

impl Unique {
    /// A name for a message: not empty, no `/`, `:` or NUL, no dot in front.
    pub fn new(name: impl Into<Vec<u8>>) -> Result<Self> {
        let name = name.into();
        match fault(&name) {
            None => Ok(Self(name)),
            Some(reason) => Err(Error::BadName { name: printable(&name), reason }),
        }
    }

    /// The bytes as they are on disk.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The physical size which Dovecot and Courier write into names as `,S=`.
    pub fn told_size(&self) -> Option<u64> {
        let field = self.0.split(|&byte| byte == b',').find_map(|field| field.strip_prefix(b"S="))?;
        std::str::from_utf8(field).ok()?.parse().ok()
    }

    /// Another name for a second message that bears the same one: `mark` goes before the `,S=` fields.
    #[must_use]
    pub(crate) fn marked(&self, mark: &str) -> Self {
        let stem = self.0.iter().position(|&byte| byte == b',').unwrap_or(self.0.len());
        Self([&self.0[..stem], mark.as_bytes(), &self.0[stem..]].concat())
    }

    /// Any bytes, for the report about a file whose name is refused.
    pub(crate) fn unchecked(name: Vec<u8>) -> Self {
        Self(name)
    }
}

impl fmt::Display for Unique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0))
    }
}

/// A file name of `cur/` or `new/`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// The part before `:`.
    pub unique: Unique,
    /// The standard flags.
    pub flags: Flags,
    /// The keyword letters `a` to `z`, ascending, each once.
    pub letters: Vec<u8>,
    /// What else stands in the info: other letters, and everything from a comma on.
    pub other: Vec<u8>,
    /// The info is one of another kind than `2,`: it is never rewritten.
    pub foreign: bool,
}

impl FileName {
    /// `UNIQ`, `UNIQ:2,FLAGS` or `UNIQ:` with an info of another kind.
    pub fn parse(name: &[u8]) -> Result<Self> {
        let colon = memchr::memchr(b':', name);
        let (unique, info) = colon.map_or((name, None), |at| (&name[..at], Some(&name[at + 1..])));
        let unique = Unique::new(unique)?;
        let file =
            Self { unique, flags: Flags::new(), letters: Vec::new(), other: Vec::new(), foreign: false };
        Ok(match info {
            None => file,
            Some(info) => match info.strip_prefix(b"2,") {
                Some(letters) => file.with_letters(letters),
                None => Self { foreign: !info.is_empty(), other: info.to_vec(), ..file },
            },
        })
    }

    /// The name for `cur/`: flags in ASCII order, keyword letters, and what was not understood.
    pub fn to_bytes(&self) -> Vec<u8> {
        let flags: Vec<u8> = self.flags.letters().collect();
        [self.unique.as_bytes(), b":2,", &flags, &self.letters, &self.other].concat()
    }

    fn with_letters(mut self, info: &[u8]) -> Self {
        let comma = memchr::memchr(b',', info).unwrap_or(info.len());
        self.flags = Flags::parse(&info[..comma]);
        for &letter in &info[..comma] {
            match letter {
                b'a'..=b'z' => self.letters.push(letter),
                letter if Flags::LETTERS.contains(&letter) => {}
                other => self.other.push(other),
            }
        }
        self.letters.sort_unstable();
        self.letters.dedup();
        self.other.extend_from_slice(&info[comma..]);
        self
    }
}

/// Bytes for people: UTF-8 as it is, everything that would not print as an escape, so that two names never look alike.
pub fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                c if c.is_control() => text.extend(c.escape_default()),
                c => text.push(c),
            }
        }
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

fn fault(name: &[u8]) -> Option<&'static str> {
    match name {
        [] => Some("the part before the colon is empty"),
        [b'.', ..] => Some("it begins with a dot"),
        name if name.contains(&b'/') => Some("it holds a slash"),
        name if name.contains(&b':') => Some("it holds a colon"),
        name if name.contains(&0) => Some("it holds a NUL byte"),
        _ => None,
    }
}
