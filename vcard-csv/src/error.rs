//! Why a contact could not be read.

use thiserror::Error;

/// Why a card or a row is not carried over; the place is that of the finding or call it stands in.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A card that holds nothing.
    #[error("the card is empty")]
    Empty,
    /// None of the CSV header's cells is a known column.
    #[error(
        "no column is known, so the first line is no header that can be read (it begins with `{found}`), and none of \
         the {rows} rows after it is carried over"
    )]
    Header {
        /// Rows after it.
        rows: usize,
        /// The first line's first cell.
        found: String,
    },
    /// A file without a card where one was expected.
    #[error("no card: expected BEGIN:VCARD")]
    NoCard,
    /// More cells than columns.
    #[error("{found} cells where the header has {expected}: they cannot be assigned to columns")]
    Ragged {
        /// Columns of the header.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// A quote that is never closed.
    #[error("a quote is opened and never closed")]
    Quote,
    /// A card that does not end before the next begins or the file ends.
    #[error("the card is not closed: expected END:VCARD before {found}")]
    Unterminated {
        /// What came instead.
        found: &'static str,
    },
    /// A version that does not exist.
    #[error("unknown version `{found}`: expected 2.1, 3.0 or 4.0")]
    Version {
        /// The version's text.
        found: String,
    },
}
