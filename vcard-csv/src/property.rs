//! One line of a card (RFC 6350 section 3.3), in one form for all versions.

use crate::text::{Kind, escape, escape_uri, split, unescape};
use serde::Serialize;

/// A parameter: `TYPE=home,work`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Parameter {
    /// Upper case.
    pub name: String,
    /// Decoded values, in order.
    pub values: Vec<String>,
}

/// A property. Its value is kept escaped, as RFC 6350 section 3.4 has it; what version a file spoke is no longer
/// to be seen: `TYPE=pref` is `PREF=1`, inline data are `data:` URIs, dates are in the basic format.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Property {
    /// The group before the dot, as in `item1.TEL`.
    pub group: Option<String>,
    /// Upper case.
    pub name: String,
    /// In order.
    pub parameters: Vec<Parameter>,
    /// Escaped.
    pub value: String,
}

impl Property {
    /// A property of a text, escaped as the property demands.
    pub fn new(name: &str, text: &str) -> Self {
        let value = match Kind::of(name) {
            Kind::Uri => escape_uri(text),
            _ => escape(text),
        };
        Self { group: None, name: name.to_owned(), parameters: Vec::new(), value }
    }

    /// A property of components, as `N` or `ADR` have them; each is one text.
    pub fn of_components(name: &str, components: &[&str]) -> Self {
        let escaped: Vec<String> = components.iter().map(|text| escape(text)).collect();
        let value = Kind::of(name).canonical(&escaped.join(";"));
        Self { group: None, name: name.to_owned(), parameters: Vec::new(), value }
    }

    /// A property of a list of texts, as `CATEGORIES` has it.
    pub fn of_list(name: &str, texts: &[String]) -> Self {
        let escaped: Vec<String> = texts.iter().map(|text| escape(text)).collect();
        Self { group: None, name: name.to_owned(), parameters: Vec::new(), value: escaped.join(",") }
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn with(mut self, parameter: &str, values: &[&str]) -> Self {
        if !values.is_empty() {
            let values = values.iter().map(|&value| value.to_owned()).collect();
            self.parameters.push(Parameter { name: parameter.to_owned(), values });
        }
        self
    }

    /// The same in a group.
    #[must_use]
    pub fn in_group(mut self, group: &str) -> Self {
        self.group = Some(group.to_owned());
        self
    }

    /// The value as text.
    pub fn text(&self) -> String {
        unescape(&self.value)
    }

    /// The value as semicolon-separated components, a comma within one kept as text.
    pub fn components(&self) -> Vec<String> {
        split(&self.value, ';')
            .into_iter()
            .map(|part| split(part, ',').into_iter().map(unescape))
            .map(join)
            .collect()
    }

    /// The value as comma-separated texts.
    pub fn list(&self) -> Vec<String> {
        split(&self.value, ',').into_iter().map(unescape).filter(|text| !text.is_empty()).collect()
    }

    /// The values of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&[String]> {
        self.parameters.iter().find(|parameter| parameter.name == name).map(|parameter| &*parameter.values)
    }

    /// The first value of a parameter.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.parameter(name)?.first().map(String::as_str)
    }

    /// The values of `TYPE`, in lower case.
    pub fn types(&self) -> &[String] {
        self.parameter("TYPE").unwrap_or_default()
    }

    /// Whether there is anything in the value.
    pub fn is_blank(&self) -> bool {
        self.value.chars().all(|character| matches!(character, ';' | ',') || character.is_whitespace())
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}
