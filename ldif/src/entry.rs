//! Entries: a distinguished name and attribute values, in file order, with nothing thrown away.

use std::fmt;
use std::str::FromStr;

/// An attribute description: a name or OID and its options, as written (RFC 2849 `AttributeDescription`, RFC 4512 2.5).
///
/// Equality is exact; [`folded`](Self::folded) is the form to compare by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Description(String);

impl Description {
    /// The whole description as written, such as `cn;lang-de`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name or OID without options.
    pub fn name(&self) -> &str {
        self.0.split(';').next().unwrap_or_default()
    }

    /// The options, such as `lang-de`, as written.
    pub fn options(&self) -> impl Iterator<Item = &str> {
        self.0.split(';').skip(1)
    }

    /// The form in which two equal descriptions are equal: lower case, options sorted and each once.
    pub fn folded(&self) -> String {
        let lower = self.0.to_ascii_lowercase();
        let Some((name, options)) = lower.split_once(';') else { return lower };
        let mut options: Vec<&str> = options.split(';').collect();
        options.sort_unstable();
        options.dedup();
        format!("{name};{}", options.join(";"))
    }

    /// Whether both mean the same attribute with the same options.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0) || self.folded() == other.folded()
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no attribute description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an attribute description: {0:?}")]
pub struct BadDescription(pub String);

impl FromStr for Description {
    type Err = BadDescription;

    /// Takes RFC 2849's letters, digits, `-`, `.` and `;`, and what real servers write besides: `_` and, in options, `=`.
    fn from_str(text: &str) -> Result<Self, BadDescription> {
        let mut parts = text.split(';');
        let name = parts.next().unwrap_or_default();
        let named = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(is_name_byte);
        let optioned =
            parts.all(|part| !part.is_empty() && part.bytes().all(|b| is_name_byte(b) || b == b'='));
        if named && optioned { Ok(Self(text.to_owned())) } else { Err(BadDescription(text.to_owned())) }
    }
}

/// One value of one attribute. `Debug` does not show secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Which attribute.
    pub description: Description,
    /// Its value, decoded.
    pub value: Vec<u8>,
}

impl Attribute {
    /// A value of the attribute described.
    pub fn new(description: Description, value: impl Into<Vec<u8>>) -> Self {
        Self { description, value: value.into() }
    }

    /// Whether it is the attribute `name`, whatever its case and options.
    pub fn is(&self, name: &str) -> bool {
        self.description.name().eq_ignore_ascii_case(name)
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.description, shown(&self.description, &self.value))
    }
}

/// An entry of a directory: one attribute value after another, order and duplicates kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The distinguished name as written.
    pub dn: String,
    /// The values in file order.
    pub attributes: Vec<Attribute>,
}

impl Entry {
    /// An entry with no values yet.
    pub fn new(dn: impl Into<String>) -> Self {
        Self { dn: dn.into(), attributes: Vec::new() }
    }

    /// The first value of an attribute, whatever the name's case and options.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.attributes
            .iter()
            .find(|attribute| attribute.is(name))
            .map(|attribute| attribute.value.as_slice())
    }

    /// All values of an attribute in file order, whatever the name's case and options.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.attributes
            .iter()
            .filter(move |attribute| attribute.is(name))
            .map(|attribute| attribute.value.as_slice())
    }

    /// Adds a value at the end.
    ///
    /// # Errors
    /// When `description` is no attribute description.
    pub fn push(&mut self, description: &str, value: impl Into<Vec<u8>>) -> Result<(), BadDescription> {
        self.attributes.push(Attribute::new(description.parse()?, value));
        Ok(())
    }

    /// Whether one of its object classes is `name`.
    pub fn is_a(&self, name: &str) -> bool {
        self.values("objectClass").any(|class| class.eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// A value for people who debug: text where it is text, and nothing of a secret.
pub(crate) fn shown(description: &Description, value: &[u8]) -> String {
    if is_secret(description.name()) {
        return HIDDEN.to_owned();
    }
    format!("{:?}", String::from_utf8_lossy(value))
}

/// Rather too many than too few: a vendor's new attribute should not have to be known here.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word)) || SECRET_NAMES.contains(&name.as_str())
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// What is shown instead of a secret.
pub(crate) const HIDDEN: &str = "***";

/// Attributes that let somebody in and do not say so; the number is that of userPassword (RFC 4519 2.41).
const SECRET_NAMES: [&str; 4] = ["2.5.4.35", "krbprincipalkey", "userpkcs12", "zimbrapreauthkey"];

/// In the names of attributes that let somebody in, in lower case.
const SECRET_WORDS: [&str; 5] = ["password", "privatekey", "pwd", "secret", "token"];
