//! Digests of what an item holds, and the identity of an item.

use std::fmt;

/// BLAKE3 cut to 128 bits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest::cut(&blake3::hash(bytes))
    }

    /// A digest as it was kept elsewhere.
    pub const fn from_bytes(bytes: [u8; 16]) -> Digest {
        Digest(bytes)
    }

    /// The bytes to keep.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn cut(hash: &blake3::Hash) -> Digest {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        Digest(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The kinds of calendar object that a calendar store keeps (RFC 5545 3.6.1 to 3.6.3).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ObjectKind {
    /// VEVENT.
    Event,
    /// VJOURNAL.
    Journal,
    /// VTODO.
    Todo,
}

impl ObjectKind {
    /// The kind that a component of this name makes, if it makes one.
    pub fn of(component: &str) -> Option<ObjectKind> {
        [ObjectKind::Event, ObjectKind::Journal, ObjectKind::Todo]
            .into_iter()
            .find(|kind| kind.component().eq_ignore_ascii_case(component))
    }

    /// The name of its component.
    pub fn component(self) -> &'static str {
        match self {
            ObjectKind::Event => "VEVENT",
            ObjectKind::Journal => "VJOURNAL",
            ObjectKind::Todo => "VTODO",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ObjectKind::Event => "event",
            ObjectKind::Journal => "journal",
            ObjectKind::Todo => "todo",
        })
    }
}

/// What makes an object the same object on both sides: its kind and its UID.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key {
    kind: ObjectKind,
    uid: String,
}

impl Key {
    /// The key of the object of a kind with a UID.
    pub fn new(kind: ObjectKind, uid: impl Into<String>) -> Key {
        Key { kind, uid: uid.into() }
    }

    /// The kind of the object.
    pub fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// The UID of the object.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The key as bytes, to be kept in a journal.
    pub fn to_bytes(&self) -> Vec<u8> {
        let tag = match self.kind {
            ObjectKind::Event => b'e',
            ObjectKind::Journal => b'j',
            ObjectKind::Todo => b't',
        };
        let mut bytes = vec![tag];
        bytes.extend_from_slice(self.uid.as_bytes());
        bytes
    }

    /// The key that [`Key::to_bytes`] gave, or `None` when these are not such bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Key> {
        let (tag, uid) = bytes.split_first()?;
        let kind = match tag {
            b'e' => ObjectKind::Event,
            b'j' => ObjectKind::Journal,
            b't' => ObjectKind::Todo,
            _ => return None,
        };
        Some(Key::new(kind, std::str::from_utf8(uid).ok()?))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_the_journal() {
        for kind in [ObjectKind::Event, ObjectKind::Journal, ObjectKind::Todo] {
            let key = Key::new(kind, "größe@example.com");
            assert_eq!(Key::from_bytes(&key.to_bytes()), Some(key));
        }
        for bytes in [&b""[..], b"x", b"e\xff"] {
            assert_eq!(Key::from_bytes(bytes), None);
        }
    }

    #[test]
    fn digests_are_written_in_hex() {
        assert_eq!(Digest::from_bytes([0xab; 16]).to_string(), "ab".repeat(16));
        assert_ne!(Digest::of(b"a"), Digest::of(b"b"));
    }
}
