//! What is known before folders get their places: those of both sides, and what the user wants.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use regex::{Regex, RegexBuilder};

use crate::model::FolderName;
use crate::profile::Profile;
use crate::special::SpecialUse;

/// A folder of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFolder {
    /// Its name, with the prefix of its namespace.
    pub name: FolderName,
    /// The special use that the server announces.
    pub special: Option<SpecialUse>,
    /// Whether it can hold messages, or is only the parent of others (`\Noselect`, `\NonExistent`).
    pub selectable: bool,
    /// Whether the user has subscribed to it.
    pub subscribed: bool,
}

/// A folder of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetFolder {
    /// Its name, with the prefix of its namespace.
    pub name: FolderName,
    /// The special use that the server announces.
    pub special: Option<SpecialUse>,
    /// Whether it can hold messages.
    pub selectable: bool,
}

/// The target as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetSide {
    /// What separates levels; `None` when there are none.
    pub separator: Option<u8>,
    /// The prefix of the user's own namespace (RFC 2342), as [`namespace`] gives it.
    pub prefix: Option<FolderName>,
    /// The folders that are there.
    pub folders: Vec<TargetFolder>,
    /// What it takes as a name.
    pub profile: Profile,
}

/// The prefix of a namespace as NAMESPACE answers it (RFC 2342 section 5), its last separator taken off; `None` when it is empty.
///
/// ```
/// use imap_sync::{FolderName, namespace};
/// assert_eq!(namespace(b"INBOX.", Some(b'.')), Some(FolderName::inbox()));
/// assert_eq!(namespace(b"", Some(b'/')), None);
/// ```
pub fn namespace(prefix: &[u8], separator: Option<u8>) -> Option<FolderName> {
    let end = prefix.iter().rposition(|byte| Some(*byte) != separator)?;
    Some(FolderName::split(&prefix[..=end], separator))
}

/// Which folders are brought together because of what they are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Automap {
    /// Those whose special use both servers announce: nothing is guessed.
    #[default]
    Announced,
    /// Those, and those whose names say so in one of the languages known. Not by default: a user may well have a folder
    /// `Archiv` of another meaning, and mail that went into the wrong one cannot be told apart any more.
    Guessed,
    /// None: every folder keeps its name.
    Off,
}

/// What the user wants of names.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Whether folders are brought together by what they are for.
    pub automap: Automap,
    /// What is taken off the front of the source's names, as its namespace says or the user.
    pub source_prefix: Option<FolderName>,
    /// What is put before the target's names instead of what its namespace says.
    pub target_prefix: Option<FolderName>,
    /// Below which folder all of them go, `INBOX` too. Special uses then stay as they are.
    pub below: Option<FolderName>,
    /// Names given one by one: the source's, whole, and the target's.
    pub table: BTreeMap<FolderName, FolderName>,
    /// Renamings of all other names, in this order. They see the path (see [`mod@crate::path`]) without the source's prefix.
    pub renames: Vec<Rename>,
    /// How many levels there may be; more are joined.
    pub depth: Option<usize>,
}

/// A renaming by pattern: `s/PATTERN/REPLACEMENT/`, with `g` for every match and `i` for any case.
///
/// ```
/// use imap_sync::Rename;
/// let rename: Rename = "s,^Lists/(.*),Archive/$1,".parse().unwrap();
/// assert_eq!(rename.apply("Lists/rust").unwrap(), "Archive/rust");
/// ```
#[derive(Clone, Debug)]
pub struct Rename {
    pattern: Regex,
    replacement: String,
    every: bool,
}

impl Rename {
    /// A renaming of the first match; `$1` and `${name}` in the replacement are what groups matched.
    pub fn new(pattern: &str, replacement: &str) -> Result<Self, String> {
        Self::build(pattern, replacement, "")
    }

    /// The path renamed; `None` when it grows beyond all measure.
    pub fn apply(&self, path: &str) -> Option<String> {
        let limit = usize::from(!self.every);
        let renamed = self.pattern.replacen(path, limit, self.replacement.as_str());
        (renamed.len() <= LONGEST).then(|| renamed.into_owned())
    }

    fn build(pattern: &str, replacement: &str, flags: &str) -> Result<Self, String> {
        if let Some(flag) = flags.chars().find(|flag| !matches!(flag, 'g' | 'i')) {
            return Err(format!("`{flag}` is no flag of a renaming: g (every match), i (any case)"));
        }
        let mut builder = RegexBuilder::new(pattern);
        let pattern = builder.case_insensitive(flags.contains('i')).size_limit(PATTERN_SIZE).build();
        let pattern = pattern.map_err(|error| error.to_string())?;
        Ok(Self { pattern, replacement: replacement.to_owned(), every: flags.contains('g') })
    }
}

impl FromStr for Rename {
    type Err = String;

    /// Whatever follows the `s` separates; inside, a backslash before it makes it plain.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is no renaming: s/PATTERN/REPLACEMENT/ is expected");
        let rest = text.strip_prefix('s').ok_or_else(expected)?;
        let border = rest.chars().next().ok_or_else(expected)?;
        if border.is_alphanumeric() || border == '\\' || border.is_whitespace() {
            return Err(expected());
        }
        let mut pieces = vec![String::new()];
        let mut characters = rest[border.len_utf8()..].chars().peekable();
        while let Some(character) = characters.next() {
            let Some(piece) = pieces.last_mut() else { break };
            match character {
                '\\' if characters.peek() == Some(&border) => piece.extend(characters.next()),
                '\\' => piece.extend([character].into_iter().chain(characters.next())),
                _ if character == border => pieces.push(String::new()),
                _ => piece.push(character),
            }
        }
        match &pieces[..] {
            [pattern, replacement, flags] if !pattern.is_empty() => Self::build(pattern, replacement, flags),
            _ => Err(expected()),
        }
    }
}

impl fmt::Display for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s/{}/{}/", self.pattern, self.replacement)
    }
}

/// How long a path may become by renaming, in bytes: far more than any server takes.
const LONGEST: usize = 16_384;
/// How large a pattern may be once compiled, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renamings() {
        for (rename, path, renamed) in [
            ("s/^Old/New/", "Old/Old", "New/Old"),
            ("s/a/b/g", "aaa", "bbb"),
            ("s/A/b/", "aaa", "aaa"),
            ("s/A/b/i", "aaa", "baa"),
            ("s#^(.*)/([^/]*)$#$2#", "x/y/z", "z"),
            ("s/x\\/y/z/", "x/y", "z"),
            ("s|\\.|/|g", "a.b.c", "a/b/c"),
            ("s/ +$//", "trail  ", "trail"),
        ] {
            assert_eq!(rename.parse::<Rename>().unwrap().apply(path).as_deref(), Some(renamed), "{rename}");
        }
    }

    #[test]
    fn what_is_no_renaming() {
        for text in ["", "s", "s/a", "s/a/b", "s//b/", "y/a/b/", "s/a/b/x", "s/(/b/", "sxaxbx", "s/a/b/c/d"] {
            assert!(text.parse::<Rename>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_renaming_that_doubles_ends() {
        let double = Rename::new("^(.*)$", "$1$1").unwrap();
        let grown = (0..40).try_fold("x".to_owned(), |path, _| double.apply(&path));
        assert_eq!(grown, None);
    }

    #[test]
    fn prefixes_of_namespaces() {
        for (prefix, separator, name) in [
            (&b"INBOX."[..], Some(b'.'), Some(FolderName::inbox())),
            (b"Mail/mine/", Some(b'/'), Some(FolderName::from_text(["Mail", "mine"]))),
            (b"#mh", None, Some(FolderName::from_text(["#mh"]))),
            (b"/", Some(b'/'), None),
            (b"", None, None),
        ] {
            assert_eq!(namespace(prefix, separator), name);
        }
    }
}
