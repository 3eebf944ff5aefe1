//! IMAP servers as source and target.

use std::collections::{BTreeMap, BTreeSet};

use crate::credentials::Credentials;
use crate::dialogue::Wire;
use crate::digest::{Header, HeaderScan};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::flags::Flags;
use crate::model::{Folder, FolderName, Item, ItemKey, Listing};
use crate::net::{Connection, log_in};
use crate::session::{Selected, Session, Set};
use crate::store::{Appended, Body, Message, Opened, Source, Target};
use crate::wire::{Fetch, List};

/// Logs in to an account that is to be read.
pub async fn connect(endpoint: &Endpoint, credentials: impl Credentials) -> Result<ImapStore, Error> {
    Ok(ImapStore::new(log_in(endpoint, credentials).await?))
}

/// Logs in to an account that is to be written.
pub async fn connect_target(endpoint: &Endpoint, credentials: impl Credentials) -> Result<ImapTarget, Error> {
    Ok(ImapTarget::new(log_in(endpoint, credentials).await?))
}

/// An account that is read: by EXAMINE and BODY.PEEK, which change nothing, not even `\Seen` or `\Recent`.
#[derive(Debug)]
pub struct ImapStore<W = Connection> {
    session: Session<W>,
    separator: Option<Option<u8>>,
    /// The mailboxes' names as they were listed.
    names: BTreeMap<FolderName, Vec<u8>>,
    open: Option<(FolderName, Selected)>,
    write: bool,
}

/// An account that is written.
#[derive(Debug)]
pub struct ImapTarget<W = Connection>(ImapStore<W>);

impl<W: Wire> ImapStore<W> {
    /// A store over a session.
    pub fn new(session: Session<W>) -> Self {
        Self { session, separator: None, names: BTreeMap::new(), open: None, write: false }
    }

    /// Logs out.
    pub async fn close(self) {
        self.session.logout().await;
    }

    /// What separates the parts of names here; one for all, that of the first mailbox listed.
    async fn separator(&mut self) -> Result<Option<u8>, Error> {
        if let Some(separator) = self.separator {
            return Ok(separator);
        }
        let root = self.session.list("", false).await?;
        let separator = root.first().and_then(|list| list.separator);
        self.separator = Some(separator);
        Ok(separator)
    }

    /// The name as it was listed; that of a new mailbox is made with the separator.
    async fn mailbox(&mut self, folder: &FolderName) -> Result<Vec<u8>, Error> {
        if let Some(name) = self.names.get(folder) {
            return Ok(name.clone());
        }
        let separator = self.separator().await?;
        folder.join(separator).ok_or_else(|| {
            let separator = separator.map_or("no".into(), |byte| byte.escape_ascii().to_string());
            let reason = format!("its name cannot be written with {separator} between the parts");
            Error::Input { what: format!("the folder {folder}"), reason }
        })
    }

    /// Keeps a mailbox's name under the folder's. `INBOX/a` and `Inbox/a` are two folders, should both be there.
    fn learn(&mut self, list: &List) -> Option<FolderName> {
        let usual = FolderName::split(&list.name, list.separator);
        let exact = FolderName::split_exactly(&list.name, list.separator);
        let name = [usual, exact].into_iter().find(|name| !self.names.contains_key(name))?;
        self.names.insert(name.clone(), list.name.clone());
        Some(name)
    }

    async fn select(&mut self, folder: &FolderName) -> Result<Selected, Error> {
        self.open = None;
        let mailbox = self.mailbox(folder).await?;
        let selected = self.session.select(&mailbox, self.write).await?;
        self.open = Some((folder.clone(), selected.clone()));
        Ok(selected)
    }

    /// Selects the folder unless it is selected.
    async fn ensure(&mut self, folder: &FolderName) -> Result<Selected, Error> {
        match &self.open {
            Some((open, selected)) if open == folder => Ok(selected.clone()),
            _ => self.select(folder).await,
        }
    }

    /// Lists in pages of sequence numbers: these are dense, and may not change while they are fetched (RFC 9051
    /// section 7.5.1). A server that lets them change all the same, or refuses what another client has just expunged
    /// (RFC 2180 section 4.1.2), is asked again.
    async fn pages(&mut self, folder: &FolderName) -> Result<Listing, Error> {
        let reason = "its messages are being removed faster than they can be listed";
        let mut last = Error::store(folder.to_string(), reason);
        for _ in 0..LISTINGS {
            let selected = self.select(folder).await?;
            let mut items = BTreeMap::new();
            match self.fetch_pages(selected.exists, &mut items).await {
                Ok(true) => return Ok(listing(&selected, selected.exists, items)),
                Ok(false) => {}
                Err(error) if error.is_fatal() => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Whether no number changed meanwhile.
    async fn fetch_pages(&mut self, exists: u64, items: &mut BTreeMap<ItemKey, Item>) -> Result<bool, Error> {
        let mut from = 1;
        while from <= exists {
            let to = exists.min(from + PAGE - 1);
            let numbers = Set::Numbers(from, to);
            if self.session.fetch(&numbers, ITEMS, &mut |fetch| gather(items, fetch)).await? {
                return Ok(false);
            }
            from = to + 1;
        }
        Ok(true)
    }

    async fn since(&mut self, folder: &FolderName, since: ItemKey) -> Result<Listing, Error> {
        let selected = self.ensure(folder).await?;
        self.session.noop().await?;
        let mut items = BTreeMap::new();
        let since = ItemKey(since.0.max(1));
        self.session.fetch(&Set::Since(since), ITEMS, &mut |fetch| gather(&mut items, fetch)).await?;
        items.retain(|&key, _| key >= since);
        Ok(listing(&selected, 0, items))
    }
}

impl<W: Wire> Source for ImapStore<W> {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        let mut all = self.session.list("*", false).await?;
        let subscribed = self.session.list("*", true).await?;
        self.separator = all.first().map(|list| list.separator).or(self.separator);
        let subscribed: BTreeSet<Vec<u8>> =
            subscribed.into_iter().filter(|list| !list.is("\\Noselect")).map(|list| list.name).collect();
        let mut folders = Vec::new();
        self.names.clear();
        // Names that stay as they are come first, so that none of them is taken by another.
        all.sort_by_key(|list| !is_usual(list));
        for list in all.into_iter().filter(|list| !list.is("\\NonExistent")) {
            if let Some(name) = self.learn(&list) {
                let selectable = !list.is("\\Noselect");
                folders.push(Folder { name, selectable, subscribed: subscribed.contains(&list.name) });
            }
        }
        Ok(folders)
    }

    async fn list(&mut self, folder: &FolderName) -> Result<Listing, Error> {
        self.pages(folder).await
    }

    async fn list_since(&mut self, folder: &FolderName, since: ItemKey) -> Result<Listing, Error> {
        self.since(folder, since).await
    }

    async fn headers(
        &mut self,
        folder: &FolderName,
        keys: &[ItemKey],
    ) -> Result<BTreeMap<ItemKey, Header>, Error> {
        self.ensure(folder).await?;
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

    async fn open(&mut self, folder: &FolderName, keys: &[ItemKey]) -> Result<(), Error> {
        self.ensure(folder).await?;
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
        Self(ImapStore { write: true, ..ImapStore::new(session) })
    }

    /// Logs out.
    pub async fn close(self) {
        self.0.close().await;
    }
}

impl<W: Wire> Source for ImapTarget<W> {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.0.folders().await
    }

    async fn list(&mut self, folder: &FolderName) -> Result<Listing, Error> {
        self.0.list(folder).await
    }

    async fn list_since(&mut self, folder: &FolderName, since: ItemKey) -> Result<Listing, Error> {
        self.0.list_since(folder, since).await
    }

    async fn headers(
        &mut self,
        folder: &FolderName,
        keys: &[ItemKey],
    ) -> Result<BTreeMap<ItemKey, Header>, Error> {
        self.0.headers(folder, keys).await
    }

    async fn open(&mut self, folder: &FolderName, keys: &[ItemKey]) -> Result<(), Error> {
        self.0.open(folder, keys).await
    }

    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        self.0.next().await
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.0.chunk().await
    }

    fn refusal(&self, key: ItemKey) -> Option<String> {
        self.0.refusal(key)
    }
}

impl<W: Wire> Target for ImapTarget<W> {
    async fn create(&mut self, folder: &FolderName) -> Result<(), Error> {
        let mailbox = self.0.mailbox(folder).await?;
        self.0.session.create(&mailbox).await
    }

    async fn subscribe(&mut self, folder: &FolderName) -> Result<(), Error> {
        let mailbox = self.0.mailbox(folder).await?;
        self.0.session.subscribe(&mailbox).await
    }

    /// APPENDUID must be of the mailbox as it was listed, or the key means nothing.
    async fn append<B: Body>(
        &mut self,
        folder: &FolderName,
        message: &Message,
        body: &mut B,
    ) -> Result<Appended, Error> {
        let validity = self.0.ensure(folder).await?.validity;
        let mailbox = self.0.mailbox(folder).await?;
        let appended = self.0.session.append(&mailbox, &message.flags, &message.date, body).await?;
        match appended {
            (appended, None) => Ok(appended),
            (appended, Some(found)) if found == validity => Ok(appended),
            (_, Some(_)) => {
                let reason = "its UIDVALIDITY changed while it was written";
                Err(Error::Store { what: folder.to_string(), reason: reason.into(), fatal: true })
            }
        }
    }

    async fn set_flags(
        &mut self,
        folder: &FolderName,
        keys: &[ItemKey],
        add: &Flags,
        remove: &Flags,
    ) -> Result<(), Error> {
        self.0.ensure(folder).await?;
        self.0.session.store(keys, true, add).await?;
        self.0.session.store(keys, false, remove).await
    }
}

/// Whether a mailbox's name is already as folders' names are.
fn is_usual(list: &List) -> bool {
    let split = FolderName::split(&list.name, list.separator);
    split == FolderName::split_exactly(&list.name, list.separator)
}

/// Takes what a FETCH tells; what a later one tells of the same message replaces it, what it does not tell stays.
fn gather(items: &mut BTreeMap<ItemKey, Item>, fetch: Fetch) {
    let Some(uid) = fetch.uid else { return };
    let item = items.entry(ItemKey(uid)).or_default();
    item.flags = fetch.flags.or(item.flags.take());
    item.date = fetch.date.or(item.date);
    item.size = fetch.size.or(item.size);
}

fn listing(selected: &Selected, exists: u64, items: BTreeMap<ItemKey, Item>) -> Listing {
    let mut listing = Listing::new(selected.validity, selected.next, selected.permanent.clone());
    listing.unlisted = exists.saturating_sub(items.len() as u64);
    items.into_iter().for_each(|(key, item)| drop(listing.insert(key, item)));
    listing
}

const ITEMS: &str = "(UID FLAGS INTERNALDATE RFC822.SIZE)";
const PAGE: u64 = 5000;
const LISTINGS: usize = 3;
