//! What an engine knows of a folder: names, keys, items, listings.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, FixedOffset};

use crate::digest::{Digest, fingerprint};
use crate::flags::{Flags, Permanent};
use crate::utf7;

/// Under which keys mean something: UIDVALIDITY (RFC 9051 section 2.3.1.1), or whatever plays its part. Never 0 for a
/// folder that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Validity(pub u64);

/// An opaque, ordered name of an item in its folder under a validity: a UID, or whatever plays its part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemKey(pub u64);

impl ItemKey {
    /// For the journal: the length, then the significant bytes. Bytes are ordered as keys are.
    pub fn to_bytes(self) -> Vec<u8> {
        let bytes = self.0.to_be_bytes();
        let skip = self.0.leading_zeros() as usize / 8;
        let mut out = vec![(8 - skip) as u8];
        out.extend_from_slice(&bytes[skip..]);
        out
    }

    /// What `to_bytes` wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&len, rest) = bytes.split_first()?;
        let key = rest.iter().try_fold(0u64, |key, &byte| Some(key.checked_mul(256)? | u64::from(byte)))?;
        (rest.len() == usize::from(len) && Self(key).to_bytes() == bytes).then_some(Self(key))
    }
}

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A message as it was observed. What the server did not tell, or what could not be read, is `None`,
/// which is never the same as empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// Its flags.
    pub flags: Option<Flags>,
    /// Its INTERNALDATE, zone kept.
    pub date: Option<DateTime<FixedOffset>>,
    /// Its size, as the store says.
    pub size: Option<u64>,
    /// Digest of its header; asked only for what may be adopted.
    pub header: Option<Digest>,
    /// Digest of all of it; asked only when two sides are verified.
    pub content: Option<Digest>,
}

impl Item {
    /// Size and instant: those equal in both may be the same message.
    pub(crate) fn outline(&self) -> Option<(u64, i64)> {
        Some((self.size?, self.date?.timestamp()))
    }

    /// Its fingerprint, when size, date and header are known.
    pub fn fingerprint(&self) -> Option<Digest> {
        Some(fingerprint(self.size?, &self.date?, &self.header?))
    }
}

/// The items of a folder, in key order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Under which the keys mean something.
    pub validity: Validity,
    /// No item that is yet to come has a lower key: UIDNEXT.
    pub next: ItemKey,
    /// Which flags the folder can keep.
    pub permanent: Permanent,
    items: BTreeMap<ItemKey, Item>,
}

impl Listing {
    /// An empty folder.
    pub fn new(validity: Validity, next: ItemKey, permanent: Permanent) -> Self {
        Self { validity, next, permanent, items: BTreeMap::new() }
    }

    /// Adds an item and gives back the one of the same key, if there was one. Keeps `next` above all keys.
    pub fn insert(&mut self, key: ItemKey, item: Item) -> Option<Item> {
        self.next = self.next.max(ItemKey(key.0.saturating_add(1)));
        self.items.insert(key, item)
    }

    /// The item of `key`.
    pub fn get(&self, key: ItemKey) -> Option<&Item> {
        self.items.get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: ItemKey) -> Option<&mut Item> {
        self.items.get_mut(&key)
    }

    /// In key order.
    pub fn iter(&self) -> impl Iterator<Item = (ItemKey, &Item)> {
        self.items.iter().map(|(&key, item)| (key, item))
    }

    /// How many items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// A folder's name: its path, each part in the bytes it has on the wire (modified UTF-7 as a rule).
/// What separates the parts is each store's own affair.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderName(Vec<Vec<u8>>);

impl FolderName {
    /// A name from the parts of its path as they stand on the wire. `INBOX` is known in any case (RFC 9051 section 5.1).
    pub fn from_wire<P: Into<Vec<u8>>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut parts: Vec<Vec<u8>> = parts.into_iter().map(Into::into).collect();
        if let Some(first) = parts.first_mut().filter(|first| first.eq_ignore_ascii_case(b"INBOX")) {
            *first = b"INBOX".to_vec();
        }
        Self(parts)
    }

    /// A name from the parts of its path as they stand on the wire, `Inbox` kept as it is.
    pub fn from_wire_exactly(parts: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(parts.into_iter().collect())
    }

    /// Splits a mailbox name at the store's separator and keeps the parts as they are, `Inbox` too.
    pub(crate) fn split_exactly(name: &[u8], separator: Option<u8>) -> Self {
        let parts = name.split(|&byte| Some(byte) == separator);
        Self(parts.map(<[u8]>::to_vec).collect())
    }

    /// A name from the parts of its path in plain text.
    pub fn from_text<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::from_wire(parts.into_iter().map(utf7::encode))
    }

    /// `INBOX`.
    pub fn inbox() -> Self {
        Self::from_wire([*b"INBOX"])
    }

    /// Splits a mailbox name at the store's separator.
    pub fn split(name: &[u8], separator: Option<u8>) -> Self {
        match separator {
            Some(separator) => Self::from_wire(name.split(|&byte| byte == separator)),
            None => Self::from_wire([name]),
        }
    }

    /// The mailbox name under a separator; `None` when a part holds the separator itself or there is none.
    pub fn join(&self, separator: Option<u8>) -> Option<Vec<u8>> {
        match separator {
            Some(separator) => {
                let fits = self.0.iter().all(|part| !part.contains(&separator));
                fits.then(|| self.0.join(&separator))
            }
            None => (self.0.len() == 1).then(|| self.0[0].clone()),
        }
    }

    /// The parts as they stand on the wire.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// The parts in plain text; `None` when one of them is no modified UTF-7.
    pub fn text(&self) -> Option<Vec<String>> {
        self.0.iter().map(|part| utf7::decode(part)).collect()
    }

    /// The name without the levels of a prefix, if it has more than those.
    pub(crate) fn without_prefix(&self, prefix: Option<&Self>) -> Self {
        let prefix = prefix.map_or(&[][..], |prefix| &prefix.0);
        match self.0.strip_prefix(prefix) {
            Some(rest) if !rest.is_empty() => Self::from_wire(rest.iter().cloned()),
            _ => self.clone(),
        }
    }

    /// Whether it is `INBOX`.
    pub fn is_inbox(&self) -> bool {
        self.0.len() == 1 && self.0[0] == b"INBOX"
    }

    /// For the journal: the parts, each ended by a zero, which no mailbox name can hold.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|part| part.iter().copied().chain([0])).collect()
    }

    /// What `to_bytes` wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let parts = bytes.strip_suffix(&[0])?.split(|&byte| byte == 0);
        Some(Self(parts.map(<[u8]>::to_vec).collect()))
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            let slash = if at == 0 { "" } else { "/" };
            match utf7::decode(part) {
                Some(text) => write!(f, "{slash}{text}")?,
                None => write!(f, "{slash}{}", part.escape_ascii())?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FolderName({self})")
    }
}

/// How a folder stands. Two equal states with a mark have the same items and flags between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Under which the keys mean something.
    pub validity: Validity,
    /// No item that is yet to come has a lower key: UIDNEXT. 0 where it is not told.
    pub next: ItemKey,
    /// How many items there are.
    pub count: u64,
    /// What grows with every change (HIGHESTMODSEQ, RFC 7162), or 0 where nothing does.
    pub mark: u64,
}

impl State {
    /// Whether nothing has changed since `before`; false when that cannot be known.
    pub fn is_still(&self, before: &Self) -> bool {
        self.mark != 0 && self == before
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folder_names_between_separators() {
        let name = FolderName::split(b"inbox/Arbeit/Gr&APYA3w-e", Some(b'/'));
        assert_eq!(name.join(Some(b'.')).as_deref(), Some(&b"INBOX.Arbeit.Gr&APYA3w-e"[..]));
        assert_eq!(name.to_string(), "INBOX/Arbeit/Größe");
        assert_eq!(name, FolderName::from_text(["INBOX", "Arbeit", "Größe"]));
        assert_eq!(FolderName::split(b"a.b/c", Some(b'/')).join(Some(b'.')), None);
        assert_eq!(FolderName::split(b"a.b", None).join(None).as_deref(), Some(&b"a.b"[..]));
        assert_eq!(name.join(None), None);
        assert_eq!(FolderName::split(b"gr\xfc\xdfe", None).to_string(), "gr\\xfc\\xdfe");
    }

    #[test]
    fn parents_come_before_children() {
        let parent = FolderName::from_text(["a"]);
        assert!(parent < FolderName::from_text(["a", "b"]) && parent < FolderName::from_text(["a b"]));
    }

    proptest! {
        #[test]
        fn keys_survive_the_journal_in_order(one in any::<u64>(), two in any::<u64>()) {
            let (one, two) = (ItemKey(one), ItemKey(two));
            prop_assert_eq!(ItemKey::from_bytes(&one.to_bytes()), Some(one));
            prop_assert_eq!(one.cmp(&two), one.to_bytes().cmp(&two.to_bytes()));
        }

        #[test]
        fn names_survive_the_journal(parts in prop::collection::vec("[a-z&/.-]{0,5}", 1..4)) {
            let name = FolderName::from_wire(parts);
            prop_assert_eq!(FolderName::from_bytes(&name.to_bytes()), Some(name));
        }

        #[test]
        fn f1_any_bytes(bytes in any::<Vec<u8>>()) {
            let _ = (ItemKey::from_bytes(&bytes), FolderName::from_bytes(&bytes).map(|name| name.to_string()));
        }
    }
}
