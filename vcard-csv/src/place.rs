//! Where something was read, and what was found there.

use std::fmt;
use std::sync::Arc;

/// A place in an input file: a vCard's or a row's first line, and the cell where one is meant.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The file as the caller named it.
    pub file: Arc<str>,
    /// Line of the row or card, from 1; 0 when the whole file is meant.
    pub line: u64,
    /// Data row of a CSV file, from 1.
    pub row: Option<u64>,
    /// Header of the CSV column.
    pub column: Option<String>,
}

impl Place {
    /// The file as a whole.
    pub fn file(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), ..Self::default() }
    }

    /// The same place, at another line.
    pub fn at_line(&self, line: u64) -> Self {
        Self { line, ..self.clone() }
    }

    /// The same row, in a column.
    pub fn in_column(&self, header: &str) -> Self {
        Self { column: Some(header.to_owned()), ..self.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        match (self.row, &self.column) {
            (Some(row), Some(column)) => write!(f, " (row {row}, column {column})"),
            (Some(row), None) => write!(f, " (row {row})"),
            (None, Some(column)) => write!(f, " (column {column})"),
            (None, None) => Ok(()),
        }
    }
}

/// How much a [`Finding`] matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The contact is not carried over.
    Failure,
    /// The contact is carried over, but something about it has to be said.
    Note,
}

/// Something a person should know about one contact, column or file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Whether a contact was lost.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// The contact's name, as far as it is known; empty when a file or column is meant.
    pub item: String,
    /// A sentence for people.
    pub reason: String,
}

impl Finding {
    /// A contact that is not carried over.
    pub fn failure(place: Place, item: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { severity: Severity::Failure, place, item: item.into(), reason: reason.into() }
    }

    /// Something to be said about what is carried over.
    pub fn note(place: Place, item: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { severity: Severity::Note, place, item: item.into(), reason: reason.into() }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failure => "failure",
            Self::Note => "note",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, place, item, reason } = self;
        if item.is_empty() {
            write!(f, "{severity} {place}: {reason}")
        } else {
            write!(f, "{severity} {place}: {item}: {reason}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_as_people_write_it() {
        let place = Place { file: "anna.csv".into(), line: 7, row: Some(3), column: Some("Birthday".into()) };
        assert_eq!(place.to_string(), "anna.csv:7 (row 3, column Birthday)");
        assert_eq!(Place { file: "a.vcf".into(), line: 9, ..Place::default() }.to_string(), "a.vcf:9");
        assert_eq!(Place::file(&"a.csv".into()).in_column("X").to_string(), "a.csv (column X)");
    }
}
