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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_real_maildirs() {
        for (name, unique, flags, letters, other, foreign) in [
            (
                "1700000000.M1P2V3I4_0.mail.example.com,S=7,W=8:2,FS",
                "1700000000.M1P2V3I4_0.mail.example.com,S=7,W=8",
                "FS",
                "",
                "",
                false,
            ),
            ("1700000000.25_1.mail", "1700000000.25_1.mail", "", "", "", false),
            ("msg.1234", "msg.1234", "", "", "", false),
            ("1.a:2,", "1.a", "", "", "", false),
            ("1.a:2,SFbab", "1.a", "FS", "ab", "", false),
            ("1.a:2,SX,mine", "1.a", "S", "", "X,mine", false),
            ("1.a:1,experimental", "1.a", "", "", "1,experimental", true),
            ("1.a:", "1.a", "", "", "", false),
            ("1.a:2,S:2,F", "1.a", "S", "", ":2,F", false),
        ] {
            let file = match FileName::parse(name.as_bytes()) {
                Ok(file) => file,
                Err(error) => panic!("{name}: {error}"),
            };
            assert_eq!(file.unique.to_string(), unique, "{name}");
            assert_eq!(file.flags.to_string(), flags, "{name}");
            assert_eq!(
                (file.letters, file.other, file.foreign),
                (letters.into(), other.into(), foreign),
                "{name}"
            );
        }
    }

    #[test]
    fn names_that_are_no_message() {
        for (name, reason) in [
            (":2,S", "the part before the colon is empty"),
            ("", "the part before the colon is empty"),
            (".nfs0001", "it begins with a dot"),
            ("a/b", "it holds a slash"),
            ("a\0b", "it holds a NUL byte"),
        ] {
            let error = FileName::parse(name.as_bytes()).unwrap_err().to_string();
            assert!(error.ends_with(reason), "{name:?}: {error}");
        }
        assert!(Unique::new("a:2,S").is_err());
    }

    #[test]
    fn a_second_name_keeps_the_size_at_its_end() {
        let marked = |name: &str| Unique::new(name).unwrap().marked("_x").to_string();
        assert_eq!(marked("1.a"), "1.a_x");
        assert_eq!(marked("1.a,S=3,W=4"), "1.a_x,S=3,W=4");
        assert_eq!(Unique::new("1.a,S=3,W=4").unwrap().told_size(), Some(3));
        assert_eq!(Unique::new("1.a,S=x").unwrap().told_size(), None);
    }

    #[test]
    fn what_would_not_print_is_escaped() {
        assert_eq!(printable(b"a b\nc\\d\xe9\x1b"), "a b\\nc\\\\d\\xe9\\u{1b}");
        assert_eq!(printable("Größe".as_bytes()), "Größe");
    }

    proptest! {
        #[test]
        fn f1_any_bytes(bytes: Vec<u8>) {
            FileName::parse(&bytes).ok();
        }

        #[test]
        fn f2_write_then_parse(name in "[^:/.\0][^:/\0]{0,9}", bits in 0u8..64, letters in "[a-z]{0,4}", other in "(,[a-zA-Z,]{0,4})?") {
            let mut letters = letters.into_bytes();
            letters.sort_unstable();
            letters.dedup();
            let (unique, flags) = (Unique::new(name).unwrap(), Flags::from_bits(bits).unwrap());
            let file = FileName { unique, flags, letters, other: other.into_bytes(), foreign: false };
            prop_assert_eq!(FileName::parse(&file.to_bytes()).unwrap(), file);
        }

        #[test]
        fn f3_fixed_point(info in "[!-~]{0,8}") {
            let once = FileName::parse(format!("1.a:2,{info}").as_bytes()).unwrap().to_bytes();
            prop_assert_eq!(FileName::parse(&once).unwrap().to_bytes(), once);
        }

        #[test]
        fn f6_kept(info in "[!-~]{0,8}") {
            let file = FileName::parse(format!("1.a:2,{info}").as_bytes()).unwrap();
            let letters = [file.flags.to_string().as_bytes(), &file.letters, &file.other].concat();
            prop_assert!(info.bytes().all(|byte| letters.contains(&byte)));
        }
    }
}
