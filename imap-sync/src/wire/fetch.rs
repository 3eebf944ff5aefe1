//! FETCH responses (RFC 9051 section 7.5.2), item by item; what cannot be read is missing, never empty.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use nom::bytes::complete::take_till1;
use nom::character::complete::char;
use nom::combinator::{opt, recognize, verify};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::mailbox::object_id;
use super::token::{Text, any_spaces, any_value, astring, list_of, nstring, number, whole, word_list};
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
    /// `BINARY[]` (RFC 3516).
    pub binary: Option<Content>,
    /// `BINARY.SIZE[]` (RFC 3516).
    pub binary_size: Option<u64>,
    /// `BODY[]`, all of it.
    pub body: Option<Content>,
    /// `INTERNALDATE`.
    pub date: Option<DateTime<FixedOffset>>,
    /// `EMAILID` (RFC 8474): the same wherever the message is.
    pub email_id: Option<String>,
    /// `FLAGS`.
    pub flags: Option<Flags>,
    /// `X-GM-MSGID`: the same wherever the message is.
    pub gmail_id: Option<u64>,
    /// `X-GM-THRID`.
    pub gmail_thread: Option<u64>,
    /// `BODY[HEADER]`.
    pub header: Option<Content>,
    /// `X-GM-LABELS`, in modified UTF-7 as mailboxes are, or with a backslash.
    pub labels: Option<Vec<Vec<u8>>>,
    /// `MODSEQ` (RFC 7162).
    pub modseq: Option<u64>,
    /// `SAVEDATE` (RFC 8514); also `None` where the mailbox keeps none.
    pub save_date: Option<DateTime<FixedOffset>>,
    /// Every other part, by the item's name as the server writes it, in upper case: `BODY[HEADER.FIELDS (TO)]`,
    /// `BODY[1]`, `BODY[]<0>`.
    pub sections: Vec<(Vec<u8>, Content)>,
    /// `RFC822.SIZE`.
    pub size: Option<u64>,
    /// `THREADID` (RFC 8474); also `None` where the server has none.
    pub thread_id: Option<String>,
    /// `UID`.
    pub uid: Option<u64>,
}

/// `msg-att = "(" (msg-att-dynamic / msg-att-static) *(SP (..)) ")"`, without its end where the response is cut off.
/// After an item that cannot even be skipped, such as one whose quotes are not escaped, nothing more is told.
pub(super) fn msg_att(input: &[u8]) -> IResult<&[u8], Fetch> {
    let (mut rest, _) = preceded(any_spaces, char('(')).parse(input)?;
    let mut fetch = Fetch::default();
    loop {
        rest = any_spaces(rest)?.0;
        if rest.is_empty() || rest.starts_with(b")") {
            return Ok((rest, fetch));
        }
        let Ok((after, (name, value))) = (item_name, preceded(any_spaces, any_value)).parse(rest) else {
            return Ok((b"", fetch));
        };
        fetch.set(&upper(name), value);
        rest = after;
    }
}

/// In upper case, in which nearly all servers write.
fn upper(name: &[u8]) -> Cow<'_, [u8]> {
    let lower = name.iter().any(u8::is_ascii_lowercase);
    if lower { Cow::Owned(name.to_ascii_uppercase()) } else { Cow::Borrowed(name) }
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
            b"BINARY.SIZE[]" => self.binary_size = whole(number, value),
            b"BINARY[]" => self.binary = content(value),
            b"BODY[]" | b"RFC822" => self.body = content(value),
            b"BODY[HEADER]" | b"RFC822.HEADER" => self.header = content(value),
            b"EMAILID" => self.email_id = whole(object_id, value),
            b"FLAGS" => self.flags = flags(value),
            b"INTERNALDATE" => self.date = date_time(value),
            b"MODSEQ" => self.modseq = whole(delimited(char('('), number, char(')')), value),
            b"RFC822.SIZE" => self.size = whole(number, value),
            b"SAVEDATE" => self.save_date = date_time(value),
            b"THREADID" => self.thread_id = whole(object_id, value),
            b"UID" => self.uid = whole(verify(number, |&uid| uid > 0), value),
            b"X-GM-LABELS" => self.labels = whole(list_of(astring), value),
            b"X-GM-MSGID" => self.gmail_id = whole(number, value),
            b"X-GM-THRID" => self.gmail_thread = whole(number, value),
            _ if name.starts_with(b"BODY[") || name.starts_with(b"BINARY[") => {
                self.sections.extend(content(value).map(|content| (name.to_vec(), content)));
            }
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

/// `date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE`. Every message of a listing
/// has one, and `chrono` reads its format anew each time: it reads only what is written in another way.
fn date_time(value: &[u8]) -> Option<DateTime<FixedOffset>> {
    let fixed = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    if let Some(date) = fixed.and_then(fixed_date_time) {
        return Some(date);
    }
    let Text::Bytes(text) = whole(nstring, value)? else { return None };
    let text = String::from_utf8(text).ok()?;
    let date = DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok()?;
    (0..=9999).contains(&date.year()).then_some(date)
}

/// ` 1-Jul-2002 02:44:25 +0200`, each part in its place.
fn fixed_date_time(text: &[u8]) -> Option<DateTime<FixedOffset>> {
    let text: &[u8; 26] = text.try_into().ok()?;
    let marks = [(2, b'-'), (6, b'-'), (11, b' '), (14, b':'), (17, b':'), (20, b' ')];
    if marks.iter().any(|&(at, mark)| text[at] != mark) {
        return None;
    }
    let digits = |from: usize, to: usize| {
        text[from..to]
            .iter()
            .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
    };
    let day = if text[0] == b' ' { digits(1, 2)? } else { digits(0, 2)? };
    let month = MONTHS.iter().zip(1..).find(|(name, _)| text[3..6].eq_ignore_ascii_case(name))?.1;
    let year = i32::try_from(digits(7, 11)?).ok()?;
    let naive = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(
        digits(12, 14)?,
        digits(15, 17)?,
        digits(18, 20)?,
    )?;
    let (hours, minutes) = (digits(22, 24)?, digits(24, 26)?);
    let east = i32::try_from(hours * 3600 + minutes * 60).ok().filter(|_| minutes < 60)?;
    let zone = match text[21] {
        b'+' => FixedOffset::east_opt(east)?,
        b'-' => FixedOffset::west_opt(east)?,
        _ => return None,
    };
    naive.and_local_timezone(zone).single()
}

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            ("\"1-Jul-2002 02:44:25 +0200\"", Some("2002-07-01T02:44:25+02:00")),
            ("\" 1-JUL-2002 02:44:25 +0200\"", Some("2002-07-01T02:44:25+02:00")),
            ("{26}\r\n 1-Jul-2002 02:44:25 +0200", Some("2002-07-01T02:44:25+02:00")),
            ("\"31-Feb-2004 23:59:59 +0000\"", None),
            ("\"01-Jul-2002 24:00:00 +0000\"", None),
            ("\"01-Jul-2002 02:44:25 *0000\"", None),
            ("\"01-Jul-20020 02:44:25 +0000\"", None),
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

    #[test]
    fn items_of_extensions() {
        let fetch = read(
            "(UID 4 MODSEQ (12121231000) EMAILID (M6d99ac3275bb4e) THREADID (T64b478a75b7ea9) \
             SAVEDATE \" 1-Jul-2002 02:44:25 +0200\" BINARY.SIZE[] 5000000000 BINARY[] ~{3}\r\n\0(\" \
             X-GM-MSGID 1278455344230334865 X-GM-THRID 1266894439832287888 \
             X-GM-LABELS (\\Inbox \"\\\\Sent\" \"Muy Importante\" {3}\r\na)b x))",
        )
        .unwrap();
        let labels =
            ["\\Inbox", "\\Sent", "Muy Importante", "a)b", "x"].map(|label| label.as_bytes().to_vec());
        let expected = Fetch {
            uid: Some(4),
            modseq: Some(12_121_231_000),
            email_id: Some("M6d99ac3275bb4e".into()),
            thread_id: Some("T64b478a75b7ea9".into()),
            save_date: DateTime::parse_from_rfc3339("2002-07-01T02:44:25+02:00").ok(),
            binary_size: Some(5_000_000_000),
            binary: Some(Content::Bytes(b"\0(\"".to_vec())),
            gmail_id: Some(1_278_455_344_230_334_865),
            gmail_thread: Some(1_266_894_439_832_287_888),
            labels: Some(labels.to_vec()),
            ..Fetch::default()
        };
        assert_eq!(fetch, expected);
        let untold =
            read("(THREADID NIL SAVEDATE NIL X-GM-LABELS NIL MODSEQ 5 EMAILID () BINARY[] NIL)").unwrap();
        assert_eq!(untold, Fetch::default());
        assert_eq!(read("(X-GM-LABELS ())").unwrap().labels, Some(vec![]));
    }

    #[test]
    fn parts_are_told_apart() {
        let fetch = read(
            "(BODY[HEADER.FIELDS (Message-Id TO)] {2}\r\n\r\n BODY[HEADER.FIELDS (DATE)] \"x\" BODY[]<0> \"y\" \
             BODY[1.MIME] NIL BODY (\"TEXT\" \"PLAIN\"))",
        )
        .unwrap();
        let part = |name: &[u8], bytes: &[u8]| (name.to_vec(), Content::Bytes(bytes.to_vec()));
        let expected = [
            part(b"BODY[HEADER.FIELDS (MESSAGE-ID TO)]", b"\r\n"),
            part(b"BODY[HEADER.FIELDS (DATE)]", b"x"),
            part(b"BODY[]<0>", b"y"),
        ];
        assert_eq!(fetch.sections, expected);
        assert_eq!((fetch.body, fetch.header), (None, None), "a piece is not all of it");
    }

    #[test]
    fn what_cannot_be_skipped_does_not_cost_what_came_before() {
        for input in ["(UID 5 BODYSTRUCTURE (\"a\"b\" \"c)", "(UID 5 FLAGS (a", "(UID 5 ]x", "(UID 5"] {
            assert_eq!(read(input), Some(Fetch { uid: Some(5), ..Fetch::default() }), "{input}");
        }
    }

    proptest! {
        /// The short way and `chrono` read the same.
        #[test]
        fn dates_in_the_fixed_form(
            day in 0..33u32, month in 0..13usize, year in 0..10_000, time in (0..25u32, 0..61u32, 0..61u32), zone in -2500..2500i32,
        ) {
            let month = ["Jan", "feb", "MAR", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Nix"][month];
            let (hour, minute, second) = time;
            let text = format!("{day:2}-{month}-{year:04} {hour:02}:{minute:02}:{second:02} {zone:+05}");
            let by_chrono = DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok();
            prop_assert_eq!(date_time(format!("\"{text}\"").as_bytes()), by_chrono);
            if second < 60 {
                prop_assert_eq!(fixed_date_time(text.as_bytes()), by_chrono, "{}", text);
            }
        }
    }
}
