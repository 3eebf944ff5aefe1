//! What of a source is wanted: folders and items. What the user leaves out is excluded, and said.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

use crate::flags::{Flag, Flags};
use crate::model::{FolderName, Item};
use crate::path;
use crate::pattern::Pattern;
use crate::rules::SourceFolder;
use crate::special::SpecialUse;

/// What is wanted. The default is everything but views.
///
/// Views are folders that show what is kept elsewhere: Gmail's All Mail, Important and Starred, or a server's virtual
/// folders (`\All`, `\Important`, `\Flagged`). Whoever takes them, too, takes most messages twice or more often. But on
/// Gmail a message that was archived and has no label is in All Mail alone: an account where that matters is taken with `views`.
///
/// What is not known of an item (its date, say) never excludes it.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only folders that one of these matches, if there are any.
    pub include: Vec<Pattern>,
    /// Not those that one of these matches, even if they are included.
    pub exclude: Vec<Pattern>,
    /// Not those that are for one of these uses.
    pub exclude_special: BTreeSet<SpecialUse>,
    /// Whether what a folder is for may be told from its name, where the server does not announce it.
    pub guess: bool,
    /// Only folders that the user has subscribed to. `INBOX` counts as subscribed.
    pub subscribed: bool,
    /// Views, too.
    pub views: bool,
    /// Only items that arrived on this day or later: SINCE (RFC 9051 section 6.4.4), by INTERNALDATE and in its own zone.
    pub since: Option<NaiveDate>,
    /// Only items that arrived before this day: BEFORE.
    pub before: Option<NaiveDate>,
    /// Only items that have at least so many bytes.
    pub min_size: Option<u64>,
    /// Only items that have at most so many bytes.
    pub max_size: Option<u64>,
    /// Only items that bear all of these.
    pub with_flags: Flags,
    /// Only items that bear none of these.
    pub without_flags: Flags,
    /// Only items that the server finds by these keys.
    pub search: Option<SearchKeys>,
}

/// Why a folder is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FolderExclusion {
    /// A pattern excludes it.
    Excluded(String),
    /// No pattern includes it.
    NotIncluded,
    /// The user has not subscribed to it.
    NotSubscribed,
    /// What it is for is excluded.
    SpecialUse(SpecialUse),
    /// It shows what is kept elsewhere.
    View(SpecialUse),
}

/// Why an item is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemExclusion {
    /// It bears a flag that is not wanted.
    Flag(Flag),
    /// It does not bear a flag that is wanted.
    NoFlag(Flag),
    /// It came on that day or later.
    NotBefore(NaiveDate),
    /// It came before that day.
    NotSince(NaiveDate),
    /// It has more bytes than that.
    TooLarge(u64),
    /// It has fewer bytes than that.
    TooSmall(u64),
}

impl Selection {
    /// Why a folder is left out; `None` when it is wanted.
    ///
    /// ```
    /// use imap_sync::{FolderName, Selection, SourceFolder, SpecialUse};
    /// let folder = SourceFolder {
    ///     name: FolderName::from_text(["[Gmail]", "All Mail"]),
    ///     special: Some(SpecialUse::All),
    ///     selectable: true,
    ///     subscribed: true,
    /// };
    /// assert!(Selection::default().folder(&folder).is_some());
    /// assert!(Selection { views: true, ..Selection::default() }.folder(&folder).is_none());
    /// ```
    pub fn folder(&self, folder: &SourceFolder) -> Option<FolderExclusion> {
        let path = path::write(&folder.name);
        let guessed = || self.guess.then(|| SpecialUse::guess(&folder.name)).flatten();
        let special = folder.special.or_else(guessed);
        let excluded = self.exclude.iter().find(|pattern| pattern.matches(&path));
        if let Some(pattern) = excluded {
            return Some(FolderExclusion::Excluded(pattern.to_string()));
        }
        if !self.include.is_empty() && !self.include.iter().any(|pattern| pattern.matches(&path)) {
            return Some(FolderExclusion::NotIncluded);
        }
        if self.subscribed && !folder.subscribed && !folder.name.is_inbox() {
            return Some(FolderExclusion::NotSubscribed);
        }
        match special {
            Some(special) if self.exclude_special.contains(&special) => {
                Some(FolderExclusion::SpecialUse(special))
            }
            Some(special) if special.is_view() && !self.views => Some(FolderExclusion::View(special)),
            _ => None,
        }
    }

    /// The patterns of folders asked for that none of these has.
    pub fn unmatched<'a>(&self, folders: impl Iterator<Item = &'a FolderName>) -> Vec<String> {
        let paths: Vec<String> = folders.map(path::write).collect();
        let none = |pattern: &&Pattern| !paths.iter().any(|path| pattern.matches(path));
        self.include.iter().filter(none).map(ToString::to_string).collect()
    }

    /// Whether it leaves out items of folders that it takes.
    pub fn is_choosy(&self) -> bool {
        let bounds = self.since.is_some()
            || self.before.is_some()
            || self.min_size.is_some()
            || self.max_size.is_some();
        bounds || self.search.is_some() || !self.with_flags.is_empty() || !self.without_flags.is_empty()
    }

    /// Why an item is left out; `None` when it is wanted, as far as can be told without a search.
    pub fn item(&self, item: &Item) -> Option<ItemExclusion> {
        let by_size = item.size.and_then(|size| {
            let small = self.min_size.filter(|&least| size < least).map(ItemExclusion::TooSmall);
            small.or(self.max_size.filter(|&most| size > most).map(ItemExclusion::TooLarge))
        });
        by_size.or_else(|| self.by_date(item)).or_else(|| self.by_flags(item.flags.as_ref()?))
    }

    fn by_date(&self, item: &Item) -> Option<ItemExclusion> {
        let day = item.date?.date_naive();
        let early = self.since.filter(|&since| day < since).map(ItemExclusion::NotSince);
        early.or(self.before.filter(|&before| day >= before).map(ItemExclusion::NotBefore))
    }

    fn by_flags(&self, flags: &Flags) -> Option<ItemExclusion> {
        let lacking = self.with_flags.iter().find(|flag| !flags.contains(flag.as_bytes()));
        let unwanted = || self.without_flags.iter().find(|flag| flags.contains(flag.as_bytes()));
        let lacking = lacking.map(|flag| ItemExclusion::NoFlag(flag.clone()));
        lacking.or_else(|| unwanted().map(|flag| ItemExclusion::Flag(flag.clone())))
    }
}

impl fmt::Display for FolderExclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Excluded(pattern) => write!(f, "{pattern} excludes it"),
            Self::NotIncluded => f.write_str("it is not among the folders asked for"),
            Self::NotSubscribed => f.write_str("the user has not subscribed to it"),
            Self::SpecialUse(special) => write!(f, "it is the folder for {special}"),
            Self::View(SpecialUse::All) => f.write_str(
                "it shows all messages of the account once more; those that are in no other folder are left out with it",
            ),
            Self::View(_) => f.write_str("it shows messages that are kept in other folders"),
        }
    }
}

impl fmt::Display for ItemExclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "it bears {flag}"),
            Self::NoFlag(flag) => write!(f, "it does not bear {flag}"),
            Self::NotBefore(day) => write!(f, "it did not come before {day}"),
            Self::NotSince(day) => write!(f, "it came before {day}"),
            Self::TooLarge(bytes) => write!(f, "it has more than {bytes} bytes"),
            Self::TooSmall(bytes) => write!(f, "it has fewer than {bytes} bytes"),
        }
    }
}

/// Keys of a SEARCH (`search-key *(SP search-key)`, RFC 9051 section 6.4.4) in the user's own words, which can be sent as
/// they are: printable ASCII, no literal, every quote and parenthesis closed, and nothing that changes what SEARCH returns.
///
/// ```
/// use imap_sync::SearchKeys;
/// assert!("OR FROM \"ada\" (SUBJECT x UNSEEN)".parse::<SearchKeys>().is_ok());
/// assert!("SUBJECT x\r\na EXPUNGE".parse::<SearchKeys>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchKeys(String);

impl SearchKeys {
    /// The keys, to stand after `SEARCH` or `UID SEARCH`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SearchKeys {
    type Err = String;

    fn from_str(keys: &str) -> Result<Self, String> {
        let keys = keys.trim_matches(' ');
        let wrong = |what: &str| Err(format!("`{}` cannot be searched for: {what}", keys.escape_debug()));
        if let Some(other) = keys.chars().find(|character| !matches!(character, ' '..='~')) {
            return wrong(&format!("{other:?} is no printable ASCII"));
        }
        let first = keys.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match first.as_str() {
            "" => return wrong("there is no key"),
            "RETURN" | "CHARSET" | "IN" => return wrong(&format!("{first} is no key")),
            _ => {}
        }
        match unbalanced(keys) {
            Some(what) => wrong(what),
            None => Ok(Self(keys.to_owned())),
        }
    }
}

impl fmt::Display for SearchKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn unbalanced(keys: &str) -> Option<&'static str> {
    let (mut depth, mut quoted) = (0usize, false);
    let mut characters = keys.chars();
    while let Some(character) = characters.next() {
        match (character, quoted) {
            ('\\', true) => match characters.next() {
                Some('\\' | '"') => {}
                _ => return Some("only \\ and \" can stand after a backslash"),
            },
            ('"', _) => quoted = !quoted,
            (_, true) => {}
            ('{', _) => return Some("a literal cannot be given"),
            ('(', _) => depth += 1,
            (')', _) => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return Some("a parenthesis is closed that was not opened"),
            },
            _ => {}
        }
    }
    match (quoted, depth) {
        (true, _) => Some("a quote is not closed"),
        (_, 0) => None,
        _ => Some("a parenthesis is not closed"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn folder(path: &str, special: Option<SpecialUse>) -> SourceFolder {
        SourceFolder { name: path::read(path), special, selectable: true, subscribed: path == "a" }
    }

    #[test]
    fn folders_wanted_and_not() {
        let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let everything = Selection::default;
        let only_a = || Selection { include: patterns(&["a", "a/**"]), ..everything() };
        let but_spam = || Selection { exclude: patterns(&["**Spam"]), ..only_a() };
        let subscribed = || Selection { subscribed: true, ..everything() };
        let no_junk = |guess| Selection { exclude_special: [SpecialUse::Junk].into(), guess, ..everything() };
        let views = || Selection { views: true, ..everything() };
        let junk = Some(SpecialUse::Junk);
        for (what, selection, folder, excluded) in [
            ("everything", everything(), folder("x", None), None),
            ("included", only_a(), folder("a/b", None), None),
            ("not included", only_a(), folder("b", None), Some(FolderExclusion::NotIncluded)),
            (
                "excluded after all",
                but_spam(),
                folder("a/Spam", None),
                Some(FolderExclusion::Excluded("**Spam".into())),
            ),
            ("subscribed", subscribed(), folder("a", None), None),
            ("not subscribed", subscribed(), folder("b", None), Some(FolderExclusion::NotSubscribed)),
            ("INBOX", subscribed(), folder("INBOX", None), None),
            (
                "announced",
                no_junk(false),
                folder("x", junk),
                Some(FolderExclusion::SpecialUse(SpecialUse::Junk)),
            ),
            ("a name", no_junk(false), folder("Spam", None), None),
            (
                "a name guessed",
                no_junk(true),
                folder("Spam", None),
                Some(FolderExclusion::SpecialUse(SpecialUse::Junk)),
            ),
            (
                "a view",
                everything(),
                folder("*", Some(SpecialUse::Flagged)),
                Some(FolderExclusion::View(SpecialUse::Flagged)),
            ),
            ("a view asked for", views(), folder("*", Some(SpecialUse::All)), None),
        ] {
            assert_eq!(selection.folder(&folder), excluded, "{what}");
        }
    }

    #[test]
    fn items_wanted_and_not() {
        let day = |text: &str| Some(text.parse::<NaiveDate>().unwrap());
        let flags = |names: &str| Flags::from_bytes(names.as_bytes());
        let item = Item {
            flags: Some(flags("\\Seen work")),
            date: Some(DateTime::parse_from_rfc3339("2020-01-01T00:30:00+02:00").unwrap()),
            size: Some(100),
            ..Item::default()
        };
        let all = Selection::default;
        for (what, selection, excluded) in [
            ("everything", all(), None),
            ("since that day in its zone", Selection { since: day("2020-01-01"), ..all() }, None),
            (
                "since the next",
                Selection { since: day("2020-01-02"), ..all() },
                Some("it came before 2020-01-02"),
            ),
            (
                "before that day",
                Selection { before: day("2020-01-01"), ..all() },
                Some("it did not come before 2020-01-01"),
            ),
            ("before the next", Selection { before: day("2020-01-02"), ..all() }, None),
            ("just large enough", Selection { min_size: Some(100), max_size: Some(100), ..all() }, None),
            ("too small", Selection { min_size: Some(101), ..all() }, Some("it has fewer than 101 bytes")),
            ("too large", Selection { max_size: Some(99), ..all() }, Some("it has more than 99 bytes")),
            ("with", Selection { with_flags: flags("\\SEEN"), ..all() }, None),
            (
                "with another",
                Selection { with_flags: flags("\\Flagged"), ..all() },
                Some("it does not bear \\Flagged"),
            ),
            ("without", Selection { without_flags: flags("Work"), ..all() }, Some("it bears Work")),
        ] {
            assert_eq!(selection.item(&item).map(|why| why.to_string()).as_deref(), excluded, "{what}");
            assert_eq!(selection.item(&Item::default()), None, "{what}: what is not known excludes nothing");
        }
    }

    #[test]
    fn keys_that_can_be_sent() {
        for keys in
            ["UNSEEN", "SUBJECT \"a \\\" ) {3} b\"", "OR (FROM a) (NOT TO b)", " UID 1:* ", "KEYWORD $Work"]
        {
            assert_eq!(keys.parse::<SearchKeys>().unwrap().as_str(), keys.trim());
        }
    }

    #[test]
    fn keys_that_cannot() {
        for keys in [
            "",
            " ",
            "SUBJECT {3}",
            "a\r\nb",
            "a\0",
            "SUBJECT ü",
            "(UNSEEN",
            "UNSEEN)",
            ")(",
            "SUBJECT \"a",
            "SUBJECT \"a\\n\"",
            "RETURN (SAVE) ALL",
            "charset UTF-8 ALL",
            "SUBJECT \"a\\",
        ] {
            assert!(keys.parse::<SearchKeys>().is_err(), "{keys:?}");
        }
    }

    proptest! {
        #[test]
        fn f1_any_bytes(keys in any::<String>()) {
            if let Ok(keys) = keys.parse::<SearchKeys>() {
                prop_assert!(!keys.as_str().contains(['\r', '\n', '\0']));
            }
            if let Ok(pattern) = keys.parse::<Pattern>() {
                pattern.matches(&keys);
            }
        }
    }
}
