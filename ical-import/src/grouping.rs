//! The components of one UID, and the time zones that they use.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;

use crate::canonical;
use crate::component::{Component, Property};
use crate::digest::Key;
use crate::error::{Error, Fault};
use crate::object::Object;
use crate::parse::item;
use crate::place::{Finding, Place};
use crate::repair::Repair;
use crate::value::When;
use crate::zone::{define_zone, resolve_zone};

/// The components of one UID and kind, as they are found.
pub(crate) struct Group {
    key: Key,
    /// Which calendar of the file the first is in.
    calendar: usize,
    calscale: Option<Property>,
    entries: Vec<Component>,
}

impl Group {
    pub(crate) fn new(key: Key, calendar: usize, calscale: Option<Property>) -> Group {
        Group { key, calendar, calscale, entries: vec![] }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn add(&mut self, entry: Component) {
        self.entries.push(entry);
    }

    /// The object that they make. Of several for one recurrence id the newest is kept.
    ///
    /// `None`, with a failure, when it needs a time zone that may stand in the part of the file that is not there.
    pub(crate) fn into_object(self, zones: &mut Zones, findings: &mut Vec<Finding>) -> Option<Object> {
        let mut slots: BTreeMap<Slot, Component> = BTreeMap::new();
        for entry in self.entries {
            let slot = Slot::of(&entry);
            let kept = match slots.remove(&slot) {
                Some(other) => keep_one(other, entry, &slot, findings),
                None => entry,
            };
            slots.insert(slot, kept);
        }
        let components: Vec<Component> = slots.into_values().collect();
        let place = components.first().map(|component| component.place.clone()).unwrap_or_default();
        let zones = match zones.used_by(self.calendar, &components, findings) {
            Ok(zones) => zones,
            Err(fault) => {
                let name = components.first().map(item).unwrap_or_default();
                findings.push(Error::new(place, fault).into_finding(name));
                return None;
            }
        };
        let (uid, kind) = (self.key.uid().to_owned(), self.key.kind());
        Some(Object { uid, kind, calscale: self.calscale, components, zones, place })
    }
}

/// Which part of a series a component is: the master (`None`), or the exception for a recurrence id.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Slot(Option<(NaiveDateTime, String)>);

impl Slot {
    fn of(component: &Component) -> Slot {
        let when = component.property("RECURRENCE-ID").and_then(|id| When::read(id).ok());
        Slot(when.map(|when| (when.local(), when.to_string())))
    }
}

/// Of two components for one slot: the one with the higher SEQUENCE, then DTSTAMP, then the first.
fn keep_one(first: Component, second: Component, slot: &Slot, findings: &mut Vec<Finding>) -> Component {
    if canonical::digest([&first]) == canonical::digest([&second]) {
        let component = second.name.to_ascii_uppercase();
        let repair = Repair::Duplicate { component, kept: first.place.line };
        findings.push(repair.into_finding(second.place.clone(), item(&second)));
        return first;
    }
    let (kept, other) = if age(&second) > age(&first) { (second, first) } else { (first, second) };
    let recurrence = slot.0.as_ref().map(|(_, id)| format!(" and recurrence id {id}")).unwrap_or_default();
    let component = other.name.to_ascii_uppercase();
    let fault = Fault::Twin { component, recurrence, kept: kept.place.line };
    findings.push(Error::new(other.place.clone(), fault).into_finding(item(&other)));
    kept
}

fn age(component: &Component) -> (u64, Option<NaiveDateTime>) {
    let sequence = component.text("SEQUENCE").and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let stamp = component.property("DTSTAMP").and_then(|stamp| When::read(stamp).ok());
    (sequence, stamp.map(|stamp| stamp.local()))
}

/// The time zones of a file: what each calendar in it defines, and what was added.
#[derive(Default)]
pub(crate) struct Zones {
    defined: BTreeMap<(String, usize), Component>,
    /// Zones that the file names and does not define; `None` for a name that nobody knows.
    added: BTreeMap<String, Option<Component>>,
    /// Whether the file is cut short, and more may be defined in what is not there.
    cut_short: bool,
}

impl Zones {
    pub(crate) fn new(cut_short: bool) -> Zones {
        Zones { cut_short, ..Zones::default() }
    }

    /// Takes in a zone that a calendar defines; `false` when that calendar has another one of this name already.
    pub(crate) fn define(&mut self, calendar: usize, tzid: &str, zone: Component) -> bool {
        match self.defined.entry((tzid.to_owned(), calendar)) {
            Entry::Occupied(known) => canonical::digest([known.get()]) == canonical::digest([&zone]),
            Entry::Vacant(free) => {
                free.insert(zone);
                true
            }
        }
    }

    /// The zone that a name means in a calendar: its own, else that of another calendar in the file, else an added one.
    fn get(&self, calendar: usize, tzid: &str) -> Option<&Component> {
        let own = self.defined.get(&(tzid.to_owned(), calendar));
        own.or_else(|| self.any_defined(tzid)).or_else(|| self.added.get(tzid)?.as_ref())
    }

    fn any_defined(&self, tzid: &str) -> Option<&Component> {
        let mut named = self.defined.range((tzid.to_owned(), 0)..=(tzid.to_owned(), usize::MAX));
        named.next().map(|(_, zone)| zone)
    }

    /// The zones that these components name, in the order of their names; a failure where the end of the file may have
    /// taken one away.
    ///
    /// A zone that the file does not define is looked up and defined, with a note the first time.
    fn used_by(
        &mut self,
        calendar: usize,
        components: &[Component],
        findings: &mut Vec<Finding>,
    ) -> Result<Vec<Component>, Fault> {
        let mut names = BTreeSet::new();
        for component in components {
            self.visit(component, &component.place, &mut names, findings);
        }
        let is_lost = |name: &&String| self.get(calendar, name).is_none() && resolve_zone(name).is_none();
        match names.iter().find(|name| self.cut_short && is_lost(name)) {
            Some(tzid) => Err(Fault::LostZone { tzid: tzid.clone() }),
            None => Ok(names.iter().filter_map(|name| self.get(calendar, name).cloned()).collect()),
        }
    }

    /// Recursion is as deep as components are, which the parser bounds.
    fn visit(
        &mut self,
        component: &Component,
        entry: &Place,
        names: &mut BTreeSet<String>,
        findings: &mut Vec<Finding>,
    ) {
        for property in &component.properties {
            let Some(tzid) = property.parameter("TZID").map(|tzid| tzid.trim().to_owned()) else { continue };
            if tzid.is_empty() {
                continue;
            }
            let known = self.added.contains_key(&tzid) || self.any_defined(&tzid).is_some();
            if !known && is_local_time(property) {
                let place = Place { line: property.line, ..entry.clone() };
                let repair = self.look_up(&tzid);
                let is_lost = self.cut_short && matches!(repair, Repair::ZoneUnknown(_));
                findings.extend((!is_lost).then(|| repair.into_finding(place, "")));
            }
            names.insert(tzid);
        }
        for inner in &component.components {
            self.visit(inner, entry, names, findings);
        }
    }

    fn look_up(&mut self, tzid: &str) -> Repair {
        let zone = resolve_zone(tzid);
        self.added.insert(tzid.to_owned(), zone.map(|zone| define_zone(tzid, zone)));
        match zone {
            Some(zone) => Repair::ZoneAdded { tzid: tzid.to_owned(), zone: zone.name().to_owned() },
            None => Repair::ZoneUnknown(tzid.to_owned()),
        }
    }
}

/// Whether a value needs its time zone: a day does not, nor does a time in UTC.
fn is_local_time(property: &Property) -> bool {
    !property.has("VALUE", "DATE") && !property.value.trim_end().ends_with(['Z', 'z'])
}
