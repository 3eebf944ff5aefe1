//! From a line of any version to the one form of [`Property`]. What is undone here is done again by the writer:
//! the two change together.

use crate::dates;
use crate::media::{self, Inline, clean, holds_media};
use crate::property::{Parameter, Property};
use crate::text::{Kind, escape, split, unescape};
use std::collections::{BTreeMap, BTreeSet};

/// Makes a decoded line canonical. A canonical property stays as it is.
pub(crate) fn canonical(mut property: Property) -> Property {
    property.name.make_ascii_uppercase();
    if let Some((name, _)) = RENAMED.iter().chain([&ONCE]).find(|(_, in_3)| *in_3 == property.name) {
        property.name = (*name).to_owned();
    }
    parameters(&mut property);
    if is_encoded(&property) {
        property.value.retain(|character| !character.is_whitespace());
    }
    if media_in_card(&mut property) {
        return property;
    }
    text_in_base64(&mut property);
    match property.name.as_str() {
        "TEL" => telephone(&mut property),
        "GEO" => position(&mut property),
        "GENDER" => gender(&mut property),
        _ => {}
    }
    let kind = kind(&mut property);
    property.value = match kind {
        Kind::Date => date(&mut property),
        kind => kind.canonical(&property.value),
    };
    property
}

/// Properties of 4.0 that 3.0 knows by another name.
pub(crate) const RENAMED: [(&str, &str); 10] = [
    ("ANNIVERSARY", "X-ANNIVERSARY"),
    ("BIRTHPLACE", "X-BIRTHPLACE"),
    ("CLIENTPIDMAP", "X-CLIENTPIDMAP"),
    ("DEATHDATE", "X-DEATHDATE"),
    ("GENDER", "X-GENDER"),
    ("KIND", "X-ADDRESSBOOKSERVER-KIND"),
    ("LANG", "X-LANG"),
    ("MEMBER", "X-ADDRESSBOOKSERVER-MEMBER"),
    ("RELATED", "X-RELATED"),
    ("XML", "X-XML"),
];

/// What 4.0 may have in several languages or scripts and 3.0 only once: the second and the next get this name.
pub(crate) const ONCE: (&str, &str) = ("N", "X-N");

/// Parameters of 4.0 (and RFC 9554) that 3.0 knows only with an `X-` before them.
pub(crate) const PARAMETERS_OF_4: [&str; 22] = [
    "ALTID",
    "AUTHOR",
    "AUTHOR-NAME",
    "CALSCALE",
    "CC",
    "CREATED",
    "DERIVED",
    "GEO",
    "INDEX",
    "JSCOMPS",
    "LABEL",
    "LEVEL",
    "MEDIATYPE",
    "PHONETIC",
    "PID",
    "PREF",
    "PROP-ID",
    "SCRIPT",
    "SERVICE-TYPE",
    "SORT-AS",
    "TZ",
    "USERNAME",
];

/// The year that stands for none (as Apple writes partial dates into 3.0).
pub(crate) const NO_YEAR: &str = "1604";

/// The parameter that says so.
pub(crate) const OMIT_YEAR: &str = "X-APPLE-OMIT-YEAR";

fn parameters(property: &mut Property) {
    let mut types = Vec::new();
    let mut kept: Vec<Parameter> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for mut parameter in std::mem::take(&mut property.parameters) {
        parameter.name.make_ascii_uppercase();
        if let Some(name) = parameter.name.strip_prefix("X-").filter(|name| PARAMETERS_OF_4.contains(name)) {
            parameter.name = name.to_owned();
        }
        for value in &mut parameter.values {
            *value = value.replace("\r\n", "\n").replace('\r', "\n");
        }
        match parameter.name.as_str() {
            "TYPE" => {
                types.extend(parameter.values.iter().flat_map(|value| value.split(',')).map(type_value));
            }
            name => match known.get(name) {
                Some(_) if name == "VALUE" => {}
                Some(&at) => kept[at].values.append(&mut parameter.values),
                None => {
                    known.insert(name.to_owned(), kept.len());
                    kept.push(if name == "VALUE" { value_type(parameter) } else { parameter });
                }
            },
        }
    }
    if let Some(at) = types.iter().position(|value| value == "pref") {
        types.remove(at);
        types.retain(|value| value != "pref");
        if !known.contains_key("PREF") {
            kept.push(Parameter { name: "PREF".into(), values: vec!["1".into()] });
        }
    }
    property.parameters = kept;
    set_types(property, types);
}

/// `TYPE` comes first, without doubles and empties.
fn set_types(property: &mut Property, types: Vec<String>) {
    property.parameters.retain(|parameter| parameter.name != "TYPE");
    let mut seen = BTreeSet::new();
    let values: Vec<String> =
        types.into_iter().filter(|value| !value.is_empty() && seen.insert(value.clone())).collect();
    if !values.is_empty() {
        property.parameters.insert(0, Parameter { name: "TYPE".into(), values });
    }
}

fn type_value(value: &str) -> String {
    value.trim().to_ascii_lowercase()
}

fn value_type(parameter: Parameter) -> Parameter {
    let value = parameter.values.first().map(|value| value.to_ascii_lowercase()).unwrap_or_default();
    let value = if value == "url" { "uri".to_owned() } else { value };
    Parameter { values: vec![value], ..parameter }
}

/// Inline data become a `data:` URI with the media type in it; `true` when it was that.
fn media_in_card(property: &mut Property) -> bool {
    if !holds_media(&property.name) {
        return false;
    }
    let inline = if is_encoded(property) {
        clean(&property.value).map(|base64| Inline { media_type: String::new(), base64 })
    } else {
        Inline::from_uri(&unescape(&property.value))
    };
    let Some(mut inline) = inline else { return false };
    let mut types = property.types().to_vec();
    if inline.media_type.is_empty() {
        let mut found = types
            .iter()
            .enumerate()
            .filter_map(|(at, value)| Some((at, media::media_type_of(&property.name, value)?)));
        if let Some((at, media_type)) = found.next() {
            types.remove(at);
            inline.media_type = media_type;
        }
    }
    types.retain(|value| media::media_type_of(&property.name, value).as_ref() != Some(&inline.media_type));
    property.parameters.retain(|parameter| !matches!(parameter.name.as_str(), "ENCODING" | "VALUE"));
    set_types(property, types);
    property.value = inline.to_uri();
    true
}

/// Text that came as base64 is text; other data stay encoded.
fn text_in_base64(property: &mut Property) {
    if !is_encoded(property) || Kind::of(&property.name) == Kind::Raw {
        return;
    }
    if let Some(text) = media::text(&property.value) {
        property.parameters.retain(|parameter| parameter.name != "ENCODING");
        property.value = Kind::Raw.canonical(&text);
    }
}

/// `tel:` URIs (RFC 3966) and plain numbers are one thing.
fn telephone(property: &mut Property) {
    let text = unescape(&property.value);
    let number = text.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("tel:")).map(|_| &text[4..]);
    match (property.first("VALUE"), number) {
        (Some("uri"), Some(number)) => {
            property.value = escape(number);
            forget_value(property);
        }
        (Some("text" | "phone-number"), _) => forget_value(property),
        _ => {}
    }
}

/// 3.0 has `37.386013;-122.082932`, 4.0 a `geo:` URI.
fn position(property: &mut Property) {
    let text = unescape(&property.value);
    if let Some((latitude, longitude)) = text.split_once(';')
        && [latitude, longitude].iter().all(|number| number.trim().parse::<f64>().is_ok())
    {
        property.value = format!("geo:{},{}", latitude.trim(), longitude.trim());
    }
}

/// A word where RFC 6350 section 6.2.7 has a letter.
fn gender(property: &mut Property) {
    let letter = match property.value.to_ascii_lowercase().as_str() {
        "male" => "M",
        "female" => "F",
        _ => return,
    };
    property.value = letter.to_owned();
}

/// The kind by name and `VALUE`; a `VALUE` that only repeats the default is dropped.
fn kind(property: &mut Property) -> Kind {
    let encoded = property.parameter("ENCODING").is_some();
    let by_name = Kind::of(&property.name);
    match (by_name, property.first("VALUE")) {
        _ if encoded => {
            property.value.retain(|character| !character.is_whitespace());
            Kind::Raw
        }
        (Kind::Uri, Some("uri")) | (Kind::Text | Kind::List, Some("text")) => {
            forget_value(property);
            by_name
        }
        (Kind::Uri, Some("text")) => Kind::Text,
        (Kind::Text, Some("uri")) => Kind::Uri,
        (Kind::Date, Some("text" | "date" | "date-time" | "date-and-or-time")) => {
            forget_value(property);
            Kind::Date
        }
        (Kind::Date, Some(_)) => Kind::Raw,
        _ => by_name,
    }
}

fn date(property: &mut Property) -> String {
    let text = unescape(&property.value);
    let Some(date) = dates::canonical(&text) else { return escape(&text) };
    let omitted = property.first(OMIT_YEAR).is_some_and(|year| date.starts_with(year) && year.len() == 4);
    property.parameters.retain(|parameter| parameter.name != OMIT_YEAR);
    if omitted && date.len() == 8 { format!("--{}", &date[4..]) } else { date }
}

fn is_encoded(property: &Property) -> bool {
    property.first("ENCODING").is_some_and(|encoding| encoding.eq_ignore_ascii_case("b"))
}

fn forget_value(property: &mut Property) {
    property.parameters.retain(|parameter| parameter.name != "VALUE");
}

/// Whether a canonical `N` names anybody, and the name in reading order.
pub(crate) fn spoken_name(name: &str) -> String {
    let parts: Vec<String> = split(name, ';').into_iter().map(unescape).collect();
    let part = |at: usize| parts.get(at).map_or("", |part| part.trim());
    let spoken = [part(3), part(1), part(2), part(0), part(4)];
    spoken.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
