//! Everything of one UID.

use std::borrow::Cow;

use crate::appointment::Appointment;
use crate::canonical;
use crate::component::{Component, Property};
use crate::digest::{Digest, Key, ObjectKind};
use crate::place::Place;
use crate::write::{write_component, write_line, write_property};

/// Everything of one UID and kind: what a calendar store keeps as one resource (RFC 4791 4.1).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Object {
    /// The UID.
    pub uid: String,
    /// What it is.
    pub kind: ObjectKind,
    /// CALSCALE, where the file gave one.
    pub calscale: Option<Property>,
    /// The master, if there is one, then the overrides in the order of their recurrence ids.
    pub components: Vec<Component>,
    /// The time zones that they use, in the order of their names.
    pub zones: Vec<Component>,
    /// Where the first component stands.
    pub place: Place,
}

impl Object {
    /// What makes it the same object on both sides.
    pub fn key(&self) -> Key {
        Key::new(self.kind, self.uid.clone())
    }

    /// The digest of what it says: its components and time zones, whatever way they are written.
    ///
    /// Case and order, folding, quotes and escapes do not count, nor does DTSTAMP, which many programs set anew with
    /// every export. `PT24H` is the same as `P1D`.
    pub fn digest(&self) -> Digest {
        canonical::digest(self.zones.iter().chain(&self.components))
    }

    /// The object as a file of its own: the same bytes for the same object, values as they were written, no METHOD.
    pub fn to_ics(&self) -> Vec<u8> {
        let mut out = vec![];
        write_line(&mut out, "BEGIN:VCALENDAR");
        write_line(&mut out, "VERSION:2.0");
        write_line(&mut out, PRODID);
        if let Some(calscale) = &self.calscale {
            write_property(&mut out, calscale);
        }
        for component in self.zones.iter().chain(&self.components) {
            write_component(&mut out, component);
        }
        write_line(&mut out, "END:VCALENDAR");
        out
    }

    /// A name for its file, without the ending, that no other object has.
    ///
    /// The UID itself where it is short and made of letters, digits and `._@=-`, else a digest of it; todos and journals
    /// have their kind behind it.
    pub fn file_stem(&self) -> String {
        let stem = match is_safe(&self.uid) {
            true => self.uid.clone(),
            false => format!("{HASHED}{}", Digest::of(self.uid.as_bytes())),
        };
        match self.kind {
            ObjectKind::Event => stem,
            ObjectKind::Journal => stem + JOURNAL,
            ObjectKind::Todo => stem + TODO,
        }
    }

    /// What it is about, for people; the empty text where nothing is said.
    pub fn summary(&self) -> Cow<'_, str> {
        self.components.iter().find_map(|component| component.text("SUMMARY")).unwrap_or_default()
    }

    /// The event as calendar servers take it; `None` for journals and todos.
    ///
    /// Where the file has only exceptions of a series and no master, the first of them stands for the event.
    pub fn appointment(&self) -> Option<Appointment> {
        match self.kind {
            ObjectKind::Event => Appointment::read(&self.uid, &self.components),
            ObjectKind::Journal | ObjectKind::Todo => None,
        }
    }
}

/// Whether a UID can be a file name as it is, and can be mistaken for no other stem.
fn is_safe(uid: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'@' | b'=' | b'-');
    (1..=LONGEST).contains(&uid.len())
        && uid.bytes().all(plain)
        && !uid.starts_with(['.', '-'])
        && !uid.starts_with(HASHED)
        && !uid.ends_with(JOURNAL)
        && !uid.ends_with(TODO)
}

const PRODID: &str = "PRODID:-//mailferry//ical-import//EN";

/// The longest UID that is a file name as it is.
const LONGEST: usize = 200;

/// Before a digest that stands for a UID.
const HASHED: &str = "uid=";

const JOURNAL: &str = "=journal";

const TODO: &str = "=todo";

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: ObjectKind, uid: &str) -> Object {
        let (components, zones, place) = (vec![], vec![], Place::default());
        Object { uid: uid.into(), kind, calscale: None, components, zones, place }
    }

    #[test]
    fn safe_uids_are_file_names() {
        for uid in ["19970901T130000Z-123401@example.com", "a", "A_b.c=d", &"x".repeat(200)] {
            assert_eq!(object(ObjectKind::Event, uid).file_stem(), uid);
        }
        for uid in [
            "",
            ".",
            "..",
            ".a",
            "-a",
            "a/b",
            "a b",
            "gr\u{f6}\u{df}e",
            "a=todo",
            "uid=a",
            "{a}",
            &"x".repeat(201),
        ] {
            let stem = object(ObjectKind::Event, uid).file_stem();
            assert!(stem.starts_with("uid=") && stem.len() == 36, "{uid}: {stem}");
        }
    }

    #[test]
    fn no_two_objects_share_a_file() {
        let hashed = object(ObjectKind::Event, "a/b").file_stem();
        let uids = ["a", "a=todo", "a=journal", "a=todo=journal", "a/b", hashed.as_str(), "A"];
        let kinds = [ObjectKind::Event, ObjectKind::Journal, ObjectKind::Todo];
        let objects = kinds.into_iter().flat_map(|kind| uids.map(|uid| object(kind, uid).file_stem()));
        assert_eq!(objects.collect::<std::collections::BTreeSet<_>>().len(), uids.len() * kinds.len());
    }
}
