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

    /// Applies the changes in their order, all or none; they are on the disk when this returns.
    pub fn record(&self, scope: &Scope, changes: &[Change]) -> Result<(), Error> {
        self.store.write(|transaction| fact::record(transaction, scope, changes))
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
        self.store.write(|transaction| run::begin(transaction, command, now))
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
