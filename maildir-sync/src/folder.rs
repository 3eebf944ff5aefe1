//! Maildir++ folder names.

use std::fmt;

use crate::error::{Error, Result};
use crate::unique::printable;
use crate::utf7;

/// A Maildir++ folder: the bytes after the leading dot of its directory, levels parted by dots. INBOX is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderName(Vec<u8>);

impl FolderName {
    /// The root of the Maildir.
    pub const fn inbox() -> Self {
        Self(Vec::new())
    }

    /// The name as it is on disk without the leading dot; empty for INBOX.
    pub fn new(name: impl Into<Vec<u8>>) -> Result<Self> {
        let name = name.into();
        let reason = match name.as_slice() {
            name if name.contains(&b'/') => "a folder's name holds no slash",
            name if name.contains(&0) => "a folder's name holds no NUL byte",
            b"." => "a folder's name is more than a dot",
            _ => return Ok(Self(name)),
        };
        Err(Error::BadName { name: printable(&name), reason })
    }

    /// The folder of a directory beside `cur/`: its name begins with a dot.
    pub fn from_dir_name(dir: &[u8]) -> Option<Self> {
        let name = dir.strip_prefix(b".").filter(|name| !name.is_empty())?;
        Self::new(name).ok()
    }

    /// A folder from its levels as people write them. None of them, or `INBOX` alone, is INBOX. What a level cannot
    /// hold on disk, the dot, the slash and the backslash, is written as Dovecot's listescape does: `\2e`, `\2f`, `\5c`.
    pub fn from_path_parts(parts: &[&str]) -> Result<Self> {
        if parts.iter().any(|part| part.is_empty()) {
            return Err(Error::BadName { name: parts.join("/"), reason: "a level of it is empty" });
        }
        if let [] | ["INBOX"] = parts {
            return Ok(Self::inbox());
        }
        let parts: Vec<String> = parts.iter().map(|part| escape(&utf7::encode(part))).collect();
        Self::new(parts.join("."))
    }

    /// The levels as people write them; empty for INBOX.
    pub fn parts(&self) -> Vec<String> {
        let levels = self.0.split(|&byte| byte == b'.').filter(|_| !self.is_inbox());
        levels
            .map(|level| utf7::decode(level).map_or_else(|| printable(level), |text| unescape(&text)))
            .collect()
    }

    /// Whether it is the root of the Maildir.
    pub fn is_inbox(&self) -> bool {
        self.0.is_empty()
    }

    /// The name on disk without the leading dot.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its directory below the root: empty for INBOX, else with the leading dot.
    pub fn dir_name(&self) -> Vec<u8> {
        if self.is_inbox() { Vec::new() } else { [b".", self.0.as_slice()].concat() }
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_inbox() {
            return f.write_str("INBOX");
        }
        for c in self.parts().join("/").chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}

fn escape(level: &str) -> String {
    level.replace('\\', "\\5c").replace('.', "\\2e").replace('/', "\\2f")
}

fn unescape(level: &str) -> String {
    level.replace("\\2e", ".").replace("\\2f", "/").replace("\\5c", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_there_and_back() {
        for (parts, dir, text) in [
            (&[][..], "", "INBOX"),
            (&["INBOX"], "", "INBOX"),
            (&["Sent"], ".Sent", "Sent"),
            (&["Arbeit", "Größe"], ".Arbeit.Gr&APYA3w-e", "Arbeit/Größe"),
            (&["R&D", "v1.2"], ".R&-D.v1\\2e2", "R&D/v1.2"),
            (&["a/b"], ".a\\2fb", "a/b"),
        ] {
            let folder = FolderName::from_path_parts(parts).unwrap();
            assert_eq!(folder.dir_name(), dir.as_bytes(), "{parts:?}");
            assert_eq!(folder.to_string(), text, "{parts:?}");
            assert_eq!(FolderName::from_dir_name(&folder.dir_name()).unwrap_or_default(), folder);
        }
    }

    #[test]
    fn names_that_climb_or_cannot_be_written_are_refused() {
        for name in [&b"../../etc"[..], b"a/b", b"a\0b", b"."] {
            assert!(FolderName::new(name).is_err(), "{name:?}");
        }
        for dir in [&b"."[..], b"..", b"cur", b""] {
            assert_eq!(FolderName::from_dir_name(dir), None, "{dir:?}");
        }
        assert!(FolderName::from_path_parts(&["a", ""]).is_err());
    }

    #[test]
    fn names_that_are_no_modified_utf_7_are_shown_escaped() {
        assert_eq!(FolderName::new(*b"caf\xe9").unwrap().to_string(), "caf\\xe9");
        assert_eq!(FolderName::new("Entwürfe").unwrap().to_string(), "Entwürfe");
    }
}
