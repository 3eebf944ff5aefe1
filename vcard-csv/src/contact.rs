//! A contact: its properties in order, and a typed view of those that mean something.

use crate::canon::{canonical, spoken_name};
use crate::digest::Digest;
use crate::listing::Key;
use crate::place::Place;
use crate::property::{Parameter, Property};
use crate::text::{split, unescape};
use serde::Serialize;
use std::collections::BTreeMap;

/// A contact as read, whatever it was read from. It keeps every property in order, known or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contact {
    pub(crate) uid: String,
    pub(crate) place: Place,
    pub(crate) properties: Vec<Property>,
}

/// The parts of a name (`N`, RFC 6350 section 6.2.2).
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Name {
    /// Family name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// Middle names.
    pub additional: String,
    /// As `Dr.`.
    pub prefixes: String,
    /// As `Jr.`.
    pub suffixes: String,
}

/// An e-mail address, telephone number, web page or messenger address with what is said about it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Labelled {
    /// The address or number.
    pub value: String,
    /// As `home`, `work`, `cell`; lower case.
    pub types: Vec<String>,
    /// A label of the user's own (`X-ABLabel`).
    pub label: Option<String>,
    /// Whether it is the preferred one.
    pub preferred: bool,
}

/// A postal address (`ADR`, RFC 6350 section 6.3.1).
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Address {
    /// Post office box.
    pub post_box: String,
    /// Flat, floor, building.
    pub extended: String,
    /// Street; lines are separated by newlines.
    pub street: String,
    /// City.
    pub city: String,
    /// State or province.
    pub region: String,
    /// Postal code.
    pub code: String,
    /// Country.
    pub country: String,
    /// As `home`, `work`; lower case.
    pub types: Vec<String>,
    /// A label of the user's own (`X-ABLabel`).
    pub label: Option<String>,
}

impl Contact {
    /// Takes the UID out of canonical properties and adds the `FN` and `N` that every version but 2.1 demands,
    /// with the reasons of what was done. The UID stays empty where there is none.
    pub(crate) fn assemble(place: Place, mut properties: Vec<Property>) -> (Self, Vec<String>) {
        let mut reasons = Vec::new();
        let mut uid = String::new();
        properties.retain(|property| {
            let text = if property.name == "UID" { property.text() } else { return true };
            if uid.is_empty() {
                uid = text.trim().to_owned();
            } else if uid != text.trim() {
                reasons.push(format!("a second UID is left out: {text}"));
            }
            false
        });
        if !properties.iter().any(|property| property.name == "N") {
            properties.insert(0, canonical(Property::new("N", "")));
        }
        let mut contact = Self { uid, place, properties };
        if contact.find("FN").is_none() {
            contact.properties.retain(|property| property.name != "FN");
            let name = contact.name_to_show();
            reasons.push(format!("no display name (FN): `{name}` is shown"));
            contact.properties.insert(0, Property::new("FN", &name));
        }
        (contact, reasons)
    }

    /// The UID; one made from the content when the source gives none.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Where it was read.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Every property but the UID, in order.
    pub fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// Identity on an address-book server.
    pub fn key(&self) -> Key {
        Key::of_uid(&self.uid)
    }

    /// The content's digest: whatever the order, the folding, the version, the UID, and who wrote the card when.
    pub fn digest(&self) -> Digest {
        let groups = self.groups();
        let mut lines: Vec<String> =
            self.properties.iter().filter_map(|property| content(property, &groups)).collect();
        lines.sort_unstable();
        Digest::of(lines.join("\n").as_bytes())
    }

    /// A name for the file that holds the card: the UID where that is safe as a name, else its digest.
    pub fn file_stem(&self) -> String {
        let key = self.key();
        let safe =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@' | b'+');
        let name = key.as_str();
        if !name.is_empty() && name.len() <= STEM && !name.starts_with(['.', '-']) && name.bytes().all(safe) {
            name.to_owned()
        } else {
            Digest::of(name.as_bytes()).to_string()
        }
    }

    /// The name to show (`FN`).
    pub fn display_name(&self) -> String {
        self.text("FN")
    }

    /// The name's parts.
    pub fn name(&self) -> Name {
        let Some(property) = self.find("N") else { return Name::default() };
        let mut parts = property.components().into_iter();
        let mut next = || parts.next().unwrap_or_default();
        Name { family: next(), given: next(), additional: next(), prefixes: next(), suffixes: next() }
    }

    /// Nicknames.
    pub fn nicknames(&self) -> Vec<String> {
        self.all("NICKNAME").flat_map(Property::list).collect()
    }

    /// E-mail addresses.
    pub fn emails(&self) -> Vec<Labelled> {
        self.labelled("EMAIL")
    }

    /// Telephone numbers.
    pub fn phones(&self) -> Vec<Labelled> {
        self.labelled("TEL")
    }

    /// Web pages.
    pub fn urls(&self) -> Vec<Labelled> {
        self.labelled("URL")
    }

    /// Messenger addresses.
    pub fn messengers(&self) -> Vec<Labelled> {
        self.labelled("IMPP")
    }

    /// Postal addresses.
    pub fn addresses(&self) -> Vec<Address> {
        let labels = self.labels();
        self.all("ADR").map(|property| address(property, &labels)).collect()
    }

    /// Organisation and its units.
    pub fn organisation(&self) -> Vec<String> {
        let value = self.find("ORG").map_or("", |property| &property.value);
        split(value, ';').into_iter().map(unescape).filter(|part| !part.is_empty()).collect()
    }

    /// Job title.
    pub fn title(&self) -> String {
        self.text("TITLE")
    }

    /// Birthday: `19850412`, without a year `--0412`, or text where it is no date.
    pub fn birthday(&self) -> Option<String> {
        self.find("BDAY").map(Property::text)
    }

    /// Anniversary, written as the birthday is.
    pub fn anniversary(&self) -> Option<String> {
        self.find("ANNIVERSARY").map(Property::text)
    }

    /// Notes.
    pub fn notes(&self) -> Vec<String> {
        self.all("NOTE").map(Property::text).collect()
    }

    /// Categories.
    pub fn categories(&self) -> Vec<String> {
        self.all("CATEGORIES").flat_map(Property::list).collect()
    }

    /// The photo's URI; `data:` when it is in the card.
    pub fn photo(&self) -> Option<String> {
        self.find("PHOTO").map(Property::text)
    }

    /// Members of a list (`KIND:group`), as URIs.
    pub fn members(&self) -> Vec<String> {
        self.all("MEMBER").map(Property::text).collect()
    }

    /// Properties that the typed view does not show.
    pub fn others(&self) -> impl Iterator<Item = &Property> {
        self.properties.iter().filter(|property| !VIEWED.contains(&property.name.as_str()))
    }

    /// What a person would call a card without a name.
    fn name_to_show(&self) -> String {
        let first = |name: &'static str| self.find(name).map(Property::text);
        let spoken = self.find("N").map(|property| spoken_name(&property.value));
        let found = spoken
            .into_iter()
            .chain(self.nicknames().into_iter().next())
            .chain(self.organisation().into_iter().next())
            .chain(first("EMAIL"))
            .chain(first("TEL"));
        let mut found = found.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        found.next().unwrap_or_else(|| NAMELESS.to_owned())
    }

    /// What each group says by labels, and whether it holds more than these.
    fn groups(&self) -> BTreeMap<String, Group> {
        let mut labels: BTreeMap<String, (Vec<&str>, bool)> = BTreeMap::new();
        for property in &self.properties {
            let Some(group) = &property.group else { continue };
            let entry = labels.entry(group.to_ascii_lowercase()).or_default();
            if property.name == "X-ABLABEL" {
                entry.0.push(&property.value);
            } else {
                entry.1 |= counts(property);
            }
        }
        let group = |(mut texts, holds_more): (Vec<&str>, bool)| {
            texts.sort_unstable();
            let label = if texts.is_empty() {
                String::new()
            } else {
                Digest::of(texts.join("\0").as_bytes()).to_string()
            };
            Group { label, holds_more }
        };
        labels.into_iter().map(|(name, found)| (name, group(found))).collect()
    }

    /// The first property of this name that says something.
    pub(crate) fn find<'a>(&'a self, name: &'a str) -> Option<&'a Property> {
        self.all(name).find(|property| !property.is_blank())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }

    fn text(&self, name: &str) -> String {
        self.find(name).map(Property::text).unwrap_or_default()
    }

    /// The user's own labels by group.
    fn labels(&self) -> Labels<'_> {
        let labels = self.all("X-ABLABEL").rev();
        labels.filter_map(|label| Some((label.group.as_ref()?.to_ascii_lowercase(), label))).collect()
    }

    fn labelled(&self, name: &str) -> Vec<Labelled> {
        let labels = self.labels();
        let labelled = |property: &Property| Labelled {
            value: property.text(),
            types: property.types().to_vec(),
            label: label(property, &labels),
            preferred: property.first("PREF") == Some("1"),
        };
        self.all(name).filter(|property| !property.is_blank()).map(labelled).collect()
    }
}

/// Labels by the name of their group in lower case.
type Labels<'a> = BTreeMap<String, &'a Property>;

fn label(property: &Property, labels: &Labels<'_>) -> Option<String> {
    let group = property.group.as_ref()?;
    labels.get(&group.to_ascii_lowercase()).map(|label| label.text())
}

fn address(property: &Property, labels: &Labels<'_>) -> Address {
    let mut parts = property.components().into_iter();
    let mut next = || parts.next().unwrap_or_default();
    Address {
        post_box: next(),
        extended: next(),
        street: next(),
        city: next(),
        region: next(),
        code: next(),
        country: next(),
        types: property.types().to_vec(),
        label: label(property, labels),
    }
}

/// Whether a property is content: not who wrote the card when, and not empty.
fn counts(property: &Property) -> bool {
    !matches!(property.name.as_str(), "PRODID" | "REV") && !property.is_blank()
}

/// A group as the digest sees it.
struct Group {
    /// A digest of all its labels, so that no label is repeated with every property.
    label: String,
    /// Whether there is something that the labels are for.
    holds_more: bool,
}

/// A property as the digest sees it: groups have no names, only labels.
fn content(property: &Property, groups: &BTreeMap<String, Group>) -> Option<String> {
    let group = property.group.as_ref().and_then(|group| groups.get(&group.to_ascii_lowercase()));
    let is_label = property.name == "X-ABLABEL";
    if !counts(property) || is_label && group.is_some_and(|group| group.holds_more) {
        return None;
    }
    let parameter = |parameter: &Parameter| {
        let mut values = parameter.values.clone();
        values.sort_unstable();
        format!("{}={values:?}", parameter.name)
    };
    let mut parameters: Vec<String> = property.parameters.iter().map(parameter).collect();
    parameters.sort_unstable();
    let label = group.filter(|_| !is_label).map_or("", |group| &group.label);
    Some([&*property.name, &parameters.join(";"), &property.value, label].join("\0"))
}

/// Shown for a card that names nobody.
pub(crate) const NAMELESS: &str = "(no name)";

/// Longest UID that is used as a file's name.
const STEM: usize = 120;

/// What the typed view shows.
const VIEWED: [&str; 17] = [
    "ADR",
    "ANNIVERSARY",
    "BDAY",
    "CATEGORIES",
    "EMAIL",
    "FN",
    "IMPP",
    "MEMBER",
    "N",
    "NICKNAME",
    "NOTE",
    "ORG",
    "PHOTO",
    "TEL",
    "TITLE",
    "URL",
    "X-ABLABEL",
];
