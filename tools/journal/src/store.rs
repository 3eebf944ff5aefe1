//! The file: how it is opened, read and written.
//!
//! Clever here is the reading of a file that must not be touched. SQLite creates its `-wal` and `-shm` files as soon as
//! a write-ahead journal is opened, even for reading. So a journal that nobody has open is read as `immutable`, which
//! locks nothing, and the answer counts only if the file was the same before and after; a journal with a `-wal` file
//! (somebody writes, or was killed) is read through its existing `-shm`.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::Error;
use crate::schema::{self, Content};

#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    access: Access,
}

#[derive(Debug)]
enum Access {
    Look,
    Write(Mutex<Connection>),
}

impl Store {
    /// Opens the file for writing, and creates it where there is none.
    pub fn open(path: &Path) -> Result<Self, Error> {
        create_private(path)?;
        let mut connection = connect(path, path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let of = |error| Error::of(path, error);
        if schema::inspect(path, &connection)? == Content::Nothing {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Exclusive).map_err(of)?;
            if schema::inspect(path, &transaction)? == Content::Nothing {
                schema::create(&transaction).map_err(of)?;
            }
            transaction.commit().map_err(of)?;
        }
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(of)?;
        if mode != "wal" {
            let source = "its file system has no shared memory, which the write-ahead log needs".into();
            return Err(Error::Disk { path: path.to_owned(), source });
        }
        Ok(Self { path: path.to_owned(), access: Access::Write(Mutex::new(connection)) })
    }

    /// Looks at an existing file without changing anything; None when nothing was ever recorded there.
    pub fn look(path: &Path) -> Result<Option<Self>, Error> {
        let empty = match fs::metadata(path) {
            Ok(file) => file.len() == 0,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(Error::Disk { path: path.to_owned(), source: Box::new(error) }),
        };
        // A rollback journal is only there while the tables are being created.
        if empty || length(&beside(path, "-journal")) > 0 {
            return Ok(None);
        }
        let store = Self { path: path.to_owned(), access: Access::Look };
        let content = store.look_with(|connection| schema::inspect(path, connection))?;
        Ok((content == Content::Journal).then_some(store))
    }

    pub fn read<T>(&self, query: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let answer =
            |connection: &Connection| query(connection).map_err(|error| Error::of(&self.path, error));
        match &self.access {
            Access::Look => self.look_with(answer),
            Access::Write(connection) => answer(&lock(connection)),
        }
    }

    /// One transaction, on the disk when this returns.
    pub fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        self.transact("full", change)
    }

    /// One transaction that a power loss may undo: for what means nothing after one.
    pub fn jot<T>(&self, change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        self.transact("normal", change)
    }

    fn transact<T>(
        &self,
        durability: &str,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let Access::Write(connection) = &self.access else {
            return Err(Error::ReadOnly { path: self.path.clone() });
        };
        transact(&mut lock(connection), durability, change).map_err(|error| Error::of(&self.path, error))
    }

    fn look_with<T>(&self, query: impl Fn(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        for _ in 0..LOOKS {
            let before = Stamp::of(&self.path);
            let shared = before.log > 0;
            let connect = if shared { connect_shared } else { connect_immutable };
            let answer = connect(&self.path).and_then(|connection| query(&connection));
            if shared && answer.is_ok() || Stamp::of(&self.path) == before {
                return answer;
            }
        }
        Err(Error::Busy { path: self.path.clone() })
    }
}

/// What changes when somebody writes to the journal.
#[derive(PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: (i64, i64),
    log: u64,
}

impl Stamp {
    fn of(path: &Path) -> Self {
        let file = fs::metadata(path).ok();
        Self {
            inode: file.as_ref().map_or(0, MetadataExt::ino),
            length: file.as_ref().map_or(0, MetadataExt::size),
            modified: file.as_ref().map_or((0, 0), |file| (file.mtime(), file.mtime_nsec())),
            // A log that is only a header says nothing.
            log: length(&beside(path, "-wal")).saturating_sub(LOG_HEADER),
        }
    }
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    // A panic inside a transaction rolled it back, so the connection is as good as before.
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn transact<T>(
    connection: &mut Connection,
    durability: &str,
    change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.pragma_update(None, "synchronous", durability)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let answer = change(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}

fn connect_immutable(path: &Path) -> Result<Connection, Error> {
    connect(path, &uri(path, "immutable=1"), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

fn connect_shared(path: &Path) -> Result<Connection, Error> {
    let options = if beside(path, "-shm").exists() { "mode=ro&readonly_shm=1" } else { "mode=ro" };
    connect(path, &uri(path, options), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

fn connect(path: &Path, target: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(target, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| Error::of(path, error))?;
    let set_up = || {
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "cache_size", CACHE)?;
        connection.pragma_update(None, "cell_size_check", true)
    };
    set_up().map_err(|error| Error::of(path, error))?;
    Ok(connection)
}

/// Makes an empty file only its owner can read. A file that is already there must not be opened and closed here: that
/// would end the locks this process may hold on it.
fn create_private(path: &Path) -> Result<(), Error> {
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::Disk { path: path.to_owned(), source: Box::new(error) })
        }
        _ => Ok(()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// The file as SQLite wants it named where options are to be given.
fn uri(path: &Path, options: &str) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = String::from("file://");
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'_' | b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push('?');
    uri.push_str(options);
    uri.into()
}

/// At most 32 MiB, as SQLite counts it: keys that are digests touch pages everywhere.
const CACHE: i64 = -32 * 1024;

/// How often a journal that changes meanwhile is looked at again.
const LOOKS: usize = 10;

/// Bytes before the first frame of a `-wal` file.
const LOG_HEADER: u64 = 32;

const PATIENCE: Duration = Duration::from_secs(30);
