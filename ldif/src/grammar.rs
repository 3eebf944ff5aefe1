//! The grammar of one logical line (RFC 2849, "Formal Syntax Definition of LDIF").

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while, take_while1};
use nom::combinator::{all_consuming, map, opt, rest, value};
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// A line's value, still encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Base64(&'a [u8]),
    Plain(&'a [u8]),
    Url(&'a [u8]),
}

/// `NAME: VALUE`; the name is not checked beyond its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spec<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Value<'a>,
}

/// `OID [SPACE true|false] [value-spec]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ControlSpec<'a> {
    pub(crate) oid: &'a str,
    pub(crate) critical: bool,
    pub(crate) value: Option<Value<'a>>,
}

/// `attrval-spec = AttributeDescription value-spec SEP`; also every `keyword: value` line, which has the same form.
pub(crate) fn spec(line: &[u8]) -> Option<Spec<'_>> {
    complete(map((description, value_spec), |(name, value)| Spec { name, value }), line)
}

/// `control = "control:" FILL ldap-oid 0*1(1*SPACE ("true" / "false")) 0*1(value-spec) SEP`, after the first colon.
pub(crate) fn control(text: &[u8]) -> Option<ControlSpec<'_>> {
    let parser = (oid, opt(preceded(spaces1, truth)), spaces, opt(value_spec), spaces);
    complete(
        map(parser, |(oid, critical, _, value, _)| ControlSpec {
            oid,
            critical: critical.unwrap_or(false),
            value,
        }),
        text,
    )
}

/// The `-` that ends a `mod-spec`.
pub(crate) fn is_separator(line: &[u8]) -> bool {
    line.trim_ascii_end() == b"-"
}

/// `value-spec = ":" ( FILL 0*1(SAFE-STRING) / ":" FILL (BASE64-STRING) / "<" FILL url)`
///
/// Bytes outside `SAFE-STRING` are taken as they are: exporters write UTF-8 without base64.
fn value_spec(input: &[u8]) -> IResult<&[u8], Value<'_>> {
    preceded(
        tag(&b":"[..]),
        alt((
            preceded((tag(&b":"[..]), spaces), map(rest, Value::Base64)),
            preceded((tag(&b"<"[..]), spaces), map(rest, Value::Url)),
            preceded(spaces, map(rest, Value::Plain)),
        )),
    )
    .parse(input)
}

/// `AttributeDescription = AttributeType [";" options]`
fn description(input: &[u8]) -> IResult<&[u8], &str> {
    text(take_while1(is_description_byte), input)
}

/// `ldap-oid = 1*DIGIT 0*1("." 1*DIGIT)`
fn oid(input: &[u8]) -> IResult<&[u8], &str> {
    text(take_while1(|byte: u8| byte.is_ascii_digit() || byte == b'.'), input)
}

fn truth(input: &[u8]) -> IResult<&[u8], bool> {
    alt((value(true, tag_no_case(&b"true"[..])), value(false, tag_no_case(&b"false"[..])))).parse(input)
}

/// `FILL = *SPACE`
fn spaces(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(|byte| byte == b' ').parse(input)
}

fn spaces1(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while1(|byte| byte == b' ').parse(input)
}

fn is_description_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b';' | b'=')
}

fn text<'a>(
    parser: impl Parser<&'a [u8], Output = &'a [u8], Error = nom::error::Error<&'a [u8]>>,
    input: &'a [u8],
) -> IResult<&'a [u8], &'a str> {
    let mut ascii =
        map(parser, |bytes: &[u8]| std::str::from_utf8(bytes).expect("the class of bytes is ASCII"));
    ascii.parse(input)
}

fn complete<'a, T>(
    parser: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
    input: &'a [u8],
) -> Option<T> {
    all_consuming(parser).parse(input).ok().map(|(_, output)| output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs() {
        use Value::{Base64, Plain, Url};
        type Case = (&'static str, &'static [u8], Option<(&'static str, Value<'static>)>);
        let table: &[Case] = &[
            ("plain", b"cn: Anna", Some(("cn", Plain(b"Anna")))),
            ("no space", b"cn:Anna", Some(("cn", Plain(b"Anna")))),
            ("more spaces", b"cn:   Anna", Some(("cn", Plain(b"Anna")))),
            ("spaces at the end are content", b"cn: Anna  ", Some(("cn", Plain(b"Anna  ")))),
            ("empty", b"cn:", Some(("cn", Plain(b"")))),
            ("colon inside", b"cn: a:b", Some(("cn", Plain(b"a:b")))),
            ("options", b"cn;lang-de;x-1: A", Some(("cn;lang-de;x-1", Plain(b"A")))),
            ("OID", b"2.5.4.3: A", Some(("2.5.4.3", Plain(b"A")))),
            ("base64", b"cn:: QQ==", Some(("cn", Base64(b"QQ==")))),
            ("URL", b"cn:< file:///a", Some(("cn", Url(b"file:///a")))),
            ("8-bit", b"cn: \xE9", Some(("cn", Plain(b"\xE9")))),
            ("no colon", b"cn Anna", None),
            ("no name", b": Anna", None),
            ("space in the name", b"c n: Anna", None),
            ("empty line", b"", None),
        ];
        for (name, line, expected) in table {
            assert_eq!(spec(line), expected.map(|(name, value)| Spec { name, value }), "{name}");
        }
    }

    #[test]
    fn controls() {
        let spec = |oid, critical, value| Some(ControlSpec { oid, critical, value });
        let table: &[(&str, &[u8], Option<ControlSpec<'_>>)] = &[
            ("OID alone", b"1.2.3", spec("1.2.3", false, None)),
            ("critical", b"1.2.3 true", spec("1.2.3", true, None)),
            ("not critical", b"1.2.3 false", spec("1.2.3", false, None)),
            ("value", b"1.2.3 true: x", spec("1.2.3", true, Some(Value::Plain(b"x")))),
            ("base64 value", b"1.2.3:: eA==", spec("1.2.3", false, Some(Value::Base64(b"eA==")))),
            ("neither true nor false", b"1.2.3 maybe", None),
            ("no OID", b"true", None),
        ];
        for (name, text, expected) in table {
            assert_eq!(control(text), *expected, "{name}");
        }
    }
}
