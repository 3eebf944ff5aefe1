//! Accounts in memory, which can be cut off at any step.
#![allow(dead_code)]

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use chrono::{DateTime, FixedOffset, TimeZone};
use imap_sync::{
    Appended, Body, Change, Error, Facts, Flags, Folder, FolderName, Header, Item, ItemKey, Listing, Memory,
    Message, Opened, Permanent, Row, Source, Target, Validity, Watch,
};

/// Fakes never wait, so that one poll is all.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a fake waits for nothing"),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mail {
    pub body: Vec<u8>,
    pub date: i64,
    pub flags: Vec<u8>,
}

impl Mail {
    pub fn new(body: &str, date: i64, flags: &[&str]) -> Self {
        let flags: Flags = flags.iter().copied().collect();
        Self { body: body.into(), date, flags: flags.to_bytes() }
    }

    pub fn flags(&self) -> Flags {
        Flags::from_bytes(&self.flags)
    }
}

pub fn date(seconds: i64) -> DateTime<FixedOffset> {
    FixedOffset::east_opt(3600).unwrap().timestamp_opt(seconds, 0).unwrap()
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FakeFolder {
    pub validity: u64,
    pub next: u64,
    pub subscribed: bool,
    pub parent_only: bool,
    pub mails: BTreeMap<u64, Mail>,
}

impl FakeFolder {
    pub fn add(&mut self, mail: Mail) -> u64 {
        self.next = self.next.max(1);
        self.mails.insert(self.next, mail);
        self.next += 1;
        self.next - 1
    }

    /// The multiset of its mails.
    pub fn content(&self) -> Vec<Mail> {
        let mut mails: Vec<Mail> = self.mails.values().cloned().collect();
        mails.sort();
        mails
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub folders: BTreeMap<FolderName, FakeFolder>,
    pub writes: usize,
}

impl Account {
    pub fn folder(&mut self, name: &str) -> &mut FakeFolder {
        let folder = self.folders.entry(FolderName::from_text(name.split('/'))).or_default();
        folder.validity = folder.validity.max(7);
        folder
    }

    pub fn contents(&self) -> BTreeMap<String, Vec<Mail>> {
        self.folders.iter().map(|(name, folder)| (name.to_string(), folder.content())).collect()
    }
}

/// How many steps are left; then everything is cut off.
#[derive(Clone)]
pub struct Fuse(Arc<Mutex<usize>>);

impl Fuse {
    pub fn of(steps: usize) -> Self {
        Self(Arc::new(Mutex::new(steps)))
    }

    pub fn never() -> Self {
        Self::of(usize::MAX)
    }

    fn step(&self) -> Result<(), Error> {
        let mut left = self.0.lock().unwrap();
        *left = left.checked_sub(1).ok_or_else(cut)?;
        Ok(())
    }

    pub fn is_burnt(&self) -> bool {
        self.step().is_err()
    }
}

fn cut() -> Error {
    Error::Store { what: "fake".into(), reason: "cut off".into(), fatal: true }
}

/// An account behind a connection.
pub struct Fake {
    pub account: Account,
    /// What would be left of it after a power loss.
    pub durable: Account,
    pub fuse: Fuse,
    /// Whether an append is answered with its key.
    pub tells_keys: bool,
    pub permanent: Permanent,
    /// What is refused, by words in the body, and whether only for now.
    pub refuse: Vec<(&'static str, bool)>,
    /// Flags of these keys cannot be read.
    pub unread: Vec<u64>,
    /// Whether what came since some key cannot be listed.
    pub blind: bool,
    /// These keys are listed, but not given.
    pub withheld: Vec<u64>,
    open: Option<FolderName>,
    queue: VecDeque<u64>,
    pieces: VecDeque<Vec<u8>>,
}

impl Fake {
    pub fn new(account: Account, fuse: &Fuse) -> Self {
        Self {
            durable: account.clone(),
            account,
            fuse: fuse.clone(),
            tells_keys: true,
            permanent: Permanent::All,
            refuse: Vec::new(),
            unread: Vec::new(),
            blind: false,
            withheld: Vec::new(),
            open: None,
            queue: VecDeque::new(),
            pieces: VecDeque::new(),
        }
    }

    fn at(&mut self, name: &FolderName) -> Result<&mut FakeFolder, Error> {
        self.account.folders.get_mut(name).ok_or_else(|| Error::store(name.to_string(), "no such folder"))
    }

    fn write(&mut self) -> Result<(), Error> {
        self.fuse.step()?;
        self.account.writes += 1;
        Ok(())
    }
}

impl Source for Fake {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.fuse.step()?;
        let folder = |(name, folder): (&FolderName, &FakeFolder)| Folder {
            name: name.clone(),
            selectable: !folder.parent_only,
            subscribed: folder.subscribed,
        };
        Ok(self.account.folders.iter().map(folder).collect())
    }

    async fn list(&mut self, folder: &FolderName) -> Result<Listing, Error> {
        self.list_since(folder, ItemKey(0)).await
    }

    async fn list_since(&mut self, name: &FolderName, since: ItemKey) -> Result<Listing, Error> {
        self.fuse.step()?;
        if self.blind && since > ItemKey(0) {
            return Err(Error::store(name.to_string(), "not now"));
        }
        let (permanent, unread) = (self.permanent.clone(), self.unread.clone());
        let folder = self.at(name)?;
        let mut listing = Listing::new(Validity(folder.validity), ItemKey(folder.next), permanent);
        for (&key, mail) in folder.mails.range(since.0..) {
            let flags = (!unread.contains(&key)).then(|| mail.flags());
            let (date, size) = (Some(date(mail.date)), Some(mail.body.len() as u64));
            listing.insert(ItemKey(key), Item { flags, date, size, header: None, content: None });
        }
        self.open = Some(name.clone());
        Ok(listing)
    }

    async fn headers(
        &mut self,
        name: &FolderName,
        keys: &[ItemKey],
    ) -> Result<BTreeMap<ItemKey, Header>, Error> {
        assert_eq!(self.open.as_ref(), Some(name));
        let folder = self.at(name)?;
        let header = |key: &ItemKey| Some((*key, Header::of(&folder.mails.get(&key.0)?.body)));
        Ok(keys.iter().filter_map(header).collect())
    }

    async fn open(&mut self, name: &FolderName, keys: &[ItemKey]) -> Result<(), Error> {
        assert_eq!(self.open.as_ref(), Some(name));
        self.fuse.step()?;
        self.queue = keys.iter().map(|key| key.0).collect();
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        let name = self.open.clone().expect("a folder is open");
        while let Some(key) = self.queue.pop_front() {
            self.fuse.step()?;
            if self.withheld.contains(&key) {
                continue;
            }
            if let Some(mail) = self.at(&name)?.mails.get(&key).cloned() {
                self.pieces = mail.body.chunks(5).map(<[u8]>::to_vec).collect();
                return Ok(Some(Opened { key: ItemKey(key), size: mail.body.len() as u64 }));
            }
        }
        Ok(None)
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.pieces.pop_front())
    }

    fn refusal(&self, key: ItemKey) -> Option<String> {
        self.withheld.contains(&key.0).then(|| "its file is broken".into())
    }
}

impl Target for Fake {
    async fn create(&mut self, name: &FolderName) -> Result<(), Error> {
        self.write()?;
        let folder = self.account.folders.entry(name.clone()).or_default();
        folder.validity = folder.validity.max(70);
        folder.parent_only = false;
        self.durable = self.account.clone();
        Ok(())
    }

    async fn subscribe(&mut self, name: &FolderName) -> Result<(), Error> {
        self.write()?;
        self.at(name)?.subscribed = true;
        Ok(())
    }

    /// Can be cut off before and after the message has landed.
    async fn append<B: Body>(
        &mut self,
        name: &FolderName,
        message: &Message,
        body: &mut B,
    ) -> Result<Appended, Error> {
        self.write()?;
        let mut bytes = Vec::new();
        while let Some(piece) = body.chunk().await? {
            bytes.extend(piece);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(at) = self.refuse.iter().position(|(word, _)| text.contains(word)) {
            let (word, transient) = self.refuse[at];
            if transient {
                self.refuse.remove(at);
            }
            return Ok(Appended::Refused { reason: format!("no {word} here"), transient });
        }
        let mail = Mail { body: bytes, date: message.date.timestamp(), flags: message.flags.to_bytes() };
        let key = self.at(name)?.add(mail);
        self.fuse.step()?;
        Ok(Appended::Landed(self.tells_keys.then_some(ItemKey(key))))
    }

    async fn set_flags(
        &mut self,
        name: &FolderName,
        keys: &[ItemKey],
        add: &Flags,
        remove: &Flags,
    ) -> Result<(), Error> {
        for key in keys {
            self.write()?;
            if let Some(mail) = self.at(name)?.mails.get_mut(&key.0) {
                mail.flags = mail.flags().union(add).minus(remove).to_bytes();
            }
        }
        self.fuse.step()
    }

    async fn settle(&mut self, _: &FolderName) -> Result<(), Error> {
        self.fuse.step()?;
        self.durable = self.account.clone();
        self.fuse.step()
    }
}

type Rows = BTreeMap<Vec<u8>, (Vec<u8>, Vec<u8>)>;

/// Facts and intents as rows, as a database keeps them.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Rowed {
    pub facts: BTreeMap<FolderName, Rows>,
    pub intents: BTreeMap<FolderName, BTreeMap<Vec<u8>, Vec<u8>>>,
}

pub struct FakeMemory {
    pub rows: Rowed,
    pub fuse: Fuse,
}

impl FakeMemory {
    pub fn new(rows: Rowed, fuse: &Fuse) -> Self {
        Self { rows, fuse: fuse.clone() }
    }
}

impl Memory for FakeMemory {
    fn load(&mut self, folder: &FolderName) -> Result<Facts, Error> {
        let facts = self.rows.facts.get(folder).cloned().unwrap_or_default();
        let intents = self.rows.intents.get(folder).cloned().unwrap_or_default();
        Facts::from_rows(facts.into_iter().map(|(key, (source, target))| (key, source, target)), intents)
    }

    /// Can be cut off before and after the rows are durable.
    fn record(&mut self, folder: &FolderName, changes: &[Change]) -> Result<(), Error> {
        self.fuse.step()?;
        let facts = self.rows.facts.entry(folder.clone()).or_default();
        let intents = self.rows.intents.entry(folder.clone()).or_default();
        for row in changes.iter().flat_map(Change::rows) {
            match row {
                Row::CloseIntent { key } => drop(intents.remove(&key)),
                Row::OpenIntent { key, detail } => drop(intents.insert(key, detail)),
                Row::Put { key, source, target } => drop(facts.insert(key, (source, target))),
                Row::Remove { key } => drop(facts.remove(&key)),
            }
        }
        self.fuse.step()
    }
}

/// Stops after so many lines.
pub struct StopAfter(pub usize);

impl Watch for StopAfter {
    fn line(&mut self, _: &imap_sync::Line) {
        self.0 = self.0.saturating_sub(1);
    }

    fn go_on(&mut self) -> bool {
        self.0 > 0
    }
}
