//! Who wrote a file, found by its header.

use super::english;
use super::field::Field;
use super::local;
use super::values::plain;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

/// Which program wrote a CSV file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Exporter {
    /// Carbonio or Zimbra.
    Carbonio,
    /// None of the known ones, but with headers that are understood.
    Generic,
    /// Google Contacts since 2024.
    Google,
    /// Google Contacts before.
    GoogleOld,
    /// Outlook.
    Outlook,
    /// Thunderbird.
    Thunderbird,
}

impl fmt::Display for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Carbonio => "Carbonio",
            Self::Generic => "generic",
            Self::Google => "Google",
            Self::GoogleOld => "Google (before 2024)",
            Self::Outlook => "Outlook",
            Self::Thunderbird => "Thunderbird",
        })
    }
}

/// What the headers of a file mean.
pub(crate) struct Meaning {
    pub(crate) exporter: Exporter,
    pub(crate) language: &'static str,
    /// One for each header.
    pub(crate) fields: Vec<Field>,
    /// Headers that this program does not write, but another does.
    pub(crate) borrowed: Vec<String>,
}

impl Meaning {
    /// Takes the table that knows the most headers, and the others for those it does not know.
    pub(crate) fn of(headers: &[&str]) -> Self {
        let plain: Vec<String> = headers.iter().map(|header| plain(header)).collect();
        let numbered: Vec<Option<Field>> = headers.iter().map(|header| Field::numbered(header)).collect();
        let indexes = &*INDEXES;
        let known = |(table, index): (&Table, &Index)| {
            let google = matches!(table.exporter, Exporter::Google | Exporter::GoogleOld);
            let known = |(header, numbered): (&String, &Option<Field>)| {
                index.contains_key(header) || google && numbered.is_some()
            };
            plain.iter().zip(&numbered).filter(|&both| known(both)).count()
        };
        // The first of the best: the likelier tables come first.
        let score = |at: usize| known((&TABLES[at], &indexes[at]));
        let best = (0..TABLES.len()).rev().max_by_key(|&at| score(at)).unwrap_or(0);
        let own =
            |(header, numbered): (&String, Option<Field>)| numbered.or(indexes[best].get(header).copied());
        let others = |header: &String| indexes.iter().find_map(|index| index.get(header).copied());
        let mut borrowed = Vec::new();
        let mut fields = Vec::with_capacity(headers.len());
        for (at, (header, numbered)) in plain.iter().zip(numbered.iter().copied()).enumerate() {
            let found = own((header, numbered));
            let other = if found.is_none() { others(header) } else { None };
            borrowed.extend(other.map(|_| headers[at].trim().to_owned()));
            fields.push(found.or(other).unwrap_or(Field::Unknown));
        }
        // Half of the headers name the program.
        let sure = score(best) * 2 >= headers.len() && score(best) > 0;
        if !sure {
            name_is_family_name(&mut fields);
        }
        let exporter = if sure { TABLES[best].exporter } else { Exporter::Generic };
        Self { exporter, language: TABLES[best].language, fields, borrowed }
    }

    /// How many headers are understood.
    pub(crate) fn known(&self) -> usize {
        self.fields.iter().filter(|field| **field != Field::Unknown).count()
    }
}

/// The headers of one program in one language.
struct Table {
    exporter: Exporter,
    language: &'static str,
    rows: &'static [(&'static str, Field)],
}

/// Of headers in their plain form.
type Index = HashMap<String, Field>;

impl Table {
    fn index(&self) -> Index {
        // The first of two equal headers counts.
        self.rows.iter().rev().map(|(header, field)| (plain(header), *field)).collect()
    }
}

/// `Name` beside `Vorname`, and no other family name, is the family name.
fn name_is_family_name(fields: &mut [Field]) {
    let has = |wanted: Field| fields.contains(&wanted);
    if has(Field::GivenName) && !has(Field::FamilyName) && !has(Field::MiddleName) {
        let shown = fields.iter_mut().find(|field| **field == Field::DisplayName);
        shown.into_iter().for_each(|field| *field = Field::FamilyName);
    }
}

/// The tables as they are looked up, made once.
static INDEXES: LazyLock<Vec<Index>> = LazyLock::new(|| TABLES.iter().map(Table::index).collect());

/// All tables, the likelier first.
const TABLES: &[Table] = &[
    Table { exporter: Exporter::Carbonio, language: "en", rows: english::CARBONIO },
    Table { exporter: Exporter::Google, language: "en", rows: english::GOOGLE },
    Table { exporter: Exporter::GoogleOld, language: "en", rows: english::GOOGLE_OLD },
    Table { exporter: Exporter::Outlook, language: "en", rows: english::OUTLOOK },
    Table { exporter: Exporter::Outlook, language: "de", rows: local::OUTLOOK_DE },
    Table { exporter: Exporter::Outlook, language: "it", rows: local::OUTLOOK_IT },
    Table { exporter: Exporter::Thunderbird, language: "en", rows: english::THUNDERBIRD },
    Table { exporter: Exporter::Thunderbird, language: "de", rows: local::THUNDERBIRD_DE },
    Table { exporter: Exporter::Thunderbird, language: "it", rows: local::THUNDERBIRD_IT },
    Table { exporter: Exporter::Generic, language: "en", rows: english::GENERIC },
    Table { exporter: Exporter::Generic, language: "en", rows: english::TINE },
    Table { exporter: Exporter::Generic, language: "de", rows: local::GENERIC_DE },
    Table { exporter: Exporter::Generic, language: "it", rows: local::GENERIC_IT },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exporters_are_found() {
        for (headers, exporter, language) in [
            ("firstName,lastName,email,workPhone,homeStreet", Exporter::Carbonio, "en"),
            ("First Name,Last Name,E-mail 1 - Label,E-mail 1 - Value,Labels", Exporter::Google, "en"),
            ("Name,Given Name,Family Name,E-mail 1 - Type,E-mail 1 - Value", Exporter::GoogleOld, "en"),
            ("Title,First Name,Last Name,E-mail Address,Business Phone", Exporter::Outlook, "en"),
            ("Anrede,Vorname,Nachname,Straße privat,E-Mail-Adresse", Exporter::Outlook, "de"),
            ("Titolo,Nome,Cognome,Via (uff.),Cellulare", Exporter::Outlook, "it"),
            ("First Name,Last Name,Display Name,Primary Email", Exporter::Thunderbird, "en"),
            ("Vorname,Nachname,Anzeigename,Primäre E-Mail-Adresse", Exporter::Thunderbird, "de"),
            ("Nome,Cognome,Nome visualizzato,E-mail primaria", Exporter::Thunderbird, "it"),
            ("Colour,Shoe size,Phone,Taste", Exporter::Generic, "en"),
        ] {
            let headers: Vec<&str> = headers.split(',').collect();
            let meaning = Meaning::of(&headers);
            assert_eq!((meaning.exporter, meaning.language), (exporter, language), "{headers:?}");
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        let meaning = Meaning::of(&["STRASSE GESCHÄFTLICH", "e-mail adresse", "\u{feff}Vorname"]);
        assert_eq!(meaning.known(), 3);
    }
}
