//! Logical lines to components, through whatever is missing or too much.
//!
//! - An entry (event, todo, journal, free/busy) that is still open when another begins has swallowed what follows: it is
//!   dropped as a failure, and reading goes on with the one that begins.
//! - An entry that is still open where the file ends is dropped as a failure, too: the file may be cut short, and half an
//!   entry would take the place of a whole one. A calendar that is still open there, and nothing in it, is a failure of
//!   the file.
//! - Any other component whose `END` is missing is closed where it must have ended, with a note.
//! - A line that is no property is taken as more of the text before it where that is a text; else it is left out with a
//!   note that shows it.

use std::sync::Arc;

use crate::component::{Component, is_text};
use crate::content::{ContentLine, content_line};
use crate::error::{Error, Fault, excerpt};
use crate::lines::{Lines, LogicalLine, decode};
use crate::place::{Finding, Place};
use crate::quoted_printable;
use crate::repair::Repair;

/// Reads all calendars of a file, everything in its order. `file` is what findings call it.
///
/// The findings come in the order of their places. Components are at most [`MAX_DEPTH`] deep.
pub fn parse(file: &str, bytes: &[u8]) -> (Vec<Component>, Vec<Finding>) {
    let Parsed { calendars, findings, .. } = parse_to_end(file, bytes);
    (calendars, findings)
}

/// What a file holds.
pub(crate) struct Parsed {
    pub calendars: Vec<Component>,
    pub findings: Vec<Finding>,
    pub end: End,
}

/// Where a file ends.
pub(crate) enum End {
    /// In a calendar, behind an entry.
    Between,
    /// Behind a calendar.
    Whole,
    /// In this entry, which is in none of the calendars.
    Within(Component),
}

/// The same as [`parse`], and how it ended.
pub(crate) fn parse_to_end(file: &str, bytes: &[u8]) -> Parsed {
    let file: Arc<str> = Arc::from(file);
    let (bytes, mark) = decode(bytes);
    let mut tree = Tree::new(file.clone());
    let mut lines = Lines::new(&bytes);
    for line in lines.by_ref() {
        tree.line(&line);
    }
    let Parsed { calendars, mut findings, end } = tree.finish((lines.number - 1).max(1));
    let mut note = |line, repair: Repair| findings.push(repair.into_finding(Place::line(&file, line), ""));
    if let Some(mark) = mark {
        note(1, mark);
    }
    if let Some((line, ending)) = lines.bare {
        note(line, Repair::BareLineEnd(ending));
    }
    if let Some((line, lines)) = lines.foreign {
        note(line, Repair::Charset { lines });
    }
    findings.sort_by_key(|finding| finding.place.line);
    Parsed { calendars, findings, end }
}

/// A component that is open.
struct Open {
    component: Component,
    /// Findings from here on were made inside of it.
    findings: usize,
    /// Made here, not found in the file.
    implied: bool,
}

/// The components on the way, the outermost first.
struct Tree {
    file: Arc<str>,
    open: Vec<Open>,
    calendars: Vec<Component>,
    findings: Vec<Finding>,
    /// How many components are open beyond the limit of depth.
    too_deep: usize,
    /// Lines in a row that are no property.
    strange: Option<Strange>,
    /// Lines outside of every calendar: the number of the first, how many, what it says.
    outside: Option<(u64, u64, String)>,
}

/// Lines in a row that are no property.
struct Strange {
    number: u64,
    lines: u64,
    first: String,
    /// The property that they were added to.
    taken: Option<String>,
}

impl Tree {
    fn new(file: Arc<str>) -> Tree {
        Tree {
            file,
            open: vec![],
            calendars: vec![],
            findings: vec![],
            too_deep: 0,
            strange: None,
            outside: None,
        }
    }

    fn line(&mut self, line: &LogicalLine<'_>) {
        let text = line.text.trim_start_matches('\u{feff}');
        let text = if line.number == 1 { text.trim_start() } else { text };
        let Some(content) = content_line(text, line.number) else {
            return self.strange(text, line.number);
        };
        self.settle_strange();
        let property = &content.property;
        if property.is("BEGIN") {
            self.begin(property.value.trim(), line.number);
        } else if property.is("END") {
            self.end(property.value.trim(), line.number);
        } else if self.open.is_empty() {
            self.outside(text, line.number);
        } else if self.too_deep == 0 {
            self.property(content);
        }
    }

    fn property(&mut self, content: ContentLine) {
        let ContentLine { mut property, quoted, escaped } = content;
        if quoted_printable::is_used(&property) {
            self.note(property.line, Repair::QuotedPrintable(property.name.to_ascii_uppercase()));
            property = quoted_printable::decode(property);
        }
        if quoted {
            self.note(property.line, Repair::Unquoted(property.name.to_ascii_uppercase()));
        }
        if escaped {
            self.note(property.line, Repair::OpenQuote(property.name.to_ascii_uppercase()));
        }
        if let Some(open) = self.open.last_mut() {
            open.component.properties.push(property);
        }
    }

    fn begin(&mut self, name: &str, number: u64) {
        if self.too_deep > 0 {
            self.too_deep += 1;
            return;
        }
        self.make_room(name, number);
        if self.open.len() >= MAX_DEPTH {
            self.too_deep = 1;
            let fault = Fault::TooDeep { component: name.to_ascii_uppercase(), limit: MAX_DEPTH };
            return self.failure(number, fault);
        }
        if self.open.is_empty() && is_entry(name) {
            self.note(number, Repair::MissingBegin(name.to_ascii_uppercase()));
            self.push("VCALENDAR", number, true);
        }
        self.push(name, number, false);
    }

    fn push(&mut self, name: &str, number: u64, implied: bool) {
        let place = Place::line(&self.file, number);
        let component = Component { place, ..Component::new(name) };
        self.open.push(Open { component, findings: self.findings.len(), implied });
    }

    /// Closes what cannot hold a component of this name.
    fn make_room(&mut self, name: &str, number: u64) {
        let calendar = name.eq_ignore_ascii_case("VCALENDAR");
        if calendar || is_entry(name) {
            let inner = self.open.iter().position(|open| is_entry(&open.component.name));
            if let Some(inner) = inner {
                self.abandon(inner, number);
            }
            if calendar {
                self.close_down_to(0, number);
            }
        } else if let Some(last) = self.open.last()
            && is_leaf(name)
            && is_leaf(&last.component.name)
        {
            self.close_down_to(self.open.len() - 1, number);
        }
    }

    /// Closes an entry that runs into another, and drops it.
    fn abandon(&mut self, depth: usize, number: u64) {
        if self.open[depth].component.is("VTIMEZONE") {
            return self.close_down_to(depth, number);
        }
        self.drop_entry(depth, |component| Fault::Unclosed { component, next: number });
    }

    /// Drops an entry with all that is open in it.
    fn drop_entry(&mut self, depth: usize, fault: impl FnOnce(String) -> Fault) -> Option<Component> {
        self.open.truncate(depth + 1);
        let Open { component, findings, .. } = self.open.pop()?;
        let place = Place { uid: component.uid(), ..component.place.clone() };
        self.place_findings(findings, &component);
        let fault = fault(component.name.to_ascii_uppercase());
        self.findings.push(Error::new(place, fault).into_finding(item(&component)));
        Some(component)
    }

    fn end(&mut self, name: &str, number: u64) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        match self.open.iter().rposition(|open| open.component.is(name)) {
            Some(depth) => {
                self.close_down_to(depth + 1, number);
                self.close();
            }
            None => self.end_of_nothing(name, number),
        }
    }

    /// An `END` of something that is not open. A name that no component has is a slip of the pen, and ends the innermost.
    fn end_of_nothing(&mut self, name: &str, number: u64) {
        let found = name.to_ascii_uppercase();
        let known = ENTRIES.iter().chain(&LEAVES).chain(&OTHERS).any(|known| *known == found);
        match self.open.last() {
            Some(open) if !known && self.open.len() > 1 => {
                let open = open.component.name.to_ascii_uppercase();
                self.note(number, Repair::MistypedEnd { found, open });
                self.close();
            }
            _ => self.note(number, Repair::StrayEnd(found)),
        }
    }

    /// Closes the innermost components until `depth` are open, each without its END.
    fn close_down_to(&mut self, depth: usize, number: u64) {
        while self.open.len() > depth {
            if let Some(Open { component, implied: false, .. }) = self.open.last() {
                self.note(number, Repair::MissingEnd(component.name.to_ascii_uppercase()));
            }
            self.close();
        }
    }

    fn close(&mut self) {
        let Some(Open { mut component, findings, .. }) = self.open.pop() else { return };
        component.place.uid = component.uid();
        self.place_findings(findings, &component);
        match self.open.last_mut() {
            Some(outer) => outer.component.components.push(component),
            None if component.is("VCALENDAR") => self.calendars.push(component),
            None => {
                let name = component.name.to_ascii_uppercase();
                let error = Error::new(component.place, Fault::Alien { component: name });
                self.findings.push(error.into_finding(""));
            }
        }
    }

    /// Tells the findings made inside of a component which one it was.
    fn place_findings(&mut self, from: usize, component: &Component) {
        // A calendar's own UID (RFC 7986 5.3) says nothing about what is in it.
        let Some(uid) = component.uid().filter(|_| !component.is("VCALENDAR")) else { return };
        let item = item(component);
        for finding in self.findings.iter_mut().skip(from).filter(|finding| finding.place.uid.is_none()) {
            finding.place.uid = Some(uid.clone());
            finding.item.clone_from(&item);
        }
    }

    /// A line that is no property.
    fn strange(&mut self, text: &str, number: u64) {
        if self.open.is_empty() {
            return self.outside(text, number);
        }
        if text.trim().is_empty() || self.too_deep > 0 {
            return;
        }
        let taken = self.take_as_text(text);
        match &mut self.strange {
            Some(strange) if strange.taken == taken => strange.lines += 1,
            _ => {
                self.settle_strange();
                self.strange = Some(Strange { number, lines: 1, first: excerpt(text), taken });
            }
        }
    }

    /// Adds a line to the text before it, if that is one; gives back the name of that property.
    fn take_as_text(&mut self, text: &str) -> Option<String> {
        let component = &mut self.open.last_mut()?.component;
        // After a component inside of this one, the line is not beside its last property.
        let property = component.properties.last_mut().filter(|_| component.components.is_empty())?;
        if property.has("ENCODING", "BASE64") && text.bytes().all(is_base64) {
            property.value.push_str(text.trim());
        } else if is_text(property) {
            property.value.push_str("\\n");
            property.value.push_str(text.trim_end());
        } else {
            return None;
        }
        Some(property.name.to_ascii_uppercase())
    }

    fn settle_strange(&mut self) {
        let Some(Strange { number, lines, first, taken }) = self.strange.take() else { return };
        self.note(
            number,
            match taken {
                Some(property) => Repair::Unfolded { lines, property, first },
                None => Repair::Unreadable { lines, first },
            },
        );
    }

    fn outside(&mut self, text: &str, number: u64) {
        if !text.trim().is_empty() {
            self.outside.get_or_insert_with(|| (number, 0, excerpt(text))).1 += 1;
        }
    }

    fn finish(mut self, last: u64) -> Parsed {
        self.settle_strange();
        let end = self.end_of_file(last);
        self.close_down_to(0, last);
        if let Some((number, lines, first)) = self.outside.take() {
            self.note(number, Repair::Outside { lines, first });
        }
        Parsed { calendars: self.calendars, findings: self.findings, end }
    }

    /// Tells of what is open where the file ends.
    fn end_of_file(&mut self, last: u64) -> End {
        let entry = self.open.iter().position(|open| is_entry(&open.component.name));
        if let Some(half) = entry.and_then(|depth| self.drop_entry(depth, Fault::cut_entry)) {
            return End::Within(half);
        }
        match self.open.first() {
            Some(open) if open.component.is("VCALENDAR") && !open.implied => {
                self.close_down_to(1, last);
                self.failure(last, Fault::CutCalendar);
                self.close();
                End::Between
            }
            _ => End::Whole,
        }
    }

    fn note(&mut self, number: u64, repair: Repair) {
        self.findings.push(repair.into_finding(Place::line(&self.file, number), ""));
    }

    fn failure(&mut self, number: u64, fault: Fault) {
        self.findings.push(Error::new(Place::line(&self.file, number), fault).into_finding(""));
    }
}

/// What people know a component by: its summary, else its UID.
pub(crate) fn item(component: &Component) -> String {
    let summary = component.text("SUMMARY").map(|summary| excerpt(&summary));
    summary.or_else(|| component.uid()).unwrap_or_default()
}

/// Whether a component stands directly in a calendar, and so cannot stand in another of these.
fn is_entry(name: &str) -> bool {
    ENTRIES.iter().any(|entry| entry.eq_ignore_ascii_case(name))
}

/// Whether a component holds none of its like.
fn is_leaf(name: &str) -> bool {
    LEAVES.iter().any(|leaf| leaf.eq_ignore_ascii_case(name))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b' ')
}

/// How deep components may nest; RFC 5545 needs three levels, RFC 9073 four.
pub const MAX_DEPTH: usize = 16;

const ENTRIES: [&str; 5] = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE"];

const LEAVES: [&str; 3] = ["VALARM", "STANDARD", "DAYLIGHT"];

/// Other components that have a name (RFC 5545 3.6, RFC 7953, RFC 9073).
const OTHERS: [&str; 7] =
    ["AVAILABLE", "PARTICIPANT", "VAVAILABILITY", "VCALENDAR", "VCARD", "VLOCATION", "VRESOURCE"];
