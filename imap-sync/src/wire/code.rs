//! Response codes (RFC 9051 section 7.1, RFC 5530, RFC 4315).

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::take_till;
use nom::character::complete::char;
use nom::sequence::{delimited, preceded, separated_pair};

use super::token::{number, spaces, word_list};
use crate::flags::{Flag, Flags, Permanent};

/// What stands in brackets before a status response's text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// `APPENDUID` of one message.
    AppendUid {
        /// UIDVALIDITY of the mailbox.
        validity: u64,
        /// The message's UID.
        uid: u64,
    },
    /// `CAPABILITY`.
    Capability(Vec<Vec<u8>>),
    /// `PERMANENTFLAGS`.
    PermanentFlags(Permanent),
    /// `UIDNEXT`.
    UidNext(u64),
    /// `UIDVALIDITY`.
    UidValidity(u64),
    /// Any other, by its name in upper case: `ALREADYEXISTS`, `OVERQUOTA`, `TRYCREATE`, ...
    Named(String),
    /// One that is known but not understood.
    Unread,
}

impl Code {
    /// Whether what was refused may well be taken in a moment (RFC 5530 section 3).
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Named(name) if TRANSIENT.contains(&name.as_str()))
    }
}

/// `resp-text = ["[" resp-text-code "]" SP] text`. The text stays, whatever the code is.
pub(super) fn resp_text(input: &[u8]) -> (Option<Code>, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_ascii().to_owned();
    let bracket: IResult<&[u8], &[u8]> =
        delimited(char('['), take_till(|byte| byte == b']'), char(']')).parse(input);
    // Flags may hold a `]`, against the grammar: then the list is not understood.
    match bracket {
        Ok((rest, inside)) => (Some(code(inside)), text(rest)),
        Err(_) => (None, text(input)),
    }
}

fn code(inside: &[u8]) -> Code {
    let end = inside.iter().position(|&byte| byte == b' ').unwrap_or(inside.len());
    let (name, value) = inside.split_at(end);
    let name = String::from_utf8_lossy(name).to_ascii_uppercase();
    let read = match name.as_str() {
        "APPENDUID" => whole(separated_pair(number, spaces, number), value)
            .map(|(validity, uid)| Code::AppendUid { validity, uid }),
        "CAPABILITY" => Some(Code::Capability(words(value))),
        "PERMANENTFLAGS" => whole(word_list, value).map(|words| Code::PermanentFlags(permanent(&words))),
        "UIDNEXT" => whole(number, value).map(Code::UidNext),
        "UIDVALIDITY" => whole(number, value).map(Code::UidValidity),
        _ => return Code::Named(name),
    };
    read.unwrap_or(Code::Unread)
}

pub(super) fn words(value: &[u8]) -> Vec<Vec<u8>> {
    let words = value.split(|byte| byte.is_ascii_whitespace());
    words.filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
}

fn permanent(words: &[&[u8]]) -> Permanent {
    let flags: Flags = words.iter().map(Flag::new).collect();
    Permanent::Only { flags, keywords: words.contains(&&b"\\*"[..]) }
}

/// The value, if it is all there is after the name.
fn whole<'a, T>(
    parser: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
    value: &'a [u8],
) -> Option<T> {
    let (rest, value) = preceded(spaces, parser).parse(value).ok()?;
    rest.iter().all(|&byte| byte == b' ').then_some(value)
}

const TRANSIENT: [&str; 4] = ["INUSE", "LIMIT", "THROTTLED", "UNAVAILABLE"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        let named = |name: &str| Some(Code::Named(name.into()));
        for (name, input, code, text) in [
            ("none", "done", None, "done"),
            ("empty text", "", None, ""),
            (
                "append uid",
                "[APPENDUID 38505 3955] done",
                Some(Code::AppendUid { validity: 38505, uid: 3955 }),
                "done",
            ),
            ("append uid of several", "[APPENDUID 1 2:3] x", Some(Code::Unread), "x"),
            ("validity", "[uidvalidity 7]", Some(Code::UidValidity(7)), ""),
            ("next, large", "[UIDNEXT 4294967297] x", Some(Code::UidNext(4_294_967_297)), "x"),
            ("no number", "[UIDNEXT x] y", Some(Code::Unread), "y"),
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

    #[test]
    fn permanent_flags() {
        let read = |text: &str| resp_text(text.as_bytes()).0;
        let flags: Flags = ["\\Seen", "$x"].into_iter().collect();
        let only = |keywords| Some(Code::PermanentFlags(Permanent::Only { flags: flags.clone(), keywords }));
        assert_eq!(read("[PERMANENTFLAGS (\\Seen $x \\*)] x"), only(true));
        assert_eq!(read("[PERMANENTFLAGS ( $x  \\Seen )] x"), only(false));
        assert_eq!(read("[PERMANENTFLAGS NIL] x"), Some(Code::Unread));
    }
}
