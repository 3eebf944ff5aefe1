use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the journal could not do what it was asked, with the file's path and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another program kept the file locked for longer than is reasonable.
    #[error("{}: another program keeps the journal locked; wait for it to end, then run again", .path.display())]
    Busy {
        /// The journal's file.
        path: PathBuf,
    },
    /// The file is a journal, but its content is broken.
    #[error(
        "{}: the journal is damaged ({found}); move it away and run again: what is already on the target is adopted",
        .path.display()
    )]
    Damaged {
        /// The journal's file.
        path: PathBuf,
        /// What SQLite found.
        found: String,
    },
    /// The disk, the directory or the permissions are at fault.
    #[error("{}: cannot use the journal: {source}; look at the disk and the permissions", .path.display())]
    Disk {
        /// The journal's file.
        path: PathBuf,
        /// What SQLite or the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file belongs to another program.
    #[error("{}: exists and is not a journal; it is left as it is: name another file", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// There is no space left.
    #[error(
        "{}: the disk is full; free some space and run again: nothing recorded so far is lost",
        .path.display()
    )]
    Full {
        /// The journal's file.
        path: PathBuf,
    },
    /// Another run works on this account.
    #[error("{account}: in use by {pid} on {host}")]
    InUse {
        /// The account.
        account: String,
        /// The other run's process.
        pid: u32,
        /// The host it runs on.
        host: String,
        /// Since when, in seconds since 1970.
        since: i64,
    },
    /// The file was written by a newer version of this software.
    #[error(
        "{}: the journal has version {found}, this program knows {known}; use the newer program",
        .path.display()
    )]
    Newer {
        /// The journal's file.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The version this program writes.
        known: i64,
    },
    /// Something was to be written into a journal that was opened for reading only.
    #[error("{}: the journal was opened for reading only", .path.display())]
    ReadOnly {
        /// The journal's file.
        path: PathBuf,
    },
}

impl Error {
    /// Says whose fault an error of SQLite is.
    pub(crate) fn of(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, found: error.to_string() },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::NotADatabase) => Self::Foreign { path },
            Some(ErrorCode::ConstraintViolation | ErrorCode::Unknown) | None => {
                Self::Damaged { path, found: error.to_string() }
            }
            Some(_) => Self::Disk { path, source: Box::new(error) },
        }
    }
}
