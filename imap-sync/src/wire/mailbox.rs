//! What is told of mailboxes: LIST, STATUS, NAMESPACE (RFC 9051 section 7.3).

use nom::branch::alt;
use nom::bytes::complete::{tag_no_case, take_till1};
use nom::character::complete::char;
use nom::combinator::{eof, map, opt, peek, value};
use nom::multi::many1;
use nom::sequence::{delimited, preceded, separated_pair, terminated};
use nom::{IResult, Parser};

use super::token::{
    Text, any_spaces, any_value, astring, atom, keyword, list_of, nstring, number, rest_of_line, spaces,
    whole, word_list,
};

/// A mailbox as `LIST` shows it. Names are bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// `\Noselect`, `\HasChildren`, ... as written.
    pub attributes: Vec<String>,
    /// The hierarchy's separator.
    pub separator: Option<u8>,
    /// The mailbox.
    pub name: Vec<u8>,
    /// Whether it was `LSUB`.
    pub subscribed: bool,
    /// By what options of the command it is listed that are true of its children alone: `SUBSCRIBED` (`CHILDINFO`,
    /// RFC 5258 section 4).
    pub children: Vec<String>,
    /// The name under which the server knew it before (`OLDNAME`, RFC 9051 section 7.3.1).
    pub old_name: Option<Vec<u8>>,
}

/// What `STATUS` tells of a mailbox. What it does not tell, or not readably, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxStatus {
    /// The mailbox.
    pub name: Vec<u8>,
    /// How large a message may be (`APPENDLIMIT`, RFC 7889).
    pub append_limit: Option<AppendLimit>,
    /// How many are marked as deleted.
    pub deleted: Option<u64>,
    /// How many bytes these take (`DELETED-STORAGE`, RFC 9208).
    pub deleted_storage: Option<u64>,
    /// `HIGHESTMODSEQ` (RFC 7162); 0 where there is none.
    pub highest_modseq: Option<u64>,
    /// `MAILBOXID` (RFC 8474): stays when the mailbox is renamed.
    pub mailbox_id: Option<String>,
    /// How many messages.
    pub messages: Option<u64>,
    /// How many are new to the session.
    pub recent: Option<u64>,
    /// The bytes of all messages (RFC 8438).
    pub size: Option<u64>,
    /// `UIDNEXT`.
    pub uid_next: Option<u64>,
    /// `UIDVALIDITY`.
    pub uid_validity: Option<u64>,
    /// How many are not seen.
    pub unseen: Option<u64>,
    /// All other items, names in upper case, and those that could not be read.
    pub others: Vec<(String, Vec<u8>)>,
}

/// How large a message may be (RFC 7889).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendLimit {
    /// So many bytes.
    Bytes(u64),
    /// There is no limit that the server tells: `NIL`.
    Unlimited,
}

/// The prefixes of mailbox names (RFC 2342). Of a kind that is told not to be, there are none; `None` is one that
/// cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// The user's own.
    pub personal: Option<Vec<Namespace>>,
    /// Of other users.
    pub other: Option<Vec<Namespace>>,
    /// Of all users.
    pub shared: Option<Vec<Namespace>>,
}

/// What names of a kind begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// It, often with the separator at its end.
    pub prefix: Vec<u8>,
    /// The hierarchy's separator.
    pub separator: Option<u8>,
}

impl List {
    /// Whether it has an attribute, compared without case.
    pub fn is(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|it| it.eq_ignore_ascii_case(attribute))
    }

    /// `mbox-list-extended-item = mbox-list-extended-item-tag SP tagged-ext-val`.
    fn extend(&mut self, name: &[u8], value: &[u8]) {
        match name.to_ascii_uppercase().as_slice() {
            b"CHILDINFO" => {
                let options = whole(list_of(astring), value).unwrap_or_default();
                self.children = options.iter().map(|option| lossy(option).to_ascii_uppercase()).collect();
            }
            b"OLDNAME" => self.old_name = whole(delimited(char('('), astring, char(')')), value),
            _ => {}
        }
    }
}

impl MailboxStatus {
    fn set(&mut self, name: &[u8], value: &[u8]) {
        let name = lossy(name).to_ascii_uppercase();
        let known = match name.as_str() {
            "APPENDLIMIT" => keep(&mut self.append_limit, whole(append_limit, value)),
            "DELETED" => keep(&mut self.deleted, whole(number, value)),
            "DELETED-STORAGE" => keep(&mut self.deleted_storage, whole(number, value)),
            "HIGHESTMODSEQ" => keep(&mut self.highest_modseq, whole(number, value)),
            "MAILBOXID" => keep(&mut self.mailbox_id, whole(object_id, value)),
            "MESSAGES" => keep(&mut self.messages, whole(number, value)),
            "RECENT" => keep(&mut self.recent, whole(number, value)),
            "SIZE" => keep(&mut self.size, whole(number, value)),
            "UIDNEXT" => keep(&mut self.uid_next, whole(number, value)),
            "UIDVALIDITY" => keep(&mut self.uid_validity, whole(number, value)),
            "UNSEEN" => keep(&mut self.unseen, whole(number, value)),
            _ => false,
        };
        if !known {
            self.others.push((name, value.to_vec()));
        }
    }
}

fn keep<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    *place = value;
    place.is_some()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `append-limit = number64 / nil` (RFC 7889 section 6).
pub(super) fn append_limit(input: &[u8]) -> IResult<&[u8], AppendLimit> {
    alt((map(number, AppendLimit::Bytes), value(AppendLimit::Unlimited, tag_no_case("NIL")))).parse(input)
}

/// `"(" objectid ")"` (RFC 8474 section 7).
pub(super) fn object_id(input: &[u8]) -> IResult<&[u8], String> {
    map(delimited(char('('), atom, char(')')), lossy).parse(input)
}

/// `mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox [SP mbox-list-extended]`.
pub(super) fn list(input: &[u8]) -> IResult<&[u8], List> {
    let kind =
        alt((value(false, keyword("LIST ")), value(false, keyword("XLIST ")), value(true, keyword("LSUB "))));
    let (rest, (subscribed, attributes)) = (kind, terminated(word_list, spaces)).parse(input)?;
    let (rest, separator) = terminated(separator, spaces).parse(rest)?;
    let (rest, name) = mailbox(rest)?;
    let attributes = attributes.iter().map(|word| lossy(word)).collect();
    let mut list = List { attributes, separator, name, subscribed, ..List::default() };
    let item = separated_pair(astring, any_spaces, any_value);
    // What cannot be read after the name costs no more than itself.
    let (rest, extended) = opt(preceded(spaces, list_of(item))).parse(rest)?;
    extended.into_iter().flatten().for_each(|(name, value)| list.extend(&name, value));
    Ok((rest, list))
}

fn separator(input: &[u8]) -> IResult<&[u8], Option<u8>> {
    map(nstring, |text| match text {
        Text::Bytes(bytes) => bytes.first().copied(),
        Text::Large(_) | Text::Nil => None,
    })
    .parse(input)
}

/// A mailbox's name. Broken servers forget the quotes of a name with a space: then it is all of the line, unless
/// a list follows.
fn mailbox(input: &[u8]) -> IResult<&[u8], Vec<u8>> {
    if input.starts_with(b"\"") || input.starts_with(b"{") {
        return astring(input);
    }
    let line = rest_of_line(input).trim_ascii_end();
    let end = memchr::memmem::find(line, b" (").unwrap_or(line.len());
    if end == 0 { astring(input) } else { Ok((&input[end..], line[..end].to_vec())) }
}

/// `"STATUS" SP mailbox SP "(" [status-att-list] ")"`, with whatever items.
pub(super) fn status(input: &[u8]) -> IResult<&[u8], MailboxStatus> {
    let (rest, name) = preceded(keyword("STATUS "), terminated(mailbox, spaces)).parse(input)?;
    let item = (take_till1(|byte| b" ()".contains(&byte)), preceded(spaces, any_value));
    let (rest, items) = list_of(item).parse(rest)?;
    let mut status = MailboxStatus { name, ..MailboxStatus::default() };
    items.into_iter().for_each(|(name, value)| status.set(name, value));
    Ok((rest, status))
}

/// `namespace-response = "NAMESPACE" SP namespace SP namespace SP namespace` (RFC 9051 section 7.3.4).
pub(super) fn namespaces(input: &[u8]) -> IResult<&[u8], Namespaces> {
    let kind = || preceded(any_spaces, any_value);
    let kinds = (kind(), kind(), kind());
    let (rest, (personal, other, shared)) = preceded(keyword("NAMESPACE "), kinds).parse(input)?;
    let read = |kind| whole(namespace, kind);
    Ok((rest, Namespaces { personal: read(personal), other: read(other), shared: read(shared) }))
}

/// `namespace = nil / "(" 1*namespace-descr ")"`, and a namespace may be followed by extensions.
fn namespace(input: &[u8]) -> IResult<&[u8], Vec<Namespace>> {
    let extension = preceded(spaces, separated_pair(astring, any_spaces, any_value));
    let names = (preceded(any_spaces, astring), preceded(any_spaces, separator));
    let end = (nom::multi::many0_count(extension), any_spaces);
    let descr = delimited(char('('), terminated(names, end), char(')'));
    let descr = map(descr, |(prefix, separator)| Namespace { prefix, separator });
    let nil = value(Vec::new(), (tag_no_case("NIL"), peek(eof)));
    alt((nil, delimited(char('('), many1(preceded(any_spaces, descr)), (any_spaces, char(')'))))).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let shown = |input: &str| {
            let Ok((_, list)) = list(input.as_bytes()) else { return "unread".into() };
            let old = list.old_name.map(|name| format!(" was {}", name.escape_ascii())).unwrap_or_default();
            let (sep, name) = (list.separator.map(char::from), list.name.escape_ascii());
            format!("{} {sep:?} {name}{old} {}", list.attributes.join(","), list.children.join(","))
        };
        for (input, expected) in [
            ("LIST (\\Noselect) \"/\" foo", "\\Noselect Some('/') foo "),
            ("LIST () \"\\\\\" \"a\\\\b\"", " Some('\\\\') a\\\\b "),
            ("LIST () NIL INBOX", " None INBOX "),
            ("LIST () \".\" {3}\r\na b", " Some('.') a b "),
            ("LIST () \".\" a b ", " Some('.') a b "),
            ("LIST () \"/\" a b (\"OLDNAME\" (c))", " Some('/') a b was c "),
            ("LIST ()  \"/\"  x", " Some('/') x "),
            ("XLIST (\\Inbox) \"/\" x", "\\Inbox Some('/') x "),
            ("LSUB () \"/\" \"x\"", " Some('/') x "),
            // RFC 5258 section 5, RFC 9051 section 6.3.9.8.
            ("LIST () \"/\" \"Foo\" (\"CHILDINFO\" (\"SUBSCRIBED\"))", " Some('/') Foo SUBSCRIBED"),
            ("LIST (\\Subscribed) \"/\" \"b\" (\"OLDNAME\" (\"a\"))", "\\Subscribed Some('/') b was a "),
            (
                "LIST () \"/\" x (tablecloth ((\"edge\" \"lacy\") (\"color\" \"X\")) \"OLDNAME\" (\"(\"))",
                " Some('/') x was ( ",
            ),
            ("LIST () \"/\" \"x\" (broken", " Some('/') x "),
            ("LIST () \"/\"", "unread"),
            ("LIST NIL \"/\" x", "unread"),
        ] {
            assert_eq!(shown(input), expected, "{input}");
        }
    }

    #[test]
    fn status_of_any_items() {
        let read = |input: &str| status(input.as_bytes()).ok().map(|(_, status)| status);
        let example = read("STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)").unwrap();
        assert_eq!((example.messages, example.uid_next, example.unseen), (Some(231), Some(44_292), None));
        let all = read(
            "STATUS \"a\" (MAILBOXID (F1) SIZE 5000000000 DELETED 2 DELETED-STORAGE 70 APPENDLIMIT NIL \
             HIGHESTMODSEQ 7011231777 UIDVALIDITY 4294967297 UNSEEN 3 X-GUID \"12 (\" RECENT nine)",
        )
        .unwrap();
        let expected = MailboxStatus {
            name: b"a".to_vec(),
            append_limit: Some(AppendLimit::Unlimited),
            deleted: Some(2),
            deleted_storage: Some(70),
            highest_modseq: Some(7_011_231_777),
            mailbox_id: Some("F1".into()),
            size: Some(5_000_000_000),
            uid_validity: Some(4_294_967_297),
            unseen: Some(3),
            others: vec![("X-GUID".into(), b"\"12 (\"".to_vec()), ("RECENT".into(), b"nine".to_vec())],
            ..MailboxStatus::default()
        };
        assert_eq!(all, expected);
        assert_eq!(read("STATUS a b (MESSAGES 1)").unwrap().name, b"a b");
        assert_eq!(read("STATUS x (APPENDLIMIT 25)").unwrap().append_limit, Some(AppendLimit::Bytes(25)));
        assert_eq!(read("STATUS x ()").unwrap().messages, None);
        assert_eq!(read("STATUS x (MESSAGES"), None);
    }

    #[test]
    fn namespaces_of_all_kinds() {
        let shown = |input: &str| {
            let Ok((_, all)) = namespaces(input.as_bytes()) else { return "unread".into() };
            let one = |it: &Namespace| {
                format!("{}{:?}", it.prefix.escape_ascii(), it.separator.map(char::from)).replace('\'', "")
            };
            let kind = |kind: Option<Vec<Namespace>>| match kind {
                Some(all) => all.iter().map(one).collect::<Vec<_>>().join("|"),
                None => "unread".into(),
            };
            [all.personal, all.other, all.shared].map(kind).join(", ")
        };
        for (input, expected) in [
            ("NAMESPACE ((\"\" \"/\")) NIL NIL", "Some(/), , "),
            ("NAMESPACE NIL NIL ((\"\" \".\"))", ", , Some(.)"),
            (
                "NAMESPACE ((\"\" \"/\")) ((\"~\" \"/\")) ((\"#shared/\" \"/\") (\"#news.\" \".\"))",
                "Some(/), ~Some(/), #shared/Some(/)|#news.Some(.)",
            ),
            ("NAMESPACE ((\"\" NIL)(\"a\" \"/\" \"X-PARAM\" (\"F\" \"G\"))) NIL NIL", "None|aSome(/), , "),
            ("NAMESPACE (()) NIL NIL", "unread, , "),
            ("NAMESPACE x ((\"\" \"/\")) NIL", "unread, Some(/), "),
            ("NAMESPACE NIL NIL", "unread"),
        ] {
            assert_eq!(shown(input), expected, "{input}");
        }
    }
}
