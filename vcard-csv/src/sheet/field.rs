//! What a CSV column means.

/// Which of a person's several.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Where {
    Home,
    Work,
    Other,
}

impl Where {
    /// As a `TYPE`.
    pub(crate) fn types(self) -> &'static [&'static str] {
        match self {
            Self::Home => &["home"],
            Self::Work => &["work"],
            Self::Other => &[],
        }
    }
}

/// A part of a postal address, in the order of `ADR` but for the whole and the lines of the street.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    PostBox,
    Extended,
    Street,
    City,
    Region,
    Code,
    Country,
    /// The address as one text, used where no part is given.
    Whole,
}

/// What a part of a date column is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unit {
    Year,
    Month,
    Day,
}

/// A series of numbered columns: `Phone 2 - Value`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Series {
    Address,
    Custom,
    Email,
    Event,
    Messenger,
    Organisation,
    Phone,
    Relation,
    Website,
}

/// A column of a series.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Slot {
    Department,
    Label,
    Name,
    Part(Part),
    Service,
    Title,
    Value,
}

/// What a column means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Field {
    Address(Where, Part),
    Anniversary,
    Birthday,
    BirthdayUnit(Unit),
    Categories,
    Department,
    DisplayName,
    Email(Where),
    FamilyName,
    Gender,
    GivenName,
    /// `TITLE`.
    JobTitle,
    Members,
    /// The scheme of an `IMPP`.
    Messenger(&'static str),
    MiddleName,
    Nickname,
    /// Says nothing when it holds one of these; else it is kept as an unknown column is.
    Noise(&'static [&'static str]),
    Note,
    Numbered(Series, u16, Slot),
    Organisation,
    /// Types and a label of its own, perhaps empty.
    Phone(&'static [&'static str], &'static str),
    Photo,
    Prefix,
    /// A property of this name, of one text.
    Property(&'static str),
    Suffix,
    Uid,
    Unknown,
    Website(Where),
}

impl Field {
    /// A numbered column of Google's: `E-mail 1 - Value`.
    pub(crate) fn numbered(header: &str) -> Option<Self> {
        let (head, slot) = header.trim().split_once(" - ")?;
        let (series, number) = head.rsplit_once(' ')?;
        let number = number.parse().ok()?;
        let series = match series {
            "Address" => Series::Address,
            "Custom Field" => Series::Custom,
            "E-mail" | "Email" => Series::Email,
            "Event" => Series::Event,
            "IM" => Series::Messenger,
            "Organization" => Series::Organisation,
            "Phone" => Series::Phone,
            "Relation" => Series::Relation,
            "Website" => Series::Website,
            _ => return None,
        };
        let slot = Slot::of(series, slot)?;
        Some(Self::Numbered(series, number, slot))
    }

    /// Whether cells of the column are dates.
    pub(crate) fn is_date(self) -> bool {
        matches!(self, Self::Anniversary | Self::Birthday | Self::Numbered(Series::Event, _, Slot::Value))
    }
}

impl Slot {
    fn of(series: Series, name: &str) -> Option<Self> {
        Some(match (series, name) {
            (_, "Label" | "Type") => Self::Label,
            (Series::Address, part) => Self::Part(match part {
                "Formatted" => Part::Whole,
                "Street" => Part::Street,
                "City" => Part::City,
                "PO Box" => Part::PostBox,
                "Region" | "State" => Part::Region,
                "Postal Code" => Part::Code,
                "Country" => Part::Country,
                "Extended Address" => Part::Extended,
                _ => return None,
            }),
            (Series::Organisation, "Name") => Self::Name,
            (Series::Organisation, "Title") => Self::Title,
            (Series::Organisation, "Department") => Self::Department,
            (Series::Messenger, "Service") => Self::Service,
            (series, "Value") if series != Series::Organisation => Self::Value,
            _ => return None,
        })
    }
}

// Fields that several tables name.
pub(crate) const HOME_PHONE: Field = Field::Phone(&["home"], "");
pub(crate) const WORK_PHONE: Field = Field::Phone(&["work"], "");
pub(crate) const OTHER_PHONE: Field = Field::Phone(&[], "");
pub(crate) const MOBILE: Field = Field::Phone(&["cell"], "");
pub(crate) const PAGER: Field = Field::Phone(&["pager"], "");
pub(crate) const CAR: Field = Field::Phone(&["car"], "");
pub(crate) const ISDN: Field = Field::Phone(&["isdn"], "");
pub(crate) const MAIN: Field = Field::Phone(&["main"], "");
pub(crate) const HOME_FAX: Field = Field::Phone(&["home", "fax"], "");
pub(crate) const WORK_FAX: Field = Field::Phone(&["work", "fax"], "");
pub(crate) const OTHER_FAX: Field = Field::Phone(&["fax"], "");
pub(crate) const CALLBACK: Field = Field::Phone(&[], "Callback");
pub(crate) const COMPANY_PHONE: Field = Field::Phone(&["work"], "Company");
pub(crate) const ASSISTANT_PHONE: Field = Field::Phone(&[], "Assistant");
pub(crate) const RADIO: Field = Field::Phone(&[], "Radio");
pub(crate) const TELEX: Field = Field::Phone(&[], "Telex");
pub(crate) const TTY: Field = Field::Phone(&["textphone"], "");
pub(crate) const ASSISTANT: Field = Field::Property("X-ASSISTANT");
pub(crate) const MANAGER: Field = Field::Property("X-MANAGER");
pub(crate) const SPOUSE: Field = Field::Property("X-SPOUSE");
pub(crate) const MAIDEN: Field = Field::Property("X-MAIDENNAME");
pub(crate) const ROLE: Field = Field::Property("ROLE");
pub(crate) const MAIL_TYPE: Field = Field::Noise(&["SMTP"]);
pub(crate) const NORMAL: Field = Field::Noise(&["Normal", "Normale"]);
pub(crate) const FALSE: Field = Field::Noise(&["False", "Falsch", "Falso", "Aus", "Off", "0"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_headers() {
        assert_eq!(
            Field::numbered("E-mail 12 - Value"),
            Some(Field::Numbered(Series::Email, 12, Slot::Value))
        );
        assert_eq!(
            Field::numbered("Address 1 - PO Box"),
            Some(Field::Numbered(Series::Address, 1, Slot::Part(Part::PostBox)))
        );
        for no in
            ["E-mail - Value", "E-mail 1 - Colour", "Organization 1 - Value", "Phone x - Value", "Notes"]
        {
            assert_eq!(Field::numbered(no), None, "{no}");
        }
    }
}
