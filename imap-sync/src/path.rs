//! Folder names as people write them: in tables, patterns and options.
//!
//! ```text
//! path  = level *( "/" level )
//! level = *( character / "\/" / "\\" / "\x" 2HEX )
//! ```
//!
//! A slash or a backslash inside a level has a backslash before it. A level that is no modified UTF-7 is written with `\x`
//! and stands for its very bytes, so that every name has a path, and no two have the same.

use std::borrow::Cow;

use crate::model::FolderName;
use crate::utf7;

/// The path of a name.
///
/// ```
/// use imap_sync::{FolderName, path};
/// let name = FolderName::from_text(["Arbeit", "Ein/Aus"]);
/// assert_eq!(path::write(&name), "Arbeit/Ein\\/Aus");
/// assert_eq!(path::read("Arbeit/Ein\\/Aus"), name);
/// ```
pub fn write(name: &FolderName) -> String {
    let levels: Vec<String> = name.parts().map(write_level).collect();
    levels.join("/")
}

/// The name of a path. Total: a backslash before anything else stands for itself.
pub fn read(path: &str) -> FolderName {
    let mut levels = vec![Vec::new()];
    let mut raw = vec![false];
    let mut rest = path;
    while let Some((token, after)) = next(rest) {
        rest = after;
        let (Some(level), Some(is_raw)) = (levels.last_mut(), raw.last_mut()) else { break };
        match token {
            Token::Border => {
                levels.push(Vec::new());
                raw.push(false);
            }
            Token::Byte(byte) => {
                level.push(byte);
                *is_raw = true;
            }
            Token::Text(text) => level.extend_from_slice(text.as_bytes()),
        }
    }
    FolderName::from_wire(levels.into_iter().zip(raw).map(|(level, raw)| match String::from_utf8(level) {
        Ok(text) if !raw => utf7::encode(&text),
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    }))
}

/// A level's text: what its bytes stand for, or what they are when they are no modified UTF-7.
pub(crate) fn level_text(level: &[u8]) -> Option<Cow<'_, str>> {
    utf7::decode(level).map(Cow::Owned).or_else(|| std::str::from_utf8(level).ok().map(Cow::Borrowed))
}

enum Token<'a> {
    Border,
    Byte(u8),
    Text(&'a str),
}

fn next(path: &str) -> Option<(Token<'_>, &str)> {
    let first = path.chars().next()?;
    let (one, after) = path.split_at(first.len_utf8());
    Some(match first {
        '/' => (Token::Border, after),
        '\\' if after.starts_with(['/', '\\']) => (Token::Text(&after[..1]), &after[1..]),
        '\\' => match after.strip_prefix('x').and_then(hex) {
            Some((byte, after)) => (Token::Byte(byte), after),
            None => (Token::Text(one), after),
        },
        _ => (Token::Text(one), after),
    })
}

fn hex(text: &str) -> Option<(u8, &str)> {
    let (digits, after) = text.split_at_checked(2)?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((hex.then(|| u8::from_str_radix(digits, 16).ok())??, after))
}

fn write_level(level: &[u8]) -> String {
    match utf7::decode(level) {
        Some(text) => text.replace('\\', "\\\\").replace('/', "\\/"),
        None => level.iter().fold(String::new(), |path, &byte| match byte {
            b'&' | b'/' | b'\\' | ..b' ' | 0x7f.. => format!("{path}\\x{byte:02x}"),
            _ => format!("{path}{}", char::from(byte)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_and_their_paths() {
        for (name, path) in [
            (FolderName::from_text(["INBOX", "Größe"]), "INBOX/Größe"),
            (FolderName::from_text(["a/b", "c\\d"]), "a\\/b/c\\\\d"),
            (FolderName::from_wire([&b"gr\xfc"[..], b"x"]), "gr\\xfc/x"),
            (FolderName::from_wire([&b"a&b"[..]]), "a\\x26b"),
            (FolderName::from_text(["\\x41"]), "\\\\x41"),
            (FolderName::from_text(["", "a"]), "/a"),
        ] {
            assert_eq!(write(&name), path);
            assert_eq!(read(path), name, "{path}");
        }
        assert_eq!(read("inbox/a"), FolderName::from_text(["INBOX", "a"]));
        assert_eq!(read("a\\b"), FolderName::from_text(["a\\b"]));
    }

    proptest! {
        #[test]
        fn f2_write_then_parse(levels in prop::collection::vec("[a-c&/\\\\xä-]{0,6}", 1..4), raw in any::<Vec<u8>>()) {
            let name = FolderName::from_text(levels.iter().map(String::as_str));
            prop_assert_eq!(read(&write(&name)), name);
            let name = FolderName::from_wire([b"a".to_vec(), raw]);
            prop_assert_eq!(read(&write(&name)), name);
        }

        #[test]
        fn f1_any_bytes(path in any::<String>()) {
            let name = read(&path);
            prop_assert_eq!(read(&write(&name)), name);
        }
    }
}
