//! Either side of a copy, whatever it is: an account on a server, or a Maildir.

use std::collections::BTreeMap;
use std::time::Duration;

use imap_sync::{
    Appended, Body, Changes, Error, Flags, Folder, FolderName, Header, ImapStore, ImapTarget, ItemKey, Items,
    KeySet, Manner, Message, Opened, SearchKeys, Selected, Shape, Source, State, Target,
};
use maildir_sync::{MaildirSource, MaildirTarget};

use crate::imap::maildir::Maildir;
use crate::imap::served::AsServed;

/// What is read.
#[derive(Debug)]
pub enum From {
    /// An account.
    Imap(Box<ImapStore>),
    /// A Maildir.
    Maildir(Box<Maildir<MaildirSource>>),
    /// An account, as a server over a Maildir would give it.
    Served(Box<AsServed<ImapStore>>),
}

/// What is written.
#[derive(Debug)]
pub enum To {
    /// An account.
    Imap(Box<ImapTarget>),
    /// A Maildir.
    Maildir(Box<Maildir<MaildirTarget>>),
}

impl From {
    /// Ends it.
    pub async fn close(self) {
        match self {
            Self::Imap(store) => store.close().await,
            Self::Maildir(_) => {}
            Self::Served(served) => served.into_inner().close().await,
        }
    }
}

impl To {
    /// Ends it.
    pub async fn close(self) {
        match self {
            Self::Imap(store) => store.close().await,
            Self::Maildir(_) => {}
        }
    }
}

impl Source for From {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        match self {
            Self::Imap(it) => it.folders().await,
            Self::Maildir(it) => it.folders().await,
            Self::Served(it) => it.folders().await,
        }
    }

    fn shape(&self) -> Shape {
        match self {
            Self::Imap(it) => it.shape(),
            Self::Maildir(it) => it.shape(),
            Self::Served(it) => it.shape(),
        }
    }

    async fn select(&mut self, folder: &FolderName, look: bool) -> Result<Selected, Error> {
        match self {
            Self::Imap(it) => it.select(folder, look).await,
            Self::Maildir(it) => it.select(folder, look).await,
            Self::Served(it) => it.select(folder, look).await,
        }
    }

    async fn keys(&mut self) -> Result<KeySet, Error> {
        match self {
            Self::Imap(it) => it.keys().await,
            Self::Maildir(it) => it.keys().await,
            Self::Served(it) => it.keys().await,
        }
    }

    async fn search(&mut self, wanted: &SearchKeys) -> Result<Option<KeySet>, Error> {
        match self {
            Self::Imap(it) => it.search(wanted).await,
            Self::Maildir(it) => it.search(wanted).await,
            Self::Served(it) => it.search(wanted).await,
        }
    }

    async fn changes(&mut self, since: &State) -> Result<Option<Changes>, Error> {
        match self {
            Self::Imap(it) => it.changes(since).await,
            Self::Maildir(it) => it.changes(since).await,
            Self::Served(it) => it.changes(since).await,
        }
    }

    async fn items(&mut self, keys: &KeySet, whole: bool) -> Result<Items, Error> {
        match self {
            Self::Imap(it) => it.items(keys, whole).await,
            Self::Maildir(it) => it.items(keys, whole).await,
            Self::Served(it) => it.items(keys, whole).await,
        }
    }

    async fn headers(&mut self, keys: &KeySet) -> Result<BTreeMap<ItemKey, Header>, Error> {
        match self {
            Self::Imap(it) => it.headers(keys).await,
            Self::Maildir(it) => it.headers(keys).await,
            Self::Served(it) => it.headers(keys).await,
        }
    }

    async fn open(&mut self, keys: &KeySet) -> Result<(), Error> {
        match self {
            Self::Imap(it) => it.open(keys).await,
            Self::Maildir(it) => it.open(keys).await,
            Self::Served(it) => it.open(keys).await,
        }
    }

    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        match self {
            Self::Imap(it) => it.next().await,
            Self::Maildir(it) => it.next().await,
            Self::Served(it) => it.next().await,
        }
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self {
            Self::Imap(it) => it.chunk().await,
            Self::Maildir(it) => it.chunk().await,
            Self::Served(it) => it.chunk().await,
        }
    }

    fn refusal(&self, key: ItemKey) -> Option<String> {
        match self {
            Self::Imap(it) => it.refusal(key),
            Self::Maildir(it) => it.refusal(key),
            Self::Served(it) => it.refusal(key),
        }
    }
}

impl Source for To {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        match self {
            Self::Imap(it) => it.folders().await,
            Self::Maildir(it) => it.folders().await,
        }
    }

    fn shape(&self) -> Shape {
        match self {
            Self::Imap(it) => it.shape(),
            Self::Maildir(it) => it.shape(),
        }
    }

    async fn select(&mut self, folder: &FolderName, look: bool) -> Result<Selected, Error> {
        match self {
            Self::Imap(it) => it.select(folder, look).await,
            Self::Maildir(it) => it.select(folder, look).await,
        }
    }

    async fn keys(&mut self) -> Result<KeySet, Error> {
        match self {
            Self::Imap(it) => it.keys().await,
            Self::Maildir(it) => it.keys().await,
        }
    }

    async fn search(&mut self, wanted: &SearchKeys) -> Result<Option<KeySet>, Error> {
        match self {
            Self::Imap(it) => it.search(wanted).await,
            Self::Maildir(it) => it.search(wanted).await,
        }
    }

    async fn changes(&mut self, since: &State) -> Result<Option<Changes>, Error> {
        match self {
            Self::Imap(it) => it.changes(since).await,
            Self::Maildir(it) => it.changes(since).await,
        }
    }

    async fn items(&mut self, keys: &KeySet, whole: bool) -> Result<Items, Error> {
        match self {
            Self::Imap(it) => it.items(keys, whole).await,
            Self::Maildir(it) => it.items(keys, whole).await,
        }
    }

    async fn headers(&mut self, keys: &KeySet) -> Result<BTreeMap<ItemKey, Header>, Error> {
        match self {
            Self::Imap(it) => it.headers(keys).await,
            Self::Maildir(it) => it.headers(keys).await,
        }
    }

    async fn open(&mut self, keys: &KeySet) -> Result<(), Error> {
        match self {
            Self::Imap(it) => it.open(keys).await,
            Self::Maildir(it) => it.open(keys).await,
        }
    }

    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        match self {
            Self::Imap(it) => it.next().await,
            Self::Maildir(it) => it.next().await,
        }
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self {
            Self::Imap(it) => it.chunk().await,
            Self::Maildir(it) => it.chunk().await,
        }
    }

    fn refusal(&self, key: ItemKey) -> Option<String> {
        match self {
            Self::Imap(it) => it.refusal(key),
            Self::Maildir(it) => it.refusal(key),
        }
    }
}

impl Target for To {
    async fn create(&mut self, folders: &[Folder]) -> Result<Vec<Result<(), Error>>, Error> {
        match self {
            Self::Imap(it) => it.create(folders).await,
            Self::Maildir(it) => it.create(folders).await,
        }
    }

    async fn rename(&mut self, from: &FolderName, to: &FolderName) -> Result<(), Error> {
        match self {
            Self::Imap(it) => it.rename(from, to).await,
            Self::Maildir(it) => it.rename(from, to).await,
        }
    }

    async fn remove(&mut self, keys: &KeySet, keep: Option<&FolderName>) -> Result<(), Error> {
        match self {
            Self::Imap(it) => it.remove(keys, keep).await,
            Self::Maildir(it) => it.remove(keys, keep).await,
        }
    }

    async fn subscribe(&mut self, folders: &[FolderName]) -> Result<Vec<Result<(), Error>>, Error> {
        match self {
            Self::Imap(it) => it.subscribe(folders).await,
            Self::Maildir(it) => it.subscribe(folders).await,
        }
    }

    async fn append<B: Body>(&mut self, message: &Message, body: &mut B) -> Result<(), Error> {
        match self {
            Self::Imap(it) => it.append(message, body).await,
            Self::Maildir(it) => it.append(message, body).await,
        }
    }

    async fn appended(&mut self) -> Result<Vec<Appended>, Error> {
        match self {
            Self::Imap(it) => it.appended().await,
            Self::Maildir(it) => it.appended().await,
        }
    }

    async fn set_flags(&mut self, keys: &KeySet, add: &Flags, remove: &Flags) -> Result<(), Error> {
        match self {
            Self::Imap(it) => it.set_flags(keys, add, remove).await,
            Self::Maildir(it) => it.set_flags(keys, add, remove).await,
        }
    }

    fn manner(&self) -> Manner {
        match self {
            Self::Imap(it) => it.manner(),
            Self::Maildir(it) => it.manner(),
        }
    }

    async fn pause(&mut self, time: Duration) {
        match self {
            Self::Imap(it) => it.pause(time).await,
            Self::Maildir(it) => it.pause(time).await,
        }
    }

    async fn is_still(&mut self) -> Result<bool, Error> {
        match self {
            Self::Imap(it) => it.is_still().await,
            Self::Maildir(it) => it.is_still().await,
        }
    }

    async fn settle(&mut self) -> Result<(), Error> {
        match self {
            Self::Imap(it) => it.settle().await,
            Self::Maildir(it) => it.settle().await,
        }
    }

    async fn finish(&mut self, source: &State) -> Result<(), Error> {
        match self {
            Self::Imap(it) => it.finish(source).await,
            Self::Maildir(it) => it.finish(source).await,
        }
    }

    fn is_disturbed(&self) -> bool {
        match self {
            Self::Imap(it) => it.is_disturbed(),
            Self::Maildir(it) => it.is_disturbed(),
        }
    }
}
