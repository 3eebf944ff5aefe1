//! How fast to go: within what providers and users allow, slower when a server complains, and no account at another's cost.
//!
//! Pure: the clock is an argument, as time since the Unix epoch; one that goes back is taken for standing still. One [`Governor`] is
//! shared by all connections to all servers; who holds it asks before each message and each connection, and sleeps as long as it
//! is told. A complaint halves an account's pace and puts it to sleep, doubling; silence gives the pace back step by step.
//!
//! Confession: fairness is by virtual time. Each account's share of a server grows with what it takes. While others wait whose
//! share is smaller by more than `BURST`, an account waits too. One that does not ask for `STALE` after its wait does not count as waiting, so that
//! nobody waits for the dead.

mod limits;
mod meter;
mod provider;

pub use limits::{Limits, Scopes};
pub use meter::Way;
pub use provider::Provider;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::words::Meaning;
use meter::{FIRST_NAP, Meter};

/// Whose connection it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// The server's host.
    pub server: String,
    /// The account on it.
    pub account: String,
    /// Our own address, or nothing.
    pub address: String,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A connection is to be made; [`Governor::closed`] when it is no more.
    Connection,
    /// A message of so many bytes is to go.
    Message(Way, u64),
}

/// Whether it may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Now; it is counted.
    Go,
    /// Ask again after this time.
    Wait(Duration),
}

/// What is counted for. The order of the journal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// An account on a server.
    Account(String, String),
    /// One of our addresses, as a server sees it.
    Address(String, String),
    /// A server.
    Server(String),
}

/// Bytes of one hour, for a journal: what is allowed in a day outlives a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Whose.
    pub scope: Scope,
    /// Which way.
    pub way: Way,
    /// Since the Unix epoch.
    pub hour: u64,
    /// How many.
    pub bytes: u64,
}

/// Says who may go, and when.
#[derive(Clone, Debug, Default)]
pub struct Governor {
    limits: BTreeMap<String, Scopes>,
    meters: BTreeMap<Scope, Meter>,
    shares: BTreeMap<(String, String), Share>,
    now: Duration,
}

/// What an account had of its server.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    /// Virtual time: it grows with what is taken.
    taken: u64,
    /// When it may ask again.
    until: Duration,
    /// Whether it waits for others, and not for itself.
    waits: bool,
}

impl Governor {
    /// Sets what a server allows: `user.or(provider.limits)`.
    pub fn allow(&mut self, server: &str, limits: Scopes) {
        self.limits.insert(server.to_owned(), limits);
    }

    /// Asks for a turn. When it is given, it is counted.
    pub fn take(&mut self, now: Duration, lane: &Lane, what: What) -> Turn {
        self.now = self.now.max(now);
        let now = self.now;
        let waits = self.scopes(lane).map(|(scope, limits)| match (self.meters.get(&scope), what) {
            (None, _) => Duration::ZERO,
            (Some(meter), What::Connection) => meter.connect(now, &limits),
            (Some(meter), What::Message(way, bytes)) => meter.message(now, &limits, way, bytes),
        });
        let wait = waits.into_iter().max().unwrap_or_default();
        let turn = match what {
            _ if !wait.is_zero() => Turn::Wait(wait),
            What::Message(..) if !self.is_fair(lane) => Turn::Wait(YIELD),
            _ => Turn::Go,
        };
        self.asked(lane, turn, what, waits[0].is_zero());
        if turn == Turn::Go {
            for (scope, limits) in self.scopes(lane) {
                let meter = self.meters.entry(scope).or_default();
                match what {
                    What::Connection => meter.connections += 1,
                    What::Message(way, bytes) => meter.take(now, &limits, way, bytes),
                }
            }
        }
        turn
    }

    /// A connection is no more.
    pub fn closed(&mut self, lane: &Lane) {
        for (scope, _) in self.scopes(lane) {
            if let Some(meter) = self.meters.get_mut(&scope) {
                meter.connections = meter.connections.saturating_sub(1);
            }
        }
    }

    /// A server said something. It is the account that slows down or sleeps; others go on. A full mailbox is for the caller to
    /// act on: no waiting helps.
    pub fn heard(&mut self, now: Duration, lane: &Lane, meaning: Meaning) {
        self.now = self.now.max(now);
        let now = self.now;
        let [(account, limits), (address, _), _] = self.scopes(lane);
        let meter = self.meters.entry(account).or_default();
        match meaning {
            Meaning::Backoff(told) => meter.throttle(now, &limits, told),
            Meaning::DailyLimit => meter.nap(now, LOCKED),
            Meaning::Temporary => meter.nap(now, FIRST_NAP),
            Meaning::TooManyConnections => {
                meter.nap(now, FIRST_NAP);
                // The only connection of an account cannot be one too many of its own.
                if meter.connections > 1 {
                    meter.crowded(now);
                } else {
                    self.meters.entry(address).or_default().crowded(now);
                }
            }
            _ => {}
        }
    }

    /// What was carried in the last day, to be kept.
    pub fn used(&self) -> Vec<Used> {
        let one = |(scope, meter): (&Scope, &Meter)| {
            let scope = scope.clone();
            let hours: Vec<_> = meter.hours().collect();
            hours.into_iter().map(move |(way, hour, bytes)| Used { scope: scope.clone(), way, hour, bytes })
        };
        self.meters.iter().flat_map(one).collect()
    }

    /// What an earlier run carried. What is known already does not shrink.
    pub fn restore(&mut self, used: impl IntoIterator<Item = Used>) {
        for used in used {
            self.meters.entry(used.scope).or_default().restore(used.way, used.hour, used.bytes);
        }
    }

    fn scopes(&self, lane: &Lane) -> [(Scope, Limits); 3] {
        let limits = self.limits.get(&lane.server).copied().unwrap_or_default();
        let server = lane.server.clone();
        [
            (Scope::Account(server.clone(), lane.account.clone()), limits.account),
            (Scope::Address(server.clone(), lane.address.clone()), limits.address),
            (Scope::Server(server), limits.server),
        ]
    }

    /// Whether no account that waits has had much less.
    fn is_fair(&self, lane: &Lane) -> bool {
        let own = self.share(lane);
        self.accounts(&lane.server).all(|(account, share)| {
            let waits = share.waits && self.now.saturating_sub(share.until) <= STALE;
            let asleep = self.meters.get(&Scope::Account(lane.server.clone(), account.clone()));
            let asleep = asleep.is_some_and(|meter| !meter.sleep(self.now).is_zero());
            *account == lane.account || !waits || asleep || own <= share.taken.saturating_add(BURST)
        })
    }

    /// An account's share; one that comes, or comes back, begins where the others are.
    fn share(&self, lane: &Lane) -> u64 {
        let fresh = |share: &Share| self.now.saturating_sub(share.until) <= STALE;
        let own = self.shares.get(&(lane.server.clone(), lane.account.clone()));
        let taken = own.map_or(0, |share| share.taken);
        if own.is_some_and(fresh) {
            return taken;
        }
        let others =
            self.accounts(&lane.server).filter(|(_, share)| fresh(share)).map(|(_, share)| share.taken);
        taken.max(others.min().unwrap_or(0))
    }

    fn accounts(&self, server: &str) -> impl Iterator<Item = (&String, &Share)> {
        let from = (server.to_owned(), String::new());
        let server = server.to_owned();
        self.shares
            .range(from..)
            .take_while(move |((own, _), _)| *own == server)
            .map(|((_, account), share)| (account, share))
    }

    fn asked(&mut self, lane: &Lane, turn: Turn, what: What, ready: bool) {
        let What::Message(_, bytes) = what else { return };
        let cost = if turn == Turn::Go { MESSAGE + bytes } else { 0 };
        let taken = self.share(lane).saturating_add(cost);
        let (until, waits) = match turn {
            Turn::Go => (self.now, false),
            Turn::Wait(wait) => (self.now + wait, ready),
        };
        let share = Share { taken, until, waits };
        self.shares.insert((lane.server.clone(), lane.account.clone()), share);
    }
}

/// What a message counts, beside its bytes.
const MESSAGE: u64 = 16_384;
/// How much more one may have had than another who waits.
const BURST: u64 = 4 * 1024 * 1024;
const YIELD: Duration = Duration::from_millis(50);
const STALE: Duration = Duration::from_secs(2);
/// The shortest of what providers lock an account for.
const LOCKED: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
