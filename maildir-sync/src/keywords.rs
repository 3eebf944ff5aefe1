//! `dovecot-keywords`: which keyword a letter of the info stands for, folder by folder.

use std::collections::BTreeMap;

use crate::message::Keywords;
use crate::unique::printable;

/// The keyword table of a folder: lines `INDEX NAME`, index 0 for the letter `a` up to 25 for `z`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeywordTable {
    names: BTreeMap<u8, Vec<u8>>,
}

impl KeywordTable {
    /// Reads what can be read; as for Dovecot, a line without a number below 26 and a name is nothing.
    pub fn parse(bytes: &[u8]) -> Self {
        let lines = bytes.split(|&byte| byte == b'\n');
        Self { names: lines.filter_map(parse_line).collect() }
    }

    /// The file, in the order of the letters.
    pub fn to_bytes(&self) -> Vec<u8> {
        let line =
            |(index, name): (&u8, &Vec<u8>)| [index.to_string().as_bytes(), b" ", name, b"\n"].concat();
        self.names.iter().flat_map(line).collect()
    }

    /// The names in the order of their letters.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.names.values().map(|name| printable(name))
    }

    /// The keyword of a letter.
    pub fn name(&self, letter: u8) -> Option<String> {
        let index = letter.checked_sub(b'a')?;
        self.names.get(&index).map(|name| printable(name))
    }

    /// The letter of a keyword, whatever its case.
    pub fn letter(&self, name: &str) -> Option<u8> {
        let same = |known: &[u8]| printable(known).eq_ignore_ascii_case(name);
        self.names.iter().find(|(_, known)| same(known)).map(|(index, _)| b'a' + index)
    }

    /// The letter of a keyword, a new one if need be: the next after the last, then the gaps. `None` when none is left
    /// or the name cannot stand in the file.
    pub fn add(&mut self, name: &str) -> Option<u8> {
        if let Some(letter) = self.letter(name) {
            return Some(letter);
        }
        if name.is_empty() || name.contains(|c: char| c.is_control() || c == '\\') {
            return None;
        }
        let next = self.names.last_key_value().map_or(0, |(last, _)| last + 1);
        let index = (next..LETTERS).chain(0..LETTERS).find(|index| !self.names.contains_key(index))?;
        self.names.insert(index, name.as_bytes().to_vec());
        Some(b'a' + index)
    }

    /// The keywords of these letters, and the letters without a name.
    pub fn resolve(&self, letters: &[u8]) -> (Keywords, Vec<u8>) {
        let unnamed = letters.iter().copied().filter(|&letter| self.name(letter).is_none()).collect();
        (letters.iter().filter_map(|&letter| self.name(letter)).collect(), unnamed)
    }
}

fn parse_line(line: &[u8]) -> Option<(u8, Vec<u8>)> {
    let space = memchr::memchr(b' ', line)?;
    let index: u8 = std::str::from_utf8(&line[..space]).ok()?.parse().ok()?;
    let name = &line[space + 1..];
    (index < LETTERS && !name.is_empty()).then(|| (index, name.to_vec()))
}

const LETTERS: u8 = 26;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_table_as_dovecot_writes_it() {
        let table = KeywordTable::parse(b"0 $Forwarded\n1 Junk\n3 to do\n26 beyond\n-1 x\nno number\n4 \n");
        assert_eq!(table.names().collect::<Vec<_>>(), ["$Forwarded", "Junk", "to do"]);
        assert_eq!(table.name(b'd').as_deref(), Some("to do"));
        assert_eq!(table.letter("junk"), Some(b'b'));
        let (named, unnamed) = table.resolve(b"bcd");
        assert_eq!(named.into_iter().collect::<Vec<_>>(), ["Junk", "to do"]);
        assert_eq!(unnamed, b"c");
        assert_eq!(table.to_bytes(), b"0 $Forwarded\n1 Junk\n3 to do\n");
    }

    #[test]
    fn new_names_come_after_the_last_then_into_the_gaps() {
        let mut table = KeywordTable::parse(b"24 y\n");
        assert_eq!(table.add("Y"), Some(b'y'));
        assert_eq!(table.add("next"), Some(b'z'));
        assert_eq!(table.add("gap"), Some(b'a'));
        for index in 0..23 {
            assert!(table.add(&format!("more{index}")).is_some());
        }
        assert_eq!(table.add("one too many"), None);
    }

    #[test]
    fn names_that_would_break_the_file_get_no_letter() {
        for name in ["", "a\nb", "a\0b", "a\\b"] {
            assert_eq!(KeywordTable::default().add(name), None, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn f1_any_bytes(bytes: Vec<u8>) {
            KeywordTable::parse(&bytes);
        }

        #[test]
        fn f2_write_then_parse(names in proptest::collection::vec("[!-\\[\\]-~]{1,9}", 0..26)) {
            let mut table = KeywordTable::default();
            for name in &names {
                prop_assert!(table.add(name).is_some());
            }
            prop_assert_eq!(KeywordTable::parse(&table.to_bytes()), table);
        }

        #[test]
        fn f3_fixed_point(text in "([0-9]{1,3} ?[a-z]{0,3}\n?){0,9}") {
            let once = KeywordTable::parse(text.as_bytes()).to_bytes();
            prop_assert_eq!(KeywordTable::parse(&once).to_bytes(), once);
        }
    }
}
