//! A calendar: what a file holds, one object per UID.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::component::{Component, Property};
use crate::digest::{Key, ObjectKind};
use crate::error::{Error, Fault, excerpt};
use crate::grouping::{Group, Zones};
use crate::listing::{Item, Listing};
use crate::mend::mend;
use crate::object::Object;
use crate::parse::{End, Parsed, item, parse_to_end};
use crate::place::{Finding, Place};
use crate::repair::Repair;

/// What a file holds, one object per UID and kind.
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
    ///
    /// A failure names an entry that is not among the objects; the others are not touched by it. Where the file ends
    /// within an entry, nothing of the same UID is among them, so that no part of a series takes the place of the whole.
    /// The findings come in the order of their places.
    pub fn read(file: &str, bytes: &[u8]) -> (Calendar, Vec<Finding>) {
        let Parsed { calendars, findings, end } = parse_to_end(file, bytes);
        let zones = Zones::new(!matches!(end, End::Whole));
        let mut reader = Reader { findings, zones, ..Reader::default() };
        if calendars.is_empty() {
            reader.findings.push(nothing(file, bytes));
        }
        for calendar in calendars {
            reader.calendar(calendar);
        }
        if let End::Within(half) = end {
            reader.withhold(&half);
        }
        reader.finish()
    }

    /// What it holds, for [`crate::plan()`] and [`crate::verify()`].
    pub fn listing(&self) -> Listing {
        let items = self.objects.iter().map(|object| {
            let (digest, place, summary) =
                (object.digest(), object.place.clone(), object.summary().into_owned());
            (object.key(), Item { digest, place, summary })
        });
        items.collect()
    }
}

/// What to say of a file without a calendar. An account without events may well have an empty export.
fn nothing(file: &str, bytes: &[u8]) -> Finding {
    let place = Place::line(&Arc::from(file), 1);
    match bytes.iter().all(u8::is_ascii_whitespace) {
        true => Repair::NothingInside.into_finding(place, ""),
        false => Error::new(place, Fault::NoCalendar).into_finding(""),
    }
}

/// A file on its way to objects.
#[derive(Default)]
struct Reader {
    /// How many calendars the file has, so far.
    calendars: usize,
    properties: Vec<Property>,
    groups: Vec<Group>,
    by_key: BTreeMap<Key, usize>,
    zones: Zones,
    findings: Vec<Finding>,
}

impl Reader {
    fn calendar(&mut self, root: Component) {
        self.calendars += 1;
        self.header(&root);
        let calscale = root.property("CALSCALE").cloned();
        self.properties.extend(root.properties);
        let (zones, entries): (Vec<_>, Vec<_>) =
            root.components.into_iter().partition(|inner| inner.is("VTIMEZONE"));
        for zone in zones {
            self.zone(zone);
        }
        for entry in entries {
            self.entry(entry, calscale.as_ref());
        }
    }

    fn header(&mut self, root: &Component) {
        let mut note = |line: u64, repair: Repair| {
            let place = Place { line: if line == 0 { root.place.line } else { line }, ..root.place.clone() };
            self.findings.push(repair.into_finding(Place { uid: None, ..place }, ""));
        };
        for header in ["PRODID", "VERSION"] {
            if root.property(header).is_none() {
                note(0, Repair::MissingHeader(header));
            }
        }
        if let Some(version) = root.property("VERSION").filter(|version| version.value.trim() == "1.0") {
            note(version.line, Repair::Version(version.value.trim().to_owned()));
        }
        if let Some(method) = root.property("METHOD") {
            note(method.line, Repair::Method(excerpt(&method.value)));
        }
    }

    fn zone(&mut self, zone: Component) {
        let Some(tzid) = zone.text("TZID").map(|tzid| tzid.trim().to_owned()) else { return };
        let place = zone.place.clone();
        if !self.zones.define(self.calendars, &tzid, zone) {
            self.findings.push(Repair::ZoneTwice(tzid).into_finding(place, ""));
        }
    }

    fn entry(&mut self, entry: Component, calscale: Option<&Property>) {
        let name = item(&entry);
        let Some(kind) = ObjectKind::of(&entry.name) else {
            let component = entry.name.to_ascii_uppercase();
            self.findings.push(match entry.is("VFREEBUSY") {
                true => Repair::UnstoredFreeBusy.into_finding(entry.place, name),
                false => Error::new(entry.place, Fault::Alien { component }).into_finding(name),
            });
            return;
        };
        match mend(kind, entry, &mut self.findings) {
            Ok(entry) => self.group(kind, &entry, calscale).add(entry),
            Err(error) => self.findings.push(error.into_finding(name)),
        }
    }

    fn group(&mut self, kind: ObjectKind, entry: &Component, calscale: Option<&Property>) -> &mut Group {
        let key = Key::new(kind, entry.uid().unwrap_or_default());
        let index = *self.by_key.entry(key.clone()).or_insert(self.groups.len());
        if index == self.groups.len() {
            self.groups.push(Group::new(key, self.calendars, calscale.cloned()));
        }
        &mut self.groups[index]
    }

    /// Leaves out the object that half an entry belongs to.
    fn withhold(&mut self, half: &Component) {
        let identity = ObjectKind::of(&half.name).zip(half.uid());
        if let Some(key) = identity.map(|(kind, uid)| Key::new(kind, uid)) {
            self.groups.retain(|group| *group.key() != key);
        }
    }

    fn finish(self) -> (Calendar, Vec<Finding>) {
        let Reader { properties, groups, mut zones, mut findings, .. } = self;
        let objects = groups.into_iter().filter_map(|group| group.into_object(&mut zones, &mut findings));
        let objects = objects.collect();
        findings.sort_by_key(|finding| finding.place.line);
        let text = |names: [&str; 2]| {
            let named = |name: &str| properties.iter().find(|p| p.is(name) && !p.value.trim().is_empty());
            names.into_iter().find_map(named).map(|property| property.text().trim().to_owned())
        };
        let calendar = Calendar {
            name: text(["X-WR-CALNAME", "NAME"]),
            color: text(["X-APPLE-CALENDAR-COLOR", "COLOR"]),
            description: text(["X-WR-CALDESC", "DESCRIPTION"]),
            properties,
            objects,
        };
        (calendar, findings)
    }
}
