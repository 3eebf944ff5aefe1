//! How both sides are reached, as often as it takes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use imap_sync::about::About;
use imap_sync::net::enter;
use imap_sync::{
    Connect, Credentials, Endpoint, Error, ImapStore, ImapTarget, Names, connect, connect_target,
};

use crate::imap::maildir::{Findings, Maildir};
use crate::imap::served::{AsServed, Changed};
use crate::imap::servers::{Places, Servers};
use crate::imap::side::{From, To};

/// One side: where mail is.
#[derive(Clone, Debug)]
pub enum Mailbox {
    /// On a server.
    Imap(Endpoint, Arc<dyn Credentials>),
    /// In a Maildir.
    Maildir(PathBuf),
}

impl Mailbox {
    /// Where it is, if on a server.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::Imap(endpoint, _) => Some(endpoint),
            Self::Maildir(_) => None,
        }
    }
}

impl std::fmt::Display for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Imap(endpoint, _) => write!(f, "{}@{}", endpoint.user, endpoint.host),
            Self::Maildir(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Both sides of one account.
#[derive(Debug)]
pub struct Sides<'a> {
    source: &'a Mailbox,
    target: &'a Mailbox,
    names: (Names, Names),
    servers: &'a Servers,
    places: Mutex<Option<Places>>,
    /// The source is to be read as a server over a Maildir would give it.
    served: bool,
    /// What was found at a source that is a Maildir.
    pub from: Findings,
    /// What was found on a target that is a Maildir.
    pub to: Findings,
    /// The messages that were given other than they are.
    pub changed: Changed,
}

impl<'a> Sides<'a> {
    /// Both sides, reached as the servers allow.
    pub fn new(source: &'a Mailbox, target: &'a Mailbox, servers: &'a Servers) -> Self {
        let (names, places, from, to, changed) = Default::default();
        Self { source, target, names, servers, places, served: false, from, to, changed }
    }

    /// The same, for a comparison: out of a Maildir every line end comes as CRLF.
    pub fn as_served(self) -> Self {
        Self { served: matches!(self.target, Mailbox::Maildir(_)), ..self }
    }

    /// What is read.
    pub async fn source(&self) -> Result<From, Error> {
        let (endpoint, credentials) = match self.source {
            Mailbox::Imap(endpoint, credentials) => (endpoint, credentials),
            Mailbox::Maildir(path) => {
                return Ok(From::Maildir(Box::new(Maildir::source(path, &self.from))));
            }
        };
        let store: ImapStore = self.servers.enter(endpoint, connect(endpoint, credentials)).await?;
        let store = store.with_names(self.names.0.clone());
        Ok(match self.served {
            true => From::Served(Box::new(AsServed::new(store, &self.changed))),
            false => From::Imap(Box::new(store)),
        })
    }

    /// What is written.
    pub async fn target(&self) -> Result<To, Error> {
        Ok(match self.target {
            Mailbox::Imap(endpoint, credentials) => {
                let entered = self.servers.enter(endpoint, connect_target(endpoint, credentials)).await;
                let store: ImapTarget = entered?.with_calm(self.servers.calm());
                To::Imap(Box::new(store.with_names(self.names.1.clone())))
            }
            Mailbox::Maildir(path) => To::Maildir(Box::new(Maildir::target(path, &self.to))),
        })
    }

    /// What is read, and what its server tells of itself.
    pub async fn meet_source(&self) -> Result<(From, Option<About>), Error> {
        self.wait().await;
        let Mailbox::Imap(endpoint, credentials) = self.source else {
            return Ok((self.source().await?, None));
        };
        let (mut session, account) = self.servers.enter(endpoint, enter(endpoint, credentials)).await?;
        let about = About::ask(&mut session, account).await?;
        let store = ImapStore::new(session).with_server(about.server.clone());
        Ok((From::Imap(Box::new(store.with_names(self.names.0.clone()))), Some(about)))
    }

    /// What is written, and what its server tells of itself.
    pub async fn meet_target(&self) -> Result<(To, Option<About>), Error> {
        self.wait().await;
        let Mailbox::Imap(endpoint, credentials) = self.target else {
            return Ok((self.target().await?, None));
        };
        let (mut session, account) = self.servers.enter(endpoint, enter(endpoint, credentials)).await?;
        let about = About::ask(&mut session, account).await?;
        let store = ImapTarget::new(session).with_server(about.server.clone());
        Ok((To::Imap(Box::new(store.with_names(self.names.1.clone()))), Some(about)))
    }

    /// The source as messages name it.
    pub fn source_name(&self) -> String {
        self.source.to_string()
    }

    /// The target as messages name it.
    pub fn target_name(&self) -> String {
        self.target.to_string()
    }

    /// Waits for the account's turn at its servers. What it gets then is its own until its end, so that it can always
    /// connect again.
    async fn wait(&self) {
        if self.places().is_none() {
            let endpoints: Vec<&Endpoint> =
                [self.source, self.target].into_iter().filter_map(Mailbox::endpoint).collect();
            let places = self.servers.reserve(&endpoints).await;
            self.places().get_or_insert(places);
        }
    }

    fn places(&self) -> std::sync::MutexGuard<'_, Option<Places>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connect for Sides<'_> {
    type Source = From;
    type Target = To;

    async fn connect(&self, attempt: u32) -> Result<(From, To), Error> {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(500) * attempt).await;
        }
        self.wait().await;
        let (source, target) = tokio::join!(self.source(), self.target());
        Ok((source?, target?))
    }

    async fn close(&self, (source, target): (From, To)) {
        tokio::join!(source.close(), target.close());
    }

    fn limit(&self) -> usize {
        self.places().as_mut().map_or(1, |places| self.servers.extend(places))
    }
}
