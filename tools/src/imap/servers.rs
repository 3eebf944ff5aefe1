//! What all accounts of a run share of the servers they are on: how many connections there may be at once, and whether
//! an administrator was let in yet.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use imap_sync::{Endpoint, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The servers of a run.
#[derive(Debug)]
pub struct Servers {
    /// Connections of one account to each side; by the length of the way where nobody says.
    connections: Option<usize>,
    /// Connections of all accounts together to one server.
    per_server: Option<usize>,
    calm: Duration,
    known: Mutex<BTreeMap<String, Arc<Server>>>,
}

#[derive(Debug)]
struct Server {
    places: Option<Arc<Semaphore>>,
    quickest: Mutex<Option<Duration>>,
    trials: Mutex<BTreeMap<String, Arc<Trial>>>,
}

/// An administrator's first logins come one after the other, so that a wrong password is not shown by many at once.
#[derive(Debug, Default)]
struct Trial {
    passed: AtomicBool,
    turn: tokio::sync::Mutex<()>,
}

/// The connections that one account may have, until it is dropped.
#[derive(Debug)]
pub struct Places {
    servers: Vec<Arc<Server>>,
    pairs: usize,
    held: Vec<OwnedSemaphorePermit>,
}

impl Default for Servers {
    fn default() -> Self {
        Self::new(None, None, CALM)
    }
}

impl Servers {
    /// `calm` is how long a mailbox must stand still before what an interrupted run may have sent to it is looked for.
    pub fn new(connections: Option<usize>, per_server: Option<usize>, calm: Duration) -> Self {
        Self { connections, per_server, calm, known: Mutex::default() }
    }

    /// How long a mailbox must stand still before what an interrupted run may have sent to it is looked for.
    pub fn calm(&self) -> Duration {
        self.calm
    }

    /// Waits until an account may connect once to each of its servers.
    ///
    /// Servers are waited for in one order by all, and more connections are never waited for, so that nobody waits for ever.
    pub async fn reserve(&self, endpoints: &[&Endpoint]) -> Places {
        let mut servers: BTreeMap<String, (Arc<Server>, u32)> = BTreeMap::new();
        for endpoint in endpoints {
            servers.entry(name(endpoint)).or_insert_with(|| (self.server(endpoint), 0)).1 += 1;
        }
        let mut held = Vec::new();
        for (server, wanted) in servers.values() {
            if let Some(places) = &server.places {
                let wanted = self.per_server.map_or(*wanted, |most| (*wanted).min(bounded(most)));
                held.extend(places.clone().acquire_many_owned(wanted).await.ok());
            }
        }
        let each = servers.into_values();
        let servers = each.flat_map(|(server, times)| vec![server; times as usize]).collect();
        Places { servers, pairs: 1, held }
    }

    /// Takes more connections for an account, as many as it may have and as are free; how many it has then.
    pub fn extend(&self, places: &mut Places) -> usize {
        let far = places.servers.iter().any(|server| lock(&server.quickest).is_some_and(|it| it > LONG));
        let most = self.connections.unwrap_or(if far { FAR } else { NEAR });
        while places.pairs < most && places.take_pair() {
            places.pairs += 1;
        }
        places.pairs
    }

    /// Logs in, as soon as it is the account's turn.
    pub async fn enter<T>(
        &self,
        endpoint: &Endpoint,
        login: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let server = self.server(endpoint);
        let trial = endpoint.admin.as_deref().map(|admin| server.trial(admin));
        let mut turn = None;
        if let Some(trial) = trial.as_deref().filter(|trial| !trial.passed()) {
            turn = Some(trial.turn.lock().await).filter(|_| !trial.passed());
        }
        let began = Instant::now();
        let entered = login.await;
        if entered.is_ok() {
            let took = began.elapsed();
            let mut quickest = lock(&server.quickest);
            *quickest = Some(quickest.map_or(took, |known| known.min(took)));
            trial.iter().for_each(|trial| trial.passed.store(true, Ordering::Release));
        }
        drop(turn);
        entered
    }

    fn server(&self, endpoint: &Endpoint) -> Arc<Server> {
        let mut known = lock(&self.known);
        let server = known.entry(name(endpoint)).or_insert_with(|| {
            let places = self.per_server.map(|most| Arc::new(Semaphore::new(most)));
            Arc::new(Server { places, quickest: Mutex::default(), trials: Mutex::default() })
        });
        Arc::clone(server)
    }
}

impl Server {
    fn trial(&self, admin: &str) -> Arc<Trial> {
        Arc::clone(lock(&self.trials).entry(admin.to_owned()).or_default())
    }
}

impl Trial {
    fn passed(&self) -> bool {
        self.passed.load(Ordering::Acquire)
    }
}

impl Places {
    /// One place at each server, or none at all.
    fn take_pair(&mut self) -> bool {
        let places = self.servers.iter().filter_map(|server| server.places.clone());
        let taken: Option<Vec<OwnedSemaphorePermit>> =
            places.map(|places| places.try_acquire_owned().ok()).collect();
        let is_taken = taken.is_some();
        self.held.extend(taken.into_iter().flatten());
        is_taken
    }
}

fn name(endpoint: &Endpoint) -> String {
    format!("{}:{}", endpoint.host.to_ascii_lowercase(), endpoint.port)
}

fn bounded(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connections of one account to each side over a short way, and over a long one.
const NEAR: usize = 2;
const FAR: usize = 4;
/// A login takes about six round trips: one that takes longer than this goes a long way, or to a slow server, which is much the same.
const LONG: Duration = Duration::from_millis(200);
const CALM: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn at(host: &str, admin: Option<&str>) -> Endpoint {
        Endpoint::parse(&format!("imaps://u@{host}"), false).unwrap().with_admin(admin.map(str::to_owned))
    }

    /// What is there without waiting.
    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn places_are_waited_for_once_and_taken_where_they_are_free() {
        let (old, new) = (at("old", None), at("new", None));
        let servers = Servers::new(Some(3), Some(4), CALM);
        let mut first = now(servers.reserve(&[&old, &new])).unwrap();
        let second = now(servers.reserve(&[&new, &old])).unwrap();
        assert_eq!(servers.extend(&mut first), 3, "as many as one account may have");
        assert!(now(servers.reserve(&[&old])).is_none(), "all four are taken");
        drop(second);
        assert_eq!(servers.extend(&mut first), 3);
        let third = now(servers.reserve(&[&at("OLD", None)])).unwrap();
        drop((first, third));
        assert!(now(servers.reserve(&[&old, &new])).is_some());
    }

    #[test]
    fn one_server_on_both_sides_needs_no_more_than_there_is() {
        let here = at("here", None);
        for (most, pairs) in [(1, 1), (2, 1), (5, 2)] {
            let servers = Servers::new(Some(4), Some(most), CALM);
            let mut places = now(servers.reserve(&[&here, &here])).unwrap();
            assert_eq!(servers.extend(&mut places), pairs, "{most}");
        }
    }

    #[test]
    fn without_limits_the_way_decides() {
        let (servers, far) = (Servers::default(), at("far", None));
        let mut places = now(servers.reserve(&[&far])).unwrap();
        assert_eq!(servers.extend(&mut places), NEAR);
        *lock(&servers.server(&far).quickest) = Some(LONG * 2);
        assert_eq!(servers.extend(&mut places), FAR);
    }

    #[test]
    fn an_administrator_is_tried_by_one_until_the_server_lets_him_in() {
        let servers = Servers::default();
        let boss = at("old", Some("boss"));
        let tried = Cell::new(0);
        let refuse = || async {
            tried.set(tried.get() + 1);
            Err::<(), Error>(Error::store("x", "no"))
        };
        let mut slow = Box::pin(servers.enter(&boss, async {
            std::future::pending::<()>().await;
            Ok(())
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(slow.as_mut().poll(&mut context).is_pending());
        assert!(now(servers.enter(&boss, refuse())).is_none(), "another tries already");
        assert!(now(servers.enter(&at("old", None), refuse())).is_some(), "a user need not wait");
        assert!(now(servers.enter(&at("new", Some("boss")), refuse())).is_some(), "it is another server");
        drop(slow);
        assert!(now(servers.enter(&boss, refuse())).is_some_and(|entered| entered.is_err()));
        now(servers.enter(&boss, async { Ok(()) })).unwrap().unwrap();
        let mut slow = Box::pin(servers.enter(&boss, std::future::pending::<Result<(), Error>>()));
        assert!(slow.as_mut().poll(&mut context).is_pending());
        assert!(now(servers.enter(&boss, async { Ok(()) })).is_some(), "who was let in once waits no more");
        assert_eq!(tried.get(), 3);
    }
}
