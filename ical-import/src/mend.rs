//! One entry of a calendar made such that a calendar store takes it, each repair by its name.

use crate::canonical;
use crate::component::{Component, Parameter, Property};
use crate::digest::{Digest, ObjectKind};
use crate::error::{Error, Fault, excerpt};
use crate::parse::item;
use crate::place::{Finding, Place};
use crate::repair::Repair;
use crate::rule;
use crate::value::{Span, When};

/// An entry repaired, or why it cannot be carried.
///
/// Values that decide when it takes place must be readable. What was repaired is added to `notes`.
pub(crate) fn mend(
    kind: ObjectKind,
    component: Component,
    notes: &mut Vec<Finding>,
) -> Result<Component, Error> {
    let mut mend = Mend { component, repairs: vec![] };
    mend.drop_empty();
    mend.check(kind).map_err(|(line, fault)| Error::new(mend.place(line), fault))?;
    mend.mark_dates();
    mend.check_order();
    mend.give_uid();
    mend.give_stamp();
    let name = item(&mend.component);
    notes.extend(
        mend.repairs
            .iter()
            .map(|(line, repair)| repair.clone().into_finding(mend.place(*line), name.clone())),
    );
    mend.component.place = mend.place(mend.component.place.line);
    Ok(mend.component)
}

struct Mend {
    component: Component,
    repairs: Vec<(u64, Repair)>,
}

impl Mend {
    fn place(&self, line: u64) -> Place {
        let place = &self.component.place;
        let line = if line == 0 { place.line } else { line };
        Place { file: place.file.clone(), line, column: 1, uid: self.component.uid() }
    }

    /// An empty rule, end or list says nothing, and stores refuse it.
    fn drop_empty(&mut self) {
        let is_empty = |property: &Property| {
            property.value.trim().is_empty() && MAY_BE_MISSING.iter().any(|name| property.is(name))
        };
        let (empty, kept) = std::mem::take(&mut self.component.properties).into_iter().partition(is_empty);
        self.component.properties = kept;
        let empty: Vec<Property> = empty;
        self.repairs.extend(empty.iter().map(|p| (p.line, Repair::Empty(p.name.to_ascii_uppercase()))));
    }

    /// Reads what must be readable, and writes dates as RFC 5545 has them.
    fn check(&mut self, kind: ObjectKind) -> Result<(), (u64, Fault)> {
        if kind == ObjectKind::Event && self.component.property("DTSTART").is_none() {
            let component = self.component.name.to_ascii_uppercase();
            return Err((0, Fault::Missing { component, property: "DTSTART" }));
        }
        for property in &mut self.component.properties {
            let line = property.line;
            let is_any = |names: &[&str]| names.iter().any(|name| property.is(name));
            if is_any(&MOMENTS) {
                let when = When::read(property).map_err(|fault| (line, fault))?;
                self.repairs.extend(write_date(property, &when).map(|repair| (line, repair)));
            } else if is_any(&INSTANTS) {
                let when = When::read(property).ok().filter(|when| !when.is_date());
                let repair = when.and_then(|when| write_date(property, &when));
                self.repairs.extend(repair.map(|repair| (line, repair)));
            } else if property.is("RRULE") {
                rule::check(property).map_err(|fault| (line, fault))?;
            } else if property.is("DURATION") {
                Span::read(property).map_err(|fault| (line, fault))?;
            } else if is_any(&LISTS) && When::read_list(property).is_err()
                || property.is("EXRULE") && rule::check(property).is_err()
            {
                let found = excerpt(&property.value);
                self.repairs
                    .push((line, Repair::ValueKept { property: property.name.to_ascii_uppercase(), found }));
            }
        }
        Ok(())
    }

    /// RFC 5545 3.2.20: the default is DATE-TIME, so a DATE must say that it is one.
    fn mark_dates(&mut self) {
        let named = |property: &Property| MOMENTS.iter().chain(&LISTS).any(|name| property.is(name));
        for property in self.component.properties.iter_mut().filter(|property| named(property)) {
            let whens = When::read_list(property).unwrap_or_default();
            let unmarked = !property.has("VALUE", "DATE") && !property.has("VALUE", "PERIOD");
            if unmarked && !whens.is_empty() && whens.iter().all(When::is_date) {
                property.parameters.retain(|parameter| !parameter.is("VALUE"));
                property.parameters.push(Parameter::new("VALUE", "DATE"));
                self.repairs
                    .push((property.line, Repair::MissingValueDate(property.name.to_ascii_uppercase())));
            }
        }
    }

    /// An end before the start is only told: which of the two is wrong, nobody knows.
    fn check_order(&mut self) {
        let read = |property: &Property| When::read(property).ok();
        let Some(start) = self.component.property("DTSTART").and_then(read) else { return };
        let ends =
            self.component.properties.iter().filter(|property| property.is("DTEND") || property.is("DUE"));
        let early = ends.filter(|property| read(property).is_some_and(|end| is_before(&end, &start)));
        let repairs = early.map(|property| {
            (property.line, Repair::EndBeforeStart { property: property.name.to_ascii_uppercase() })
        });
        self.repairs.extend(repairs);
    }

    fn give_uid(&mut self) {
        if self.component.uid().is_some() {
            return;
        }
        self.component.properties.retain(|property| !property.is("UID"));
        let digest: Digest = canonical::digest([&self.component]);
        self.component.properties.insert(0, Property::new("UID", digest.to_string()));
        self.repairs.push((0, Repair::MissingUid));
    }

    fn give_stamp(&mut self) {
        let instant = |name: &str| {
            let when = When::read(self.component.property(name)?).ok()?;
            (name != "DTSTAMP" || !when.is_date())
                .then(|| format!("{}Z", when.local().format("%Y%m%dT%H%M%S")))
        };
        if instant("DTSTAMP").is_some() {
            return;
        }
        let taken = STAMPS.into_iter().find_map(|name| Some((name, instant(name)?)));
        let (from, stamp) = taken.unwrap_or(("nothing else", "19700101T000000Z".to_owned()));
        self.component.properties.retain(|property| !property.is("DTSTAMP"));
        let after_uid =
            self.component.properties.iter().position(|property| property.is("UID")).map_or(0, |at| at + 1);
        self.component.properties.insert(after_uid, Property::new("DTSTAMP", stamp));
        self.repairs.push((0, Repair::MissingStamp { from }));
    }
}

/// Writes a date the way RFC 5545 3.3.4 and 3.3.5 have it.
fn write_date(property: &mut Property, when: &When) -> Option<Repair> {
    let written = when.value();
    if written == property.value {
        return None;
    }
    let found = excerpt(&property.value);
    property.value.clone_from(&written);
    Some(Repair::DateForm { property: property.name.to_ascii_uppercase(), found, written })
}

/// Whether one is surely before the other; times in different zones are not compared.
fn is_before(end: &When, start: &When) -> bool {
    let comparable = match (end, start) {
        (When::Zoned { tzid: a, .. }, When::Zoned { tzid: b, .. }) => a == b,
        _ => std::mem::discriminant(end) == std::mem::discriminant(start),
    };
    comparable && end.local() < start.local()
}

/// Properties that say when an entry takes place.
const MOMENTS: [&str; 4] = ["DTEND", "DTSTART", "DUE", "RECURRENCE-ID"];

/// Properties that say when something was done to an entry.
const INSTANTS: [&str; 3] = ["CREATED", "DTSTAMP", "LAST-MODIFIED"];

/// Properties that hold a list of dates.
const LISTS: [&str; 2] = ["EXDATE", "RDATE"];

/// Properties that say nothing when they are empty, and need not be there.
const MAY_BE_MISSING: [&str; 7] = ["DTEND", "DUE", "DURATION", "EXDATE", "EXRULE", "RDATE", "RRULE"];

/// Where a missing DTSTAMP is taken from, the best first.
const STAMPS: [&str; 4] = ["LAST-MODIFIED", "CREATED", "DTSTART", "DUE"];
