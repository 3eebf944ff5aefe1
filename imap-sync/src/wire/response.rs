//! Responses (RFC 9051 section 7).

use nom::branch::alt;
use nom::bytes::complete::{tag_no_case, take_till, take_till1};
use nom::character::complete::char;
use nom::combinator::{eof, map, value};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::account::{self, Acl, Metadata, MyRights, Quota, QuotaRoot};
use super::capabilities::Capabilities;
use super::code::{Code, resp_text, words};
use super::fetch::{Content, Fetch, msg_att};
use super::found::{self, Esearch, Found, Vanished};
use super::mailbox::{self, List, MailboxStatus, Namespaces};
use super::token::{any_spaces, atom, keyword, number, rest_of_line, spaces};

/// One response.
#[derive(Debug)]
#[non_exhaustive]
pub enum Response {
    /// `ACL`.
    Acl(Acl),
    /// `CAPABILITY`.
    Capability(Capabilities),
    /// One of the classic responses that `imap-proto` reads well, and that are not relied on here.
    Classic(Box<imap_proto::Response<'static>>),
    /// `+`: the server waits for more of the command.
    Continue,
    /// `ENABLED` (RFC 5161).
    Enabled(Capabilities),
    /// `ESEARCH`.
    Esearch(Esearch),
    /// `EXISTS`: so many messages are in the mailbox.
    Exists(u64),
    /// `EXPUNGE` of a sequence number.
    Expunge(u64),
    /// `FETCH`, or `UIDFETCH` (RFC 9586).
    Fetch {
        /// The message's sequence number, where the session has such numbers.
        number: Option<u64>,
        /// What is told of it.
        fetch: Box<Fetch>,
    },
    /// `ID`: names in lower case, and values; none if the server does not say.
    Id(Vec<(String, Option<String>)>),
    /// `LIST`, `XLIST` or `LSUB`.
    List(List),
    /// `STATUS`.
    MailboxStatus(Box<MailboxStatus>),
    /// `METADATA`.
    Metadata(Metadata),
    /// `MYRIGHTS`.
    MyRights(MyRights),
    /// `NAMESPACE`.
    Namespace(Namespaces),
    /// `QUOTA`.
    Quota(Quota),
    /// `QUOTAROOT`.
    QuotaRoot(QuotaRoot),
    /// `RECENT`: so many are new to this session.
    Recent(u64),
    /// `SEARCH`.
    Search(Found),
    /// A status response, tagged or not.
    Status(Status),
    /// Something else, or something that cannot be read.
    Unknown(Vec<u8>),
    /// `VANISHED`.
    Vanished(Vanished),
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

    /// Reads as much of a FETCH as came before a large literal, if that is the message or its header: where it stands
    /// is a literal of the size 0, which is none of the large ones.
    pub(crate) fn parse_head(head: &[u8]) -> Option<Fetch> {
        let mut whole = head.to_vec();
        whole.extend_from_slice(b"\n{0})");
        match Self::parse(&whole) {
            Self::Fetch { fetch, .. } => Some(*fetch),
            _ => None,
        }
        .filter(|fetch| [&fetch.body, &fetch.header].contains(&&Some(Content::Large(0))))
    }
}

/// `continue-req = "+" SP (resp-text / base64) CRLF`, also a `+` alone.
fn continuation(input: &[u8]) -> IResult<&[u8], Response> {
    let (_, _) = (char('+'), alt((value((), spaces), value((), eof)))).parse(input)?;
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
    let Some((_, condition)) = CONDITIONS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)) else {
        return Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Alt)));
    };
    Ok((rest, *condition))
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
    if input.first().is_some_and(u8::is_ascii_digit) {
        return message_data(input);
    }
    alt((
        capability,
        map(mailbox::list, Response::List),
        map(mailbox::status, |status| Response::MailboxStatus(Box::new(status))),
        map(mailbox::namespaces, Response::Namespace),
        map(found::search, Response::Search),
        map(found::esearch, Response::Esearch),
        map(found::vanished, Response::Vanished),
        map(account::acl, Response::Acl),
        map(account::id, Response::Id),
        map(account::metadata, Response::Metadata),
        map(account::my_rights, Response::MyRights),
        map(account::quota, Response::Quota),
        map(account::quota_root, Response::QuotaRoot),
    ))
    .parse(input)
}

/// `capability-data = "CAPABILITY" *(SP capability)`, where `IMAP4rev1` is not asked for, and `enable-data = "ENABLED"
/// *(SP capability)`.
fn capability(input: &[u8]) -> IResult<&[u8], Response> {
    let words = |text| Capabilities::from_words(&words(rest_of_line(text)));
    let enabled = alt((keyword("ENABLED "), terminated(tag_no_case("ENABLED"), eof)));
    alt((
        map(preceded(keyword("CAPABILITY "), rest_of_text), move |text| Response::Capability(words(text))),
        map(preceded(enabled, rest_of_text), move |text| Response::Enabled(words(text))),
    ))
    .parse(input)
}

/// `message-data = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att))`, and `EXISTS`; `uidfetch-resp = uniqueid SP
/// "UIDFETCH" SP msg-att` (RFC 9586 section 3.3).
fn message_data(input: &[u8]) -> IResult<&[u8], Response> {
    let (rest, number) = terminated(number, spaces).parse(input)?;
    alt((
        preceded(keyword("FETCH"), msg_att)
            .map(move |fetch| Response::Fetch { number: Some(number), fetch: Box::new(fetch) }),
        preceded(keyword("UIDFETCH"), msg_att).map(move |fetch| {
            let uid = Some(number).filter(|&uid| uid > 0);
            Response::Fetch { number: None, fetch: Box::new(Fetch { uid, ..fetch }) }
        }),
        value((), keyword("EXISTS")).map(move |()| Response::Exists(number)),
        value((), keyword("RECENT")).map(move |()| Response::Recent(number)),
        value((), keyword("EXPUNGE")).map(move |()| Response::Expunge(number)),
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

const CONDITIONS: [(&[u8], Condition); 5] = [
    (b"BAD", Condition::Bad),
    (b"BYE", Condition::Bye),
    (b"NO", Condition::No),
    (b"OK", Condition::Ok),
    (b"PREAUTH", Condition::Preauth),
];
const CLASSIC: [&[u8]; 2] = [b"FLAGS", b"LISTRIGHTS"];
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
            Response::MailboxStatus(status) => {
                format!("{} {:?} {:?}", status.name.escape_ascii(), status.messages, status.uid_next)
            }
            Response::Fetch { number, fetch } => {
                format!("{} {:?} {:?}", number.unwrap_or(0), fetch.uid, fetch.flags)
            }
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
            (
                "imap-proto panics 3",
                b"* METADATA \"\" (/shared/comment \"\xff\")",
                "Metadata(Metadata { mailbox: [], entries: [([47, 115, 104, 97, 114, 101, 100, 47, 99, 111, 109, 109, 101, 110, 116], Value([255]))] })",
            ),
            (
                "capability of rev2 alone",
                b"* CAPABILITY IMAP4rev2 IDLE",
                "Capability(Capabilities([\"IMAP4REV2\", \"IDLE\"]))",
            ),
            ("exists", b"* 18 EXISTS", "Exists(18)"),
            ("many exist", b"* 5000000000 EXISTS ", "Exists(5000000000)"),
            ("expunge", b"* 3 EXPUNGE", "Expunge(3)"),
            ("search", b"* SEARCH 2 3 6", "Search(Found { numbers: [2, 3, 6], modseq: None })"),
            ("empty search", b"* SEARCH", "Search(Found { numbers: [], modseq: None })"),
            ("half a search", b"* SEARCH 2 x", "unknown"),
            ("list", b"* LIST (\\Noselect) \"/\" foo", "\\Noselect Some('/') foo"),
            ("list, 8-bit", b"* LIST () \".\" \"\xe4\"", " Some('.') \\xe4"),
            ("status", b"* STATUS b (MESSAGES 231 UIDNEXT 44292)", "b Some(231) Some(44292)"),
            ("status, unknown items", b"* STATUS \"a\" (X (1 2) MESSAGES 5)", "a Some(5) None"),
            ("vanished", b"* VANISHED 116:43", "Vanished(Vanished { earlier: false, uids: KeySet(43:116) })"),
            ("enabled", b"* ENABLED CONDSTORE", "Enabled(Capabilities([\"CONDSTORE\"]))"),
            ("nothing enabled", b"* ENABLED", "Enabled(Capabilities([]))"),
            ("id", b"* ID (\"name\" \"x\")", "Id([(\"name\", Some(\"x\"))])"),
            ("namespace", b"* NAMESPACE NIL NIL", "unknown"),
            ("uidfetch", b"* 25900 UIDFETCH (FLAGS (\\Seen))", "0 Some(25900) Some((\\Seen))"),
            ("uidfetch, its word counts", b"* 7 UIDFETCH (UID 9)", "0 Some(7) None"),
            ("fetch", b"* 12 FETCH (FLAGS (\\Seen) UID 9)", "12 Some(9) Some((\\Seen))"),
            ("fetch, two spaces", b"* 12  FETCH  (UID 9)", "12 Some(9) None"),
            ("unknown", b"* XFOO bar", "unknown"),
            ("nothing", b"", "unknown"),
        ] {
            assert_eq!(shown(input), expected, "{name}");
        }
        assert!(matches!(Response::parse(b"* FLAGS (\\Seen a)"), Response::Classic(_)));
    }

    #[test]
    fn head_of_a_large_literal() {
        let head = Response::parse_head(b"* 3 FETCH (FLAGS (a) UID 7 BODY[] ").unwrap();
        assert_eq!((head.uid, head.body), (Some(7), Some(Content::Large(0))));
        for (name, head) in [
            ("no message", &b"* LIST () \"/\" "[..]),
            ("something else of it", b"* 3 FETCH (UID 7 BODY[] {1}\r\na X-NEW "),
            ("something within something else", b"* 3 FETCH (UID 7 BODY[] {1}\r\na X-NEW ("),
            ("something after another large one", b"* 3 FETCH (UID 7 BODY[] \n{70000} X-NEW "),
        ] {
            assert_eq!(Response::parse_head(head), None, "{name}");
        }
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
            "ESEARCH ",
            "VANISHED ",
            "NAMESPACE ",
            "1:3,7 ",
            "MODSEQ ",
            "UIDFETCH ",
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
