//! A calendar: what a file holds, one object per UID.

use crate::component::Property;
use crate::listing::Listing;
use crate::object::Object;
use crate::place::Finding;

/// What a file holds, one object per UID.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Calendar {
    /// What the calendar is called (X-WR-CALNAME, or NAME of RFC 7986 5.1).
    pub name: Option<String>,
    /// Its color (X-APPLE-CALENDAR-COLOR, or COLOR of RFC 7986 5.9).
    pub color: Option<String>,
    /// What it is for (X-WR-CALDESC, or DESCRIPTION of RFC 7986 5.2).
    pub description: Option<String>,
    /// All properties of the calendar itself, as they were written.
    pub properties: Vec<Property>,
    /// The objects, in the order of their first component in the file.
    pub objects: Vec<Object>,
}

impl Calendar {
    /// Reads a file: parses, repairs, groups by UID. `file` is what findings call it.
    pub fn read(file: &str, bytes: &[u8]) -> (Calendar, Vec<Finding>) {
        let _ = (file, bytes);
        (Calendar::default(), vec![])
    }

    /// What it holds, for [`crate::plan()`] and [`crate::verify()`].
    pub fn listing(&self) -> Listing {
        Listing::new()
    }
}
