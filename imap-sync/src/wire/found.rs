//! What was searched, and what is gone: SEARCH, ESEARCH, VANISHED.

use nom::bytes::complete::{tag_no_case, take_till1};
use nom::character::complete::char;
use nom::combinator::{map, opt, value};
use nom::multi::many0;
use nom::sequence::{delimited, preceded, separated_pair};
use nom::{IResult, Parser};

use super::sets::key_set;
use super::token::{any_spaces, any_value, astring, keyword, list_of, number, spaces, whole};
use crate::keys::KeySet;

/// What `SEARCH` found (RFC 9051 appendix E, RFC 7162).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Sequence numbers, or UIDs after `UID SEARCH`.
    pub numbers: Vec<u64>,
    /// The highest modification sequence among them.
    pub modseq: Option<u64>,
}

/// What an extended search found (RFC 4731, RFC 9394, RFC 9051 section 7.3.4). A server leaves out `ALL`, `MIN` and
/// `MAX` when nothing was found: then `count` is 0, if it was asked for. One of which a part asked for cannot be read
/// is none at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Esearch {
    /// The command that it answers.
    pub tag: Option<Vec<u8>>,
    /// Whether the numbers are UIDs.
    pub uid: bool,
    /// `ALL`.
    pub all: Option<KeySet>,
    /// `MIN`.
    pub min: Option<u64>,
    /// `MAX`.
    pub max: Option<u64>,
    /// `COUNT`.
    pub count: Option<u64>,
    /// `MODSEQ` (RFC 7162).
    pub modseq: Option<u64>,
    /// `PARTIAL` (RFC 9394).
    pub partial: Option<Partial>,
}

/// A window of what was found (RFC 9394 section 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Whether places are counted from the end.
    pub from_end: bool,
    /// The first place asked for, counted from 1.
    pub first: u64,
    /// The last place asked for.
    pub last: u64,
    /// What was found in these places.
    pub found: KeySet,
}

/// Messages that are gone (RFC 7162 section 3.2.10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vanished {
    /// Whether they went before the mailbox was selected, or the command was given.
    pub earlier: bool,
    /// Their UIDs; there may be some among them that never were.
    pub uids: KeySet,
}

/// `"SEARCH" *(SP nz-number) [SP search-sort-mod-seq]`.
pub(super) fn search(input: &[u8]) -> IResult<&[u8], Found> {
    let modseq = delimited((char('('), keyword("MODSEQ")), number, (any_spaces, char(')')));
    let (rest, _) = tag_no_case("SEARCH").parse(input)?;
    let (rest, numbers) = many0(preceded(spaces, number)).parse(rest)?;
    let (rest, modseq) = opt(preceded(any_spaces, modseq)).parse(rest)?;
    let (rest, _) = (any_spaces, nom::combinator::eof).parse(rest)?;
    Ok((rest, Found { numbers, modseq }))
}

/// `esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)`.
pub(super) fn esearch(input: &[u8]) -> IResult<&[u8], Esearch> {
    let pair = separated_pair(astring, any_spaces, any_value);
    let (rest, correlator) = preceded(keyword("ESEARCH"), opt(list_of(pair))).parse(input)?;
    let uid = preceded(any_spaces, value((), (tag_no_case("UID"), spaces_or_end)));
    let (mut rest, uid) = opt(uid).parse(rest)?;
    let mut found = Esearch { uid: uid.is_some(), ..Esearch::default() };
    for (name, value) in correlator.into_iter().flatten() {
        if name.eq_ignore_ascii_case(b"TAG") {
            found.tag = whole(astring, value);
        }
    }
    loop {
        rest = any_spaces(rest)?.0;
        if rest.is_empty() {
            return Ok((rest, found));
        }
        let name = take_till1(|byte| b" ()".contains(&byte));
        let (after, (name, value)) = separated_pair(name, spaces, any_value).parse(rest)?;
        if found.set(&name.to_ascii_uppercase(), value).is_none() {
            return Err(nom::Err::Error(nom::error::Error::new(rest, nom::error::ErrorKind::Verify)));
        }
        rest = after;
    }
}

fn spaces_or_end(input: &[u8]) -> IResult<&[u8], &[u8]> {
    spaces.or(nom::combinator::eof).parse(input)
}

impl Esearch {
    /// Keeps what a known item says; `None` if it cannot be read.
    fn set(&mut self, name: &[u8], value: &[u8]) -> Option<()> {
        match name {
            b"ALL" => self.all = Some(whole(key_set, value)?),
            b"COUNT" => self.count = Some(whole(number, value)?),
            b"MAX" => self.max = Some(whole(number, value)?),
            b"MIN" => self.min = Some(whole(number, value)?),
            b"MODSEQ" => self.modseq = Some(whole(number, value)?),
            b"PARTIAL" => self.partial = Some(whole(partial, value)?),
            _ => {}
        }
        Some(())
    }
}

/// `ret-data-partial = "PARTIAL" SP "(" partial-range SP partial-results ")"`, for `partial-range = nz-number ":"
/// nz-number / "-" nz-number ":" "-" nz-number` and `partial-results = sequence-set / "NIL"`.
fn partial(input: &[u8]) -> IResult<&[u8], Partial> {
    let forth = map(separated_pair(number, char(':'), number), |(one, other)| (false, one, other));
    let back = separated_pair(preceded(char('-'), number), char(':'), preceded(char('-'), number));
    let range = forth.or(map(back, |(one, other)| (true, one, other)));
    let results = value(KeySet::new(), tag_no_case("NIL")).or(key_set);
    let parts = separated_pair(range, spaces, results);
    map(delimited(char('('), parts, (any_spaces, char(')'))), |((from_end, one, other), found)| Partial {
        from_end,
        first: one.min(other),
        last: one.max(other),
        found,
    })
    .parse(input)
}

/// `expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids`. A range may be written from above.
pub(super) fn vanished(input: &[u8]) -> IResult<&[u8], Vanished> {
    let earlier = (char('('), any_spaces, tag_no_case("EARLIER"), any_spaces, char(')'), any_spaces);
    let (rest, earlier) = preceded(keyword("VANISHED "), opt(earlier)).parse(input)?;
    let (rest, uids) = key_set(rest)?;
    let (rest, _) = (any_spaces, nom::combinator::eof).parse(rest)?;
    Ok((rest, Vanished { earlier: earlier.is_some(), uids }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches() {
        let read =
            |input: &str| search(input.as_bytes()).ok().map(|(_, found)| (found.numbers, found.modseq));
        assert_eq!(read("SEARCH 2 3 6"), Some((vec![2, 3, 6], None)));
        assert_eq!(read("SEARCH 2 5 (MODSEQ 917162500)"), Some((vec![2, 5], Some(917_162_500))));
        assert_eq!(read("SEARCH  2  6 "), Some((vec![2, 6], None)));
        assert_eq!(read("SEARCH"), Some((vec![], None)));
        assert_eq!(read("SEARCH 2 x"), None, "half an answer is none");
        assert_eq!(read("SEARCH 99999999999999999999"), None);
    }

    #[test]
    fn extended_searches() {
        let shown = |input: &str| {
            let Ok((_, found)) = esearch(input.as_bytes()) else { return "unread".into() };
            let mut shown = vec![if found.uid { "uid".to_owned() } else { "number".to_owned() }];
            shown.extend(found.tag.map(|tag| tag.escape_ascii().to_string()));
            let numbers =
                [("min", found.min), ("max", found.max), ("count", found.count), ("mod", found.modseq)];
            shown.extend(numbers.iter().filter_map(|(name, number)| Some(format!("{name}={}", (*number)?))));
            shown.extend(found.all.map(|all| format!("all={all}")));
            shown.extend(found.partial.map(|it| {
                format!("{}{}..{}={}", if it.from_end { "-" } else { "" }, it.first, it.last, it.found)
            }));
            shown.join(" ")
        };
        for (input, expected) in [
            // RFC 4731 section 3.1, RFC 7162 section 3.1.10, RFC 9394 section 3.1.
            ("ESEARCH (TAG \"A282\") MIN 2 COUNT 3", "number A282 min=2 count=3"),
            ("ESEARCH (TAG \"A283\") ALL 2,10:11", "number A283 all=2,10:11"),
            ("ESEARCH (TAG \"A285\") UID MIN 7 MAX 3800", "uid A285 min=7 max=3800"),
            ("ESEARCH (TAG \"a\") ALL 1:3,5 MODSEQ 1236", "number a mod=1236 all=1:3,5"),
            (
                "ESEARCH (TAG \"A01\") UID PARTIAL (-1:-100 200:250,252:300)",
                "uid A01 -1..100=200:250,252:300",
            ),
            (
                "ESEARCH (TAG \"A02\") UID PARTIAL (23500:24000 55500:56000)",
                "uid A02 23500..24000=55500:56000",
            ),
            ("ESEARCH (TAG \"A04\") UID PARTIAL (24000:24500 NIL)", "uid A04 24000..24500="),
            ("ESEARCH", "number"),
            ("ESEARCH UID", "uid"),
            ("ESEARCH (TAG a) UID X-NEW (1 (2)) COUNT 5 ", "uid a count=5"),
            ("ESEARCH (TAG \"a\" MAILBOX \"x\" UIDVALIDITY 1) UID ALL 4", "uid a all=4"),
            ("ESEARCH UID ALL 1:*", "unread"),
            ("ESEARCH UID COUNT", "unread"),
            ("ESEARCH UID ALL 1:4294967295 MAX x", "unread"),
        ] {
            assert_eq!(shown(input), expected, "{input}");
        }
    }

    #[test]
    fn what_vanished() {
        let read =
            |input: &str| vanished(input.as_bytes()).ok().map(|(_, it)| (it.earlier, it.uids.to_string()));
        for (input, expected) in [
            ("VANISHED (EARLIER) 41,43:116,118,120:211", Some((true, "41,43:116,118,120:211"))),
            ("VANISHED 405,407,410,425", Some((false, "405,407,410,425"))),
            ("VANISHED 116:43", Some((false, "43:116"))),
            ("vanished (earlier)  3 ", Some((true, "3"))),
            ("VANISHED (EARLIER)", None),
            ("VANISHED 1,x", None),
        ] {
            assert_eq!(read(input), expected.map(|(earlier, uids)| (earlier, uids.to_owned())), "{input}");
        }
    }
}
