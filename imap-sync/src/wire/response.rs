//! Responses (RFC 9051 section 7).

use nom::branch::alt;
use nom::bytes::complete::{tag_no_case, take_till, take_till1};
use nom::character::complete::char;
use nom::combinator::{map, value};
use nom::multi::many0;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::code::{Code, resp_text, words};
use super::fetch::{Fetch, msg_att};
use super::token::{
    Text, any_spaces, any_value, astring, atom, nstring, number, rest_of_line, spaces, word_list,
};

/// One response.
#[derive(Debug)]
#[non_exhaustive]
pub enum Response {
    /// `CAPABILITY`.
    Capability(Capabilities),
    /// One of the classic responses that `imap-proto` reads well, and that are not relied on here.
    Classic(Box<imap_proto::Response<'static>>),
    /// `+`: the server waits for more of the command.
    Continue,
    /// `EXISTS`: so many messages are in the mailbox.
    Exists(u64),
    /// `EXPUNGE` of a sequence number.
    Expunge(u64),
    /// `FETCH`.
    Fetch {
        /// The message's sequence number.
        number: u64,
        /// What is told of it.
        fetch: Box<Fetch>,
    },
    /// `LIST`, `XLIST` or `LSUB`.
    List(List),
    /// `STATUS`.
    MailboxStatus(MailboxStatus),
    /// `RECENT`: so many are new to this session.
    Recent(u64),
    /// `SEARCH`.
    Search(Vec<u64>),
    /// A status response, tagged or not.
    Status(Status),
    /// Something else, or something that cannot be read.
    Unknown(Vec<u8>),
}

/// What a server can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<String>);

/// A mailbox as `LIST` shows it. Names are bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// `\Noselect`, `\HasChildren`, ... as written.
    pub attributes: Vec<String>,
    /// The hierarchy's separator.
    pub separator: Option<u8>,
    /// The mailbox.
    pub name: Vec<u8>,
    /// Whether it was `LSUB`.
    pub subscribed: bool,
}

/// A mailbox's numbers: those known, others are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxStatus {
    /// The mailbox.
    pub name: Vec<u8>,
    /// Names in upper case, and numbers.
    pub items: Vec<(String, u64)>,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Condition {
    Bad,
    Bye,
    No,
    Ok,
    Preauth,
}

/// `OK`, `NO`, `BAD`, `BYE` or `PREAUTH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The command answered; `None` for an untagged response.
    pub tag: Option<Vec<u8>>,
    /// How it went.
    pub condition: Condition,
    /// The code in brackets.
    pub code: Option<Code>,
    /// The words.
    pub text: String,
}

impl Response {
    /// Reads a response, as the framer gives it. There is nothing that cannot be read: it is `Unknown`.
    pub fn parse(response: &[u8]) -> Self {
        let parsed =
            alt((continuation, tagged, preceded((char('*'), spaces), alt((status, data))))).parse(response);
        match parsed {
            Ok((_, response)) => response,
            Err(_) => classic(response).unwrap_or_else(|| Self::Unknown(response.to_vec())),
        }
    }

    /// Reads as much of a FETCH as came before a large literal.
    pub(crate) fn parse_head(head: &[u8]) -> Option<Fetch> {
        let mut whole = head.to_vec();
        whole.extend_from_slice(b"\n{0})");
        match Self::parse(&whole) {
            Self::Fetch { fetch, .. } => Some(*fetch),
            _ => None,
        }
    }
}

impl Capabilities {
    pub(super) fn from_words(words: &[Vec<u8>]) -> Self {
        Self(words.iter().map(|word| String::from_utf8_lossy(word).to_ascii_uppercase()).collect())
    }

    /// What the code of a greeting or of a login says.
    pub fn from_code(code: Option<&Code>) -> Option<Self> {
        match code {
            Some(Code::Capability(words)) => Some(Self::from_words(words)),
            _ => None,
        }
    }

    /// Whether `name`, in upper case, is among them.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|capability| capability == name)
    }
}

impl List {
    /// Whether it has an attribute, compared without case.
    pub fn is(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|it| it.eq_ignore_ascii_case(attribute))
    }
}

/// `continue-req = "+" SP (resp-text / base64) CRLF`, also a `+` alone.
fn continuation(input: &[u8]) -> IResult<&[u8], Response> {
    let (_, _) = (char('+'), alt((value((), spaces), value((), nom::combinator::eof)))).parse(input)?;
    Ok((b"", Response::Continue))
}

/// `response-tagged = tag SP resp-cond-state CRLF`.
fn tagged(input: &[u8]) -> IResult<&[u8], Response> {
    let (rest, name) = terminated(take_till1(|byte| b" *+(){%\"\\".contains(&byte)), spaces).parse(input)?;
    let (rest, (condition, text)) = (condition, rest_of_text).parse(rest)?;
    Ok((rest, with_text(Some(name), condition, text)))
}

/// `resp-cond-state`, `resp-cond-bye`, and the greeting.
fn status(input: &[u8]) -> IResult<&[u8], Response> {
    map((condition, rest_of_text), |(condition, text)| with_text(None, condition, text)).parse(input)
}

fn condition(input: &[u8]) -> IResult<&[u8], Condition> {
    let (rest, word) = atom(input)?;
    let condition = match word.to_ascii_uppercase().as_slice() {
        b"BAD" => Condition::Bad,
        b"BYE" => Condition::Bye,
        b"NO" => Condition::No,
        b"OK" => Condition::Ok,
        b"PREAUTH" => Condition::Preauth,
        _ => return Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Alt))),
    };
    Ok((rest, condition))
}

fn rest_of_text(input: &[u8]) -> IResult<&[u8], &[u8]> {
    preceded(any_spaces, take_till(|_| false)).parse(input)
}

fn with_text(tag: Option<&[u8]>, condition: Condition, text: &[u8]) -> Response {
    let (code, text) = resp_text(text);
    Response::Status(Status { tag: tag.map(<[u8]>::to_vec), condition, code, text })
}

/// `response-data`, as far as it is relied on.
fn data(input: &[u8]) -> IResult<&[u8], Response> {
    alt((capability, mailbox_list, mailbox_status, search, message_data)).parse(input)
}

fn keyword<'a>(
    word: &'static str,
) -> impl Parser<&'a [u8], Output = &'a [u8], Error = nom::error::Error<&'a [u8]>> {
    terminated(tag_no_case(word), any_spaces)
}

/// `capability-data = "CAPABILITY" *(SP capability)`: `IMAP4rev1` is not asked for.
fn capability(input: &[u8]) -> IResult<&[u8], Response> {
    map(preceded(keyword("CAPABILITY "), rest_of_text), |text| {
        Response::Capability(Capabilities::from_words(&words(rest_of_line(text))))
    })
    .parse(input)
}

/// `mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox [SP mbox-list-extended]`.
fn mailbox_list(input: &[u8]) -> IResult<&[u8], Response> {
    let kind =
        alt((value(false, keyword("LIST ")), value(false, keyword("XLIST ")), value(true, keyword("LSUB "))));
    let (rest, (subscribed, attributes)) = (kind, terminated(word_list, spaces)).parse(input)?;
    let (rest, (separator, name)) = (terminated(nstring, spaces), name).parse(rest)?;
    let separator = match separator {
        Text::Bytes(bytes) => bytes.first().copied(),
        Text::Large(_) | Text::Nil => None,
    };
    let attributes = attributes.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    Ok((rest, Response::List(List { attributes, separator, name, subscribed })))
}

/// A mailbox's name. Broken servers forget the quotes of a name with a space: then it is all of the line, unless
/// extended data follows.
fn name(input: &[u8]) -> IResult<&[u8], Vec<u8>> {
    if input.starts_with(b"\"") || input.starts_with(b"{") {
        return astring(input);
    }
    let line = rest_of_line(input).trim_ascii_end();
    let end = memchr::memmem::find(line, b" (").unwrap_or(line.len());
    if end == 0 { astring(input) } else { Ok((&input[end..], line[..end].to_vec())) }
}

/// `"STATUS" SP mailbox SP "(" [status-att-list] ")"`, with whatever items.
fn mailbox_status(input: &[u8]) -> IResult<&[u8], Response> {
    let (rest, name) = preceded(keyword("STATUS "), terminated(astring, spaces)).parse(input)?;
    let item = (preceded(any_spaces, take_till1(|byte| b" ()".contains(&byte))), preceded(spaces, any_value));
    let (rest, items) = delimited(char('('), many0(item), (any_spaces, char(')'))).parse(rest)?;
    let known = |(name, value): &(&[u8], &[u8])| {
        let (rest, value) = number(value).ok()?;
        rest.is_empty().then(|| (String::from_utf8_lossy(name).to_ascii_uppercase(), value))
    };
    let items = items.iter().filter_map(known).collect();
    Ok((rest, Response::MailboxStatus(MailboxStatus { name, items })))
}

/// `"SEARCH" *(SP nz-number)`.
fn search(input: &[u8]) -> IResult<&[u8], Response> {
    map(preceded(tag_no_case("SEARCH"), many0(preceded(spaces, number))), Response::Search).parse(input)
}

/// `message-data = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att))`, and `EXISTS`.
fn message_data(input: &[u8]) -> IResult<&[u8], Response> {
    let (rest, number) = terminated(number, spaces).parse(input)?;
    alt((
        value((), keyword("EXISTS")).map(move |()| Response::Exists(number)),
        value((), keyword("RECENT")).map(move |()| Response::Recent(number)),
        value((), keyword("EXPUNGE")).map(move |()| Response::Expunge(number)),
        preceded(keyword("FETCH"), msg_att)
            .map(move |fetch| Response::Fetch { number, fetch: Box::new(fetch) }),
    ))
    .parse(rest)
}

/// Only what `imap-proto` is known to read without a panic gets there: these responses, in ASCII, without NUL.
fn classic(response: &[u8]) -> Option<Response> {
    let body = response.strip_prefix(b"* ")?;
    let word = body.split(|&byte| byte == b' ').next()?.to_ascii_uppercase();
    let plain = response.iter().all(|&byte| byte.is_ascii() && byte != 0);
    if !plain || response.len() > MAX_CLASSIC || !CLASSIC.contains(&word.as_slice()) {
        return None;
    }
    let line = [response, b"\r\n"].concat();
    let (_, parsed) = imap_proto::Response::parse(&line).ok()?;
    Some(Response::Classic(Box::new(parsed.into_owned())))
}

const CLASSIC: [&[u8]; 8] =
    [b"ACL", b"ENABLED", b"FLAGS", b"ID", b"LISTRIGHTS", b"MYRIGHTS", b"QUOTA", b"QUOTAROOT"];
const MAX_CLASSIC: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(input: &[u8]) -> String {
        match Response::parse(input) {
            Response::Unknown(_) => "unknown".into(),
            Response::Status(status) => format!("{:?} {:?} {:?}", status.condition, status.code, status.text),
            Response::List(list) => {
                let sep = list.separator.map(char::from);
                format!("{} {sep:?} {}", list.attributes.join(","), list.name.escape_ascii())
            }
            Response::MailboxStatus(status) => format!("{} {:?}", status.name.escape_ascii(), status.items),
            Response::Fetch { number, fetch } => format!("{number} {:?} {:?}", fetch.uid, fetch.flags),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn responses() {
        for (name, input, expected) in [
            (
                "greeting",
                &b"* OK [CAPABILITY IMAP4rev2] hi"[..],
                "Ok Some(Capability([[73, 77, 65, 80, 52, 114, 101, 118, 50]])) \"hi\"",
            ),
            (
                "tagged",
                b"a1 NO [TRYCREATE] no such mailbox",
                "No Some(Named(\"TRYCREATE\")) \"no such mailbox\"",
            ),
            ("without text", b"a1 OK", "Ok None \"\""),
            ("lower case", b"a1 ok done", "Ok None \"done\""),
            ("bye", b"* BYE see you", "Bye None \"see you\""),
            ("continuation", b"+ go on", "Continue"),
            ("bare continuation", b"+", "Continue"),
            ("imap-proto panics 1", b"* 1 FETCH (UID 3 INTERNALDATE NIL)", "1 Some(3) None"),
            (
                "imap-proto panics 2",
                "* OK [READ-ONLY]\u{e9}".as_bytes(),
                "Ok Some(Named(\"READ-ONLY\")) \"\u{e9}\"",
            ),
            ("imap-proto panics 3", b"* METADATA \"\" (/shared/comment \"\xff\")", "unknown"),
            (
                "capability of rev2 alone",
                b"* CAPABILITY IMAP4rev2 IDLE",
                "Capability(Capabilities([\"IMAP4REV2\", \"IDLE\"]))",
            ),
            ("exists", b"* 18 EXISTS", "Exists(18)"),
            ("many exist", b"* 5000000000 EXISTS ", "Exists(5000000000)"),
            ("expunge", b"* 3 EXPUNGE", "Expunge(3)"),
            ("search", b"* SEARCH 2 3 6", "Search([2, 3, 6])"),
            ("search with modseq", b"* SEARCH 2 5 (MODSEQ 917162500)", "Search([2, 5])"),
            ("empty search", b"* SEARCH", "Search([])"),
            ("list", b"* LIST (\\Noselect) \"/\" foo", "\\Noselect Some('/') foo"),
            ("list, escaped separator", b"* LIST () \"\\\\\" \"a\\\\b\"", " Some('\\\\') a\\\\b"),
            ("list without separator", b"* LIST () NIL INBOX", " None INBOX"),
            ("list, literal", b"* LIST () \".\" {3}\r\na b", " Some('.') a b"),
            ("list, 8-bit", b"* LIST () \".\" \"\xe4\"", " Some('.') \\xe4"),
            ("list, space without quotes", b"* LIST () \".\" a b ", " Some('.') a b"),
            ("list, extended", b"* LIST () \"/\" Foo (\"CHILDINFO\" (\"SUBSCRIBED\"))", " Some('/') Foo"),
            ("xlist", b"* XLIST (\\Inbox) \"/\" x", "\\Inbox Some('/') x"),
            ("lsub", b"* LSUB () \"/\" \"x\"", " Some('/') x"),
            (
                "status",
                b"* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)",
                "blurdybloop [(\"MESSAGES\", 231), (\"UIDNEXT\", 44292)]",
            ),
            (
                "status, unknown items",
                b"* STATUS \"a\" (MAILBOXID (F1) SIZE 5000000000)",
                "a [(\"SIZE\", 5000000000)]",
            ),
            ("fetch", b"* 12 FETCH (FLAGS (\\Seen) UID 9)", "12 Some(9) Some((\\Seen))"),
            ("fetch, two spaces", b"* 12  FETCH  (UID 9)", "12 Some(9) None"),
            ("unknown", b"* XFOO bar", "unknown"),
            ("esearch", b"* ESEARCH (TAG \"a\") UID COUNT 5", "unknown"),
            ("nothing", b"", "unknown"),
        ] {
            assert_eq!(shown(input), expected, "{name}");
        }
        assert!(matches!(Response::parse(b"* ENABLED CONDSTORE"), Response::Classic(_)));
        assert!(matches!(Response::parse(b"* FLAGS (\\Seen a)"), Response::Classic(_)));
    }

    #[test]
    fn head_of_a_large_literal() {
        let head = Response::parse_head(b"* 3 FETCH (FLAGS (a) UID 7 BODY[] ").unwrap();
        assert_eq!((head.uid, head.body), (Some(7), Some(super::super::fetch::Content::Large(0))));
        assert_eq!(Response::parse_head(b"* LIST () \"/\" "), None);
    }

    /// Pieces of which responses are made, so that the parsers get further than their first word.
    fn almost() -> impl Strategy<Value = Vec<u8>> {
        let word = prop::sample::select(vec![
            "* ",
            "a1 ",
            "+ ",
            "OK ",
            "NO ",
            "1 ",
            "FETCH ",
            "(",
            ")",
            "FLAGS ",
            "UID ",
            "BODY[] ",
            "{3}\r\n",
            "\"",
            "NIL ",
            "\\Seen ",
            "LIST ",
            "STATUS ",
            "CAPABILITY ",
            "[UIDNEXT ",
            "] ",
            "99999999999999999999 ",
            "INTERNALDATE ",
            "ID ",
            "QUOTA ",
            "ACL ",
            "ENABLED ",
            "SEARCH ",
            "METADATA ",
            "\n{9}",
            "\u{e9}",
            " ",
        ]);
        prop::collection::vec(word, 0..14).prop_map(|words| words.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn f1_any_bytes(input in prop_oneof![any::<Vec<u8>>(), almost()]) {
            Response::parse(&input);
            Response::parse_head(&input);
        }

        #[test]
        fn f6_kept(input in "[a-zA-Z ]{0,12}") {
            if let Response::Unknown(kept) = Response::parse(input.as_bytes()) {
                prop_assert_eq!(kept, input.into_bytes());
            }
        }
    }

    #[test]
    fn tag_is_kept() {
        let Response::Status(status) = Response::parse(b"a17 OK done") else { panic!("a status") };
        assert_eq!(status.tag.as_deref(), Some(&b"a17"[..]));
    }
}
