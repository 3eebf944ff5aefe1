//! What is told of an account and its server: quota, rights, annotations, identity (RFC 9208, 4314, 5464, 2971).

use nom::bytes::complete::tag_no_case;
use nom::combinator::{eof, map, value};
use nom::multi::many0;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::token::{Text, any_spaces, astring, keyword, list_of, nstring, number, spaces};

/// The limits of a quota root (RFC 9208 section 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The quota root.
    pub root: Vec<u8>,
    /// Its limits.
    pub resources: Vec<Resource>,
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `STORAGE`, in units of 1024 bytes, `MESSAGE`, `MAILBOX`, ... in upper case.
    pub name: String,
    /// How much is used.
    pub usage: u64,
    /// How much may be used.
    pub limit: u64,
}

/// The quota roots of a mailbox (RFC 9208 section 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRoot {
    /// The mailbox.
    pub mailbox: Vec<u8>,
    /// Its quota roots.
    pub roots: Vec<Vec<u8>>,
}

/// Who may do what with a mailbox (RFC 4314 section 3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acl {
    /// The mailbox.
    pub mailbox: Vec<u8>,
    /// Identifiers and their rights; before one, a `-` takes them away.
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What the user may do with a mailbox (RFC 4314 section 3.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MyRights {
    /// The mailbox.
    pub mailbox: Vec<u8>,
    /// A letter each.
    pub rights: Vec<u8>,
}

/// Annotations of a mailbox, or of the server where its name is empty (RFC 5464 section 4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The mailbox.
    pub mailbox: Vec<u8>,
    /// Names and what is told of them.
    pub entries: Vec<(Vec<u8>, Annotation)>,
}

/// The value of an annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Annotation {
    /// There is none.
    Absent,
    /// It changed; the value is not told.
    Changed,
    /// It was so large that it was handed out in pieces.
    Large(u64),
    /// Here it is, any bytes.
    Value(Vec<u8>),
}

/// `quota-response = "QUOTA" SP quota-root-name SP quota-list`.
pub(super) fn quota(input: &[u8]) -> IResult<&[u8], Quota> {
    let usage = (preceded(spaces, number), preceded(spaces, number));
    let resource = map((astring, usage), |(name, (usage, limit))| {
        let name = String::from_utf8_lossy(&name).to_ascii_uppercase();
        Resource { name, usage, limit }
    });
    let (rest, root) = preceded(keyword("QUOTA "), terminated(astring, spaces)).parse(input)?;
    map(list_of(resource), move |resources| Quota { root: root.clone(), resources }).parse(rest)
}

/// `quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name)`.
pub(super) fn quota_root(input: &[u8]) -> IResult<&[u8], QuotaRoot> {
    let roots = terminated(many0(preceded(spaces, astring)), (any_spaces, eof));
    map((preceded(keyword("QUOTAROOT "), astring), roots), |(mailbox, roots)| QuotaRoot { mailbox, roots })
        .parse(input)
}

/// `acl-data = "ACL" SP mailbox *(SP identifier SP rights)`.
pub(super) fn acl(input: &[u8]) -> IResult<&[u8], Acl> {
    let entry = (preceded(spaces, astring), preceded(spaces, astring));
    let entries = terminated(many0(entry), (any_spaces, eof));
    map((preceded(keyword("ACL "), astring), entries), |(mailbox, entries)| Acl { mailbox, entries })
        .parse(input)
}

/// `myrights-data = "MYRIGHTS" SP mailbox SP rights`.
pub(super) fn my_rights(input: &[u8]) -> IResult<&[u8], MyRights> {
    let rights = delimited(spaces, astring, (any_spaces, eof));
    map((preceded(keyword("MYRIGHTS "), astring), rights), |(mailbox, rights)| MyRights { mailbox, rights })
        .parse(input)
}

/// `metadata-resp = "METADATA" SP mailbox SP (entry-values / entry-list)`.
pub(super) fn metadata(input: &[u8]) -> IResult<&[u8], Metadata> {
    let (rest, mailbox) = preceded(keyword("METADATA "), terminated(astring, spaces)).parse(input)?;
    let told = map(nstring, |text| match text {
        Text::Bytes(bytes) => Annotation::Value(bytes),
        Text::Large(size) => Annotation::Large(size),
        Text::Nil => Annotation::Absent,
    });
    let values = list_of((astring, preceded(spaces, told)));
    let changed = map(preceded(any_spaces, astring), |name| (name, Annotation::Changed));
    let names = terminated(nom::multi::many1(changed), (any_spaces, eof));
    let (rest, entries) = values.or(names).parse(rest)?;
    Ok((rest, Metadata { mailbox, entries }))
}

/// `id-response = "ID" SP id-params-list`, for `id-params-list = "(" *(string SP nstring) ")" / nil`.
pub(super) fn id(input: &[u8]) -> IResult<&[u8], Vec<(String, Option<String>)>> {
    let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let text = map(nstring, move |text| match text {
        Text::Bytes(bytes) => Some(lossy(bytes)),
        Text::Large(_) | Text::Nil => None,
    });
    let pair = (map(astring, move |name| lossy(name).to_ascii_lowercase()), preceded(any_spaces, text));
    let nil = value(Vec::new(), tag_no_case("NIL"));
    preceded(keyword("ID "), list_of(pair).or(nil)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        text.as_bytes().to_vec()
    }

    #[test]
    fn quotas() {
        let read = |input: &str| quota(input.as_bytes()).ok().map(|(_, quota)| quota);
        let resource = |name: &str, usage, limit| Resource { name: name.into(), usage, limit };
        let expected = Quota { root: vec![], resources: vec![resource("STORAGE", 10, 512)] };
        assert_eq!(read("QUOTA \"\" (STORAGE 10 512)"), Some(expected));
        let both = vec![resource("STORAGE", 5_000_000_000, 9_000_000_000), resource("MESSAGE", 1, 2)];
        let expected = Quota { root: bytes("user.a"), resources: both };
        assert_eq!(read("QUOTA user.a (storage 5000000000 9000000000  MESSAGE 1 2 )"), Some(expected));
        assert_eq!(read("QUOTA \"\" ()").unwrap().resources, []);
        assert_eq!(read("QUOTA x (STORAGE 10)"), None);
        assert_eq!(read("QUOTA x (STORAGE -1 5)"), None);
        let read =
            |input: &str| quota_root(input.as_bytes()).ok().map(|(_, root)| (root.mailbox, root.roots));
        assert_eq!(read("QUOTAROOT INBOX \"\""), Some((bytes("INBOX"), vec![vec![]])));
        assert_eq!(read("QUOTAROOT comp.mail.mime"), Some((bytes("comp.mail.mime"), vec![])));
    }

    #[test]
    fn rights() {
        let (_, all) = acl(b"ACL INBOX Fred rwipsldexta \"-a b\" lr \"\" \"\"").unwrap();
        let entries = [("Fred", "rwipsldexta"), ("-a b", "lr"), ("", "")];
        assert_eq!(all.entries, entries.map(|(who, what)| (bytes(who), bytes(what))));
        assert!(acl(b"ACL INBOX Fred").is_err());
        assert_eq!(acl(b"ACL INBOX").unwrap().1.entries, []);
        let (_, mine) = my_rights(b"MYRIGHTS \"a b\" rwiptsldaex ").unwrap();
        assert_eq!((mine.mailbox, mine.rights), (bytes("a b"), bytes("rwiptsldaex")));
        assert!(my_rights(b"MYRIGHTS INBOX").is_err());
    }

    #[test]
    fn annotations() {
        let read = |input: &[u8]| metadata(input).ok().map(|(_, it)| (it.mailbox, it.entries));
        let (mailbox, entries) =
            read(b"METADATA \"\" (/shared/comment \"\xff\" /private/b NIL /x {3}\r\n(\0))").unwrap();
        assert_eq!(mailbox, b"");
        let value = |bytes: &[u8]| Annotation::Value(bytes.to_vec());
        let expected = [
            (bytes("/shared/comment"), value(b"\xff")),
            (bytes("/private/b"), Annotation::Absent),
            (bytes("/x"), value(b"(\0)")),
        ];
        assert_eq!(entries, expected);
        let (_, entries) = read(b"METADATA INBOX /shared/comment /private/comment").unwrap();
        assert!(entries.iter().all(|(_, value)| *value == Annotation::Changed) && entries.len() == 2);
        assert_eq!(read(b"METADATA a (/x ~{1}\r\n\0)").unwrap().1, [(bytes("/x"), value(b"\0"))]);
        assert_eq!(read(b"METADATA a (/x \n{70000})").unwrap().1, [(bytes("/x"), Annotation::Large(70_000))]);
        assert_eq!(read(b"METADATA a (/x)"), None);
    }

    #[test]
    fn identities() {
        let read = |input: &[u8]| id(input).ok().map(|(_, id)| id);
        let pair = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let expected = vec![pair("name", Some("Cyrus")), pair("os", None), pair("x", Some("\u{fffd}"))];
        assert_eq!(read(b"ID (\"NAME\" \"Cyrus\" \"os\" NIL \"x\" \"\xff\")"), Some(expected));
        assert_eq!(read(b"ID NIL"), Some(vec![]));
        assert_eq!(read(b"ID (\"a\")"), None);
    }
}
