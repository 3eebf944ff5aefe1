//! The tables, and whether a file holds them.

use std::path::Path;

use rusqlite::{Connection, Transaction};

use crate::Error;

/// What a file turned out to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Journal,
    Nothing,
}

/// Tells a journal from a file that holds nothing yet; anything else is refused.
pub(crate) fn inspect(path: &Path, connection: &Connection) -> Result<Content, Error> {
    let number = |sql: &str| -> Result<i64, Error> {
        connection.query_row(sql, (), |row| row.get(0)).map_err(|error| Error::of(path, error))
    };
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    match (number("PRAGMA application_id")?, number("PRAGMA user_version")?) {
        (0, 0) if tables == 0 => Ok(Content::Nothing),
        (APPLICATION, VERSION) => Ok(Content::Journal),
        (APPLICATION, found) if found > VERSION => {
            Err(Error::Newer { path: path.to_owned(), found, known: VERSION })
        }
        _ => Err(Error::Foreign { path: path.to_owned() }),
    }
}

/// Creates the tables in a file that holds nothing.
pub(crate) fn create(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.execute_batch(TABLES)
}

/// "mfjl", in SQLite's `application_id`.
const APPLICATION: i64 = 0x6d66_6a6c;

const VERSION: i64 = 1;

/// A fact's `target` is NULL when it equals `source`, as it mostly does: that keeps a fact small.
const TABLES: &str = "
CREATE TABLE account (
    number INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE
);
CREATE TABLE collection (
    number INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (number),
    kind TEXT NOT NULL,
    name BLOB NOT NULL,
    UNIQUE (account, kind, name)
);
CREATE TABLE fact (
    collection INTEGER NOT NULL REFERENCES collection (number),
    key BLOB NOT NULL,
    source BLOB NOT NULL,
    target BLOB,
    PRIMARY KEY (collection, key)
) WITHOUT ROWID;
CREATE TABLE intent (
    collection INTEGER NOT NULL REFERENCES collection (number),
    key BLOB NOT NULL,
    detail BLOB NOT NULL,
    PRIMARY KEY (collection, key)
) WITHOUT ROWID;
CREATE TABLE lease (
    account TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    boot TEXT NOT NULL,
    namespace TEXT NOT NULL,
    started INTEGER NOT NULL,
    number INTEGER NOT NULL,
    since INTEGER NOT NULL,
    heartbeat INTEGER NOT NULL
);
CREATE TABLE run (
    number INTEGER PRIMARY KEY,
    command TEXT NOT NULL,
    began INTEGER NOT NULL,
    ended INTEGER,
    exit INTEGER
);
CREATE TABLE report (
    run INTEGER PRIMARY KEY REFERENCES run (number),
    document TEXT NOT NULL
);
CREATE VIEW listed AS
    SELECT account.address AS account, collection.kind AS kind, CAST(collection.name AS TEXT) AS collection,
           fact.key AS key, fact.source AS source, coalesce(fact.target, fact.source) AS target
    FROM fact
    JOIN collection ON collection.number = fact.collection
    JOIN account ON account.number = collection.account;
";
