//! What a mailbox is for: special uses (RFC 6154, RFC 8457), and the names by which they are known where a server does not say.

use std::fmt;
use std::str::FromStr;

use crate::languages;
use crate::model::FolderName;

/// What a mailbox is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpecialUse {
    /// All messages of the account, wherever they are: a view.
    All,
    /// Messages put aside.
    Archive,
    /// Messages not sent yet.
    Drafts,
    /// Messages that bear a flag or a star: a view.
    Flagged,
    /// Messages that the server thinks important (RFC 8457): a view.
    Important,
    /// Messages that nobody asked for.
    Junk,
    /// Copies of messages that were sent.
    Sent,
    /// Messages that were thrown away.
    Trash,
}

impl SpecialUse {
    /// All of them.
    pub const EVERY: [Self; 8] = [
        Self::All,
        Self::Archive,
        Self::Drafts,
        Self::Flagged,
        Self::Important,
        Self::Junk,
        Self::Sent,
        Self::Trash,
    ];

    /// The use that an attribute of LIST (RFC 6154 section 2) or of XLIST announces.
    ///
    /// ```
    /// use imap_sync::SpecialUse;
    /// assert_eq!(SpecialUse::from_attribute("\\SENT"), Some(SpecialUse::Sent));
    /// assert_eq!(SpecialUse::from_attribute("\\Spam"), Some(SpecialUse::Junk));
    /// assert_eq!(SpecialUse::from_attribute("\\HasNoChildren"), None);
    /// ```
    pub fn from_attribute(attribute: &str) -> Option<Self> {
        let xlist = [("\\AllMail", Self::All), ("\\Spam", Self::Junk), ("\\Starred", Self::Flagged)];
        let standard = Self::EVERY.map(|special| (special.attribute(), special));
        let mut known = standard.into_iter().chain(xlist);
        known.find(|(name, _)| name.eq_ignore_ascii_case(attribute)).map(|(_, special)| special)
    }

    /// The use that a mailbox's attributes announce; of several the first that is no view.
    pub fn from_attributes<A: AsRef<str>>(attributes: impl IntoIterator<Item = A>) -> Option<Self> {
        let uses = attributes.into_iter().filter_map(|attribute| Self::from_attribute(attribute.as_ref()));
        uses.min_by_key(|special| (special.is_view(), *special))
    }

    /// The use that a name stands for in one of the languages known, as mail programs write it: at the top, or
    /// directly below `INBOX`. A guess: nobody announced it.
    pub fn guess(name: &FolderName) -> Option<Self> {
        let parts = name.text()?;
        match parts.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["INBOX", name] | [name] => languages::find(name).and_then(Self::from_attribute),
            _ => None,
        }
    }

    /// The attribute, for `LIST` and for `CREATE ... (USE (...))`.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::All => "\\All",
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Flagged => "\\Flagged",
            Self::Important => "\\Important",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
        }
    }

    /// Whether the mailbox shows messages that are kept elsewhere (RFC 6154 section 2: "virtual"). No server lets one
    /// be made, and what is read from it comes a second time.
    pub fn is_view(self) -> bool {
        matches!(self, Self::All | Self::Flagged | Self::Important)
    }
}

impl FromStr for SpecialUse {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::EVERY.into_iter().find(|special| special.to_string().eq_ignore_ascii_case(word));
        known.or_else(|| Self::from_attribute(&format!("\\{word}"))).ok_or_else(|| {
            let words = Self::EVERY.map(|special| special.to_string()).join(", ");
            format!("`{word}` is no special use: {words}")
        })
    }
}

impl fmt::Display for SpecialUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.attribute()[1..].to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_in_any_case_and_from_gmail_too() {
        for it in SpecialUse::EVERY {
            assert_eq!(SpecialUse::from_attribute(&it.attribute().to_ascii_uppercase()), Some(it));
        }
        assert_eq!(SpecialUse::from_attribute("\\Spam"), Some(SpecialUse::Junk));
        assert_eq!(SpecialUse::from_attribute("\\HasChildren"), None);
    }

    #[test]
    fn names_in_many_languages() {
        for (path, special) in [
            (&["Sent"][..], Some(SpecialUse::Sent)),
            (&["INBOX", "sent-mail"], Some(SpecialUse::Sent)),
            (&["Gesendete Elemente"], Some(SpecialUse::Sent)),
            (&["Éléments envoyés"], Some(SpecialUse::Sent)),
            (&["Lixo"], Some(SpecialUse::Trash)),
            (&["Roskaposti"], Some(SpecialUse::Junk)),
            (&["ОТПРАВЛЕННЫЕ"], Some(SpecialUse::Sent)),
            (&["下書き"], Some(SpecialUse::Drafts)),
            (&["임시보관함"], Some(SpecialUse::Drafts)),
            (&["Archiv"], Some(SpecialUse::Archive)),
            (&["Work", "Sent"], None),
            (&["INBOX"], None),
            (&["Outbox"], None),
            (&["Sent 2019"], None),
        ] {
            let name = FolderName::from_text(path.iter().copied());
            assert_eq!(SpecialUse::guess(&name), special, "{name}");
        }
        assert_eq!(SpecialUse::guess(&FolderName::from_wire([*b"gr\xfc"])), None);
    }

    #[test]
    fn attributes_and_words() {
        for special in SpecialUse::EVERY {
            assert_eq!(SpecialUse::from_attribute(special.attribute()), Some(special));
            assert_eq!(special.to_string().parse(), Ok(special));
        }
        assert_eq!("Spam".parse(), Ok(SpecialUse::Junk));
        assert!("inbox".parse::<SpecialUse>().unwrap_err().contains("drafts"));
        let both = SpecialUse::from_attributes(["\\Important", "\\HasNoChildren", "\\Trash"]);
        assert_eq!(both, Some(SpecialUse::Trash));
        assert_eq!(SpecialUse::from_attributes(["\\Noselect"]), None);
    }
}
