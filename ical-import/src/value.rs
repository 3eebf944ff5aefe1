//! The values that mean a time: dates, date-times, durations (RFC 5545 3.3).

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// A DATE or DATE-TIME value (RFC 5545 3.3.4, 3.3.5).
///
/// Written as ISO 8601: `2026-03-01`, `2026-03-01T10:00:00`, `2026-03-01T10:00:00Z`,
/// `2026-03-01T10:00:00[Europe/Berlin]`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum When {
    /// A day.
    Date(NaiveDate),
    /// A time of day wherever one is.
    Floating(NaiveDateTime),
    /// An instant.
    Utc(DateTime<Utc>),
    /// A time of day in a time zone.
    Zoned {
        /// The time of day there.
        local: NaiveDateTime,
        /// The time zone as the file calls it.
        tzid: String,
    },
}

/// A DURATION value (RFC 5545 3.3.6): days are nominal, seconds exact.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Span {
    /// Days, as long as each is where it is; a week is seven.
    pub days: i64,
    /// Hours, minutes and seconds, in seconds.
    pub seconds: i64,
}
