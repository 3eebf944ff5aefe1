//! Mail addresses: `local@domain`, checked once, at the border.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A mail address. The domain is lower case; the local part keeps its case but does not compare by it.
#[derive(Clone)]
pub struct Address {
    text: String,
    at: usize,
    /// The form to compare by, when it is not the text itself.
    folded: Option<String>,
}

impl Address {
    /// The part before the `@`, as written.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The part after the `@`, in lower case.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form that is equal for equal addresses: lower case throughout.
    pub fn folded(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.text)
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    /// Takes a dot-atom (with non-ASCII letters, RFC 6531) before the `@` and a domain of labels after it.
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress(text.to_owned());
        let at = text.rfind('@').ok_or_else(bad)?;
        let (local, domain) = (&text[..at], &text[at + 1..]);
        if is_local(local) && is_domain(domain) {
            let text = format!("{local}@{}", domain.to_lowercase());
            let folded = Some(text.to_lowercase()).filter(|folded| *folded != text);
            Ok(Self { text, at, folded })
        } else {
            Err(bad())
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.text)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By the folded form, so that the order agrees with equality.
impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

/// The text is no mail address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a mail address: {0:?}")]
pub struct BadAddress(pub String);

fn is_local(local: &str) -> bool {
    local.len() <= MAX_LOCAL
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(|c| is_atom(c) || !c.is_ascii()))
        && !local.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// `atext` of RFC 5322 3.2.3.
fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

pub(crate) fn is_domain(domain: &str) -> bool {
    domain.len() <= MAX_DOMAIN && domain.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= MAX_LABEL
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

const MAX_DOMAIN: usize = 255;
const MAX_LABEL: usize = 63;
const MAX_LOCAL: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let table = [
            ("anna@example.com", Some(("anna", "example.com"))),
            ("Anna.B+x@Example.COM", Some(("Anna.B+x", "example.com"))),
            ("\u{e5}sa@b\u{fc}ro.test", Some(("\u{e5}sa", "b\u{fc}ro.test"))),
            ("root@localhost", Some(("root", "localhost"))),
            ("anna", None),
            ("@example.com", None),
            ("anna@", None),
            ("a@b@example.com", None),
            ("a b@example.com", None),
            (".a@example.com", None),
            ("a..b@example.com", None),
            ("a@-example.com", None),
            ("a@example..com", None),
            ("a@exa mple.com", None),
            ("a\n@example.com", None),
            ("a,b@example.com", None),
            ("\u{201c}a\u{201d} @example.com", None),
        ];
        for (text, expected) in table {
            let address = text.parse::<Address>().ok();
            let parts = address.as_ref().map(|address| (address.local(), address.domain()));
            assert_eq!(parts, expected, "{text}");
        }
    }

    #[test]
    fn case_is_kept_and_does_not_count() {
        let (one, other): (Address, Address) =
            ("Anna@example.com".parse().unwrap(), "anna@EXAMPLE.com".parse().unwrap());
        assert_eq!(one, other);
        assert_eq!((one.as_str(), other.as_str()), ("Anna@example.com", "anna@example.com"));
        assert_eq!(one.folded(), "anna@example.com");
    }
}
