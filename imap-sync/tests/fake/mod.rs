//! Accounts in memory, which can be cut off at any step.
#![allow(dead_code)]

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use chrono::{DateTime, FixedOffset, TimeZone};
use imap_sync::{
    Appended, Body, Change, Changes, Connect, Error, Fact, Flags, Folder, FolderName, Head, Header, Intent,
    Item, ItemKey, Items, KeySet, Memory, Message, Opened, Permanent, Refused, Row, Selected, Source, State,
    Target, Validity, Watch,
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
    /// When each mail was last changed, and what vanished when, in steps of this folder's own clock.
    pub marks: Marks,
}

/// What CONDSTORE and QRESYNC keep. Equal to any other: it is not content.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    pub seen: BTreeMap<u64, (Mail, u64)>,
    pub gone: BTreeMap<u64, u64>,
    pub now: u64,
}

impl PartialEq for Marks {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Marks {}

impl FakeFolder {
    pub fn add(&mut self, mail: Mail) -> u64 {
        self.next = self.next.max(1);
        self.mails.insert(self.next, mail);
        self.next += 1;
        self.next - 1
    }

    /// Finds out what was changed since the last look, as a server knows it.
    pub fn tick(&mut self) {
        let (mails, marks) = (&self.mails, &mut self.marks);
        let changed: Vec<u64> = mails
            .iter()
            .filter(|(key, mail)| marks.seen.get(key).is_none_or(|(seen, _)| seen != *mail))
            .map(|(key, _)| *key)
            .collect();
        let gone: Vec<u64> = marks.seen.keys().filter(|key| !mails.contains_key(key)).copied().collect();
        if marks.now == 0 || !changed.is_empty() || !gone.is_empty() {
            marks.now += 1;
        }
        for key in changed {
            marks.seen.insert(key, (mails[&key].clone(), marks.now));
        }
        for key in gone {
            marks.seen.remove(&key);
            marks.gone.insert(key, marks.now);
        }
    }

    pub fn state(&mut self, marks: bool) -> State {
        self.tick();
        State {
            validity: Validity(self.validity),
            next: ItemKey(self.next.max(1)),
            count: self.mails.len() as u64,
            mark: if marks { self.marks.now } else { 0 },
        }
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

/// What a server is like.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// An append is answered without its key.
    pub hides_keys: bool,
    /// Nothing tells what changed since when.
    pub no_marks: bool,
    /// It tells what changed, but not what vanished.
    pub no_vanished: bool,
    /// Several messages share their fate.
    pub together: bool,
    pub permanent: Permanent,
    /// What is refused, by words in the body, and whether only for now.
    pub refuse: Vec<(&'static str, bool)>,
    /// Flags of these keys cannot be read.
    pub unread: Vec<u64>,
    /// Whether what is there cannot be listed once something was appended.
    pub blind: bool,
    /// These keys are listed, but not given.
    pub withheld: Vec<u64>,
    /// It renames no folders.
    pub fixed_names: bool,
    /// So many messages have room.
    pub full_after: Option<usize>,
}

/// An account on a server.
pub struct Server {
    pub account: Account,
    /// What would be left of it after a power loss.
    pub durable: Account,
    pub manner: Manner,
}

/// A connection to it.
pub struct Fake {
    server: Arc<Mutex<Server>>,
    fuse: Fuse,
    open: Option<FolderName>,
    queue: VecDeque<u64>,
    pieces: VecDeque<Vec<u8>>,
    group: Vec<(Mail, bool)>,
    appended: bool,
    appends: Vec<Appended>,
}

/// Connects to both sides.
pub struct Sides {
    pub source: Arc<Mutex<Server>>,
    pub target: Arc<Mutex<Server>>,
    pub fuse: Fuse,
    pub limit: usize,
}

impl Sides {
    pub fn new(source: Account, target: Account, fuse: &Fuse) -> Self {
        let server = |account: Account| {
            let durable = account.clone();
            Arc::new(Mutex::new(Server { account, durable, manner: Manner::default() }))
        };
        Self { source: server(source), target: server(target), fuse: fuse.clone(), limit: 1 }
    }

    pub fn source(&self) -> Account {
        self.source.lock().unwrap().account.clone()
    }

    pub fn target(&self) -> Account {
        self.target.lock().unwrap().account.clone()
    }

    pub fn durable(&self) -> Account {
        self.target.lock().unwrap().durable.clone()
    }

    pub fn source_manner(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.source.lock().unwrap().manner);
    }

    pub fn target_manner(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.target.lock().unwrap().manner);
    }
}

impl Connect for Sides {
    type Source = Fake;
    type Target = Fake;

    async fn connect(&self, _: u32) -> Result<(Fake, Fake), Error> {
        Ok((Fake::new(&self.source, &self.fuse), Fake::new(&self.target, &self.fuse)))
    }

    fn limit(&self) -> usize {
        self.limit
    }
}

impl Fake {
    fn new(server: &Arc<Mutex<Server>>, fuse: &Fuse) -> Self {
        Self {
            server: server.clone(),
            fuse: fuse.clone(),
            open: None,
            queue: VecDeque::new(),
            pieces: VecDeque::new(),
            group: Vec::new(),
            appended: false,
            appends: Vec::new(),
        }
    }

    fn manner(&self) -> Manner {
        self.server.lock().unwrap().manner.clone()
    }

    fn at<X>(&self, change: impl FnOnce(&mut FakeFolder) -> X) -> Result<X, Error> {
        let name = self.open.clone().expect("a folder is open");
        let mut server = self.server.lock().unwrap();
        let folder = server.account.folders.get_mut(&name);
        folder.map(change).ok_or_else(|| Error::store(name.to_string(), "no such folder"))
    }

    fn write(&mut self) -> Result<(), Error> {
        self.fuse.step()?;
        self.server.lock().unwrap().account.writes += 1;
        Ok(())
    }

    fn land(&mut self) -> Result<(), Error> {
        let manner = self.manner();
        let group = std::mem::take(&mut self.group);
        let refused = group.iter().any(|(_, refused)| *refused);
        for (mail, is_refused) in &group {
            self.write()?;
            let there: usize =
                self.server.lock().unwrap().account.folders.values().map(|it| it.mails.len()).sum();
            if manner.full_after.is_some_and(|most| there >= most) {
                let code = Some("OVERQUOTA".to_owned());
                self.appends.push(Appended::Refused(Refused { code, ..Refused::no("full") }));
                continue;
            }
            if is_refused.to_owned() && group.len() == 1 {
                let text = String::from_utf8_lossy(&mail.body).into_owned();
                let at = manner.refuse.iter().position(|(word, _)| text.contains(word)).unwrap();
                let (word, transient) = manner.refuse[at];
                if transient {
                    self.server.lock().unwrap().manner.refuse.remove(at);
                }
                let code = transient.then(|| "INUSE".to_owned());
                let text = format!("no {word} here");
                self.appends.push(Appended::Refused(Refused { code, ..Refused::no(text) }));
            } else if refused {
                self.appends.push(Appended::Spoilt);
            } else {
                let key = self.at(|folder| folder.add(mail.clone()))?;
                self.appended = true;
                self.fuse.step()?;
                self.appends.push(Appended::Landed((!manner.hides_keys).then_some(ItemKey(key))));
            }
        }
        Ok(())
    }
}

impl Source for Fake {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.fuse.step()?;
        let marks = !self.manner().no_marks;
        let mut server = self.server.lock().unwrap();
        let folder = |(name, folder): (&FolderName, &mut FakeFolder)| Folder {
            selectable: !folder.parent_only,
            subscribed: folder.subscribed,
            state: (marks && !folder.parent_only).then(|| folder.state(true)),
            ..Folder::new(name.clone())
        };
        Ok(server.account.folders.iter_mut().map(folder).collect())
    }

    async fn select(&mut self, name: &FolderName, _: bool) -> Result<Selected, Error> {
        self.fuse.step()?;
        self.open = Some(name.clone());
        let manner = self.manner();
        let state = self.at(|folder| folder.state(!manner.no_marks))?;
        Ok(Selected { state, permanent: manner.permanent })
    }

    async fn keys(&mut self) -> Result<KeySet, Error> {
        self.fuse.step()?;
        if self.manner().blind && self.appended {
            return Err(Error::store("a fake", "not now"));
        }
        self.at(|folder| folder.mails.keys().copied().map(ItemKey).collect())
    }

    async fn changes(&mut self, since: &State) -> Result<Option<Changes>, Error> {
        self.fuse.step()?;
        let manner = self.manner();
        if manner.no_marks {
            return Ok(None);
        }
        self.at(|folder| {
            folder.tick();
            let marks = &folder.marks;
            let changed = marks.seen.iter().filter(|(_, (_, mark))| *mark > since.mark);
            let gone = marks.gone.iter().filter(|(_, mark)| **mark > since.mark);
            Some(Changes {
                changed: changed.map(|(key, _)| ItemKey(*key)).collect(),
                vanished: (!manner.no_vanished).then(|| gone.map(|(key, _)| ItemKey(*key)).collect()),
            })
        })
    }

    async fn items(&mut self, keys: &KeySet, whole: bool) -> Result<Items, Error> {
        self.fuse.step()?;
        let unread = self.manner().unread;
        self.at(|folder| {
            let mut items = Items::new();
            for (&key, mail) in folder.mails.iter().filter(|(key, _)| keys.contains(ItemKey(**key))) {
                let flags = (!unread.contains(&key)).then(|| mail.flags());
                let (date, size) = (Some(date(mail.date)), Some(mail.body.len() as u64));
                let (date, size) = if whole { (date, size) } else { (None, None) };
                items.insert(ItemKey(key), Item { flags, date, size, ..Item::default() });
            }
            items
        })
    }

    async fn headers(&mut self, keys: &KeySet) -> Result<BTreeMap<ItemKey, Header>, Error> {
        self.at(|folder| {
            let header = |key: ItemKey| Some((key, Header::of(&folder.mails.get(&key.0)?.body)));
            keys.iter().filter_map(header).collect()
        })
    }

    async fn open(&mut self, keys: &KeySet) -> Result<(), Error> {
        self.fuse.step()?;
        self.queue = keys.iter().map(|key| key.0).collect();
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        while let Some(key) = self.queue.pop_front() {
            self.fuse.step()?;
            if self.manner().withheld.contains(&key) {
                continue;
            }
            if let Some(mail) = self.at(|folder| folder.mails.get(&key).cloned())? {
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
        self.manner().withheld.contains(&key.0).then(|| "its file is broken".into())
    }
}

impl Target for Fake {
    async fn create(&mut self, folders: &[Folder]) -> Result<Vec<Result<(), Error>>, Error> {
        for folder in folders {
            self.write()?;
            let mut server = self.server.lock().unwrap();
            let made = server.account.folders.entry(folder.name.clone()).or_default();
            made.validity = made.validity.max(70);
            made.parent_only = false;
            server.durable = server.account.clone();
        }
        Ok(folders.iter().map(|_| Ok(())).collect())
    }

    async fn subscribe(&mut self, folders: &[FolderName]) -> Result<Vec<Result<(), Error>>, Error> {
        let mut outcomes = Vec::new();
        for name in folders {
            self.write()?;
            let mut server = self.server.lock().unwrap();
            let folder = server.account.folders.get_mut(name);
            let none = || Error::store(name.to_string(), "no such folder");
            outcomes.push(folder.map(|folder| folder.subscribed = true).ok_or_else(none));
            server.durable = server.account.clone();
        }
        Ok(outcomes)
    }

    /// Can be cut off before and after the message has landed.
    async fn append<B: Body>(&mut self, message: &Message, body: &mut B) -> Result<(), Error> {
        self.fuse.step()?;
        let mut bytes = Vec::new();
        while let Some(piece) = body.chunk().await? {
            bytes.extend(piece);
        }
        let manner = self.manner();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let refused = manner.refuse.iter().any(|(word, _)| text.contains(word));
        let mail = Mail { body: bytes, date: message.date.timestamp(), flags: message.flags.to_bytes() };
        if !manner.together || message.alone {
            self.land()?;
        }
        self.group.push((mail, refused));
        if manner.together && !message.alone { Ok(()) } else { self.land() }
    }

    async fn appended(&mut self) -> Result<Vec<Appended>, Error> {
        self.land()?;
        self.fuse.step()?;
        let mut server = self.server.lock().unwrap();
        server.durable = server.account.clone();
        drop(server);
        self.fuse.step()?;
        Ok(std::mem::take(&mut self.appends))
    }

    async fn set_flags(&mut self, keys: &KeySet, add: &Flags, remove: &Flags) -> Result<(), Error> {
        for key in keys.iter() {
            self.write()?;
            self.at(|folder| {
                if let Some(mail) = folder.mails.get_mut(&key.0) {
                    mail.flags = mail.flags().union(add).minus(remove).to_bytes();
                }
            })?;
        }
        self.fuse.step()
    }

    async fn rename(&mut self, from: &FolderName, to: &FolderName) -> Result<(), Error> {
        if self.manner().fixed_names {
            return Err(Error::store(from.to_string(), "no folder is renamed here"));
        }
        self.write()?;
        let mut server = self.server.lock().unwrap();
        let folder =
            server.account.folders.remove(from).ok_or_else(|| Error::store("a fake", "no such folder"))?;
        server.account.folders.insert(to.clone(), folder);
        server.durable = server.account.clone();
        Ok(())
    }

    async fn remove(&mut self, keys: &KeySet, keep: Option<&FolderName>) -> Result<(), Error> {
        for key in keys.iter() {
            self.write()?;
            let mail = self.at(|folder| folder.mails.remove(&key.0))?;
            let mut server = self.server.lock().unwrap();
            if let (Some(mail), Some(keep)) = (mail, keep) {
                server.account.folders.entry(keep.clone()).or_default().add(mail);
            }
        }
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), Error> {
        self.fuse.step()?;
        let mut server = self.server.lock().unwrap();
        server.durable = server.account.clone();
        drop(server);
        self.fuse.step()
    }

    fn is_disturbed(&self) -> bool {
        false
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
    pub rows: Mutex<Rowed>,
    pub fuse: Fuse,
}

impl FakeMemory {
    pub fn new(rows: Rowed, fuse: &Fuse) -> Self {
        Self { rows: Mutex::new(rows), fuse: fuse.clone() }
    }

    pub fn rows(&self) -> Rowed {
        self.rows.lock().unwrap().clone()
    }
}

impl Memory for FakeMemory {
    fn heads(&self) -> Result<BTreeMap<FolderName, Head>, Error> {
        let rows = self.rows();
        let heads = rows.facts.iter().filter_map(|(name, rows)| Some((name, rows.get(&[][..])?)));
        heads.map(|(name, (source, target))| Ok((name.clone(), Head::from_row(source, target)?))).collect()
    }

    fn intents(&self, folder: &FolderName) -> Result<Vec<Intent>, Error> {
        let intents = self.rows().intents.get(folder).cloned().unwrap_or_default();
        intents.iter().map(|(key, detail)| Intent::from_row(key, detail)).collect()
    }

    fn facts(
        &self,
        folder: &FolderName,
        from: ItemKey,
        to: ItemKey,
        each: &mut dyn FnMut(ItemKey, Fact),
    ) -> Result<(), Error> {
        let rows = self.rows().facts.get(folder).cloned().unwrap_or_default();
        for (key, (source, target)) in rows.range(from.to_bytes()..=to.to_bytes()) {
            let (key, fact) = Fact::from_row(key, source, target)?;
            each(key, fact);
        }
        Ok(())
    }

    fn rename(&self, from: &FolderName, to: &FolderName, head: &Head) -> Result<(), Error> {
        self.fuse.step()?;
        let mut rows = self.rows.lock().unwrap();
        let mut facts = rows.facts.remove(from).unwrap_or_default();
        let Row::Put { key, source, target } = Change::Head(Box::new(head.clone())).row() else { panic!() };
        facts.insert(key, (source, target));
        rows.facts.insert(to.clone(), facts);
        let intents = rows.intents.remove(from).unwrap_or_default();
        rows.intents.insert(to.clone(), intents);
        drop(rows);
        self.fuse.step()
    }

    /// Can be cut off before and after the rows are durable.
    fn record(&self, changes: &[(&FolderName, Vec<Change>)]) -> Result<(), Error> {
        self.fuse.step()?;
        let mut rows = self.rows.lock().unwrap();
        let rows = &mut *rows;
        for (folder, changes) in changes {
            let facts = rows.facts.entry((*folder).clone()).or_default();
            let intents = rows.intents.entry((*folder).clone()).or_default();
            for row in changes.iter().map(Change::row) {
                match row {
                    Row::CloseIntent { key } => drop(intents.remove(&key)),
                    Row::OpenIntent { key, detail } => drop(intents.insert(key, detail)),
                    Row::Put { key, source, target } => drop(facts.insert(key, (source, target))),
                    Row::Remove { key } => drop(facts.remove(&key)),
                }
            }
        }
        self.fuse.step()
    }
}

/// Stops after so many lines.
pub struct StopAfter(Mutex<usize>);

impl StopAfter {
    pub fn new(lines: usize) -> Self {
        Self(Mutex::new(lines))
    }
}

impl Watch for StopAfter {
    fn line(&self, _: &imap_sync::Line) {
        let mut left = self.0.lock().unwrap();
        *left = left.saturating_sub(1);
    }

    fn go_on(&self) -> bool {
        *self.0.lock().unwrap() > 0
    }
}
