//! Reading `dovecot-uidlist`.
//!
//! ```text
//! 3 V<uidvalidity> N<next uid> G<folder's id> [<letter><value> ...]      version 3, Dovecot 1.1 and later
//! <uid> [<LETTER><value> ...] :<file name>
//!
//! 1 <uidvalidity> <next uid>                                             version 1, before that, and Courier
//! <uid> <file name>
//! ```
//!
//! UIDs ascend. The file name is the last one known: what identifies the message stands before its own colon. A next UID
//! that is not above the last record's is stale, since Dovecot adds records without rewriting the header. A last line
//! without an end is being written, or was when the power went, and is none. UIDs are those of RFC 9051 section 2.3.1.1.

use std::fmt;
use std::num::NonZeroU32;

use crate::uidlist::{Field, Record, UidList, is_uid};
use crate::unique::Unique;

/// A line that cannot be read as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
    /// Whether Dovecot too would read on, having left out no more than we do. Any other fault makes it throw the list away.
    pub harmless: bool,
}

impl UidList {
    /// Reads all that can be read; a list whose header says nothing is none.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Vec<Fault>), Fault> {
        let end = memchr::memrchr(b'\n', bytes).unwrap_or(0);
        let mut faults = Vec::new();
        let mut lines = bytes[..end].split(|&byte| byte == b'\n').map(without_return);
        let header = lines.next().unwrap_or_default();
        let (mut list, version) =
            parse_header(header, &mut faults).map_err(|reason| Fault::new(1, reason))?;
        for (number, line) in (2..).zip(lines) {
            let read = parse_record(line, version, number, &mut faults);
            match read.and_then(|(uid, record)| list.append(uid, record)) {
                Ok(None) => {}
                Ok(Some(reason)) => faults.push(Fault { line: number, reason, harmless: true }),
                Err(reason) => faults.push(Fault::new(number, reason)),
            }
        }
        if end + 1 < bytes.len() {
            let line = 2 + memchr::memchr_iter(b'\n', bytes).count() - 1;
            faults.push(Fault { line, reason: TORN, harmless: true });
        }
        Ok((list, faults))
    }

    /// A message that is expunged and comes back gets another line at the end, which counts.
    fn append(&mut self, uid: u32, record: Record) -> Result<Option<&'static str>, &'static str> {
        if self.last().is_some_and(|last| last >= uid) {
            return Err("its UID is not above the one before");
        }
        let before = self.remove(record.name());
        self.insert(uid, record)?;
        Ok(before.map(|_| "its message had another UID in a line above"))
    }
}

impl Fault {
    fn new(line: usize, reason: &'static str) -> Self {
        Self { line, reason, harmless: false }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Three,
}

fn parse_header(line: &[u8], faults: &mut Vec<Fault>) -> Result<(UidList, Version), &'static str> {
    let (version, rest) = match line {
        [b'1', b' ', rest @ ..] => (Version::One, rest),
        [b'3', b' ', rest @ ..] => (Version::Three, rest),
        _ => return Err("no header of version 1 or 3"),
    };
    let (mut validity, mut next, mut fields) = (None, None, Vec::new());
    let mut words = rest.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    if version == Version::One {
        (validity, next) = (words.next().and_then(number), words.next().and_then(number));
    } else {
        for word in words {
            match (word[0], &word[1..]) {
                (b'V', value) => validity = number(value),
                (b'N', value) => next = number(value),
                (b'G', value) if !is_guid(value) => {
                    faults.push(Fault::new(1, "the folder's id (G) is not 32 hexadecimal digits"));
                }
                (letter, value) => fields.push(Field { letter, value: value.to_vec() }),
            }
        }
    }
    let validity = validity.and_then(NonZeroU32::new).ok_or("no UIDVALIDITY in the header")?;
    let next = next.filter(|next| *next > 0).ok_or("no next UID in the header")?;
    Ok((UidList::begun(validity, next, fields), version))
}

fn parse_record(
    line: &[u8],
    version: Version,
    number_of_line: usize,
    faults: &mut Vec<Fault>,
) -> Result<(u32, Record), &'static str> {
    let space = memchr::memchr(b' ', line).ok_or("it does not begin with a UID and a space")?;
    let uid = number(&line[..space]).filter(|uid| is_uid(*uid)).ok_or("it does not begin with a UID")?;
    let (mut rest, mut fields) = (without_spaces(&line[space..]), Vec::new());
    while version == Version::Three && rest.first() != Some(&b':') {
        let end = memchr::memchr(b' ', rest).ok_or("no file name, which a colon begins")?;
        match rest[0] {
            letter @ b'A'..=b'Z' => fields.push(Field { letter, value: rest[1..end].to_vec() }),
            _ => {
                let reason = "a field whose letter is none from A to Z";
                faults.push(Fault { line: number_of_line, reason, harmless: true });
            }
        }
        rest = without_spaces(&rest[end..]);
    }
    let name = if version == Version::Three { &rest[1..] } else { rest };
    let name = name.split(|&byte| byte == b':').next().unwrap_or_default();
    let name = Unique::new(name).map_err(|_| "a file name that no message has")?;
    Ok((uid, Record::with_fields(name, fields)))
}

fn is_guid(value: &[u8]) -> bool {
    value.len() == 32 && value.iter().all(u8::is_ascii_hexdigit)
}

fn number(digits: &[u8]) -> Option<u32> {
    let plain = digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn without_spaces(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| byte != b' ').unwrap_or(text.len());
    &text[start..]
}

const TORN: &str = "the last line has no end";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GUID: &str = "Gd9e1c8a35f2b4a6b8c0d1e2f30415263";

    fn read(text: &str) -> (UidList, Vec<String>) {
        let (list, faults) = UidList::parse(text.as_bytes()).unwrap();
        (list, faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_list_as_dovecot_writes_it() {
        let text = format!(
            "3 V1700000000 N9 {GUID} P%v.%u\n2 :1.M1P1.a,S=3,W=4\n5 W7 P0005 Ggx:y :1.M2P1.a:2,S\n9 :1.M3P1.a\n"
        );
        let (list, faults) = read(&text);
        assert_eq!((list.validity().get(), list.next(), faults.len()), (1_700_000_000, 10, 0));
        assert_eq!(list.fields().iter().map(ToString::to_string).collect::<Vec<_>>(), [GUID, "P%v.%u"]);
        let uids: Vec<u32> = list.records().map(|(uid, _)| uid).collect();
        assert_eq!(uids, [2, 5, 9]);
        assert_eq!(list.uid(&Unique::new("1.M2P1.a").unwrap()), Some(5));
        let record = list.get(5).unwrap();
        assert_eq!((record.field(b'P'), record.field(b'G')), (Some(&b"0005"[..]), Some(&b"gx:y"[..])));
        let written = text.replace(":2,S", "").replace("N9", "N10");
        assert_eq!(String::from_utf8(list.to_bytes()).unwrap(), written);
    }

    #[test]
    fn a_list_as_courier_writes_it() {
        let (list, faults) = read("1 1090000000 8\n3 1.M1P1.a\n7 1.M2P1.a b\n");
        assert_eq!((list.validity().get(), list.next(), faults.len()), (1_090_000_000, 8, 0));
        assert_eq!(list.to_bytes(), b"3 V1090000000 N8\n3 :1.M1P1.a\n7 :1.M2P1.a b\n");
    }

    #[test]
    fn lines_that_cannot_be_read_are_left_out_and_named() {
        for (line, fault) in [
            ("x :1.b", "line 3: it does not begin with a UID"),
            ("7", "line 3: it does not begin with a UID and a space"),
            ("4294967295 :1.b", "line 3: it does not begin with a UID"),
            ("99999999999 :1.b", "line 3: it does not begin with a UID"),
            ("0 :1.b", "line 3: it does not begin with a UID"),
            ("7 W3", "line 3: no file name, which a colon begins"),
            ("7 1.b", "line 3: no file name, which a colon begins"),
            ("7 :", "line 3: a file name that no message has"),
            ("7 :a/b", "line 3: a file name that no message has"),
            ("6 :1.b", "line 3: its UID is not above the one before"),
        ] {
            let (list, faults) = read(&format!("3 V1 N1\n6 :1.a\n{line}\n8 :1.c\n"));
            assert_eq!((list.records().count(), faults.as_slice()), (2, &[fault.to_owned()][..]), "{line}");
        }
        let (list, faults) = read("3 V1 N1\n6 :1.a\n7 :1.b\n8 :1.a\n");
        assert_eq!(list.to_bytes(), b"3 V1 N9\n7 :1.b\n8 :1.a\n");
        assert_eq!(faults, ["line 4: its message had another UID in a line above"]);
        let (list, faults) = read("3 V1 N1\n7 w3 W4 :1.b\n8 :1.c");
        assert_eq!(list.to_bytes(), b"3 V1 N8\n7 W4 :1.b\n");
        assert_eq!(
            faults,
            ["line 2: a field whose letter is none from A to Z", "line 3: the last line has no end"]
        );
        assert_eq!(read("3 V1 N1 Gx\n").1, ["line 1: the folder's id (G) is not 32 hexadecimal digits"]);
    }

    #[test]
    fn a_header_that_says_nothing_is_refused() {
        for text in ["", "\n", "3 V1 N1", "2 V1 N1\n", "3 N1\n", "3 V0 N1\n", "3 V1 N0\n", "1 5\n", "1 5 x\n"]
        {
            assert_eq!(UidList::parse(text.as_bytes()).unwrap_err().line, 1, "{text:?}");
        }
    }

    #[test]
    fn what_has_a_place_keeps_it() {
        let (mut list, _) = read("3 V1 N1\n6 :1.a\n");
        let record = |name: &str| Record::new(Unique::new(name).unwrap());
        assert!(list.insert(6, record("1.b")).is_err() && list.insert(7, record("1.a")).is_err());
        assert!(list.insert(0, record("1.b")).is_err() && list.insert(8, record("1\n2")).is_err());
        list.insert(3, record("1.b")).unwrap();
        list.raise_next(5);
        assert_eq!(list.to_bytes(), b"3 V1 N7\n3 :1.b\n6 :1.a\n");
    }

    fn lists() -> impl Strategy<Value = UidList> {
        let field = ("[A-Z]", "[!-~]{0,4}");
        let fields = prop::collection::vec(field, 0..3);
        let header = prop::collection::vec(("[A-FH-MO-UW-Za-z]", "[!-~]{0,4}"), 0..3);
        let records = prop::collection::btree_map(1..u32::MAX, fields, 0..5);
        (1..u32::MAX, 1..u32::MAX, header, records).prop_map(|(validity, next, header, records)| {
            let fields = |fields: Vec<(String, String)>| {
                let field = |(letter, value): (String, String)| Field {
                    letter: letter.as_bytes()[0],
                    value: value.into_bytes(),
                };
                fields.into_iter().map(field).collect()
            };
            let validity = NonZeroU32::new(validity).unwrap();
            let mut list = UidList::begun(validity, next, fields(header));

            for (number, (uid, record)) in records.into_iter().enumerate() {
                let name = Unique::new(format!("{number} .a")).unwrap();
                list.insert(uid, Record::with_fields(name, fields(record))).unwrap();
            }
            list.raise_next(list.next());
            list
        })
    }

    proptest! {
        #[test]
        fn f1_any_bytes(bytes: Vec<u8>) {
            UidList::parse(&bytes).ok();
            UidList::parse(&[b"3 V1 N1\n", bytes.as_slice()].concat()).ok();
        }

        #[test]
        fn f2_write_then_parse(list in lists()) {
            prop_assert_eq!(UidList::parse(&list.to_bytes()).unwrap(), (list, Vec::new()));
        }

        #[test]
        fn f3_fixed_point(text in "3 V[1-9] N[1-9]( [!-~]{0,3}){0,3}\n([0-9]{1,2} ([A-Za-z:]{0,3} ){0,2}:?[a-c:]{0,3}\r?\n?){0,6}") {
            if let Ok((list, _)) = UidList::parse(text.as_bytes()) {
                let once = list.to_bytes();
                let (again, faults) = UidList::parse(&once).unwrap();
                prop_assert_eq!((again.to_bytes(), faults.len()), (once, 0));
            }
        }

        #[test]
        fn f5_placed(text in "3 V1 N1\n([0-9a:]{0,2} [a-c:W]{0,3}\n){0,6}") {
            let (list, faults) = UidList::parse(text.as_bytes()).unwrap();
            let lines = text.lines().count();
            prop_assert!(faults.iter().all(|fault| (2..=lines).contains(&fault.line)));
            prop_assert!(list.records().count() + faults.len() >= lines - 1);
        }

        #[test]
        fn f6_kept(header in "[A-FH-MO-UW-Z][a-z0-9]{0,3}( [A-FH-MO-UW-Z][a-z0-9]{0,3}){0,2}", fields in "[A-Z][!-~]{0,3}( [A-Z][!-~]{0,3}){0,3}") {
            let text = format!("3 V1 N8 {header}\n7 {fields} :1.a\n");
            let (list, faults) = UidList::parse(text.as_bytes()).unwrap();
            prop_assert_eq!((list.to_bytes(), faults.len()), (text.into_bytes(), 0));
        }
    }
}
