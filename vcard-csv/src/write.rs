//! Cards as bytes: 3.0 (RFC 2426) and 4.0 (RFC 6350). Nothing is lost on the way to 3.0: what it has no word for
//! gets an `X-` name, which the reader takes off again, and a note. The reading side is [`crate::canon`].

use crate::canon::{NO_YEAR, OMIT_YEAR, ONCE, PARAMETERS_OF_4, RENAMED};
use crate::contact::Contact;
use crate::dates;
use crate::media::{Inline, holds_media};
use crate::place::Finding;
use crate::property::{Parameter, Property};
use crate::text::{Kind, escape_uri, is_mark, unescape};
use std::collections::BTreeSet;

/// Which vCard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// RFC 2426, what address-book servers take by default.
    V3,
    /// RFC 6350.
    V4,
}

impl Contact {
    /// The card: CRLF, folded at 75 octets, in the order of the properties, with the UID after the version. The
    /// same contact always gives the same bytes. A finding names what the version has no word for.
    pub fn to_vcard(&self, version: Version) -> (Vec<u8>, Vec<Finding>) {
        let mut card = Card { version, bytes: Vec::new(), notes: BTreeSet::new(), named: false };
        card.line("BEGIN:VCARD");
        card.line(match version {
            Version::V3 => "VERSION:3.0",
            Version::V4 => "VERSION:4.0",
        });
        card.line(&format!("UID:{}", escape_uri(self.uid())));
        for property in self.properties() {
            card.property(property.clone());
        }
        card.line("END:VCARD");
        let name = self.display_name();
        let finding = |reason| Finding::note(self.place().clone(), name.clone(), reason);
        (card.bytes, card.notes.into_iter().map(finding).collect())
    }
}

struct Card {
    version: Version,
    bytes: Vec<u8>,
    notes: BTreeSet<String>,
    /// Whether there was an `N`.
    named: bool,
}

impl Card {
    fn property(&mut self, mut property: Property) {
        // What is encoded in a way nobody could undo stays as it is.
        let encoded = property.first("ENCODING").is_some();
        if matches!(Kind::of(&property.name), Kind::Date) && !encoded {
            self.date(&mut property);
        }
        if matches!(self.version, Version::V3) {
            if !encoded {
                self.value_of_3(&mut property);
            }
            self.name_of_3(&mut property);
            self.parameters_of_3(&mut property);
        }
        let line = render(&property);
        self.line(&line);
    }

    fn date(&mut self, property: &mut Property) {
        if property.first("VALUE").is_some() {
            return;
        }
        let text = property.text();
        let is_date = dates::canonical(&text).is_some();
        if !is_date {
            set(property, "VALUE", "text");
        }
        if !is_date || matches!(self.version, Version::V4) {
            return;
        }
        if let Some(extended) = dates::extended(&text) {
            property.value = extended;
        } else if let Some(day) =
            text.strip_prefix("--").filter(|day| day.len() == 4 && !day.starts_with('-'))
        {
            self.note(format!("{} without a year: 3.0 gets {NO_YEAR} and {OMIT_YEAR}", property.name));
            property.value = format!("{NO_YEAR}-{}-{}", &day[..2], &day[2..]);
            set(property, OMIT_YEAR, NO_YEAR);
        } else {
            self.note(format!("{} is a date in part: 3.0 gets it as text", property.name));
            set(property, "VALUE", "text");
        }
    }

    fn value_of_3(&mut self, property: &mut Property) {
        let name = property.name.as_str();
        match name {
            "GENDER" if property.value == "M" => property.value = "male".into(),
            "GENDER" if property.value == "F" => property.value = "female".into(),
            "GEO" => match plain_position(&property.value) {
                Some(pair) => property.value = pair,
                None if property.first("VALUE").is_none() => set(property, "VALUE", "uri"),
                None => {}
            },
            _ if holds_media(name) => media_of_3(property),
            _ => {}
        }
    }

    fn name_of_3(&mut self, property: &mut Property) {
        let again = property.name == ONCE.0 && std::mem::replace(&mut self.named, true);
        let renamed = RENAMED.iter().find(|(name, _)| *name == property.name).or(again.then_some(&ONCE));
        if let Some((name, in_3)) = renamed {
            let why = if again { "only once in 3.0: another is" } else { "not in 3.0:" };
            self.note(format!("{name} is {why} written as {in_3}"));
            property.name = (*in_3).to_owned();
        }
    }

    fn parameters_of_3(&mut self, property: &mut Property) {
        if property.parameter("PREF").is_some_and(|values| values == ["1"]) {
            property.parameters.retain(|parameter| parameter.name != "PREF");
            match property.parameters.iter_mut().find(|parameter| parameter.name == "TYPE") {
                Some(types) => types.values.push("pref".into()),
                None => set(property, "TYPE", "pref"),
            }
        }
        for parameter in &mut property.parameters {
            if PARAMETERS_OF_4.contains(&parameter.name.as_str()) {
                self.notes.insert(format!(
                    "parameter {name} is not in 3.0: written as X-{name}",
                    name = parameter.name
                ));
                parameter.name.insert_str(0, "X-");
            }
        }
    }

    fn note(&mut self, reason: String) {
        self.notes.insert(reason);
    }

    /// Folds at 75 octets (RFC 6350 section 3.2), never within a character.
    fn line(&mut self, line: &str) {
        let (head, mut rest) = line.split_at(line.floor_char_boundary(FOLD));
        self.bytes.extend_from_slice(head.as_bytes());
        while !rest.is_empty() {
            let piece = &rest[..rest.floor_char_boundary(FOLD - 1)];
            // Tolerant readers, ours among them, take an indented mark for one.
            let cut = if ["BEGIN", "END"].iter().any(|mark| is_mark(piece.as_bytes(), mark)) {
                1 + piece.find(':').unwrap_or(0)
            } else {
                piece.len()
            };
            let (head, tail) = rest.split_at(cut);
            self.bytes.extend_from_slice(b"\r\n ");
            self.bytes.extend_from_slice(head.as_bytes());
            rest = tail;
        }
        self.bytes.extend_from_slice(b"\r\n");
    }
}

fn media_of_3(property: &mut Property) {
    let Some(inline) = Inline::from_uri(&property.value) else {
        if property.first("VALUE").is_none() {
            set(property, "VALUE", "uri");
        }
        return;
    };
    if let Some(format) = inline.to_type(&property.name) {
        match property.parameters.iter_mut().find(|parameter| parameter.name == "TYPE") {
            Some(types) => types.values.insert(0, format),
            None => property.parameters.insert(0, Parameter { name: "TYPE".into(), values: vec![format] }),
        }
    }
    property.parameters.insert(0, Parameter { name: "ENCODING".into(), values: vec!["b".into()] });
    property.value = inline.base64;
}

fn plain_position(uri: &str) -> Option<String> {
    let uri = unescape(uri);
    let (latitude, longitude) = uri.strip_prefix("geo:")?.split_once(',')?;
    let numbers = [latitude, longitude].iter().all(|number| number.parse::<f64>().is_ok());
    numbers.then(|| format!("{latitude};{longitude}"))
}

fn set(property: &mut Property, parameter: &str, value: &str) {
    property.parameters.retain(|other| other.name != parameter);
    property.parameters.push(Parameter { name: parameter.to_owned(), values: vec![value.to_owned()] });
}

/// `contentline = [group "."] name *(";" param) ":" value`
fn render(property: &Property) -> String {
    let mut line = String::new();
    if let Some(group) = &property.group {
        line.push_str(group);
        line.push('.');
    }
    // As every client spells it; names have no case.
    line.push_str(if property.name == "X-ABLABEL" { "X-ABLabel" } else { &property.name });
    for parameter in &property.parameters {
        line.push(';');
        line.push_str(&parameter.name);
        line.push('=');
        let values: Vec<String> = parameter.values.iter().map(|value| parameter_value(value)).collect();
        line.push_str(&values.join(","));
    }
    line.push(':');
    line.push_str(&property.value);
    line
}

/// Quoted where it must be; quotes, line ends and carets by RFC 6868.
fn parameter_value(value: &str) -> String {
    let escaped = value.replace('^', "^^").replace('"', "^'").replace('\n', "^n");
    if escaped.contains([',', ';', ':']) { format!("\"{escaped}\"") } else { escaped }
}

/// Octets of a physical line without its end.
const FOLD: usize = 75;
