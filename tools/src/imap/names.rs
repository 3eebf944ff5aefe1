//! Folder names: IMAP's parts on the wire, and Maildir++'s directories.
//!
//! Both are modified UTF-7, so a part keeps its bytes. What a level cannot hold on disk (dot, slash, backslash) is written
//! as Dovecot's listescape does: `\2e`, `\2f`, `\5c`.

use imap_sync::{Error, FolderName};

/// The directory of a folder.
pub fn to_maildir(name: &FolderName) -> Result<maildir_sync::FolderName, Error> {
    if name.is_inbox() {
        return Ok(maildir_sync::FolderName::inbox());
    }
    if name.parts().any(<[u8]>::is_empty) {
        return Err(Error::store(
            name.to_string(),
            "a level of its name is empty, which no Maildir can hold",
        ));
    }
    let levels: Vec<Vec<u8>> = name.parts().map(escape).collect();
    maildir_sync::FolderName::new(levels.join(&b'.')).map_err(|error| Error::store(name.to_string(), error))
}

/// The folder of a directory; `None` for `.INBOX`, which would be a second INBOX.
pub fn to_imap(folder: &maildir_sync::FolderName) -> Option<FolderName> {
    if folder.is_inbox() {
        return Some(FolderName::inbox());
    }
    let name = FolderName::from_wire(folder.as_bytes().split(|&byte| byte == b'.').map(unescape));
    (!name.is_inbox()).then_some(name)
}

fn escape(part: &[u8]) -> Vec<u8> {
    let mut level = Vec::with_capacity(part.len());
    for &byte in part {
        match ESCAPES.iter().find(|(plain, _)| *plain == byte) {
            Some((_, escaped)) => level.extend_from_slice(*escaped),
            None => level.push(byte),
        }
    }
    level
}

fn unescape(level: &[u8]) -> Vec<u8> {
    let mut part = Vec::with_capacity(level.len());
    let mut rest = level;
    while let Some((&byte, after)) = rest.split_first() {
        match ESCAPES.iter().find(|(_, escaped)| rest.starts_with(*escaped)) {
            Some((plain, escaped)) => {
                part.push(*plain);
                rest = &rest[escaped.len()..];
            }
            None => {
                part.push(byte);
                rest = after;
            }
        }
    }
    part
}

const ESCAPES: [(u8, &[u8; 3]); 3] = [(b'.', b"\\2e"), (b'/', b"\\2f"), (b'\\', b"\\5c")];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_there_and_back() {
        for (parts, directory) in [
            (&["INBOX"][..], ""),
            (&["Arbeit", "Größe"], "Arbeit.Gr&APYA3w-e"),
            (&["INBOX", "Sent"], "INBOX.Sent"),
            (&["v1.2", "a/b\\c"], "v1\\2e2.a\\2fb\\5cc"),
            (&["..", "etc"], "\\2e\\2e.etc"),
        ] {
            let name = FolderName::from_text(parts.iter().copied());
            let folder = to_maildir(&name).unwrap();
            assert_eq!(folder.as_bytes(), directory.as_bytes(), "{name}");
            assert_eq!(to_imap(&folder), Some(name));
        }
        assert_eq!(to_maildir(&FolderName::from_text(["Grün"])).unwrap().to_string(), "Grün");
    }

    #[test]
    fn names_that_no_maildir_can_hold() {
        for name in
            [FolderName::from_wire(["a", ""]), FolderName::from_wire([""]), FolderName::from_wire(["a\0b"])]
        {
            assert!(to_maildir(&name).is_err(), "{name}");
        }
        assert_eq!(to_imap(&maildir_sync::FolderName::new("inbox").unwrap()), None);
    }

    proptest! {
        #[test]
        fn f2_write_then_parse(parts in prop::collection::vec("[a-c.&/\\\\25efc ]{1,6}", 1..4)) {
            let name = FolderName::from_wire(parts);
            prop_assert_eq!(to_imap(&to_maildir(&name).unwrap()), Some(name));
        }
    }
}
