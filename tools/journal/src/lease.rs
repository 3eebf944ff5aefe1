use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::Error;
use crate::process::Process;
use crate::store::Store;

/// The right to work on an account, until it is dropped or its process ends.
#[derive(Debug)]
pub struct Lease<'a> {
    leases: &'a Leases,
    account: String,
    number: i64,
}

impl Lease<'_> {
    /// The account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether the lease is still ours: one of a process that stood still for long may have been taken over by
    /// another host.
    pub fn is_held(&self) -> Result<bool, Error> {
        self.leases.store.read(|connection| self.leases.holds(connection, self))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        lock(&HELD).remove(&self.number);
        // Should this fail, on a full disk say, the row counts as lapsed all the same: its number is not held.
        let _ = self.leases.store.jot(|transaction| self.leases.release(transaction, self));
    }
}

/// The leases of one journal, and the thread that keeps them alive.
#[derive(Debug)]
pub(crate) struct Leases {
    store: Arc<Store>,
    own: Process,
    beat: Mutex<Option<Beat>>,
}

#[derive(Debug)]
struct Beat {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: JoinHandle<()>,
}

impl Leases {
    pub fn new(store: Arc<Store>) -> Self {
        Self { store, own: Process::own(), beat: Mutex::new(None) }
    }

    /// Takes the account, unless a living process has it.
    pub fn take(&self, account: &str) -> Result<Lease<'_>, Error> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let holder = self.store.jot(|transaction| self.take_in(transaction, account, number, now()))?;
        if let Some(holder) = holder {
            return Err(holder);
        }
        self.keep_alive();
        Ok(Lease { leases: self, account: account.to_owned(), number })
    }

    fn take_in(
        &self,
        transaction: &Transaction<'_>,
        account: &str,
        number: i64,
        now: i64,
    ) -> rusqlite::Result<Option<Error>> {
        if let Some(row) = Row::of(transaction, account)?
            && !row.is_lapsed(&self.own, now)
        {
            let Process { pid, host, .. } = row.holder;
            return Ok(Some(Error::InUse { account: account.to_owned(), pid, host, since: row.since }));
        }
        transaction.execute("DELETE FROM lease WHERE account = ?1", [account])?;
        let Process { pid, host, boot, namespace, started } = &self.own;
        transaction.execute(
            "INSERT INTO lease (account, pid, host, boot, namespace, started, number, since, heartbeat)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
            params![account, pid, host, boot, namespace, started, number, now],
        )?;
        // Before the commit, so that another thread never sees the row without it.
        lock(&HELD).insert(number);
        Ok(None)
    }

    fn release(&self, transaction: &Transaction<'_>, lease: &Lease<'_>) -> rusqlite::Result<()> {
        if self.holds(transaction, lease)? {
            transaction.execute("DELETE FROM lease WHERE account = ?1", [&lease.account])?;
        }
        Ok(())
    }

    fn holds(&self, connection: &Connection, lease: &Lease<'_>) -> rusqlite::Result<bool> {
        let row = Row::of(connection, &lease.account)?;
        Ok(row.is_some_and(|row| row.holder == self.own && row.number == lease.number))
    }

    fn keep_alive(&self) {
        lock(&self.beat).get_or_insert_with(|| {
            let stop = Arc::new((Mutex::new(false), Condvar::new()));
            let (store, own, stopped) = (Arc::clone(&self.store), self.own.clone(), Arc::clone(&stop));
            Beat { stop, thread: thread::spawn(move || beat_until(&store, &own, &stopped)) }
        });
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        if let Some(Beat { stop, thread }) = lock(&self.beat).take() {
            *lock(&stop.0) = true;
            stop.1.notify_all();
            let _ = thread.join();
        }
    }
}

/// A lease as it stands in the table.
struct Row {
    holder: Process,
    number: i64,
    since: i64,
    heartbeat: i64,
}

impl Row {
    fn of(connection: &Connection, account: &str) -> rusqlite::Result<Option<Self>> {
        let mut statement = connection.prepare_cached(
            "SELECT pid, host, boot, namespace, started, number, since, heartbeat FROM lease WHERE account = ?1",
        )?;
        let row = statement.query_row([account], |row| {
            let holder = Process {
                pid: row.get(0)?,
                host: row.get(1)?,
                boot: row.get(2)?,
                namespace: row.get(3)?,
                started: row.get(4)?,
            };
            Ok(Self { holder, number: row.get(5)?, since: row.get(6)?, heartbeat: row.get(7)? })
        });
        row.optional()
    }

    fn is_lapsed(&self, own: &Process, now: i64) -> bool {
        if self.holder == *own {
            return !lock(&HELD).contains(&self.number);
        }
        match own.sees_alive(&self.holder) {
            Some(alive) => !alive,
            None => now.saturating_sub(self.heartbeat) > LAPSE,
        }
    }
}

fn beat_until(store: &Store, own: &Process, (stopped, wake): &(Mutex<bool>, Condvar)) {
    let mut done = lock(stopped);
    while !*done {
        let (guard, waited) = wake.wait_timeout(done, BEAT).unwrap_or_else(PoisonError::into_inner);
        done = guard;
        if waited.timed_out() {
            // One that is lost on a full disk or a busy file is made good by the next.
            let _ = beat(store, own, now());
        }
    }
}

fn beat(store: &Store, own: &Process, now: i64) -> Result<usize, Error> {
    let Process { pid, host, boot, namespace, started } = own;
    store.jot(|transaction| {
        transaction.execute(
            "UPDATE lease SET heartbeat = ?1 WHERE pid = ?2 AND host = ?3 AND boot = ?4 AND namespace = ?5
             AND started = ?6",
            params![now, pid, host, boot, namespace, started],
        )
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
}

/// The numbers of the leases this process holds, whatever the journal: a row that is not among them was left behind.
static HELD: Mutex<BTreeSet<i64>> = Mutex::new(BTreeSet::new());

static NUMBER: AtomicI64 = AtomicI64::new(1);

const BEAT: Duration = Duration::from_secs(60);

/// Seconds after the last heartbeat of a process that cannot be seen from here.
const LAPSE: i64 = 600;

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60;

    fn own() -> Process {
        Process::own()
    }

    fn lapsed(change: impl FnOnce(&mut Process), age: i64) -> bool {
        let mut holder = Process { pid: 1, started: 0, ..own() };
        change(&mut holder);
        Row { holder, number: 7, since: 0, heartbeat: 10_000 - age }.is_lapsed(&own(), 10_000)
    }

    #[test]
    fn a_lease_lapses_with_its_process() {
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let pid = child.id();
        let started = crate::process::started(pid).unwrap();
        let alive = |age| lapsed(|holder| (holder.pid, holder.started) = (pid, started), age);
        assert!(!alive(0));
        assert!(!alive(600 * MINUTE), "it lives, so its heartbeat does not matter");
        assert!(
            lapsed(|holder| (holder.pid, holder.started) = (pid, started + 1), 0),
            "its number was given anew"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(alive(0));
    }

    #[test]
    fn leases_of_elsewhere() {
        let other_host = |holder: &mut Process| holder.host = "other.example.com".to_owned();
        let other_boot = |holder: &mut Process| holder.boot = "an older one".to_owned();
        let container = |holder: &mut Process| holder.namespace = "pid:[1]".to_owned();
        assert!(!lapsed(other_host, 9 * MINUTE));
        assert!(lapsed(other_host, 11 * MINUTE));
        assert!(lapsed(other_boot, 0), "the machine was restarted since");
        assert!(!lapsed(container, 9 * MINUTE));
        assert!(lapsed(container, 11 * MINUTE));
        assert!(!lapsed(other_host, -90 * MINUTE), "the clock was set back");
    }

    #[test]
    fn heartbeats_and_takeover() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("beat.state")).unwrap());
        let leases = Leases::new(Arc::clone(&store));
        let lease = leases.take("anna@example.com").unwrap();
        assert_eq!(beat(&store, &own(), 4_000_000_000).unwrap(), 1);
        let row = || store.read(|connection| Row::of(connection, "anna@example.com")).unwrap();
        assert_eq!(row().unwrap().heartbeat, 4_000_000_000);
        assert!(lease.is_held().unwrap());

        // Another host finds it stale and takes over: the old holder neither keeps nor ends the new lease.
        store
            .write(|transaction| {
                transaction.execute("UPDATE lease SET host = 'other.example.com', heartbeat = ?1", [now()])
            })
            .unwrap();
        assert!(!lease.is_held().unwrap());
        assert_eq!(beat(&store, &own(), 0).unwrap(), 0);
        drop(lease);
        assert_eq!(row().unwrap().holder.host, "other.example.com");
        assert!(
            matches!(leases.take("anna@example.com"), Err(Error::InUse { host, .. }) if host == "other.example.com")
        );
    }

    #[test]
    fn a_row_that_could_not_be_deleted_does_not_lock_its_own_process_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("left.state")).unwrap());
        let leases = Leases::new(Arc::clone(&store));
        drop(leases.take("anna@example.com").unwrap());
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        store.write(|transaction| leases.take_in(transaction, "anna@example.com", number, now())).unwrap();
        assert!(matches!(leases.take("anna@example.com"), Err(Error::InUse { .. })));
        lock(&HELD).remove(&number);
        leases.take("anna@example.com").unwrap();
    }
}
