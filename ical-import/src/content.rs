//! The grammar of one logical line, read tolerantly.

use std::borrow::Cow;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while, take_while_m_n, take_while1};
use nom::character::complete::char;
use nom::combinator::{opt, recognize, verify};
use nom::multi::{many0, separated_list1};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use crate::component::{Parameter, Property};

/// A line that is a property, and what its parameters needed to be read the same again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ContentLine {
    pub property: Property,
    /// Whether one had to be put in quotes.
    pub quoted: bool,
    /// Whether one began with a quote that is never closed.
    pub escaped: bool,
}

/// `contentline = name *(";" param) ":" value CRLF` (RFC 5545 3.1)
///
/// `None` when the line is no property: no name, or no colon where one must stand.
pub(crate) fn content_line(text: &str, number: u64) -> Option<ContentLine> {
    let (value, (name, parameters, _)) =
        (name, many0(preceded(char(';'), parameter)), char(':')).parse(text).ok()?;
    let mended = |by: Mended| parameters.iter().any(|parameter| parameter.1 == Some(by));
    let (quoted, escaped) = (mended(Mended::Quoted), mended(Mended::Escaped));
    // `;;` and `;:` hold an empty parameter, which says nothing.
    let parameters = parameters.into_iter().map(|parameter| parameter.0);
    let parameters =
        parameters.filter(|parameter| !parameter.name.is_empty() || parameter.value.is_some()).collect();
    let property = Property { name: name.to_owned(), parameters, value: value.to_owned(), line: number };
    Some(ContentLine { property, quoted, escaped })
}

/// `name = iana-token / x-name` (RFC 5545 3.1); also `.` and `_`, which some programs use.
fn name(input: &str) -> IResult<&str, &str> {
    take_while1(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))(input)
}

/// `param = param-name "=" param-value *("," param-value)` (RFC 5545 3.1); also a bare word, as vCalendar 1.0 has it.
///
/// Beside the parameter: how its value was mended.
fn parameter(input: &str) -> IResult<&str, (Parameter, Option<Mended>)> {
    let (input, name) = take_till(|c| matches!(c, '=' | ';' | ':' | '"'))(input)?;
    let unquoted = unquoted_zone.map(|zone| (format!("\"{zone}\""), Some(Mended::Quoted)));
    let values = separated_list1(char(','), parameter_value).map(|values: Vec<Cow<'_, str>>| {
        let escaped = values.iter().any(|value| matches!(value, Cow::Owned(_)));
        (values.join(","), escaped.then_some(Mended::Escaped))
    });
    let (input, value) = opt(preceded(char('='), alt((unquoted, values)))).parse(input)?;
    let (value, mended) = value.map_or((None, None), |(value, mended)| (Some(value), mended));
    Ok((input, (Parameter { name: name.to_owned(), value }, mended)))
}

/// How the value of a parameter was made one that is read the same whatever follows it.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Mended {
    Escaped,
    Quoted,
}

/// `param-value = paramtext / quoted-string` (RFC 5545 3.1)
///
/// A quote without its fellow is text, and escaped (RFC 6868): the value behind it may come to hold another quote, as
/// when more lines are added to it, and would then be taken for part of the parameter.
fn parameter_value(input: &str) -> IResult<&str, Cow<'_, str>> {
    let text = || take_while(|c| !matches!(c, ',' | ';' | ':'));
    let quoted = delimited(char('"'), take_till(|c| c == '"'), char('"'));
    let closed = recognize((quoted, text())).map(Cow::Borrowed);
    let open = preceded(char('"'), text()).map(|text| Cow::Owned(format!("^'{text}")));
    alt((closed, open, text().map(Cow::Borrowed))).parse(input)
}

/// `(UTC+01:00) Amsterdam, Berlin` or `tzone://Microsoft/Custom` without the quotes that it needs.
fn unquoted_zone(input: &str) -> IResult<&str, &str> {
    let place = || take_till(|c| matches!(c, ':' | ';' | '"'));
    let offset = take_while_m_n(1, 8, |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | ':'));
    let offset = verify(offset, |text: &str| text.contains(':'));
    let told = recognize((alt((tag("(UTC"), tag("(GMT"))), offset, char(')'), place()));
    let address = recognize((tag("tzone://"), place()));
    alt((told, address)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_read_as_written() {
        for (line, name, parameters, value) in [
            ("SUMMARY:Lunch", "SUMMARY", vec![], "Lunch"),
            ("summary:", "summary", vec![], ""),
            (
                "DTSTART;TZID=Europe/Berlin:20260301T100000",
                "DTSTART",
                vec![("TZID", Some("Europe/Berlin"))],
                "20260301T100000",
            ),
            ("X;A=\"b:c;d,e\",f;G=h:v:w", "X", vec![("A", Some("\"b:c;d,e\",f")), ("G", Some("h"))], "v:w"),
            ("X;LV=,:v", "X", vec![("LV", Some(","))], "v"),
            ("X;QUOTED-PRINTABLE;E=:v", "X", vec![("QUOTED-PRINTABLE", None), ("E", Some(""))], "v"),
            ("X;;A=b;:v", "X", vec![("A", Some("b"))], "v"),
            ("X;CN=\"open:mailto:a@example.com", "X", vec![("CN", Some("^'open"))], "mailto:a@example.com"),
            ("X;=\":", "X", vec![("", Some("^'"))], ""),
            ("X;CN=\"a\",\"b:\\n", "X", vec![("CN", Some("\"a\",^'b"))], "\\n"),
            ("X;CN=5\" disk:\"v\"", "X", vec![("CN", Some("5\" disk"))], "\"v\""),
            ("X;CN=a=b:v", "X", vec![("CN", Some("a=b"))], "v"),
            ("item1.X-A_B:v", "item1.X-A_B", vec![], "v"),
            (
                "X;TZID=(GMT+01.00) Sarajevo/Warsaw:v",
                "X",
                vec![("TZID", Some("(GMT+01.00) Sarajevo/Warsaw"))],
                "v",
            ),
        ] {
            let found = content_line(line, 1).expect(line);
            let expected: Vec<_> = parameters
                .into_iter()
                .map(|(name, value)| Parameter { name: name.into(), value: value.map(str::to_owned) })
                .collect();
            assert_eq!(
                (found.property.name.as_str(), found.property.value.as_str()),
                (name, value),
                "{line}"
            );
            assert_eq!(found.property.parameters, expected, "{line}");
            assert!(!found.quoted, "{line}");
        }
    }

    #[test]
    fn a_zone_name_with_a_colon_is_put_in_quotes() {
        let found = content_line("DTSTART;TZID=(UTC+01:00) Amsterdam, Berlin:20260301T100000", 1)
            .expect("a property");
        assert_eq!(found.property.parameter("TZID").as_deref(), Some("(UTC+01:00) Amsterdam, Berlin"));
        assert_eq!(found.property.value, "20260301T100000");
        assert!(found.quoted);
        let found =
            content_line("DTSTART;TZID=tzone://Microsoft/Custom:20260903T100000", 1).expect("a property");
        assert_eq!(found.property.parameter("TZID").as_deref(), Some("tzone://Microsoft/Custom"));
        assert_eq!(found.property.value, "20260903T100000");
        assert!(found.quoted);
    }

    #[test]
    fn what_is_no_property_is_told() {
        for line in [
            "",
            "no colon",
            "two words: v",
            ":v",
            ";A=b:v",
            "X;A=b",
            "DTSTART;TZID=Europe/Berlin",
            "\u{e4}:v",
        ] {
            assert_eq!(content_line(line, 1), None, "{line}");
        }
    }
}
