use std::path::Path;
use std::sync::Arc;

use crate::Error;
use crate::fact::{self, Change, Count, Fact, Intent, Scope};
use crate::lease::{Lease, Leases};
use crate::run::{self, RunId, RunRow};
use crate::store::Store;

/// A journal, open. It may be shared between threads.
#[derive(Debug)]
pub struct Journal {
    // First, so that its thread has ended when the file is closed.
    leases: Leases,
    store: Arc<Store>,
}

impl Journal {
    /// Opens the journal at `path` and creates it where there is none (in a directory that exists).
    pub fn open(path: &Path) -> Result<Self, Error> {
        Store::open(path).map(Self::over)
    }

    /// Opens an existing journal for reading; None when there is none. Creates and changes nothing.
    pub fn open_existing(path: &Path) -> Result<Option<Self>, Error> {
        Ok(Store::look(path)?.map(Self::over))
    }

    /// What was placed in that collection, ordered by key.
    pub fn facts(&self, scope: &Scope) -> Result<Vec<Fact>, Error> {
        self.store.read(|connection| fact::facts(connection, scope))
    }

    /// What was placed in that collection under keys from one to another, both included, ordered by key; not more than
    /// `limit`.
    pub fn facts_between(
        &self,
        scope: &Scope,
        from: &[u8],
        to: &[u8],
        limit: u32,
    ) -> Result<Vec<Fact>, Error> {
        self.store.read(|connection| fact::facts_between(connection, scope, from, to, limit))
    }

    /// The fact of one key in each of the account's collections of that kind that has it, with the collection's name.
    pub fn facts_of_key(&self, account: &str, kind: &str, key: &[u8]) -> Result<Vec<(Vec<u8>, Fact)>, Error> {
        self.store.read(|connection| fact::facts_of_key(connection, account, kind, key))
    }

    /// Applies changes of several collections in their order, all or none; they are on the disk when this returns.
    pub fn record_all(&self, changes: &[(Scope, Vec<Change>)]) -> Result<(), Error> {
        self.store.write(|transaction| {
            changes.iter().try_for_each(|(scope, changes)| fact::record(transaction, scope, changes))
        })
    }

    /// Applies the changes in their order, all or none; they are on the disk when this returns.
    pub fn record(&self, scope: &Scope, changes: &[Change]) -> Result<(), Error> {
        self.store.write(|transaction| fact::record(transaction, scope, changes))
    }

    /// Gives a collection the name of another of the same account and kind, and applies changes to it, all or nothing. What
    /// was known under that name is forgotten.
    pub fn rename(&self, from: &Scope, to: &Scope, changes: &[Change]) -> Result<(), Error> {
        self.store.write(|transaction| fact::rename(transaction, from, to, changes))
    }

    /// Forgets all facts and intents of an account, or of every one, and tells how many facts that were: for a target that is not
    /// there any more.
    pub fn forget(&self, account: Option<&str>) -> Result<u64, Error> {
        self.store.write(|transaction| fact::forget(transaction, account))
    }

    /// The effects begun in that collection and not yet seen to be done, ordered by key.
    pub fn intents(&self, scope: &Scope) -> Result<Vec<Intent>, Error> {
        self.store.read(|connection| fact::intents(connection, scope))
    }

    /// The account's collections of that kind in which there is a fact or an open intent, in order.
    pub fn collections(&self, account: &str, kind: &str) -> Result<Vec<Vec<u8>>, Error> {
        self.store.read(|connection| fact::collections(connection, account, kind))
    }

    /// How much is known, by account, kind and collection.
    pub fn counts(&self) -> Result<Vec<Count>, Error> {
        self.store.read(fact::counts)
    }

    /// Takes the account for this process and thread, or says who has it ([`Error::InUse`]).
    pub fn lease(&self, account: &str) -> Result<Lease<'_>, Error> {
        self.leases.take(account)
    }

    /// A run begins.
    pub fn begin_run(&self, command: &str, now: i64) -> Result<RunId, Error> {
        self.store.jot(|transaction| run::begin(transaction, command, now))
    }

    /// A run ends. Reports older than the last ten are let go, the runs stay listed.
    pub fn end_run(&self, run: RunId, exit: i32, report_json: &str, now: i64) -> Result<(), Error> {
        self.store.write(|transaction| run::end(transaction, run, exit, report_json, now))
    }

    /// The newest run that left a report, with it.
    pub fn last_report(&self) -> Result<Option<(RunRow, String)>, Error> {
        self.store.read(run::last_report)
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> Result<Vec<RunRow>, Error> {
        self.store.read(run::runs)
    }

    fn over(store: Store) -> Self {
        let store = Arc::new(store);
        Self { leases: Leases::new(Arc::clone(&store)), store }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full.state");
        let journal = Journal::open(&path).unwrap();
        let scope = Scope::new("anna@example.com", "mail", "INBOX");
        let fact = |number: u32| Fact {
            key: number.to_be_bytes().to_vec(),
            source: vec![1; 900],
            target: vec![2; 900],
        };
        let batch = |from: u32| (from..from + 20).map(|number| Change::Put(fact(number))).collect::<Vec<_>>();
        journal.record(&scope, &batch(0)).unwrap();
        let pages = |count: u32| {
            journal
                .store
                .write(|transaction| transaction.pragma_update(None, "max_page_count", count))
                .unwrap();
        };

        pages(30);
        let error = (1..).find_map(|step| journal.record(&scope, &batch(step * 20)).err()).unwrap();
        assert!(matches!(&error, Error::Full { path: named } if *named == path), "{error}");
        let kept = journal.facts(&scope).unwrap();
        assert_eq!(kept.len() % 20, 0, "a batch is recorded whole or not at all");
        assert!(kept.len() >= 20);

        pages(10_000);
        journal.record(&scope, &batch(u32::try_from(kept.len()).unwrap())).unwrap();
        assert_eq!(journal.facts(&scope).unwrap().len(), kept.len() + 20);
    }

    #[test]
    fn facts_are_found_by_their_keys() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("keys.state")).unwrap();
        let scope = |name: &str| Scope::new("anna@example.com", "mail", name);
        let put = |key: &[u8]| Change::Put(Fact { key: key.to_vec(), source: vec![1], target: vec![1] });
        let inbox = vec![put(b""), put(b"a"), put(b"b"), put(b"c")];
        journal
            .record_all(&[
                (scope("INBOX"), inbox),
                (scope("Sent"), vec![put(b"")]),
                (scope("Odd"), vec![put(b"a")]),
            ])
            .unwrap();
        let keys = |from: &[u8], to: &[u8], limit| -> Vec<Vec<u8>> {
            let facts = journal.facts_between(&scope("INBOX"), from, to, limit).unwrap();
            facts.into_iter().map(|fact| fact.key).collect()
        };
        assert_eq!(keys(b"a", b"b", 9), [b"a", b"b"]);
        assert_eq!(keys(b"a", b"z", 2), [b"a", b"b"]);
        let heads = journal.facts_of_key("anna@example.com", "mail", b"").unwrap();
        let names: Vec<&[u8]> = heads.iter().map(|(name, _)| name.as_slice()).collect();
        assert_eq!(names, [&b"INBOX"[..], b"Sent"]);
        assert!(journal.facts_of_key("b@example.com", "mail", b"").unwrap().is_empty());

        journal.rename(&scope("INBOX"), &scope("Odd"), &[put(b"d")]).unwrap();
        let keys = |name: &str| {
            journal.facts(&scope(name)).unwrap().into_iter().map(|fact| fact.key).collect::<Vec<_>>()
        };
        assert_eq!(keys("Odd"), [&b""[..], b"a", b"b", b"c", b"d"]);
        assert!(keys("INBOX").is_empty());
    }

    #[test]
    fn what_is_relied_on_is_flushed() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("flushed.state")).unwrap();
        let synchronous = |transaction: &rusqlite::Transaction<'_>| {
            transaction.query_row("PRAGMA synchronous", (), |row| row.get::<_, i64>(0))
        };
        assert_eq!(journal.store.jot(synchronous).unwrap(), 1, "NORMAL");
        assert_eq!(journal.store.write(synchronous).unwrap(), 2, "FULL");
    }
}
