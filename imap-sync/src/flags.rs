//! Flags and keywords (RFC 9051 section 2.3.2).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// A flag, as it is spelled on the wire; compared without case, as servers do.
#[derive(Clone)]
pub struct Flag(Cow<'static, [u8]>);

impl Flag {
    /// The flag named `name`: `\Seen`, `$Forwarded`, `work`.
    pub fn new(name: impl AsRef<[u8]>) -> Self {
        Self(Cow::Owned(name.as_ref().to_vec()))
    }

    /// Its spelling.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether a keyword, not a flag with a backslash.
    pub fn is_keyword(&self) -> bool {
        self.0.first() != Some(&b'\\')
    }

    /// Whether it can be written as an atom (RFC 9051 section 9), which is the only way to write a flag.
    pub fn is_sendable(&self) -> bool {
        let name = self.0.strip_prefix(b"\\").unwrap_or(&self.0);
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic() && !br#"(){%*"\]"#.contains(byte))
    }

    /// Its bit, if it is one of the five flags of all messages.
    fn system(&self) -> Option<u8> {
        SYSTEM.iter().position(|flag| flag == self).map(|at| 1 << at)
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.iter().map(u8::to_ascii_lowercase)
    }
}

impl PartialEq for Flag {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Flag {}

impl PartialOrd for Flag {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Flag {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded().cmp(other.folded())
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A set of flags, without `\Recent`, which belongs to a session and not to a message. Small: there is one for each
/// message, and most hold nothing but system flags.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flags {
    /// Bits in the order of `SYSTEM`.
    system: u8,
    others: BTreeSet<Flag>,
}

impl Flags {
    /// No flags.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; `\Recent` and the `\*` of a PERMANENTFLAGS list are no flags of a message and are left out.
    pub fn insert(&mut self, flag: Flag) {
        if let Some(bit) = flag.system() {
            self.system |= bit;
        } else if !flag.0.eq_ignore_ascii_case(b"\\Recent") && &*flag.0 != b"\\*" {
            self.others.insert(flag);
        }
    }

    /// Whether `name` is among them.
    pub fn contains(&self, name: impl AsRef<[u8]>) -> bool {
        self.has(&Flag::new(name))
    }

    /// In an order that is always the same: without case, the system flags together where `\` stands.
    pub fn iter(&self) -> impl Iterator<Item = &Flag> {
        let system = SYSTEM.iter().enumerate().filter(|(at, _)| self.system & (1 << at) != 0);
        let before = self.others.range(..&BACKSLASH);
        before.chain(system.map(|(_, flag)| flag)).chain(self.others.range(&BACKSLASH..))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.others.len() + self.system.count_ones() as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.system == 0 && self.others.is_empty()
    }

    /// Those of either.
    pub fn union(&self, other: &Self) -> Self {
        let others = self.others.union(&other.others).cloned().collect();
        Self { system: self.system | other.system, others }
    }

    /// Those not in `other`.
    pub fn minus(&self, other: &Self) -> Self {
        let others = self.others.difference(&other.others).cloned().collect();
        Self { system: self.system & !other.system, others }
    }

    /// The names, separated by spaces, for the journal; never ambiguous, for a flag holds no space.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.iter().map(Flag::as_bytes).collect::<Vec<_>>().join(&b' ')
    }

    /// What `to_bytes` wrote.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        bytes.split(|&byte| byte == b' ').filter(|name| !name.is_empty()).map(Flag::new).collect()
    }

    /// For the journal: a byte for the system flags, then the names of the others, separated by spaces.
    pub fn to_packed(&self) -> Vec<u8> {
        let mut bytes = vec![self.system];
        bytes.extend(self.others.iter().map(Flag::as_bytes).collect::<Vec<_>>().join(&b' '));
        bytes
    }

    /// What `to_packed` wrote.
    pub fn from_packed(bytes: &[u8]) -> Option<Self> {
        let (&system, others) = bytes.split_first()?;
        let mut flags = Self::from_bytes(others);
        flags.system |= system & ((1 << SYSTEM.len()) - 1);
        Some(flags)
    }

    fn has(&self, flag: &Flag) -> bool {
        flag.system().map_or_else(|| self.others.contains(flag), |bit| self.system & bit != 0)
    }
}

impl FromIterator<Flag> for Flags {
    fn from_iter<T: IntoIterator<Item = Flag>>(flags: T) -> Self {
        let mut set = Self::new();
        flags.into_iter().for_each(|flag| set.insert(flag));
        set
    }
}

impl<'a> FromIterator<&'a str> for Flags {
    fn from_iter<T: IntoIterator<Item = &'a str>>(names: T) -> Self {
        names.into_iter().map(Flag::new).collect()
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(Flag::to_string).collect();
        write!(f, "({})", names.join(" "))
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Which flags a folder can keep: PERMANENTFLAGS (RFC 9051 section 7.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Permanent {
    /// The server did not say: all flags.
    #[default]
    All,
    /// These.
    Only {
        /// The flags named.
        flags: Flags,
        /// Whether new keywords can be made (`\*`).
        keywords: bool,
    },
}

impl Permanent {
    /// Whether the folder can keep `flag`.
    pub fn allows(&self, flag: &Flag) -> bool {
        match self {
            Self::All => flag.is_sendable() && (flag.is_keyword() || flag.system().is_some()),
            Self::Only { flags, keywords } => {
                flag.is_sendable() && (flags.has(flag) || *keywords && flag.is_keyword())
            }
        }
    }

    /// Those of `flags` that the folder can keep.
    pub fn keep(&self, flags: &Flags) -> Flags {
        flags.iter().filter(|flag| self.allows(flag)).cloned().collect()
    }
}

static SYSTEM: [Flag; 5] = [
    Flag(Cow::Borrowed(b"\\Answered")),
    Flag(Cow::Borrowed(b"\\Deleted")),
    Flag(Cow::Borrowed(b"\\Draft")),
    Flag(Cow::Borrowed(b"\\Flagged")),
    Flag(Cow::Borrowed(b"\\Seen")),
];
static BACKSLASH: Flag = Flag(Cow::Borrowed(b"\\"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_compared_without_case_and_recent_is_none() {
        let one: Flags = ["\\Seen", "$Forwarded", "\\Recent"].into_iter().collect();
        let other: Flags = ["$FORWARDED", "\\seen"].into_iter().collect();
        assert_eq!(one, other);
        assert_eq!(one.len(), 2);
    }

    #[test]
    fn flags_are_sets() {
        let set = |names: &str| Flags::from_bytes(names.as_bytes());
        let (one, other) = (set("\\Seen \\Odd a z $x"), set("\\seen \\Draft A"));
        assert_eq!(one.union(&other), set("\\Seen \\Odd a z $x \\Draft"));
        assert_eq!(one.minus(&other), set("\\Odd z $x"));
        assert_eq!(one.to_string(), "($x \\Seen \\Odd a z)");
        assert_eq!((one.len(), other.len(), one.is_empty(), set("").is_empty()), (5, 3, false, true));
        assert!(one.contains("\\SEEN") && one.contains("Z") && !one.contains("\\Draft"));
    }

    #[test]
    fn flags_survive_the_journal() {
        for names in [&[][..], &["\\Seen"], &["\\Seen", "$Junk", "w{rk"]] {
            let flags: Flags = names.iter().copied().collect();
            assert_eq!(Flags::from_bytes(&flags.to_bytes()), flags);
        }
    }

    #[test]
    fn permanent_flags_filter() {
        let flags: Flags = ["\\Seen", "\\Indexed", "work", "b\u{e4}d", "tick]"].into_iter().collect();
        let kept = |permanent: Permanent| permanent.keep(&flags).to_string();
        assert_eq!(kept(Permanent::All), "(\\Seen work)");
        let seen: Flags = ["\\Seen"].into_iter().collect();
        assert_eq!(kept(Permanent::Only { flags: seen.clone(), keywords: false }), "(\\Seen)");
        assert_eq!(kept(Permanent::Only { flags: seen, keywords: true }), "(\\Seen work)");
    }
}
