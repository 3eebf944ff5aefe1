//! One row on its way to a contact: cells come in by column, properties go out in one order whatever the
//! columns' order was.

use super::days::{Day, Order};
use super::field::{Field, Part, Series, Slot, Unit, Where};
use super::values::{MANY, categories, extension_name, gender, scheme_of, types_of};
use crate::canon::spoken_name;
use crate::property::Property;
use std::collections::BTreeMap;

/// A row being read.
pub(crate) struct Draft {
    order: Order,
    display_name: String,
    /// Family, given, middle names, prefix, suffix.
    name: [String; 5],
    organisation: [String; 2],
    addresses: BTreeMap<Where, Parts>,
    birthday: [String; 3],
    series: BTreeMap<(Series, u16), Vec<(Slot, String)>>,
    /// With the rank by which they are ordered.
    properties: Vec<(Rank, Property)>,
    groups: usize,
    notes: Vec<(Option<String>, String)>,
    unknown: Vec<usize>,
}

/// A row that was read.
pub(crate) struct Drafted {
    pub(crate) properties: Vec<Property>,
    /// What has to be said, with the column where there is one.
    pub(crate) notes: Vec<(Option<String>, String)>,
    /// Columns whose cells are kept as `X-` properties because nothing else is known of them.
    pub(crate) unknown: Vec<usize>,
}

/// The parts of an address in the order of `ADR`, and the whole.
type Parts = [String; 8];

impl Draft {
    pub(crate) fn new(order: Order) -> Self {
        Self {
            order,
            display_name: String::new(),
            name: Default::default(),
            organisation: Default::default(),
            addresses: BTreeMap::new(),
            birthday: Default::default(),
            series: BTreeMap::new(),
            properties: Vec::new(),
            groups: 0,
            notes: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// Takes a cell that is not blank.
    pub(crate) fn cell(&mut self, at: usize, header: &str, field: Field, cell: &str) {
        match field {
            Field::Address(place, part) => part.put(self.addresses.entry(place).or_default(), cell),
            Field::Anniversary => self.date(Some(header), "ANNIVERSARY", cell, None),
            Field::Birthday => self.date(Some(header), "BDAY", cell, None),
            Field::BirthdayUnit(unit) => cell.clone_into(&mut self.birthday[unit as usize]),
            Field::Categories => {
                self.push(Rank::Categories, Property::of_list("CATEGORIES", &categories(cell)));
            }
            Field::Department => append(&mut self.organisation[1], cell),
            Field::DisplayName => append(&mut self.display_name, cell),
            Field::Email(place) => self.email(Some(header), place.types(), "", cell),
            Field::FamilyName => append(&mut self.name[0], cell),
            Field::Gender => self.gender(cell),
            Field::GivenName => append(&mut self.name[1], cell),
            Field::JobTitle => self.text(Rank::Title, "TITLE", cell),
            Field::Members => self.members(cell),
            Field::Messenger(scheme) => self.messenger(scheme, "", cell),
            Field::MiddleName => append(&mut self.name[2], cell),
            Field::Nickname => {
                self.push(Rank::Nickname, Property::of_list("NICKNAME", &[cell.to_owned()]));
            }
            Field::Noise(nothing) if nothing.iter().any(|noise| noise.eq_ignore_ascii_case(cell)) => {}
            Field::Note => self.text(Rank::Note, "NOTE", cell),
            Field::Numbered(series, number, slot) => {
                self.series.entry((series, number)).or_default().push((slot, cell.to_owned()));
            }
            Field::Organisation => append(&mut self.organisation[0], cell),
            Field::Phone(types, label) => {
                self.labelled(Rank::Phone, Property::new("TEL", cell).with("TYPE", types), label);
            }
            Field::Photo if cell.contains("://") || cell.starts_with("data:") => {
                self.text(Rank::Photo, "PHOTO", cell);
            }
            Field::Prefix => append(&mut self.name[3], cell),
            Field::Property(name) => self.text(Rank::Other, name, cell),
            Field::Suffix => append(&mut self.name[4], cell),
            Field::Uid => self.text(Rank::Other, "UID", cell),
            Field::Website(place) => {
                self.push(Rank::Website, Property::new("URL", cell).with("TYPE", place.types()));
            }
            Field::Noise(_) | Field::Photo | Field::Unknown => self.unknown(at, header, cell),
        }
    }

    /// The properties of the whole row.
    pub(crate) fn finish(mut self) -> Drafted {
        for ((series, _), cells) in std::mem::take(&mut self.series) {
            self.numbered(series, &cells);
        }
        for (place, parts) in std::mem::take(&mut self.addresses) {
            self.address(place.types(), "", parts);
        }
        let [year, month, day] = std::mem::take(&mut self.birthday);
        match Day::of_cells(&year, &month, &day) {
            Day::Nothing => {}
            Day::Date(date) => self.text(Rank::Birthday, "BDAY", &date),
            Day::Text(reason) => {
                let text = [year, month, day].join("-");
                self.notes.push((None, format!("the birthday `{text}` {reason}: kept as text")));
                self.text(Rank::Birthday, "BDAY", &text);
            }
        }
        self.names();
        self.properties.sort_by_key(|(rank, _)| *rank);
        let properties = self.properties.into_iter().map(|(_, property)| property).collect();
        Drafted { properties, notes: self.notes, unknown: self.unknown }
    }

    fn names(&mut self) {
        let name = Property::of_components("N", &self.name.each_ref().map(String::as_str));
        let spoken = spoken_name(&name.value);
        let shown =
            if self.display_name.is_empty() { spoken } else { std::mem::take(&mut self.display_name) };
        self.push(Rank::Name, name);
        if !shown.is_empty() {
            self.text(Rank::DisplayName, "FN", &shown);
        }
        if self.organisation.iter().any(|part| !part.is_empty()) {
            let organisation = self.organisation.each_ref().map(String::as_str);
            let property = Property::of_components("ORG", &organisation);
            self.push(Rank::Organisation, property);
        }
    }

    /// Google's columns of one number; ` ::: ` stands between several values of a cell.
    fn numbered(&mut self, series: Series, cells: &[(Slot, String)]) {
        let slot = |wanted: Slot| {
            cells.iter().find(|(slot, _)| *slot == wanted).map_or("", |(_, cell)| cell.as_str())
        };
        let (label, preferred) = match slot(Slot::Label).strip_prefix('*') {
            Some(label) => (label.trim(), true),
            None => (slot(Slot::Label), false),
        };
        let begin = self.properties.len();
        match series {
            Series::Address => self.numbered_address(label, cells),
            Series::Organisation => {
                append(&mut self.organisation[0], slot(Slot::Name));
                append(&mut self.organisation[1], slot(Slot::Department));
                if !slot(Slot::Title).is_empty() {
                    self.text(Rank::Title, "TITLE", slot(Slot::Title));
                }
            }
            _ => {
                let values = slot(Slot::Value).split(MANY).map(str::trim).filter(|value| !value.is_empty());
                values.for_each(|value| self.numbered_value(series, label, slot(Slot::Service), value));
            }
        }
        if preferred && let Some((_, first)) = self.properties.get_mut(begin) {
            *first = first.clone().with("PREF", &["1"]);
        }
    }

    fn numbered_value(&mut self, series: Series, label: &str, service: &str, value: &str) {
        let (types, own_label) = types_of(label);
        let typed = |name: &str| Property::new(name, value).with("TYPE", types);
        match (series, label) {
            (Series::Email, _) => self.email(None, types, own_label, value),
            (Series::Phone, _) => self.labelled(Rank::Phone, typed("TEL"), own_label),
            (Series::Website, _) => self.labelled(Rank::Website, typed("URL"), own_label),
            (Series::Messenger, _) => {
                let kind = types.first().copied().unwrap_or(own_label);
                self.messenger(&scheme_of(service), kind, value);
            }
            (Series::Event, "Anniversary") => self.date(None, "ANNIVERSARY", value, None),
            (Series::Event, _) => self.date(None, "X-ABDATE", value, Some(label)),
            (Series::Relation, "Assistant") => self.text(Rank::Other, "X-ASSISTANT", value),
            (Series::Relation, "Manager") => self.text(Rank::Other, "X-MANAGER", value),
            (Series::Relation, "Spouse") => self.text(Rank::Other, "X-SPOUSE", value),
            (Series::Relation, _) => {
                self.labelled(Rank::Other, Property::new("X-ABRELATEDNAMES", value), label);
            }
            (Series::Address | Series::Custom | Series::Organisation, _) => {
                self.labelled(Rank::Other, Property::new("X-CUSTOM", value), label);
            }
        }
    }

    /// Each part may hold several values, of as many addresses.
    fn numbered_address(&mut self, label: &str, cells: &[(Slot, String)]) {
        let mut addresses: Vec<Parts> = Vec::new();
        for (slot, cell) in cells {
            let Slot::Part(part) = slot else { continue };
            for (at, value) in cell.split(MANY).enumerate() {
                if addresses.len() <= at {
                    addresses.push(Parts::default());
                }
                part.put(&mut addresses[at], value.trim());
            }
        }
        let (types, label) = types_of(label);
        addresses.into_iter().for_each(|parts| self.address(types, label, parts));
    }

    fn address(&mut self, types: &[&str], label: &str, mut parts: Parts) {
        let whole = std::mem::take(&mut parts[Part::Whole as usize]);
        if parts.iter().all(String::is_empty) {
            parts[Part::Street as usize] = whole;
        }
        let components = parts[..Part::Whole as usize].iter().map(String::as_str).collect::<Vec<_>>();
        if components.iter().any(|part| !part.is_empty()) {
            let property = Property::of_components("ADR", &components).with("TYPE", types);
            self.labelled(Rank::Address, property, label);
        }
    }

    fn email(&mut self, header: Option<&str>, types: &[&str], label: &str, address: &str) {
        if !address.contains('@') {
            let reason = format!("`{address}` is no e-mail address: kept as it is");
            self.notes.push((header.map(str::to_owned), reason));
        }
        self.labelled(Rank::Email, Property::new("EMAIL", address).with("TYPE", types), label);
    }

    fn date(&mut self, header: Option<&str>, name: &str, cell: &str, label: Option<&str>) {
        let rank = if name == "BDAY" { Rank::Birthday } else { Rank::Anniversary };
        let text = match Day::read(cell, self.order) {
            Day::Nothing => return,
            Day::Date(date) => date,
            Day::Text(reason) => {
                self.notes
                    .push((header.map(str::to_owned), format!("the date `{cell}` {reason}: kept as text")));
                cell.to_owned()
            }
        };
        self.labelled(rank, Property::new(name, &text), label.unwrap_or_default());
    }

    fn gender(&mut self, cell: &str) {
        let Some(value) = gender(cell) else { return };
        let property = Property { value, ..Property::new("GENDER", "") };
        self.push(Rank::Other, property);
    }

    fn members(&mut self, cell: &str) {
        self.text(Rank::Other, "KIND", "group");
        for address in cell.split(',').map(str::trim).filter(|address| !address.is_empty()) {
            self.text(Rank::Other, "MEMBER", &format!("mailto:{address}"));
        }
    }

    fn messenger(&mut self, scheme: &str, kind: &str, address: &str) {
        let address = address.replace('%', "%25").replace(' ', "%20");
        let uri = if address.contains("://") || address.starts_with(&format!("{scheme}:")) {
            address
        } else {
            format!("{scheme}:{address}")
        };
        let types = if kind.is_empty() { &[][..] } else { &[kind] };
        self.push(Rank::Messenger, Property::new("IMPP", &uri).with("TYPE", types));
    }

    /// A cell of a column nothing is known of, with its header.
    fn unknown(&mut self, at: usize, header: &str, cell: &str) {
        let column = if header.trim().is_empty() { &[][..] } else { &[header] };
        let property = Property::new(&extension_name(at, header), "").with("X-COLUMN", column);
        self.push(Rank::Other, Property { value: crate::text::escape(cell), ..property });
        self.unknown.push(at);
    }

    /// A label of the user's own goes beside its property, into a group of both.
    fn labelled(&mut self, rank: Rank, property: Property, label: &str) {
        if label.is_empty() {
            return self.push(rank, property);
        }
        self.groups += 1;
        let group = format!("item{}", self.groups);
        self.push(rank, property.in_group(&group));
        self.push(rank, Property::new("X-ABLABEL", label).in_group(&group));
    }

    fn text(&mut self, rank: Rank, name: &str, text: &str) {
        self.push(rank, Property::new(name, text));
    }

    fn push(&mut self, rank: Rank, property: Property) {
        self.properties.push((rank, property));
    }
}

/// The order in which a card says things.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Rank {
    DisplayName,
    Name,
    Nickname,
    Organisation,
    Title,
    Email,
    Phone,
    Address,
    Website,
    Messenger,
    Birthday,
    Anniversary,
    Note,
    Categories,
    Photo,
    Other,
}

impl Part {
    /// Another line of a street goes below the first.
    fn put(self, parts: &mut Parts, cell: &str) {
        let part = &mut parts[self as usize];
        if !part.is_empty() {
            part.push('\n');
        }
        part.push_str(cell);
    }
}

fn append(text: &mut String, cell: &str) {
    if !text.is_empty() && !cell.is_empty() {
        text.push(' ');
    }
    text.push_str(cell);
}

// The birthday's cells are kept by unit.
const _: () = assert!(Unit::Year as usize == 0 && Unit::Day as usize == 2);
