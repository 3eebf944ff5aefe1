//! Where something is, what was found there, and the crate's error.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use thiserror::Error as ThisError;

/// A place in an input file.
///
/// Displays as `FILE:LINE` or, once the record's name is known, `FILE:LINE (DN)`; what stands in no file, without a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The file's name as the caller gave it.
    #[serde(serialize_with = "shown")]
    pub file: Arc<str>,
    /// The line, counted from 1; 0 where no line is meant.
    pub line: u64,
    /// The offset of the line's first byte, counted from 0.
    pub byte: u64,
    /// The distinguished name of the record, when it is known.
    pub dn: Option<String>,
}

impl Place {
    /// The file and, where there is one, the line.
    fn spot(&self) -> String {
        if self.line > 0 { format!("{}:{}", self.file, self.line) } else { self.file.to_string() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spot())?;
        match &self.dn {
            Some(dn) => write!(f, " ({dn})"),
            None => Ok(()),
        }
    }
}

/// How much a [`Finding`] weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A record or a value is lost.
    Failure,
    /// Repaired or kept aside; nothing is lost that was asked for.
    Note,
    /// Left out by a documented default, such as system accounts.
    Skip,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failure => "failure",
            Self::Note => "note",
            Self::Skip => "skip",
        })
    }
}

/// Something that people should know about one item of the input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// The address or distinguished name of the item, for people.
    pub item: String,
    /// What is wrong, and what was done about it.
    pub reason: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}: {}", self.place.spot(), self.severity, self.item, self.reason)
    }
}

impl From<Error> for Finding {
    fn from(error: Error) -> Self {
        let item = error.place.dn.clone().unwrap_or_else(|| "record".to_owned());
        Self { severity: Severity::Failure, place: error.place, item, reason: error.fault.to_string() }
    }
}

/// A record that could not be read: where it is and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{place}: {fault}")]
#[non_exhaustive]
pub struct Error {
    /// The line that is at fault.
    pub place: Place,
    /// What is wrong with it.
    pub fault: Box<Fault>,
}

impl Error {
    pub(crate) fn new(place: Place, fault: Fault) -> Self {
        Self { place, fault: Box::new(fault) }
    }
}

/// What can be wrong with a record (RFC 2849). The input is at fault, always.
///
/// It names attributes and keywords and never quotes what they are set to: that may be a password.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Fault {
    /// A value after `::` is not base64.
    #[error("the base64 value of {0} cannot be decoded")]
    Base64(String),
    /// `changetype:` names no known kind of change.
    #[error("unknown changetype; expected add, delete, modify, modrdn or moddn")]
    ChangeType,
    /// A continuation line with no line before it.
    #[error("the line continues a line that is not there")]
    Continuation,
    /// A `control:` line that cannot be read.
    #[error("not a control; expected an OID, then true or false, then a value")]
    Control,
    /// A line in a place where the grammar wants another one.
    #[error("found {found}; expected {expected}")]
    Expected {
        /// What was found.
        found: String,
        /// What the grammar wants there.
        expected: &'static str,
    },
    /// A line without a colon, or with something that is no attribute name before it.
    #[error("not an attribute line: {0:?}; expected NAME: VALUE")]
    Line(String),
    /// The record does not begin with `dn:`.
    #[error("the record begins with {0:?} instead of dn:")]
    NoDn(String),
    /// The record has more bytes than [`Stream`](crate::Stream) keeps.
    #[error("the record is longer than {0} bytes; it is left out")]
    TooLong(usize),
    /// A value given as a URL, which nothing here opens.
    #[error("the value of {name} is at a URL, which is not opened: {reason}")]
    Url {
        /// The attribute's name.
        name: String,
        /// Why it is not opened.
        reason: String,
    },
    /// A `version:` other than 1.
    #[error("unknown LDIF version; expected 1")]
    Version,
}

/// Serialises a value as people see it.
pub(crate) fn shown<S: Serializer>(value: impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_no_file_has_no_line_0() {
        let dn = Some("uid=anna".to_owned());
        let mut place = Place { file: "directory".into(), dn, ..Place::default() };
        let finding = |place: &Place| {
            let (place, item, reason) = (place.clone(), "anna".to_owned(), "why".to_owned());
            Finding { severity: Severity::Note, place, item, reason }.to_string()
        };
        assert_eq!(place.to_string(), "directory (uid=anna)");
        assert_eq!(finding(&place), "directory: note: anna: why");
        place.line = 3;
        assert_eq!(place.to_string(), "directory:3 (uid=anna)");
        assert_eq!(finding(&place), "directory:3: note: anna: why");
    }
}
