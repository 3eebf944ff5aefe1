//! Names that a target cannot hold, written so that it can, and read back.
//!
//! ```text
//! level = run *( "=-" run ) [ "=~" 8HEX ]
//! run   = *( character / "=" 2HEX ) *"="
//! ```
//!
//! - `=2F` stands for a byte of the text in UTF-8, in upper case as in quoted-printable: what the target forbids there.
//! - `=-` stands for a border between levels, where the target has room for fewer of them.
//! - `=` at the end of a run stands for nothing. It tells a name apart from one that is taken: a reserved one, or a twin.
//! - `=~` and eight digits at the end: the name was too long and was cut; the digits are of its digest. There is no way back.
//!
//! A `=` of the name itself becomes `=3D`, but only where it could be taken for one of these, so that most names keep theirs.

use std::fmt::Write as _;

use crate::model::FolderName;
use crate::path::level_text;
use crate::utf7;

/// What a level cannot hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forbidden<'a> {
    /// Characters forbidden anywhere. Control characters always are.
    pub anywhere: &'a str,
    /// Characters forbidden at the start.
    pub first: &'a str,
    /// Characters forbidden at the end.
    pub last: &'a str,
    /// Whether all but printable ASCII without `&` is forbidden.
    pub beyond_ascii: bool,
}

/// The text of a level given as it is on the wire, escaped. Bytes that are no text are escaped too.
///
/// ```
/// use imap_sync::{FolderName, escape};
/// let forbidden = escape::Forbidden { anywhere: "./", ..Default::default() };
/// assert_eq!(escape::escape(b"v1.2 a=b", &forbidden), "v1=2E2 a=b");
/// let escaped = FolderName::from_text(["v1=2E2 a=b"]);
/// assert_eq!(escape::unescape(&escaped), Some(FolderName::from_text(["v1.2 a=b"])));
/// ```
pub fn escape(level: &[u8], forbidden: &Forbidden<'_>) -> String {
    let mut escaped = String::with_capacity(level.len());
    match level_text(level) {
        Some(text) => {
            for (at, character) in text.char_indices() {
                let rest = &text[at + character.len_utf8()..];
                forbidden.write(character, at == 0, rest, &mut escaped);
            }
        }
        None => {
            for &byte in level {
                match byte {
                    b' '..=b'~' if byte != b'=' => {
                        forbidden.write(char::from(byte), escaped.is_empty(), "", &mut escaped);
                    }
                    _ => write_byte(byte, &mut escaped),
                }
            }
        }
    }
    escaped
}

/// The name that was escaped; `None` when there is no way back, or it is no modified UTF-7 and so none of ours.
pub fn unescape(name: &FolderName) -> Option<FolderName> {
    let mut levels = Vec::new();
    for level in name.text()? {
        unescape_level(&level, &mut levels)?;
    }
    Some(FolderName::from_wire(levels.into_iter().map(|level| match String::from_utf8(level) {
        Ok(text) => utf7::encode(&text),
        Err(error) => error.into_bytes(),
    })))
}

/// Between two levels that became one.
pub(crate) const BORDER: &str = "=-";

/// After a level that was cut, before the digits of its digest.
pub(crate) const CUT: &str = "=~";

/// How many digits follow [`CUT`].
pub(crate) const DIGITS: usize = 8;

/// What a name is told apart by from one that is taken.
pub(crate) const MARK: &str = "=";

impl Forbidden<'_> {
    fn write(&self, character: char, first: bool, rest: &str, escaped: &mut String) {
        let forbidden = character.is_control()
            || self.anywhere.contains(character)
            || first && self.first.contains(character)
            || rest.is_empty() && self.last.contains(character)
            || self.beyond_ascii && !matches!(character, ' '..='%' | '\''..='~')
            || character == '=' && could_be_ours(rest);
        if forbidden {
            character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| write_byte(byte, escaped));
        } else {
            escaped.push(character);
        }
    }
}

/// Whether a `=` before `rest` could be read as an escape.
fn could_be_ours(rest: &str) -> bool {
    rest.starts_with(['-', '~']) || rest.bytes().all(|byte| byte == b'=') || byte_of(rest).is_some()
}

fn write_byte(byte: u8, escaped: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(escaped, "={byte:02X}");
}

fn byte_of(rest: &str) -> Option<u8> {
    let digits = rest.get(..2)?;
    let hex = digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F'));
    hex.then(|| u8::from_str_radix(digits, 16).ok())?
}

fn unescape_level(level: &str, levels: &mut Vec<Vec<u8>>) -> Option<()> {
    let mut rest = level;
    let mut plain = Vec::with_capacity(rest.len());
    // How many `=` were just read that are marks if the level ends here.
    let mut marks = 0;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        rest = after;
        match (character, byte_of(after)) {
            ('=', _) if after.starts_with('~') => return None,
            ('=', _) if after.starts_with('-') => {
                levels.push(std::mem::take(&mut plain));
                (marks, rest) = (0, &after[1..]);
            }
            ('=', None) => marks += 1,
            (_, byte) => {
                plain.extend(std::iter::repeat_n(b'=', std::mem::take(&mut marks)));
                match byte.filter(|_| character == '=') {
                    Some(byte) => {
                        plain.push(byte);
                        rest = &after[2..];
                    }
                    None => plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
        }
    }
    levels.push(plain);
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn levels_there_and_back() {
        let forbidden = Forbidden { anywhere: "./", first: " ~", last: " ", beyond_ascii: false };
        for (level, escaped) in [
            ("Work", "Work"),
            ("v1.2", "v1=2E2"),
            (" lead", "=20lead"),
            ("trail ", "trail=20"),
            ("a = b", "a = b"),
            ("a=2F", "a=3D2F"),
            ("a=2f", "a=2f"),
            ("a==", "a=3D=3D"),
            ("=-", "=3D-"),
            ("=~", "=3D~"),
            ("~home", "=7Ehome"),
            ("Größe", "Größe"),
            ("a\nb", "a=0Ab"),
            ("", ""),
        ] {
            assert_eq!(escape(&utf7::encode(level), &forbidden), escaped);
            let name = FolderName::from_text([escaped]);
            assert_eq!(unescape(&name), Some(FolderName::from_text([level])), "{escaped}");
        }
        let ascii = Forbidden { beyond_ascii: true, ..forbidden };
        assert_eq!(escape(&utf7::encode("Größe & Co"), &ascii), "Gr=C3=B6=C3=9Fe =26 Co");
    }

    #[test]
    fn names_that_are_no_text() {
        let none = Forbidden::default();
        assert_eq!(escape(b"gr\xfc=\xdfe", &none), "gr=FC=3D=DFe");
        let name = FolderName::from_text(["gr=FC=3D=DFe"]);
        assert_eq!(unescape(&name), Some(FolderName::from_wire([b"gr\xfc=\xdfe"])));
        assert_eq!(escape("größe".as_bytes(), &none), "größe");
    }

    #[test]
    fn marks_borders_and_cuts() {
        let plain = |level: &str| unescape(&FolderName::from_text([level]));
        assert_eq!(plain("Files="), Some(FolderName::from_text(["Files"])));
        assert_eq!(plain("a==-b=-c=="), Some(FolderName::from_text(["a", "b", "c"])));
        assert_eq!(plain("longer=~0123abcd"), None);
        assert_eq!(unescape(&FolderName::from_wire([b"gr\xfc"])), None);
    }

    proptest! {
        #[test]
        fn f2_write_then_parse(level in "[a-c=0-2F./ ~äß\\\\&\\n-]{1,12}", marks in 0usize..3, ascii in any::<bool>()) {
            let forbidden = Forbidden { anywhere: "./", first: "~ ", last: " c", beyond_ascii: ascii };
            let escaped = format!("{}{}", escape(&utf7::encode(&level), &forbidden), MARK.repeat(marks));
            prop_assert!(!escaped.contains(['.', '/', '\n']));
            let name = FolderName::from_text(["x", escaped.as_str()]);
            prop_assert_eq!(unescape(&name), Some(FolderName::from_text(["x", level.as_str()])));
        }

        #[test]
        fn f1_any_bytes(level in any::<Vec<u8>>(), text in any::<String>()) {
            let escaped = escape(&level, &Forbidden::default());
            prop_assert!(!escaped.contains(char::is_control));
            let back = unescape(&FolderName::from_text(["x", escaped.as_str()])).expect("it was escaped here");
            let text_of = |part: &[u8]| level_text(part).map(|text| text.into_owned());
            let part = back.parts().nth(1).expect("two levels");
            prop_assert!(part == level || text_of(part) == text_of(&level));
            unescape(&FolderName::from_text([text.as_str()]));
        }
    }
}
