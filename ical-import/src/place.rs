//! Where something stands in a file, and what was found there.

use std::fmt;
use std::sync::Arc;

/// Where something stands: file, line, column, and the UID where it is known.
///
/// It is written `FILE:LINE:COLUMN (UID)`; what is not known is left out.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The file, as the caller named it.
    pub file: Arc<str>,
    /// The line, from 1; 0 where no line is meant.
    pub line: u64,
    /// The column in bytes, from 1; 0 where no column is meant.
    pub column: u64,
    /// The UID of the calendar component, once it is known.
    pub uid: Option<String>,
}

impl Place {
    /// The start of a line of a file.
    pub fn line(file: &Arc<str>, line: u64) -> Place {
        Place { file: file.clone(), line, column: 1, uid: None }
    }
}

impl Default for Place {
    fn default() -> Place {
        Place { file: Arc::from(""), line: 0, column: 0, uid: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        match &self.uid {
            Some(uid) => write!(f, " ({uid})"),
            None => Ok(()),
        }
    }
}

/// How much a [`Finding`] matters.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Something is not carried over.
    Failure,
    /// Something was repaired, or is worth knowing.
    Note,
}

/// One thing worth telling about a file: a repair, or an item that cannot be carried.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Whether an item was lost or only repaired.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// Which item, for people: its summary, its UID, or nothing when the file as a whole is meant.
    pub item: String,
    /// What is the matter.
    pub reason: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.item.is_empty() {
            true => write!(f, "{}: {}", self.place, self.reason),
            false => write!(f, "{}: {}: {}", self.place, self.item, self.reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_far_as_they_are_known() {
        let mut place = Place::line(&Arc::from("a.ics"), 7);
        assert_eq!(place.to_string(), "a.ics:7:1");
        place.uid = Some("x@example.com".into());
        assert_eq!(place.to_string(), "a.ics:7:1 (x@example.com)");
        place.line = 0;
        assert_eq!(place.to_string(), "a.ics (x@example.com)");
        assert_eq!(Place::default().to_string(), "");
    }
}
