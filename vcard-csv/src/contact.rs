//! A contact: its properties in order, and a typed view of those that mean something.

use crate::digest::Digest;
use crate::listing::Key;
use crate::place::Place;
use crate::property::Property;
use crate::text::{split, unescape};

/// A contact as read, whatever it was read from. It keeps every property in order, known or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contact {
    pub(crate) uid: String,
    pub(crate) place: Place,
    pub(crate) properties: Vec<Property>,
}

/// The parts of a name (`N`, RFC 6350 section 6.2.2).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
        self.all("ADR").map(|property| self.address(property)).collect()
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

    fn find<'a>(&'a self, name: &'a str) -> Option<&'a Property> {
        self.all(name).find(|property| !property.is_blank())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }

    fn text(&self, name: &str) -> String {
        self.find(name).map(Property::text).unwrap_or_default()
    }

    fn labelled(&self, name: &str) -> Vec<Labelled> {
        let labelled = |property: &Property| Labelled {
            value: property.text(),
            types: property.types().to_vec(),
            label: self.label(property),
            preferred: property.first("PREF") == Some("1"),
        };
        self.all(name).filter(|property| !property.is_blank()).map(labelled).collect()
    }

    fn address(&self, property: &Property) -> Address {
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
            label: self.label(property),
        }
    }

    fn label(&self, property: &Property) -> Option<String> {
        let group = property.group.as_ref()?;
        let same =
            |other: &&Property| other.group.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(group));
        self.all("X-ABLABEL").find(same).map(Property::text)
    }
}

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
