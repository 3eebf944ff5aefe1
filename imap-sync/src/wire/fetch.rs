//! FETCH responses (RFC 9051 section 7.5.2), item by item; what cannot be read is missing, never empty.

use chrono::{DateTime, FixedOffset};
use nom::bytes::complete::take_till1;
use nom::character::complete::char;
use nom::combinator::{opt, recognize, verify};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::token::{Text, any_spaces, any_value, nstring, number, word_list};
use crate::flags::{Flag, Flags};

/// A message's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Here they are.
    Bytes(Vec<u8>),
    /// They were handed out in pieces: so many.
    Large(u64),
}

/// What a FETCH response tells of a message. What it does not tell, or not readably, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetch {
    /// `BODY[]`.
    pub body: Option<Content>,
    /// `INTERNALDATE`.
    pub date: Option<DateTime<FixedOffset>>,
    /// `FLAGS`.
    pub flags: Option<Flags>,
    /// `BODY[HEADER]`.
    pub header: Option<Content>,
    /// `RFC822.SIZE`.
    pub size: Option<u64>,
    /// `UID`.
    pub uid: Option<u64>,
}

/// `msg-att = "(" (msg-att-dynamic / msg-att-static) *(SP (..)) ")"`, without its end where the response is cut off.
pub(super) fn msg_att(input: &[u8]) -> IResult<&[u8], Fetch> {
    let (mut rest, _) = preceded(any_spaces, char('(')).parse(input)?;
    let mut fetch = Fetch::default();
    loop {
        rest = any_spaces(rest)?.0;
        if rest.is_empty() || rest.starts_with(b")") {
            return Ok((rest, fetch));
        }
        let (after, name) = item_name(rest)?;
        let (after, value) = preceded(any_spaces, any_value).parse(after)?;
        fetch.set(&name.to_ascii_uppercase(), value);
        rest = after;
    }
}

/// `BODY[HEADER.FIELDS (A B)]<0>` is one name.
fn item_name(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let word = take_till1(|byte| b" ()[]<\r\n\"{".contains(&byte));
    let section = delimited(char('['), opt(take_till1(|byte| byte == b']')), char(']'));
    let origin = delimited(char('<'), number, char('>'));
    recognize((word, opt(section), opt(origin))).parse(input)
}

impl Fetch {
    fn set(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"BODY[]" | b"RFC822" => self.body = content(value),
            b"BODY[HEADER]" | b"RFC822.HEADER" => self.header = content(value),
            b"FLAGS" => self.flags = flags(value),
            b"INTERNALDATE" => self.date = internal_date(value),
            b"RFC822.SIZE" => self.size = whole(number, value),
            b"UID" => self.uid = whole(verify(number, |&uid| uid > 0), value),
            _ => {}
        }
    }
}

fn flags(value: &[u8]) -> Option<Flags> {
    Some(whole(word_list, value)?.iter().map(Flag::new).collect())
}

fn content(value: &[u8]) -> Option<Content> {
    match whole(nstring, value)? {
        Text::Bytes(bytes) => Some(Content::Bytes(bytes)),
        Text::Large(size) => Some(Content::Large(size)),
        Text::Nil => None,
    }
}

/// `date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE`.
fn internal_date(value: &[u8]) -> Option<DateTime<FixedOffset>> {
    let Text::Bytes(text) = whole(nstring, value)? else { return None };
    let text = String::from_utf8(text).ok()?;
    DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok()
}

fn whole<'a, T>(
    mut parser: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
    value: &'a [u8],
) -> Option<T> {
    let (rest, value) = parser.parse(value).ok()?;
    rest.is_empty().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &str) -> Option<Fetch> {
        msg_att(input.as_bytes()).ok().map(|(_, fetch)| fetch)
    }

    #[test]
    fn example_of_rfc_9051() {
        let fetch =
            read("(FLAGS (\\Seen) RFC822.SIZE 4286 UID 7 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")")
                .unwrap();
        assert_eq!((fetch.uid, fetch.size), (Some(7), Some(4286)));
        assert_eq!(fetch.flags.unwrap().to_string(), "(\\Seen)");
        assert_eq!(fetch.date.unwrap().to_rfc3339(), "1996-07-17T02:44:25-07:00");
    }

    #[test]
    fn flags_of_all_kinds() {
        for (name, input, expected) in [
            ("none", "(FLAGS ())", Some("()")),
            ("two spaces", "(FLAGS (a  b))", Some("(a b)")),
            ("outer spaces", "(FLAGS ( a ))", Some("(a)")),
            ("star", "(FLAGS (\\* a))", Some("(a)")),
            ("recent is left out", "(FLAGS (\\Recent \\Seen))", Some("(\\Seen)")),
            ("brackets and braces", "(FLAGS (a[b] {x))", Some("(a[b] {x)")),
            ("8-bit", "(FLAGS (gr\u{fc}n))", Some("(gr\u{fc}n)")),
            ("NIL is unread, not empty", "(FLAGS NIL)", None),
            ("not there", "(UID 1)", None),
            ("nested", "(FLAGS ((a)))", None),
        ] {
            let flags = read(input).and_then(|fetch| fetch.flags).map(|flags| flags.to_string());
            assert_eq!(flags.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn dates() {
        for (text, expected) in [
            ("\" 1-Jul-2002 02:44:25 +0200\"", Some("2002-07-01T02:44:25+02:00")),
            ("\"01-Jul-2002 02:44:25 -0930\"", Some("2002-07-01T02:44:25-09:30")),
            ("\"29-Feb-2004 23:59:59 +0000\"", Some("2004-02-29T23:59:59+00:00")),
            ("\"31-Feb-2004 23:59:59 +0000\"", None),
            ("\"1-Jul-2002 02:44:25 +9999\"", None),
            ("\"\"", None),
            ("NIL", None), // imap-proto panics on this
        ] {
            let date = read(&format!("(INTERNALDATE {text})")).expect("is a FETCH").date;
            assert_eq!(date.map(|date| date.to_rfc3339()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_unknown_does_not_cost_the_rest() {
        for input in [
            "(X-GM-LABELS (\"a)\" (b)) UID 5 EMAILID (M1))",
            "(ENVELOPE (\"d\" NIL ((\"x\" NIL \"a\" \"b\"))) UID 5)",
            "(BODY[HEADER.FIELDS (TO CC)] {3}\r\n)a( UID 5)",
            "(BODY[1.MIME]<0> \"x\" UID 5 )",
            "(RFC822.SIZE x UID 5 MODSEQ (12))",
            "(  UID  5  )",
            "(UID 5 BODY[] \n{70000})",
        ] {
            assert_eq!(read(input).and_then(|fetch| fetch.uid), Some(5), "{input}");
        }
        assert_eq!(read("(UID 0)").unwrap().uid, None);
        assert_eq!(read("(RFC822.SIZE 5000000000)").unwrap().size, Some(5_000_000_000));
        assert_eq!(read("()"), Some(Fetch::default()));
        assert_eq!(read("(UID 5 BODY[] NIL)").unwrap().body, None);
        assert_eq!(read("(BODY[] \n{70000})").unwrap().body, Some(Content::Large(70_000)));
        assert_eq!(read("(BODY[] ~{2}\r\n\0))").unwrap().body, Some(Content::Bytes(vec![0, b')'])));
        assert_eq!(read("UID 5"), None);
    }
}
