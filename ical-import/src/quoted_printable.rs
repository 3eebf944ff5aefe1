//! Text that is not plain UTF-8: quoted-printable as vCalendar 1.0 has it, and bytes of an older charset.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use crate::component::{Parameter, Property};

/// Whether a property's value is in quoted-printable.
pub(crate) fn is_used(property: &Property) -> bool {
    property.parameters.iter().any(is_mark)
}

/// The same property with its value decoded, and without the parameters that said how.
///
/// A line end in the text becomes `\n`, all else stays as it was written.
pub(crate) fn decode(property: Property) -> Property {
    let charset = property.parameter("CHARSET").and_then(|label| Encoding::for_label(label.as_bytes()));
    let bytes = decode_bytes(property.value.as_bytes());
    let text = match charset.filter(|encoding| *encoding != UTF_8) {
        Some(encoding) => encoding.decode_without_bom_handling(&bytes).0.into_owned(),
        None => decode_foreign(&bytes),
    };
    let value = text.replace("\r\n", "\\n").replace(['\r', '\n'], "\\n");
    let mut parameters = property.parameters;
    parameters.retain(|parameter| !is_mark(parameter) && !parameter.is("CHARSET"));
    Property { name: property.name, parameters, value, line: property.line }
}

/// Keeps what is UTF-8 and reads each other byte as Windows-1252, so that nothing is lost in a file of mixed origin.
pub(crate) fn decode_foreign(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 4);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    text
}

fn is_mark(parameter: &Parameter) -> bool {
    match parameter.value {
        Some(_) => {
            parameter.is("ENCODING")
                && parameter.values().iter().any(|value| value.eq_ignore_ascii_case(NAME))
        }
        None => parameter.is(NAME),
    }
}

/// What is no escape stays as it is; an `=` at the very end is a line break that nothing follows.
fn decode_bytes(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] | [b'='] => return bytes,
            [b'=', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or_default() as u8;
                bytes.push(digit(*high) << 4 | digit(*low));
                after
            }
            [byte, after @ ..] => {
                bytes.push(*byte);
                after
            }
        };
    }
}

const NAME: &str = "QUOTED-PRINTABLE";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::content_line;

    #[test]
    fn quoted_printable_is_decoded() {
        for (line, value) in [
            ("SUMMARY;ENCODING=QUOTED-PRINTABLE:Fr=C3=BChst=C3=BCck", "Fr\u{fc}hst\u{fc}ck"),
            ("SUMMARY;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:Fr=FChst=fcck", "Fr\u{fc}hst\u{fc}ck"),
            ("SUMMARY;ENCODING=quoted-printable:=FC, one=0D=0Atwo=3D=", "\u{fc}, one\\ntwo="),
            ("SUMMARY;ENCODING=QUOTED-PRINTABLE:no =escape", "no =escape"),
        ] {
            let property = content_line(line, 1).expect(line).property;
            assert!(is_used(&property), "{line}");
            let decoded = decode(property);
            assert_eq!(decoded.value, value, "{line}");
            assert_eq!(decoded.parameters, [], "{line}");
        }
        assert!(!is_used(&content_line("SUMMARY;ENCODING=8BIT:x=", 1).expect("a property").property));
    }
}
