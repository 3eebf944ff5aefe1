//! The seams: where mail is read, where it is written, what remembers, and what watches.

use std::collections::BTreeMap;
use std::future::Future;

use chrono::{DateTime, FixedOffset};

use crate::digest::Header;
use crate::error::Error;
use crate::facts::{Change, Facts};
use crate::flags::Flags;
use crate::model::{Folder, FolderName, ItemKey, Listing, Validity};
use crate::report::Line;

/// A store of mail that is read. No method of it writes.
///
/// A fatal error ([`Error::is_fatal`]) ends the run, any other is the folder's. Implementations may
/// write the methods as `async fn`.
pub trait Source: Send {
    /// Every folder there is, in any order; `INBOX` among them.
    fn folders(&mut self) -> impl Future<Output = Result<Vec<Folder>, Error>> + Send;

    /// Opens a folder and lists it. `header` and `content` of the items may be left out.
    fn list(&mut self, folder: &FolderName) -> impl Future<Output = Result<Listing, Error>> + Send;

    /// The items of the open folder whose keys are `since` or higher, those that just came too.
    fn list_since(
        &mut self,
        folder: &FolderName,
        since: ItemKey,
    ) -> impl Future<Output = Result<Listing, Error>> + Send;

    /// The headers of some items of the open folder; an item that is gone is left out.
    fn headers(
        &mut self,
        folder: &FolderName,
        keys: &[ItemKey],
    ) -> impl Future<Output = Result<BTreeMap<ItemKey, Header>, Error>> + Send;

    /// Begins to read some items of the open folder. What was begun before and not read to its end is given up.
    fn open(
        &mut self,
        folder: &FolderName,
        keys: &[ItemKey],
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// The next of the items begun, in any order; an item that is gone is left out. The rest of the one before is given up.
    fn next(&mut self) -> impl Future<Output = Result<Option<Opened>, Error>> + Send;

    /// The next piece of the item at hand; `None` at its end.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, Error>> + Send;

    /// Why an item of the open folder, which was asked for, was not given, in the store's words. An item that was left
    /// out without a word is gone.
    fn refusal(&self, _key: ItemKey) -> Option<String> {
        None
    }
}

/// A store of mail that is also written.
pub trait Target: Source {
    /// Makes a folder, and its parents if they are needed for it. It is no fault when it is there already.
    fn create(&mut self, folder: &FolderName) -> impl Future<Output = Result<(), Error>> + Send;

    /// Subscribes the user to a folder.
    fn subscribe(&mut self, folder: &FolderName) -> impl Future<Output = Result<(), Error>> + Send;

    /// Adds a message to the open folder. An error means: nobody knows whether it landed.
    fn append<B: Body>(
        &mut self,
        folder: &FolderName,
        message: &Message,
        body: &mut B,
    ) -> impl Future<Output = Result<Appended, Error>> + Send;

    /// Adds and removes flags of some items of the open folder.
    fn set_flags(
        &mut self,
        folder: &FolderName,
        keys: &[ItemKey],
        add: &Flags,
        remove: &Flags,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Makes durable what was done in a folder: facts are recorded after it.
    fn settle(&mut self, folder: &FolderName) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = folder;
        async { Ok(()) }
    }

    /// All that the source's folder held has been gone through: a store that keeps the source's keys learns how they go on
    /// there.
    fn finish(
        &mut self,
        folder: &FolderName,
        validity: Validity,
        next: ItemKey,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = (folder, validity, next);
        async { Ok(()) }
    }
}

/// An item that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its key.
    pub key: ItemKey,
    /// How many bytes will come.
    pub size: u64,
}

/// The bytes of a message, in pieces.
pub trait Body: Send {
    /// How many bytes will come.
    fn size(&self) -> u64;

    /// The next piece; `None` at the end.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, Error>> + Send;
}

/// What a message is beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The source's key.
    pub key: ItemKey,
    /// The source's validity.
    pub validity: Validity,
    /// The flags to be set, all of which the folder said it can keep.
    pub flags: Flags,
    /// INTERNALDATE.
    pub date: DateTime<FixedOffset>,
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It landed, under this key if the store says so (APPENDUID, RFC 4315).
    Landed(Option<ItemKey>),
    /// It did not land.
    Refused {
        /// The store's words.
        reason: String,
        /// Whether it may well land if tried again at once.
        transient: bool,
    },
}

/// What remembers facts and intents. Each change is about one folder.
pub trait Memory: Send {
    /// All that is known of a folder.
    fn load(&mut self, folder: &FolderName) -> Result<Facts, Error>;

    /// Keeps changes, in their order and all or none; durable when it returns.
    fn record(&mut self, folder: &FolderName, changes: &[Change]) -> Result<(), Error>;
}

/// What watches a run, and may stop it.
pub trait Watch: Send {
    /// A folder with so many items is begun.
    fn folder(&mut self, _folder: &FolderName, _items: usize) {}

    /// An item is settled. The line of the report may still get a Message-ID.
    fn line(&mut self, _line: &Line) {}

    /// So many bytes of messages were carried over.
    fn bytes(&mut self, _bytes: u64) {}

    /// Whether to go on. When not, what is in flight is finished and recorded, and the rest is pending.
    fn go_on(&mut self) -> bool {
        true
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}
