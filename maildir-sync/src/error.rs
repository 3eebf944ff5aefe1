//! What can go wrong, where, and who is at fault.

use std::io;
use std::path::{Path, PathBuf};

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and who is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that no Maildir can hold; the caller or the tree is at fault.
    #[error("`{name}` cannot be used: {reason}")]
    BadName {
        /// The name, made printable.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The message's bytes stopped coming; where it is read from is at fault.
    #[error("{place}: cannot read: {source}")]
    Body {
        /// The file.
        place: String,
        /// What the reader said.
        source: io::Error,
    },
    /// The file system refused; the disk (or its permissions) is at fault.
    #[error("{}: cannot {what}: {source}", path.display())]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// The system's own words.
        source: io::Error,
    },
    /// Somebody holds a folder's lock and does not give it back; whoever runs on that Maildir is at fault.
    #[error("{}: {holder}; try again when it is gone", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
        /// Who holds it, and for how long we have waited.
        holder: String,
    },
    /// There is neither `cur/` nor `new/`.
    #[error("{}: not a Maildir: neither cur nor new is there", path.display())]
    NotMaildir {
        /// The directory.
        path: PathBuf,
    },
    /// The message is in the target already; nothing is ever written over it.
    #[error("{place}: exists on the target already, left as it is")]
    Occupied {
        /// The file.
        place: String,
    },
    /// A body was longer or shorter than its message said.
    #[error("{place}: {found} bytes were read where {expected} were listed")]
    Size {
        /// The file.
        place: String,
        /// The listed size.
        expected: u64,
        /// The bytes that came.
        found: u64,
    },
    /// A message that was listed is not there any more.
    #[error("{place}: gone since it was listed")]
    Vanished {
        /// The file, as it was listed.
        place: String,
    },
}

impl Error {
    /// No space or no quota is left: whatever follows would fail in the same way.
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::Disk { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }

    /// There is nothing at the path, as far as can be told.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Disk { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// A file-system error at `path` while doing `what`.
    pub fn disk(path: &Path, what: &'static str, source: io::Error) -> Self {
        Self::Disk { path: path.to_owned(), what, source }
    }
}
