//! Response codes (RFC 9051 section 7.1, RFC 5530 and the extensions that bring their own).

use nom::bytes::complete::tag_no_case;
use nom::character::complete::char;
use nom::combinator::{map, opt, value};
use nom::sequence::{delimited, preceded, separated_pair};
use nom::{IResult, Parser};

use super::mailbox::{AppendLimit, append_limit, object_id};
use super::sets::{Uids, key_set, uids};
use super::token::{any_spaces, astring, list_of, number, spaces, whole, word_list};
use crate::flags::{Flag, Flags, Permanent};
use crate::keys::KeySet;

/// What stands in brackets before a status response's text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// `APPENDLIMIT` (RFC 7889).
    AppendLimit(AppendLimit),
    /// `APPENDUID` (RFC 4315): of several messages in the order in which they were sent (RFC 3502).
    AppendUid {
        /// UIDVALIDITY of the mailbox.
        validity: u64,
        /// The messages' UIDs.
        uids: Uids,
    },
    /// `BADCHARSET`, with those that the server knows, if it says so.
    BadCharset(Vec<Vec<u8>>),
    /// `CAPABILITY`.
    Capability(Vec<Vec<u8>>),
    /// `COPYUID` (RFC 4315): as many copies as originals.
    CopyUid {
        /// UIDVALIDITY of the mailbox copied into.
        validity: u64,
        /// The originals.
        from: Uids,
        /// Their copies, in the same order.
        to: Uids,
    },
    /// `HIGHESTMODSEQ` (RFC 7162).
    HighestModseq(u64),
    /// `INPROGRESS` (RFC 9585): each part may be untold.
    InProgress {
        /// The command that takes long.
        tag: Option<Vec<u8>>,
        /// How much is done.
        done: Option<u64>,
        /// Of how much.
        goal: Option<u64>,
    },
    /// `MAILBOXID` (RFC 8474).
    MailboxId(String),
    /// `MESSAGELIMIT` (RFC 9738).
    MessageLimit {
        /// How many messages one command may have.
        limit: u64,
        /// The lowest UID that was done before the command stopped.
        last: Option<u64>,
    },
    /// `METADATA` (RFC 5464).
    Metadata(MetadataCode),
    /// `MODIFIED` (RFC 7162): these were left as they are; UIDs after a `UID` command.
    Modified(KeySet),
    /// Any other, by its name in upper case: `ALREADYEXISTS`, `CLOSED`, `NOMODSEQ`, `OVERQUOTA`, `TRYCREATE`, ...
    Named(String),
    /// `PERMANENTFLAGS`.
    PermanentFlags(Permanent),
    /// `REFERRAL` to a URL (RFC 2193).
    Referral(Vec<u8>),
    /// `UIDNEXT`.
    UidNext(u64),
    /// `UIDVALIDITY`.
    UidValidity(u64),
    /// One that is known by its name, but not understood.
    Unread(String),
    /// `UNSEEN`: the first message that is.
    Unseen(u64),
}

/// What is told of annotations (RFC 5464 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataCode {
    /// Values were left out; the longest has so many bytes.
    LongEntries(u64),
    /// A value may have so many bytes.
    MaxSize(u64),
    /// There are no private ones.
    NoPrivate,
    /// There may be no more of them.
    TooMany,
}

impl Code {
    /// Its name in upper case.
    pub fn name(&self) -> &str {
        match self {
            Self::AppendLimit(_) => "APPENDLIMIT",
            Self::AppendUid { .. } => "APPENDUID",
            Self::BadCharset(_) => "BADCHARSET",
            Self::Capability(_) => "CAPABILITY",
            Self::CopyUid { .. } => "COPYUID",
            Self::HighestModseq(_) => "HIGHESTMODSEQ",
            Self::InProgress { .. } => "INPROGRESS",
            Self::MailboxId(_) => "MAILBOXID",
            Self::MessageLimit { .. } => "MESSAGELIMIT",
            Self::Metadata(_) => "METADATA",
            Self::Modified(_) => "MODIFIED",
            Self::Named(name) | Self::Unread(name) => name,
            Self::PermanentFlags(_) => "PERMANENTFLAGS",
            Self::Referral(_) => "REFERRAL",
            Self::UidNext(_) => "UIDNEXT",
            Self::UidValidity(_) => "UIDVALIDITY",
            Self::Unseen(_) => "UNSEEN",
        }
    }

    /// Whether what was refused may well be taken in a moment (RFC 5530 section 3).
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Named(name) if TRANSIENT.contains(&name.as_str()))
    }

    fn read(name: &str, value: &[u8]) -> Option<Self> {
        match name {
            "APPENDLIMIT" => valued(append_limit, value).map(Self::AppendLimit),
            "APPENDUID" => valued(separated_pair(number, spaces, uids), value)
                .map(|(validity, uids)| Self::AppendUid { validity, uids }),
            "BADCHARSET" => charsets(value).map(Self::BadCharset),
            "CAPABILITY" => Some(Self::Capability(words(value))),
            "COPYUID" => valued(copy_uid, value)
                .filter(|(_, from, to)| from.len() == to.len())
                .map(|(validity, from, to)| Self::CopyUid { validity, from, to }),
            "HIGHESTMODSEQ" => valued(number, value).map(Self::HighestModseq),
            "INPROGRESS" => progress(value),
            "MAILBOXID" => valued(object_id, value).map(Self::MailboxId),
            "MESSAGELIMIT" => valued((number, opt(preceded(spaces, number))), value)
                .map(|(limit, last)| Self::MessageLimit { limit, last }),
            "METADATA" => valued(metadata, value).map(Self::Metadata),
            "MODIFIED" => valued(key_set, value).map(Self::Modified),
            "PERMANENTFLAGS" => valued(word_list, value).map(|words| Self::PermanentFlags(permanent(&words))),
            "REFERRAL" => Some(value.trim_ascii().to_vec()).filter(|url| !url.is_empty()).map(Self::Referral),
            "UIDNEXT" => valued(number, value).map(Self::UidNext),
            "UIDVALIDITY" => valued(number, value).map(Self::UidValidity),
            "UNSEEN" => valued(number, value).map(Self::Unseen),
            _ => Some(Self::Named(name.to_owned())),
        }
    }
}

/// `resp-text = ["[" resp-text-code "]" SP] text`. The text stays, whatever the code is.
pub(super) fn resp_text(input: &[u8]) -> (Option<Code>, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_ascii().to_owned();
    let Some((inside, rest)) = bracket(input) else { return (None, text(input)) };
    let end = inside.iter().position(|&byte| byte == b' ').unwrap_or(inside.len());
    let (name, value) = inside.split_at(end);
    let name = String::from_utf8_lossy(name).to_ascii_uppercase();
    let code = Code::read(&name, value).unwrap_or(Code::Unread(name));
    (Some(code), text(rest))
}

/// What is in the brackets, and what follows. Flags may hold a `]`, against the grammar: their list ends with `)]`.
fn bracket(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = input.strip_prefix(b"[")?;
    let first = memchr::memchr(b']', inside)?;
    let flags = inside.len() > FLAGS.len() && inside[..FLAGS.len()].eq_ignore_ascii_case(FLAGS);
    let list = memchr::memmem::find(inside, b")]").filter(|_| flags).map(|at| at + 1);
    let end = list.unwrap_or(first);
    Some((&inside[..end], &inside[end + 1..]))
}

pub(super) fn words(value: &[u8]) -> Vec<Vec<u8>> {
    let words = value.split(|byte| byte.is_ascii_whitespace());
    words.filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
}

fn permanent(words: &[&[u8]]) -> Permanent {
    let flags: Flags = words.iter().map(Flag::new).collect();
    Permanent::Only { flags, keywords: words.contains(&&b"\\*"[..]) }
}

/// `"BADCHARSET" [SP "(" charset *(SP charset) ")"]`.
fn charsets(value: &[u8]) -> Option<Vec<Vec<u8>>> {
    if value.trim_ascii().is_empty() {
        return Some(Vec::new());
    }
    valued(list_of(astring), value)
}

/// `resp-code-copy = "COPYUID" SP nz-number SP uid-set SP uid-set`.
fn copy_uid(input: &[u8]) -> IResult<&[u8], (u64, Uids, Uids)> {
    (number, preceded(spaces, uids), preceded(spaces, uids)).parse(input)
}

/// `"INPROGRESS" [SP "(" (quoted / nil) SP (number / nil) SP (nz-number / nil) ")"]` (RFC 9585 section 8).
fn progress(value: &[u8]) -> Option<Code> {
    if value.trim_ascii().is_empty() {
        return Some(Code::InProgress { tag: None, done: None, goal: None });
    }
    let tag = map(astring, |tag| Some(tag).filter(|tag| !tag.eq_ignore_ascii_case(b"NIL")));
    let parts = (tag, preceded(spaces, nil_or_number), preceded(spaces, nil_or_number));
    let parts = valued(delimited(char('('), parts, char(')')), value);
    parts.map(|(tag, done, goal)| Code::InProgress { tag, done, goal })
}

fn nil_or_number(input: &[u8]) -> IResult<&[u8], Option<u64>> {
    map(number, Some).or(value(None, tag_no_case("NIL"))).parse(input)
}

/// `resp-text-code =/ "METADATA" SP "LONGENTRIES" SP number / "METADATA" SP ("MAXSIZE" SP number / "TOOMANY" /
/// "NOPRIVATE")`.
fn metadata(input: &[u8]) -> IResult<&[u8], MetadataCode> {
    let sized = |name| preceded((tag_no_case(name), spaces), number);
    map(sized("LONGENTRIES"), MetadataCode::LongEntries)
        .or(map(sized("MAXSIZE"), MetadataCode::MaxSize))
        .or(value(MetadataCode::NoPrivate, tag_no_case("NOPRIVATE")))
        .or(value(MetadataCode::TooMany, tag_no_case("TOOMANY")))
        .parse(input)
}

/// The value, if it is all there is after the name.
fn valued<'a, T>(
    parser: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
    value: &'a [u8],
) -> Option<T> {
    whole(delimited(spaces, parser, any_spaces), value)
}

const FLAGS: &[u8] = b"PERMANENTFLAGS (";
const TRANSIENT: [&str; 4] = ["INUSE", "LIMIT", "THROTTLED", "UNAVAILABLE"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        let named = |name: &str| Some(Code::Named(name.into()));
        let unread = |name: &str| Some(Code::Unread(name.into()));
        for (name, input, code, text) in [
            ("none", "done", None, "done"),
            ("empty text", "", None, ""),
            ("validity", "[uidvalidity 7]", Some(Code::UidValidity(7)), ""),
            ("next, large", "[UIDNEXT 4294967297] x", Some(Code::UidNext(4_294_967_297)), "x"),
            ("no number", "[UIDNEXT x] y", unread("UIDNEXT"), "y"),
            ("RFC 5530", "[OVERQUOTA] full", named("OVERQUOTA"), "full"),
            ("with a value", "[BADURL \"x\"] y", named("BADURL"), "y"),
            ("imap-proto panics on this", "[READ-ONLY]\u{e9}", named("READ-ONLY"), "\u{e9}"),
            ("unended", "[READ-ONLY", None, "[READ-ONLY"),
        ] {
            assert_eq!(resp_text(input.as_bytes()), (code, text.to_owned()), "{name}");
        }
        assert!(
            Code::Named("INUSE".into()).is_transient() && !Code::Named("OVERQUOTA".into()).is_transient()
        );
    }

    fn shown(input: &str) -> String {
        let Some(code) = resp_text(format!("[{input}] x").as_bytes()).0 else { return "none".into() };
        let list = |uids: &Uids| uids.iter().map(|uid| uid.to_string()).collect::<Vec<_>>().join(" ");
        match &code {
            Code::AppendUid { validity, uids } => format!("{validity}: {}", list(uids)),
            Code::CopyUid { validity, from, to } => format!("{validity}: {} -> {}", list(from), list(to)),
            Code::InProgress { tag, done, goal } => {
                format!("{:?} {done:?} {goal:?}", tag.as_ref().map(|tag| tag.escape_ascii().to_string()))
            }
            Code::BadCharset(sets) => sets.join(&b'|').escape_ascii().to_string(),
            Code::Referral(url) => url.escape_ascii().to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn codes_with_a_value() {
        for (input, expected) in [
            ("APPENDUID 38505 3955", "38505: 3955"),
            ("APPENDUID 1 9,2:3", "1: 9 2 3"),
            ("APPENDUID 1 *", "Unread(\"APPENDUID\")"),
            ("COPYUID 38505 304,319:320 3956:3958", "38505: 304 319 320 -> 3956 3957 3958"),
            ("COPYUID 1 1:3 5", "Unread(\"COPYUID\")"),
            ("HIGHESTMODSEQ 715194045007", "HighestModseq(715194045007)"),
            ("NOMODSEQ", "Named(\"NOMODSEQ\")"),
            ("MODIFIED 7,9", "Modified(KeySet(7,9))"),
            ("MODIFIED", "Unread(\"MODIFIED\")"),
            ("CLOSED", "Named(\"CLOSED\")"),
            (
                "MAILBOXID (F2212ea87-6097-4256-9d51-71338625)",
                "MailboxId(\"F2212ea87-6097-4256-9d51-71338625\")",
            ),
            ("APPENDLIMIT 52428800", "AppendLimit(Bytes(52428800))"),
            ("APPENDLIMIT NIL", "AppendLimit(Unlimited)"),
            ("TOOBIG", "Named(\"TOOBIG\")"),
            ("INPROGRESS", "None None None"),
            ("INPROGRESS (\"A001\" 454 1000)", "Some(\"A001\") Some(454) Some(1000)"),
            ("INPROGRESS (NIL 5 NIL)", "None Some(5) None"),
            ("MESSAGELIMIT 1000 23221", "MessageLimit { limit: 1000, last: Some(23221) }"),
            ("MESSAGELIMIT 1000", "MessageLimit { limit: 1000, last: None }"),
            ("METADATA LONGENTRIES 2199", "Metadata(LongEntries(2199))"),
            ("METADATA MAXSIZE 1024", "Metadata(MaxSize(1024))"),
            ("METADATA TOOMANY", "Metadata(TooMany)"),
            ("REFERRAL imap://user@other.test/x", "imap://user@other.test/x"),
            ("BADCHARSET (UTF-8 \"US-ASCII\")", "UTF-8|US-ASCII"),
            ("BADCHARSET", ""),
            ("UNSEEN 12", "Unseen(12)"),
            ("UIDNOTSTICKY", "Named(\"UIDNOTSTICKY\")"),
            ("COMPRESSIONACTIVE", "Named(\"COMPRESSIONACTIVE\")"),
        ] {
            assert_eq!(shown(input), expected, "{input}");
            let code = resp_text(format!("[{input}] x").as_bytes()).0.unwrap();
            assert!(input.starts_with(code.name()), "{input}");
        }
    }

    #[test]
    fn permanent_flags() {
        let read = |text: &str| resp_text(text.as_bytes()).0;
        let flags: Flags = ["\\Seen", "$x"].into_iter().collect();
        let only = |keywords| Some(Code::PermanentFlags(Permanent::Only { flags: flags.clone(), keywords }));
        assert_eq!(read("[PERMANENTFLAGS (\\Seen $x \\*)] x"), only(true));
        assert_eq!(read("[PERMANENTFLAGS ( $x  \\Seen )] x"), only(false));
        assert_eq!(read("[PERMANENTFLAGS NIL] x"), Some(Code::Unread("PERMANENTFLAGS".into())));
        let bracket: Flags = ["a]", "b"].into_iter().collect();
        let expected = Code::PermanentFlags(Permanent::Only { flags: bracket, keywords: false });
        assert_eq!(resp_text(b"[PERMANENTFLAGS (a] b)] x"), (Some(expected), "x".to_owned()));
    }
}
