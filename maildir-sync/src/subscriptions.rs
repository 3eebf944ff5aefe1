//! Lists of subscribed folders: Dovecot's `subscriptions` in both its forms, and Courier's.

use std::collections::BTreeSet;

use crate::folder::FolderName;

/// Dovecot's file. Version 2 (Dovecot 2.3 and later) begins with `V<tab>2` and an empty line and parts the levels by
/// tabs; the older form has one name a line, its levels parted by the namespace's separator, `.` or `/`.
pub fn parse_dovecot(bytes: &[u8]) -> Vec<FolderName> {
    let (rest, form) = match bytes.strip_prefix(VERSION_2) {
        Some(rest) => (rest, Form::Tabs),
        None => (bytes, Form::Separator),
    };
    folders(rest, |line| form.folder(line))
}

/// Courier's `courierimapsubscribed`: one name a line under `INBOX.`; other namespaces are not this Maildir's.
pub fn parse_courier(bytes: &[u8]) -> Vec<FolderName> {
    folders(bytes, |line| match line.strip_prefix(b"INBOX.") {
        Some(name) => FolderName::new(name).ok(),
        None => (line == b"INBOX").then(FolderName::inbox),
    })
}

/// Dovecot's file with these folders added in order, and how many were new. A file that is there keeps its form and
/// every byte; a new one has version 2, which does not depend on the namespace's separator.
pub fn add_dovecot(file: Option<&[u8]>, wanted: &[FolderName]) -> (Vec<u8>, usize) {
    let mut bytes = file.filter(|bytes| !bytes.is_empty()).unwrap_or(VERSION_2).to_vec();
    let mut there: BTreeSet<_> = parse_dovecot(&bytes).into_iter().collect();
    let separator = if bytes.starts_with(VERSION_2) {
        b'\t'
    } else if bytes.contains(&b'/') {
        b'/'
    } else {
        b'.'
    };
    let mut new = 0;
    for folder in wanted {
        if there.insert(folder.clone()) {
            if !bytes.ends_with(b"\n") {
                bytes.push(b'\n');
            }
            bytes.extend(line(folder, separator));
            new += 1;
        }
    }
    (bytes, new)
}

#[derive(Clone, Copy)]
enum Form {
    Separator,
    Tabs,
}

impl Form {
    fn folder(self, line: &[u8]) -> Option<FolderName> {
        if line.eq_ignore_ascii_case(b"INBOX") {
            return Some(FolderName::inbox());
        }
        let name: Vec<u8> = match self {
            Self::Separator => line.iter().map(|&byte| if byte == b'/' { b'.' } else { byte }).collect(),
            Self::Tabs => line.split(|&byte| byte == b'\t').map(unescape).collect::<Vec<_>>().join(&b'.'),
        };
        FolderName::new(name).ok()
    }
}

fn folders(bytes: &[u8], parse: impl Fn(&[u8]) -> Option<FolderName>) -> Vec<FolderName> {
    let lines = bytes.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut seen = BTreeSet::new();
    let named = lines.filter(|line| !line.is_empty()).filter_map(parse);
    named.filter(|folder| seen.insert(folder.clone())).collect()
}

fn line(folder: &FolderName, separator: u8) -> Vec<u8> {
    let mut line = Vec::new();
    match folder.as_bytes() {
        [] => line.extend_from_slice(b"INBOX"),
        name => name.iter().for_each(|&byte| match (byte, separator) {
            (b'.', separator) => line.push(separator),
            (1, b'\t') => line.extend_from_slice(b"\x011"),
            (b'\t', b'\t') => line.extend_from_slice(b"\x01t"),
            (b'\r', b'\t') => line.extend_from_slice(b"\x01r"),
            (b'\n', b'\t') => line.extend_from_slice(b"\x01n"),
            (byte, _) => line.push(byte),
        }),
    }
    line.push(b'\n');
    line
}

/// Dovecot's escape for its tab-separated files: byte 1, then a letter.
fn unescape(level: &[u8]) -> Vec<u8> {
    let mut bytes = level.iter().copied();
    let mut out = Vec::with_capacity(level.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            1 => match bytes.next() {
                Some(b'0') => 0,
                Some(b'1') | None => 1,
                Some(b't') => b'\t',
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(other) => other,
            },
            byte => byte,
        });
    }
    out
}

const VERSION_2: &[u8] = b"V\t2\n\n";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(folders: &[FolderName]) -> Vec<String> {
        folders.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_form_is_read() {
        for (name, folders) in [
            ("version 2", parse_dovecot(b"V\t2\n\nINBOX\nSent\nArbeit\tGr&APYA3w-e\n")),
            ("old with dots", parse_dovecot(b"INBOX\nSent\nArbeit.Gr&APYA3w-e\n")),
            ("old with slashes, no last line end", parse_dovecot(b"INBOX\nSent\nArbeit/Gr&APYA3w-e")),
            ("courier", parse_courier(b"INBOX\nINBOX.Sent\nshared.all\nINBOX.Arbeit.Gr&APYA3w-e\n")),
        ] {
            assert_eq!(shown(&folders), ["INBOX", "Sent", "Arbeit/Größe"], "{name}");
        }
    }

    #[test]
    fn what_is_there_keeps_its_form_and_its_bytes() {
        let wanted = [FolderName::inbox(), FolderName::new("A.B").unwrap(), FolderName::new("C").unwrap()];
        for (file, expected, new) in [
            (None, &b"V\t2\n\nINBOX\nA\tB\nC\n"[..], 3),
            (Some(&b""[..]), b"V\t2\n\nINBOX\nA\tB\nC\n", 3),
            (Some(b"V\t2\n\nC\nZ\n"), b"V\t2\n\nC\nZ\nINBOX\nA\tB\n", 2),
            (Some(b"C\nX/Y"), b"C\nX/Y\nINBOX\nA/B\n", 2),
            (Some(b"C\n"), b"C\nINBOX\nA.B\n", 2),
            (Some(b"inbox\nA.B\nC"), b"inbox\nA.B\nC", 0),
        ] {
            assert_eq!(add_dovecot(file, &wanted), (expected.to_vec(), new), "{file:?}");
        }
    }

    proptest! {
        #[test]
        fn f1_any_bytes(bytes: Vec<u8>) {
            parse_dovecot(&bytes);
            parse_courier(&bytes);
        }

        #[test]
        fn f2_write_then_parse(names in proptest::collection::btree_set("[a-c\t\r\n\u{1}é]{1,3}(\\.[a-c&-]{1,3}){0,2}", 0..6)) {
            let wanted: Vec<_> = names.into_iter().map(|name| FolderName::new(name).unwrap()).collect();
            prop_assert_eq!(parse_dovecot(&add_dovecot(None, &wanted).0), wanted);
        }

        #[test]
        fn f3_fixed_point(text in "(V\t2\n\n)?([a-b./\t]{0,4}\n?){0,5}") {
            let folders = parse_dovecot(text.as_bytes());
            let (bytes, new) = add_dovecot(Some(text.as_bytes()), &folders);
            if !text.is_empty() {
                prop_assert_eq!(new, 0);
                prop_assert_eq!(bytes, text.as_bytes());
            }
        }
    }
}
