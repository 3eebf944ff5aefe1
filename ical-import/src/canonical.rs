//! What a component says, whatever way it is written: the digest that both sides are compared by.
//!
//! It does not depend on the case of names, on folding, on quotes around parameters, on how a text is escaped, on how a
//! duration is put (a day counts as 24 hours), on a VALUE that is the default, nor on the order of properties, parameters
//! or components, since servers write these their own way. DTSTAMP does not count: many
//! programs set it to the time of the export (RFC 5545 3.8.7.2), and then every event would seem changed each time.

use std::borrow::Cow;

use crate::component::{Component, Parameter, Property, is_text};
use crate::digest::Digest;
use crate::value::Span;

/// The digest of components that belong together.
pub(crate) fn digest<'a>(components: impl IntoIterator<Item = &'a Component>) -> Digest {
    let mut parts: Vec<_> = components.into_iter().map(component).collect();
    parts.sort_unstable();
    Digest::of(&join(parts))
}

/// Recursion is as deep as components are, which the parser bounds.
fn component(component: &Component) -> Vec<u8> {
    let mut properties: Vec<_> =
        component.properties.iter().filter(|p| !p.is("DTSTAMP")).map(property).collect();
    properties.sort_unstable();
    let mut inner: Vec<_> = component.components.iter().map(self::component).collect();
    inner.sort_unstable();
    join([component.name.to_ascii_uppercase().into_bytes(), join(properties), join(inner)])
}

fn property(property: &Property) -> Vec<u8> {
    let mut parameters: Vec<_> = property
        .parameters
        .iter()
        .filter(|parameter| !is_default(property, parameter))
        .map(|parameter| {
            let name = parameter.name.to_ascii_uppercase();
            join([vec![name], parameter.values()].concat())
        })
        .collect();
    parameters.sort_unstable();
    let duration = Span::read(property).ok().filter(|_| property.is("TRIGGER") || property.is("DURATION"));
    let value = match duration {
        Some(span) => Cow::Owned((span.days * 86_400 + span.seconds).to_string()),
        None if is_text(property) => property.text(),
        None => Cow::Borrowed(property.value.as_str()),
    };
    join([property.name.to_ascii_uppercase().as_bytes(), value.as_bytes(), &join(parameters)])
}

/// Whether a parameter says what holds without it (RFC 5545 3.2.20, 3.8.6.3).
fn is_default(property: &Property, parameter: &Parameter) -> bool {
    let is = |value: &str| parameter.is("VALUE") && property.has("VALUE", value);
    if property.is("TRIGGER") { is("DURATION") } else { is("DATE-TIME") }
}

/// Parts one after the other, each with its length before it, so that no two lists look alike.
fn join<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    let mut bytes = vec![];
    for part in parts {
        bytes.extend_from_slice(&(part.as_ref().len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_ref());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn digest_of(lines: &str) -> Digest {
        let text = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
        digest(&parse("a.ics", text.as_bytes()).0[0].components)
    }

    #[test]
    fn ways_of_writing_do_not_count() {
        let one = digest_of("UID:1\r\nSUMMARY;LANGUAGE=en;X-A=b:a, b\r\nDTSTART:20260301T100000Z");
        for same in [
            "DTSTART:20260301T100000Z\r\nUID:1\r\nSUMMARY;LANGUAGE=en;X-A=b:a, b",
            "uid:1\r\nsummary;language=en;X-a=b:a, b\r\ndtstart:20260301T100000Z",
            "UID:1\r\nSUMMARY;X-A=\"b\";LANGUAGE=en:a\\, b\r\nDTSTART:20260301T1\r\n 00000Z",
            "UID:1\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY;LANGUAGE=en;X-A=b:a, b\r\nDTSTART:20260301T100000Z",
        ] {
            assert_eq!(digest_of(same), one, "{same}");
        }
    }

    #[test]
    fn durations_and_defaults_do_not_count() {
        for (a, b) in [
            ("TRIGGER;VALUE=DURATION:-PT24H", "TRIGGER:-P1D"),
            ("TRIGGER:PT0S", "TRIGGER:-P0D"),
            ("DURATION:PT3600S", "DURATION:PT1H"),
            ("DTSTART;VALUE=DATE-TIME:20260301T100000Z", "DTSTART:20260301T100000Z"),
        ] {
            assert_eq!(digest_of(a), digest_of(b), "{a}");
        }
    }

    #[test]
    fn what_is_said_counts() {
        let all = [
            "UID:1",
            "UID:2",
            "UID:1\r\nSUMMARY:a",
            "UID:1\r\nSUMMARY:A",
            "UID:1\r\nSUMMARY;LANGUAGE=en:a",
            "UID:1\r\nSUMMARY;LANGUAGE=de:a",
            "UID:1\r\nCATEGORIES:a,b",
            "UID:1\r\nCATEGORIES:a\\,b",
            "UID:1\r\nBEGIN:VALARM\r\nEND:VALARM",
            "UID:1\r\nTRIGGER;VALUE=DATE-TIME:20260301T100000Z",
            "UID:1\r\nTRIGGER:20260301T100000Z",
            "UID:1\r\nTRIGGER:-PT1H",
            "UID:1\r\nTRIGGER;RELATED=END:-PT1H",
            "UID:1\r\nDTSTART;VALUE=DATE:20260301",
            "UID:1\r\nDTSTART:20260301",
            "UID:1\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nEND:VALARM",
            "UID:1\r\nACTION:AUDIO\r\nBEGIN:VALARM\r\nEND:VALARM",
        ];
        let digests: std::collections::BTreeSet<_> = all.iter().map(|lines| digest_of(lines)).collect();
        assert_eq!(digests.len(), all.len());
    }
}
