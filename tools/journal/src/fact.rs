use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// Which facts: those of one collection of one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The account's address.
    pub account: String,
    /// What kind of things: `mail`, `calendar`, `contacts`, `directory` and the like.
    pub kind: String,
    /// The folder, calendar or address book; empty where there is only one.
    pub collection: Vec<u8>,
}

impl Scope {
    /// The facts of that collection.
    pub fn new(account: impl Into<String>, kind: impl Into<String>, collection: impl Into<Vec<u8>>) -> Self {
        Self { account: account.into(), kind: kind.into(), collection: collection.into() }
    }
}

/// An item that was placed: what it was then, on either side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// The item's identity.
    pub key: Vec<u8>,
    /// Its state at the source.
    pub source: Vec<u8>,
    /// Its state on the target.
    pub target: Vec<u8>,
}

/// An effect that was announced and not yet seen to be done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Intent {
    /// The identity of the item it places.
    pub key: Vec<u8>,
    /// What helps to find out later whether it was done.
    pub detail: Vec<u8>,
}

/// One change of what is known about a collection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The announced effect was done, or will never be.
    CloseIntent {
        /// The intent's key.
        key: Vec<u8>,
    },
    /// An effect is about to be begun; an open intent of this key is replaced.
    OpenIntent {
        /// The item's key.
        key: Vec<u8>,
        /// What helps to find out later whether it was done.
        detail: Vec<u8>,
    },
    /// An item was placed; an older fact of this key is replaced.
    Put(Fact),
    /// Nothing is known about this item any more.
    Remove {
        /// The fact's key.
        key: Vec<u8>,
    },
}

/// How much is known about one collection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count {
    /// Of which collection.
    pub scope: Scope,
    /// Items placed. What is known of a collection as a whole, under the empty key, is none.
    pub facts: u64,
    /// Effects begun and not yet seen to be done.
    pub intents: u64,
}

/// The facts of a collection, ordered by key.
pub(crate) fn facts(connection: &Connection, scope: &Scope) -> rusqlite::Result<Vec<Fact>> {
    let Some(collection) = find(connection, scope)? else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(
        "SELECT key, source, coalesce(target, source) FROM fact WHERE collection = ?1 ORDER BY key",
    )?;
    let rows = statement.query_map([collection], |row| {
        Ok(Fact { key: row.get(0)?, source: row.get(1)?, target: row.get(2)? })
    })?;
    rows.collect()
}

/// The facts of a collection from one key to another, both included, ordered by key; not more than `limit`.
pub(crate) fn facts_between(
    connection: &Connection,
    scope: &Scope,
    from: &[u8],
    to: &[u8],
    limit: u32,
) -> rusqlite::Result<Vec<Fact>> {
    let Some(collection) = find(connection, scope)? else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(
        "SELECT key, source, coalesce(target, source) FROM fact
         WHERE collection = ?1 AND key BETWEEN ?2 AND ?3 ORDER BY key LIMIT ?4",
    )?;
    let rows = statement.query_map(params![collection, from, to, limit], |row| {
        Ok(Fact { key: row.get(0)?, source: row.get(1)?, target: row.get(2)? })
    })?;
    rows.collect()
}

/// The fact of one key in each collection of that kind that has it, with the collection's name.
pub(crate) fn facts_of_key(
    connection: &Connection,
    account: &str,
    kind: &str,
    key: &[u8],
) -> rusqlite::Result<Vec<(Vec<u8>, Fact)>> {
    let mut statement = connection.prepare_cached(
        "SELECT collection.name, fact.key, fact.source, coalesce(fact.target, fact.source) FROM collection
         JOIN account ON account.number = collection.account
         JOIN fact ON fact.collection = collection.number AND fact.key = ?3
         WHERE account.address = ?1 AND collection.kind = ?2 ORDER BY collection.name",
    )?;
    let rows = statement.query_map(params![account, kind, key], |row| {
        Ok((row.get(0)?, Fact { key: row.get(1)?, source: row.get(2)?, target: row.get(3)? }))
    })?;
    rows.collect()
}

/// The open intents of a collection, ordered by key.
pub(crate) fn intents(connection: &Connection, scope: &Scope) -> rusqlite::Result<Vec<Intent>> {
    let Some(collection) = find(connection, scope)? else { return Ok(Vec::new()) };
    let mut statement =
        connection.prepare_cached("SELECT key, detail FROM intent WHERE collection = ?1 ORDER BY key")?;
    let rows =
        statement.query_map([collection], |row| Ok(Intent { key: row.get(0)?, detail: row.get(1)? }))?;
    rows.collect()
}

/// The collections of that kind with a fact or an open intent, in order.
pub(crate) fn collections(
    connection: &Connection,
    account: &str,
    kind: &str,
) -> rusqlite::Result<Vec<Vec<u8>>> {
    let mut statement = connection.prepare_cached(
        "SELECT collection.name FROM collection
         JOIN account ON account.number = collection.account
         WHERE account.address = ?1 AND collection.kind = ?2
           AND (EXISTS (SELECT 1 FROM fact WHERE fact.collection = collection.number)
             OR EXISTS (SELECT 1 FROM intent WHERE intent.collection = collection.number))
         ORDER BY collection.name",
    )?;
    statement.query_map([account, kind], |row| row.get(0))?.collect()
}

/// How much is known, by account, kind and collection.
pub(crate) fn counts(connection: &Connection) -> rusqlite::Result<Vec<Count>> {
    let mut statement = connection.prepare_cached(
        "SELECT account.address, collection.kind, collection.name,
                (SELECT count(*) FROM fact WHERE fact.collection = collection.number AND length(fact.key) > 0),
                (SELECT count(*) FROM intent WHERE intent.collection = collection.number)
         FROM collection JOIN account ON account.number = collection.account
         ORDER BY account.address, collection.kind, collection.name",
    )?;
    let rows = statement.query_map((), |row| {
        let scope = Scope { account: row.get(0)?, kind: row.get(1)?, collection: row.get(2)? };
        let (facts, intents): (i64, i64) = (row.get(3)?, row.get(4)?);
        Ok(Count { scope, facts: facts.cast_unsigned(), intents: intents.cast_unsigned() })
    })?;
    rows.collect()
}

/// Applies the changes in their order.
pub(crate) fn record(
    transaction: &Transaction<'_>,
    scope: &Scope,
    changes: &[Change],
) -> rusqlite::Result<()> {
    let collection = find_or_create(transaction, scope)?;
    let mut close = transaction.prepare_cached("DELETE FROM intent WHERE collection = ?1 AND key = ?2")?;
    let mut open = transaction.prepare_cached(
        "INSERT INTO intent (collection, key, detail) VALUES (?1, ?2, ?3)
         ON CONFLICT (collection, key) DO UPDATE SET detail = excluded.detail",
    )?;
    let mut put = transaction.prepare_cached(
        "INSERT INTO fact (collection, key, source, target) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (collection, key) DO UPDATE SET source = excluded.source, target = excluded.target",
    )?;
    let mut remove = transaction.prepare_cached("DELETE FROM fact WHERE collection = ?1 AND key = ?2")?;
    for change in changes {
        match change {
            Change::CloseIntent { key } => close.execute(params![collection, key])?,
            Change::OpenIntent { key, detail } => open.execute(params![collection, key, detail])?,
            Change::Put(Fact { key, source, target }) => {
                let target = (target != source).then_some(target);
                put.execute(params![collection, key, source, target])?
            }
            Change::Remove { key } => remove.execute(params![collection, key])?,
        };
    }
    Ok(())
}

/// Gives a collection another name, and changes what is known of it. What was known under that name is forgotten.
pub(crate) fn rename(
    transaction: &Transaction<'_>,
    from: &Scope,
    to: &Scope,
    changes: &[Change],
) -> rusqlite::Result<()> {
    if let Some(old) = find(transaction, to)? {
        transaction.execute("DELETE FROM intent WHERE collection = ?1", [old])?;
        transaction.execute("DELETE FROM fact WHERE collection = ?1", [old])?;
        transaction.execute("DELETE FROM collection WHERE number = ?1", [old])?;
    }
    if let Some(collection) = find(transaction, from)? {
        transaction.execute(
            "UPDATE collection SET name = ?2 WHERE number = ?1",
            params![collection, to.collection],
        )?;
    }
    record(transaction, to, changes)
}

/// Forgets all facts and intents of an account, or of every one, and tells how many facts that were.
pub(crate) fn forget(transaction: &Transaction<'_>, account: Option<&str>) -> rusqlite::Result<u64> {
    let of_account = "collection IN (SELECT collection.number FROM collection
         JOIN account ON account.number = collection.account WHERE ?1 IS NULL OR account.address = ?1)";
    transaction.execute(&format!("DELETE FROM intent WHERE {of_account}"), params![account])?;
    let facts = transaction.execute(&format!("DELETE FROM fact WHERE {of_account}"), params![account])?;
    Ok(facts as u64)
}

fn find(connection: &Connection, scope: &Scope) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT collection.number FROM collection
         JOIN account ON account.number = collection.account
         WHERE account.address = ?1 AND collection.kind = ?2 AND collection.name = ?3",
    )?;
    statement.query_row(params![scope.account, scope.kind, scope.collection], |row| row.get(0)).optional()
}

fn find_or_create(transaction: &Transaction<'_>, scope: &Scope) -> rusqlite::Result<i64> {
    if let Some(number) = find(transaction, scope)? {
        return Ok(number);
    }
    transaction
        .execute("INSERT INTO account (address) VALUES (?1) ON CONFLICT DO NOTHING", [&scope.account])?;
    transaction.query_row(
        "INSERT INTO collection (account, kind, name)
         SELECT number, ?2, ?3 FROM account WHERE address = ?1
         RETURNING number",
        params![scope.account, scope.kind, scope.collection],
        |row| row.get(0),
    )
}
