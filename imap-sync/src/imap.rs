//! IMAP servers as source and target.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::credentials::Credentials;
use crate::dialogue::Wire;
use crate::digest::{Header, HeaderScan};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::flags::Flags;
use crate::folders::{Folder, Shape};
use crate::identity::ServerId;
use crate::keys::KeySet;
use crate::model::{FolderName, Item, ItemKey, State};
use crate::names::{Names, profile};
use crate::net::{Connection, enter};
use crate::selection::SearchKeys;
use crate::session::Session;
use crate::store::{Appended, Body, Changes, Items, Manner, Message, Opened, Selected, Source, Target};
use crate::wire::Fetch;

/// Logs in to an account that is to be read.
pub async fn connect(endpoint: &Endpoint, credentials: impl Credentials) -> Result<ImapStore, Error> {
    let (session, account) = enter(endpoint, credentials).await?;
    Ok(ImapStore::new(session).with_server(account.server))
}

/// Logs in to an account that is to be written.
pub async fn connect_target(endpoint: &Endpoint, credentials: impl Credentials) -> Result<ImapTarget, Error> {
    let (session, account) = enter(endpoint, credentials).await?;
    Ok(ImapTarget::new(session).with_server(account.server))
}

/// An account that is read: by EXAMINE and BODY.PEEK, which change nothing, not even `\Seen` or `\Recent`.
#[derive(Debug)]
pub struct ImapStore<W = Connection> {
    session: Session<W>,
    names: Names,
    open: Open,
    write: bool,
    server: ServerId,
}

/// An account that is written.
#[derive(Debug)]
pub struct ImapTarget<W = Connection> {
    store: ImapStore<W>,
    calm: Duration,
}

/// The selected mailbox.
#[derive(Debug, Default)]
struct Open {
    mailbox: Vec<u8>,
    state: State,
    /// What is known of its messages already, date and size too.
    items: Items,
    /// Whether that is all of them.
    all: bool,
}

impl<W: Wire> ImapStore<W> {
    /// A store over a session.
    pub fn new(session: Session<W>) -> Self {
        let (names, open, server) = Default::default();
        Self { session, names, open, write: false, server }
    }

    /// The same, knowing the names that other sessions have listed.
    pub fn with_names(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// The same, knowing what the server says of itself.
    pub fn with_server(self, server: ServerId) -> Self {
        Self { server, ..self }
    }

    /// The session.
    pub fn session(&self) -> &Session<W> {
        &self.session
    }

    /// Logs out.
    pub async fn close(self) {
        self.session.logout().await;
    }

    /// The name as it was listed; that of a new mailbox is made with the separator, one for all names.
    async fn mailbox(&mut self, folder: &FolderName) -> Result<Vec<u8>, Error> {
        let (name, separator) =
            self.names.with(|listed| (listed.names.get(folder).cloned(), listed.separator));
        if let Some(name) = name {
            return Ok(name);
        }
        let separator = match separator {
            Some(separator) => separator,
            None => self.session.root().await?,
        };
        self.names.with(|listed| listed.separator = Some(separator));
        folder.join(separator).ok_or_else(|| {
            let separator = separator.map_or("no".into(), |byte| byte.escape_ascii().to_string());
            let reason = format!("its name cannot be written with {separator} between the parts");
            Error::Input { what: format!("the folder {folder}"), reason }
        })
    }

    async fn count_keys(&mut self) -> Result<KeySet, Error> {
        if let Some(keys) = self.session.search("ALL").await?
            && (self.session.exists()..=self.session.exists().saturating_mul(2) + MORE).contains(&keys.len())
        {
            return Ok(keys);
        }
        // A server that cannot search, or finds less than there is, or more than there can be.
        self.session.count_off().await
    }
}

impl<W: Wire> Source for ImapStore<W> {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        let found = self.session.mailboxes().await?;
        Ok(self.names.learn(found, self.session.can_mark()))
    }

    fn shape(&self) -> Shape {
        let (separator, prefix) =
            self.names.with(|listed| (listed.separator.flatten(), listed.prefix.clone()));
        Shape { separator, prefix, profile: profile(&self.server, separator) }
    }

    async fn select(&mut self, folder: &FolderName, look: bool) -> Result<Selected, Error> {
        let mailbox = self.mailbox(folder).await?;
        self.open = Open::default();
        let count = self.names.with(|listed| listed.counts.get(&mailbox).copied());
        let look = look && count.is_some_and(|count| (1..=FEW).contains(&count));
        let mut items = Items::new();
        let mut each = |fetch| {
            if items.len() < MANY {
                gather(&mut items, fetch);
            }
        };
        let look = look.then_some((WHOLE, &mut each as &mut (dyn FnMut(Fetch) + Send)));
        let looked = look.is_some();
        let selected = self.session.select(&mailbox, self.write, look).await?;
        let all = looked && items.len() as u64 == selected.state.count;
        self.open = Open { mailbox, state: selected.state, items, all };
        Ok(selected)
    }

    async fn keys(&mut self) -> Result<KeySet, Error> {
        if self.open.all {
            return Ok(self.open.items.keys().copied().collect());
        }
        if self.open.state.count == 0 && self.session.exists() == 0 {
            return Ok(KeySet::new());
        }
        self.count_keys().await
    }

    async fn search(&mut self, wanted: &SearchKeys) -> Result<Option<KeySet>, Error> {
        self.session.search(wanted.as_str()).await
    }

    async fn changes(&mut self, since: &State) -> Result<Option<Changes>, Error> {
        if !self.session.can_mark() || since.mark == 0 {
            return Ok(None);
        }
        let (mut items, mut changed) = (Items::new(), KeySet::new());
        let mut each = |fetch: Fetch| {
            changed.extend(fetch.uid.map(ItemKey));
            if items.len() < MANY {
                gather(&mut items, fetch);
            }
        };
        let vanished = self.session.changes(since.mark, WHOLE, &mut each).await?;
        self.open.items = items;
        Ok(Some(Changes { changed, vanished }))
    }

    async fn items(&mut self, keys: &KeySet, whole: bool) -> Result<Items, Error> {
        let known: KeySet = keys.iter().filter(|key| self.open.items.contains_key(key)).collect();
        let mut items: Items = known.iter().map(|key| (key, self.open.items[&key].clone())).collect();
        // What was looked at when the mailbox was opened is asked for once.
        self.open.items.retain(|key, _| !known.contains(*key));
        self.open.all = false;
        let unknown = keys.minus(&known);
        if !unknown.is_empty() {
            let wanted = if whole { WHOLE } else { FLAGS };
            // What nobody asked for may be without end.
            let mut each = |fetch: Fetch| {
                if fetch.uid.is_some_and(|uid| unknown.contains(ItemKey(uid))) {
                    gather(&mut items, fetch);
                }
            };
            self.session.fetch(&unknown, wanted, &mut each).await?;
        }
        Ok(items)
    }

    async fn headers(&mut self, keys: &KeySet) -> Result<BTreeMap<ItemKey, Header>, Error> {
        self.session.read(keys, "HEADER").await?;
        let mut headers = BTreeMap::new();
        while let Some(opened) = self.session.next_body().await? {
            let mut scan = HeaderScan::default();
            while let Some(chunk) = self.session.chunk().await? {
                scan.push(&chunk);
            }
            headers.insert(opened.key, scan.finish());
        }
        Ok(headers)
    }

    async fn open(&mut self, keys: &KeySet) -> Result<(), Error> {
        self.session.read(keys, "").await
    }

    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        self.session.next_body().await
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.session.chunk().await
    }

    fn refusal(&self, key: ItemKey) -> Option<String> {
        self.session.refusal(key).map(str::to_owned)
    }
}

impl<W: Wire> ImapTarget<W> {
    /// A target over a session.
    pub fn new(session: Session<W>) -> Self {
        Self { store: ImapStore { write: true, ..ImapStore::new(session) }, calm: CALM }
    }

    /// The same, knowing the names that other sessions have listed.
    pub fn with_names(self, names: Names) -> Self {
        Self { store: self.store.with_names(names), ..self }
    }

    /// The same, knowing what the server says of itself.
    pub fn with_server(self, server: ServerId) -> Self {
        Self { store: self.store.with_server(server), ..self }
    }

    /// The same with another time for which a mailbox must stand still before what an earlier session may have sent
    /// to it is looked for.
    pub fn with_calm(self, calm: Duration) -> Self {
        Self { calm, ..self }
    }

    /// Logs out.
    pub async fn close(self) {
        self.store.close().await;
    }
}

impl<W: Wire> Source for ImapTarget<W> {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.store.folders().await
    }

    fn shape(&self) -> Shape {
        self.store.shape()
    }

    async fn select(&mut self, folder: &FolderName, look: bool) -> Result<Selected, Error> {
        self.store.select(folder, look).await
    }

    async fn keys(&mut self) -> Result<KeySet, Error> {
        self.store.keys().await
    }

    async fn changes(&mut self, since: &State) -> Result<Option<Changes>, Error> {
        self.store.changes(since).await
    }

    async fn items(&mut self, keys: &KeySet, whole: bool) -> Result<Items, Error> {
        self.store.items(keys, whole).await
    }

    async fn headers(&mut self, keys: &KeySet) -> Result<BTreeMap<ItemKey, Header>, Error> {
        self.store.headers(keys).await
    }

    async fn open(&mut self, keys: &KeySet) -> Result<(), Error> {
        self.store.open(keys).await
    }

    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        self.store.next().await
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.store.chunk().await
    }

    fn refusal(&self, key: ItemKey) -> Option<String> {
        self.store.refusal(key)
    }
}

impl<W: Wire> Target for ImapTarget<W> {
    async fn create(&mut self, folders: &[Folder]) -> Result<Vec<Result<(), Error>>, Error> {
        let mut outcomes: Vec<Result<(), Error>> = Vec::new();
        let mut mailboxes = Vec::new();
        for folder in folders {
            let mailbox = self.store.mailbox(&folder.name).await;
            outcomes.push(mailbox.map(|mailbox| mailboxes.push((mailbox, folder.special))));
        }
        let mut made = self.store.session.create(&mailboxes).await?.into_iter();
        let told = |outcome: Result<(), Error>| outcome.and_then(|()| made.next().unwrap_or(Ok(())));
        Ok(outcomes.into_iter().map(told).collect())
    }

    async fn rename(&mut self, from: &FolderName, to: &FolderName) -> Result<(), Error> {
        let (old, new) = (self.store.mailbox(from).await?, self.store.mailbox(to).await?);
        self.store.session.rename(&old, &new).await
    }

    async fn subscribe(&mut self, folders: &[FolderName]) -> Result<Vec<Result<(), Error>>, Error> {
        let mut outcomes: Vec<Result<(), Error>> = Vec::new();
        let mut mailboxes = Vec::new();
        for folder in folders {
            let mailbox = self.store.mailbox(folder).await;
            outcomes.push(mailbox.map(|mailbox| mailboxes.push(mailbox)));
        }
        let mut done = self.store.session.subscribe(&mailboxes).await?.into_iter();
        let told = |outcome: Result<(), Error>| outcome.and_then(|()| done.next().unwrap_or(Ok(())));
        Ok(outcomes.into_iter().map(told).collect())
    }

    async fn append<B: Body>(&mut self, message: &Message, body: &mut B) -> Result<(), Error> {
        let ImapStore { session, open, .. } = &mut self.store;
        session.append(&open.mailbox, message, body, open.state.validity).await
    }

    async fn appended(&mut self) -> Result<Vec<Appended>, Error> {
        let appended = self.store.session.appended(self.store.open.state.validity).await?;
        if appended.contains(&Appended::Landed(None)) {
            // They will be looked for: a server need not have told yet that they are there.
            self.store.session.noop().await?;
        }
        Ok(appended)
    }

    async fn set_flags(&mut self, keys: &KeySet, add: &Flags, remove: &Flags) -> Result<(), Error> {
        self.store.session.store(keys, true, add).await?;
        self.store.session.store(keys, false, remove).await
    }

    async fn remove(&mut self, keys: &KeySet, keep: Option<&FolderName>) -> Result<(), Error> {
        let keep = match keep {
            Some(folder) => Some(self.store.mailbox(folder).await?),
            None => None,
        };
        self.store.session.remove(keys, keep.as_deref()).await
    }

    fn manner(&self) -> Manner {
        let can = self.store.session.capabilities();
        let limit = can.value("APPENDLIMIT").and_then(|limit| limit.parse().ok());
        let max_line = None;
        Manner { limit, binary: can.has("BINARY"), max_line }
    }

    async fn pause(&mut self, time: Duration) {
        self.store.session.pause(time).await;
    }

    async fn is_still(&mut self) -> Result<bool, Error> {
        self.store.session.stands_still(self.calm).await
    }

    fn is_disturbed(&self) -> bool {
        self.store.session.is_disturbed()
    }
}

/// Takes what a FETCH tells; what a later one tells of the same message replaces it, what it does not tell stays.
fn gather(items: &mut Items, fetch: Fetch) {
    let Some(uid) = fetch.uid else { return };
    let item: &mut Item = items.entry(ItemKey(uid)).or_default();
    item.flags = fetch.flags.or(item.flags.take());
    item.date = fetch.date.or(item.date);
    item.size = fetch.size.or(item.size);
}

const FLAGS: &str = "(UID FLAGS)";
const WHOLE: &str = "(UID FLAGS INTERNALDATE RFC822.SIZE)";
/// In a mailbox of so many all are looked at when it is opened.
const FEW: u64 = 1000;
/// So many more may be found than there are, for they may be coming just now, or be listed without being there.
const MORE: u64 = 100_000;
/// So many changed ones are kept until they are asked for.
const MANY: usize = 2000;
const CALM: Duration = Duration::from_secs(2);
