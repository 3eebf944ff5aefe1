//! The words of responses (RFC 9051 section 9), read tolerantly: by nom, on one whole response.

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take, take_till, take_till1, take_while, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{map, map_opt, opt, recognize, value};
use nom::multi::many0;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

/// A string, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// It was so large that it was handed out in pieces.
    Large(u64),
    /// `NIL`.
    Nil,
}

/// One or more spaces: some servers write two.
pub(crate) fn spaces(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while1(|byte| byte == b' ').parse(input)
}

/// No, one or more spaces.
pub(crate) fn any_spaces(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(|byte| byte == b' ').parse(input)
}

/// A number of 64 bits, though most have 32 (RFC 9051 `number64`).
pub(crate) fn number(input: &[u8]) -> IResult<&[u8], u64> {
    map_opt(digit1, |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse().ok()).parse(input)
}

/// `atom`, and any byte that does not end one: keywords with 8-bit letters are seen in the field.
pub(crate) fn atom(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_till1(|byte| b" ()\r\n".contains(&byte)).parse(input)
}

/// `quoted = DQUOTE *QUOTED-CHAR DQUOTE`, unescaped.
pub(crate) fn quoted(input: &[u8]) -> IResult<&[u8], Vec<u8>> {
    let plain = take_till1(|byte| byte == b'"' || byte == b'\\');
    let escaped = preceded(char('\\'), take(1usize));
    delimited(char('"'), many0(alt((plain, escaped))), char('"'))
        .map(|pieces: Vec<&[u8]>| pieces.concat())
        .parse(input)
}

/// `literal = "{" number64 ["+"] "}" CRLF *CHAR8`, also `literal8`.
pub(crate) fn literal(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let mark = delimited(tag("{"), terminated(number, opt(char('+'))), tag("}\r\n"));
    let (rest, size) = preceded(opt(char('~')), mark).parse(input)?;
    take(usize::try_from(size).unwrap_or(usize::MAX)).parse(rest)
}

/// What the framer puts in the place of a large literal.
fn large(input: &[u8]) -> IResult<&[u8], u64> {
    delimited(tag("\n{"), number, char('}')).parse(input)
}

/// `nstring = string / nil`, for `string = quoted / literal`.
pub(crate) fn nstring(input: &[u8]) -> IResult<&[u8], Text> {
    alt((
        map(quoted, Text::Bytes),
        map(literal, |bytes: &[u8]| Text::Bytes(bytes.to_vec())),
        map(large, Text::Large),
        value(Text::Nil, tag_no_case("NIL")),
    ))
    .parse(input)
}

/// `astring = 1*ASTRING-CHAR / string`, as bytes. An unquoted name may hold whatever is no space and no parenthesis.
pub(crate) fn astring(input: &[u8]) -> IResult<&[u8], Vec<u8>> {
    alt((quoted, map(literal, <[u8]>::to_vec), map(atom, <[u8]>::to_vec))).parse(input)
}

/// Any value, whatever it is: a word, a string, or a list with all that is in it. Lists are counted, not recursed into.
pub(crate) fn any_value(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize(skip).parse(input)
}

fn skip(input: &[u8]) -> IResult<&[u8], ()> {
    let (mut rest, mut depth) = (input, 0usize);
    loop {
        let (after, _) = any_spaces(rest)?;
        rest = if depth > 0 { after } else { rest };
        match rest.first() {
            Some(b'(') => {
                depth += 1;
                rest = &rest[1..];
            }
            Some(b')') if depth > 0 => {
                depth -= 1;
                rest = &rest[1..];
            }
            _ => rest = word(rest)?.0,
        }
        if depth == 0 {
            return Ok((rest, ()));
        }
    }
}

fn word(input: &[u8]) -> IResult<&[u8], ()> {
    let string = alt((value((), quoted), value((), literal), value((), large)));
    alt((string, value((), atom))).parse(input)
}

/// `flag-list = "(" [flag *(SP flag)] ")"`: the words, whatever they are made of.
pub(crate) fn word_list(input: &[u8]) -> IResult<&[u8], Vec<&[u8]>> {
    delimited(
        char('('),
        many0(preceded(any_spaces, take_till1(|byte| b" ()".contains(&byte)))),
        (any_spaces, char(')')),
    )
    .parse(input)
}

/// The word that a response begins with, and what spaces follow.
pub(crate) fn keyword<'a>(
    word: &'static str,
) -> impl Parser<&'a [u8], Output = &'a [u8], Error = nom::error::Error<&'a [u8]>> {
    terminated(tag_no_case(word), any_spaces)
}

/// What a parser reads, if that is all there is.
pub(crate) fn whole<'a, T>(
    mut parser: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
    value: &'a [u8],
) -> Option<T> {
    let (rest, value) = parser.parse(value).ok()?;
    rest.is_empty().then_some(value)
}

/// `( .. )` with whatever spaces between its elements.
pub(crate) fn list_of<'a, T>(
    element: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
) -> impl Parser<&'a [u8], Output = Vec<T>, Error = nom::error::Error<&'a [u8]>> {
    delimited(char('('), many0(preceded(any_spaces, element)), (any_spaces, char(')')))
}

/// The rest of the line.
pub(crate) fn rest_of_line(input: &[u8]) -> &[u8] {
    let taken: IResult<&[u8], &[u8]> = take_till(|byte| byte == b'\r' || byte == b'\n').parse(input);
    taken.map_or(input, |(_, line)| line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strings() {
        for (name, input, expected) in [
            ("quoted", &br#""a b""#[..], Some(Text::Bytes(b"a b".to_vec()))),
            ("escapes are undone", br#""a\"b\\""#, Some(Text::Bytes(br#"a"b\"#.to_vec()))),
            ("8-bit", b"\"\xff\"", Some(Text::Bytes(vec![0xff]))),
            ("literal", b"{3}\r\na\"b", Some(Text::Bytes(b"a\"b".to_vec()))),
            ("literal8", b"~{1}\r\n\0", Some(Text::Bytes(vec![0]))),
            ("empty", b"\"\"", Some(Text::Bytes(vec![]))),
            ("nil", b"nil", Some(Text::Nil)),
            ("large", b"\n{70000}", Some(Text::Large(70_000))),
            ("cut off", b"\"a", None),
            ("literal cut off", b"{3}\r\na", None),
            ("absurd literal", b"{99999999999999999999}\r\na", None),
        ] {
            assert_eq!(nstring(input).ok().map(|(_, text)| text), expected, "{name}");
        }
    }

    #[test]
    fn values_are_skipped_whole() {
        for (input, rest) in [
            (&b"(a (b \"c)\" {1}\r\n)) d) e"[..], &b" e"[..]),
            (b"NIL e", b" e"),
            (b"12)", b")"),
            (b"() e", b" e"),
            (b"(NIL (\"x\" NIL)(\"y\")) e", b" e"),
        ] {
            assert_eq!(any_value(input).map(|(rest, _)| rest).ok(), Some(rest), "{}", input.escape_ascii());
        }
        assert!(any_value(b"(a").is_err());
    }

    #[test]
    fn deep_lists_need_no_stack() {
        let deep = vec![b'('; 1_000_000];
        assert!(any_value(&deep).is_err());
    }

    proptest! {
        #[test]
        fn f1_any_bytes(input: Vec<u8>) {
            let _ = (any_value(&input), nstring(&input), astring(&input), word_list(&input), rest_of_line(&input));
        }
    }
}
