//! The tree that a file is read into: components, properties, parameters, as they were written.

use std::borrow::Cow;

use crate::place::Place;

/// A parameter of a property (RFC 5545 3.2), its value as it was written, quotes and all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parameter {
    /// The name as it was written.
    pub name: String,
    /// What stands after the `=`; `None` for a bare word, as vCalendar 1.0 has them.
    pub value: Option<String>,
}

impl Parameter {
    /// A parameter whose value is put in quotes if it needs them (RFC 5545 3.2, RFC 6868).
    pub fn new(name: impl Into<String>, value: &str) -> Parameter {
        let mut text = value.replace('^', "^^").replace('\n', "^n").replace('"', "^'");
        if text.contains([':', ';', ',']) {
            text = format!("\"{text}\"");
        }
        Parameter { name: name.into(), value: Some(text) }
    }

    /// Whether it has this name, whatever the case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The values it holds, without their quotes and with the escapes of RFC 6868 resolved.
    pub fn values(&self) -> Vec<String> {
        let mut values = vec![];
        let mut rest = self.value.as_deref();
        while let Some(text) = rest {
            let (value, after) = split_value(text);
            values.push(unescape_parameter(value));
            rest = after;
        }
        values
    }
}

/// A property (RFC 5545 3.1), its value as it was written but for the folding.
///
/// Two properties are equal when they say the same in the same words; where they stand does not matter.
#[derive(Clone, Debug)]
pub struct Property {
    /// The name as it was written.
    pub name: String,
    /// The parameters in their order.
    pub parameters: Vec<Parameter>,
    /// The value as it was written.
    pub value: String,
    /// The line it begins in, from 1; 0 for one that was made here.
    pub line: u64,
}

impl Property {
    /// A property without parameters; the value is taken as it is.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Property {
        Property { name: name.into(), parameters: vec![], value: value.into(), line: 0 }
    }

    /// The same with one more parameter.
    pub fn with(mut self, parameter: Parameter) -> Property {
        self.parameters.push(parameter);
        self
    }

    /// Whether it has this name, whatever the case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The first value of the first parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters.iter().find(|parameter| parameter.is(name))?.values().into_iter().next()
    }

    /// Whether a parameter of this name has this value, whatever the case.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.parameter(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    /// The value as TEXT, its escapes resolved (RFC 5545 3.3.11). An unknown escape stays as it is.
    pub fn text(&self) -> Cow<'_, str> {
        unescape_text(&self.value)
    }

    /// The values of a list of TEXT, such as CATEGORIES (RFC 5545 3.1.2); empty ones are left out.
    pub fn texts(&self) -> Vec<String> {
        let (mut texts, mut start, mut escaped) = (vec![], 0, false);
        for (at, byte) in self.value.bytes().chain([b',']).enumerate() {
            if byte == b',' && (!escaped || at == self.value.len()) {
                texts.push(unescape_text(self.value[start..at].trim()).into_owned());
                start = at + 1;
            }
            escaped = byte == b'\\' && !escaped;
        }
        texts.retain(|text| !text.is_empty());
        texts
    }
}

impl PartialEq for Property {
    fn eq(&self, other: &Property) -> bool {
        self.name == other.name && self.parameters == other.parameters && self.value == other.value
    }
}

impl Eq for Property {}

/// A component (RFC 5545 3.6): its properties and its components, each in their order.
///
/// Two components are equal when they hold the same; where they stand does not matter.
#[derive(Clone, Debug)]
pub struct Component {
    /// The name as it was written.
    pub name: String,
    /// The properties in their order.
    pub properties: Vec<Property>,
    /// The components inside, in their order.
    pub components: Vec<Component>,
    /// Where its `BEGIN` stands.
    pub place: Place,
}

impl Component {
    /// An empty component.
    pub fn new(name: impl Into<String>) -> Component {
        Component { name: name.into(), properties: vec![], components: vec![], place: Place::default() }
    }

    /// Whether it has this name, whatever the case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The first property of this name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.is(name))
    }

    /// All properties of this name, in their order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |property| property.is(name))
    }

    /// The value of the first property of this name, as TEXT; `None` also when it is empty.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.property(name).map(Property::text).filter(|text| !text.trim().is_empty())
    }

    /// The UID, if there is one that is not empty (RFC 5545 3.8.4.7).
    pub fn uid(&self) -> Option<String> {
        self.text("UID").map(|uid| uid.trim().to_owned())
    }
}

impl PartialEq for Component {
    fn eq(&self, other: &Component) -> bool {
        self.name == other.name && self.properties == other.properties && self.components == other.components
    }
}

impl Eq for Component {}

/// Whether a property holds one free text, and no list of them (RFC 5545 3.8.1).
pub(crate) fn is_text(property: &Property) -> bool {
    TEXTS.iter().any(|name| property.is(name))
}

/// Writes text so that it can stand as a TEXT value (RFC 5545 3.3.11).
pub fn escape_text(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => value.extend(['\\', c]),
            '\n' => value.push_str("\\n"),
            '\r' => {}
            _ => value.push(c),
        }
    }
    value
}

fn unescape_text(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some('n' | 'N')) => text.push('\n'),
            ('\\', Some(escaped @ ('\\' | ';' | ',' | ':' | '"'))) => text.push(escaped),
            _ => {
                text.push(c);
                continue;
            }
        }
        chars.next();
    }
    Cow::Owned(text)
}

/// The first value of a list of parameter values, without its quotes, and what follows its comma.
fn split_value(text: &str) -> (&str, Option<&str>) {
    let quoted = text.strip_prefix('"').and_then(|text| text.split_once('"'));
    if let Some((value, rest)) = quoted {
        return (value, rest.split_once(',').map(|(_, after)| after));
    }
    match text.split_once(',') {
        Some((value, after)) => (value, Some(after)),
        None => (text, None),
    }
}

fn unescape_parameter(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('^', Some('n')) => text.push('\n'),
            ('^', Some('^')) => text.push('^'),
            ('^', Some('\'')) => text.push('"'),
            _ => {
                text.push(c);
                continue;
            }
        }
        chars.next();
    }
    text
}

const TEXTS: [&str; 6] = ["COMMENT", "CONTACT", "DESCRIPTION", "LOCATION", "SUMMARY", "X-ALT-DESC"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_values_are_read_and_written() {
        for (value, text) in [
            ("plain", "plain"),
            (r"a\, b\; c\\d\ne\Nf", "a, b; c\\d\ne\nf"),
            (r"trailing\", "trailing\\"),
            (r"unknown \x stays", r"unknown \x stays"),
            (r"\\n is no line end", "\\n is no line end"),
        ] {
            assert_eq!(Property::new("SUMMARY", value).text(), text);
            assert_eq!(Property::new("SUMMARY", escape_text(text)).text(), text, "{value}");
        }
    }

    #[test]
    fn lists_of_text_are_read() {
        for (value, texts) in [
            ("a,b", vec!["a", "b"]),
            (r"a\, b, c\\,d", vec!["a, b", "c\\", "d"]),
            ("", vec![]),
            (r"a,,\", vec!["a", "\\"]),
        ] {
            assert_eq!(Property::new("CATEGORIES", value).texts(), texts, "{value}");
        }
    }

    #[test]
    fn parameter_values_are_read() {
        for (written, values) in [
            ("plain", vec!["plain"]),
            ("\"a:b;c,d\"", vec!["a:b;c,d"]),
            ("a,\"b,c\",d", vec!["a", "b,c", "d"]),
            ("George ^'Babe^' Ruth^nx^^y^z", vec!["George \"Babe\" Ruth\nx^y^z"]),
            ("", vec![""]),
            (",", vec!["", ""]),
            ("\"open", vec!["\"open"]),
        ] {
            let parameter = Parameter { name: "X".into(), value: Some(written.into()) };
            assert_eq!(parameter.values(), values, "{written}");
        }
        assert!(Parameter { name: "X".into(), value: None }.values().is_empty());
        assert_eq!(Parameter::new("CN", "a \"b\": c").values(), ["a \"b\": c"]);
    }
}
