//! The seams: where mail is read, where it is written, what remembers, and what watches.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use crate::digest::Header;
use crate::error::Error;
use crate::facts::{Change, Fact, Intent};
use crate::flags::{Flags, Permanent};
use crate::folders::{Folder, Shape};
use crate::head::Head;
use crate::keys::KeySet;
use crate::model::{FolderName, Item, ItemKey, State, Validity};
use crate::report::Line;
use crate::selection::SearchKeys;
use crate::wire::Condition;
use crate::words::Said;

/// Items by their keys.
pub type Items = BTreeMap<ItemKey, Item>;

/// A store of mail that is read. No method of it writes.
///
/// What an error ends says [`Error::scope`]. Implementations may write the methods as `async fn`.
pub trait Source: Send {
    /// Every folder there is, in any order; `INBOX` among them.
    fn folders(&mut self) -> impl Future<Output = Result<Vec<Folder>, Error>> + Send;

    /// How names are made here, once the folders are known.
    fn shape(&self) -> Shape {
        Shape::default()
    }

    /// Opens a folder: all that follows is about it. `look` says that its items will be asked for, all of them.
    fn select(
        &mut self,
        folder: &FolderName,
        look: bool,
    ) -> impl Future<Output = Result<Selected, Error>> + Send;

    /// The keys of all items, those that just came too.
    fn keys(&mut self) -> impl Future<Output = Result<KeySet, Error>> + Send;

    /// The keys of the items that a search finds; `None` when the store cannot search.
    fn search(&mut self, _wanted: &SearchKeys) -> impl Future<Output = Result<Option<KeySet>, Error>> + Send {
        async { Ok(None) }
    }

    /// What changed since a state that had a mark; `None` when the store cannot tell.
    fn changes(&mut self, since: &State) -> impl Future<Output = Result<Option<Changes>, Error>> + Send;

    /// Some items with their flags, and if `whole` with date and size; an item that is gone is left out. A store may
    /// give more than was asked for.
    fn items(&mut self, keys: &KeySet, whole: bool) -> impl Future<Output = Result<Items, Error>> + Send;

    /// The headers of some items; an item that is gone is left out.
    fn headers(
        &mut self,
        keys: &KeySet,
    ) -> impl Future<Output = Result<BTreeMap<ItemKey, Header>, Error>> + Send;

    /// Begins to read some items. What was begun before and not read to its end is given up.
    fn open(&mut self, keys: &KeySet) -> impl Future<Output = Result<(), Error>> + Send;

    /// The next of the items begun, in any order; an item that is gone is left out. The rest of the one before is given up.
    fn next(&mut self) -> impl Future<Output = Result<Option<Opened>, Error>> + Send;

    /// The next piece of the item at hand; `None` at its end.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, Error>> + Send;

    /// Why an item, which was asked for, was not given, in the store's words. An item that was left out without a word
    /// is gone.
    fn refusal(&self, _key: ItemKey) -> Option<String> {
        None
    }
}

/// A store of mail that is also written.
pub trait Target: Source {
    /// Makes folders, parents first, durably where the store can; one outcome for each. It is no fault when one is there already.
    fn create(
        &mut self,
        folders: &[Folder],
    ) -> impl Future<Output = Result<Vec<Result<(), Error>>, Error>> + Send;

    /// Renames a folder, and with it those below it (RFC 9051 section 6.3.6).
    fn rename(
        &mut self,
        from: &FolderName,
        to: &FolderName,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = to;
        let refused = Error::store(from.to_string(), "this store renames no folders");
        async { Err(refused) }
    }

    /// Subscribes the user to folders, durably where the store can; one outcome for each.
    fn subscribe(
        &mut self,
        folders: &[FolderName],
    ) -> impl Future<Output = Result<Vec<Result<(), Error>>, Error>> + Send;

    /// Adds a message to the open folder. What became of it says [`Target::appended`]. After an error nobody knows
    /// whether it landed, nor any other that was not yet told of.
    fn append<B: Body>(
        &mut self,
        message: &Message,
        body: &mut B,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// What became of the messages added since this was asked for last, in their order; durable where the store can
    /// make it so.
    fn appended(&mut self) -> impl Future<Output = Result<Vec<Appended>, Error>> + Send;

    /// Adds and removes flags of some items of the open folder.
    fn set_flags(
        &mut self,
        keys: &KeySet,
        add: &Flags,
        remove: &Flags,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes some items of the open folder and nothing else, into another folder if there is one to keep them.
    fn remove(
        &mut self,
        keys: &KeySet,
        keep: Option<&FolderName>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = (keys, keep);
        async { Err(Error::store("this store", "it removes nothing")) }
    }

    /// What can be known of how it takes messages before it is asked.
    fn manner(&self) -> Manner {
        Manner::default()
    }

    /// Lets some time pass.
    fn pause(&mut self, time: Duration) -> impl Future<Output = ()> + Send {
        let _ = time;
        async {}
    }

    /// Whether whatever an earlier session has sent to the open folder has landed by now, or never will.
    fn is_still(&mut self) -> impl Future<Output = Result<bool, Error>> + Send {
        async { Ok(true) }
    }

    /// Makes durable what was done in the open folder: facts are recorded after it.
    fn settle(&mut self) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// All that the source's folder held, when it stood so, has been gone through: a store that keeps the source's keys
    /// learns how they go on there.
    fn finish(&mut self, source: &State) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = source;
        async { Ok(()) }
    }

    /// Whether others have changed the open folder since it was opened, as far as the store told.
    fn is_disturbed(&self) -> bool {
        true
    }
}

/// How a store takes messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// The largest message (APPENDLIMIT, RFC 7889).
    pub limit: Option<u64>,
    /// Whether messages may be said to be binary (RFC 3516).
    pub binary: bool,
    /// The longest line.
    pub max_line: Option<u64>,
}

/// A folder that was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// How it stands.
    pub state: State,
    /// Which flags it can keep.
    pub permanent: Permanent,
}

/// What changed in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Items that are new or whose flags may have changed.
    pub changed: KeySet,
    /// Keys that are gone, some of which may never have been there; `None` when the store cannot tell.
    pub vanished: Option<KeySet>,
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
    /// Whether it must not share its fate with others.
    pub alone: bool,
    /// Whether its bytes have to be said to be binary (RFC 3516).
    pub binary: bool,
    /// Whether the store is to choose the date.
    pub undated: bool,
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It landed, under this key if the store says so (APPENDUID, RFC 4315).
    Landed(Option<ItemKey>),
    /// It did not land.
    Refused(Refused),
    /// It did not land because another one did not (RFC 3502).
    Spoilt,
}

/// What a store says when it takes a message not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// `NO` or `BAD`.
    pub condition: Condition,
    /// The name of the code in brackets, in upper case.
    pub code: Option<String>,
    /// The words.
    pub text: String,
}

impl Refused {
    /// Refused for good, in these words.
    pub fn no(text: impl Into<String>) -> Self {
        Self { condition: Condition::No, code: None, text: text.into() }
    }

    /// What is to be made of it.
    pub fn said(&self) -> Said<'_> {
        Said { condition: self.condition, code: self.code.as_deref(), text: &self.text }
    }
}

/// What remembers facts and intents, by the source's folders.
pub trait Memory: Send + Sync {
    /// What is known of the folders as wholes.
    fn heads(&self) -> Result<BTreeMap<FolderName, Head>, Error>;

    /// The open intents of a folder.
    fn intents(&self, folder: &FolderName) -> Result<Vec<Intent>, Error>;

    /// The facts of a folder from one key to another, both included, in their order.
    fn facts(
        &self,
        folder: &FolderName,
        from: ItemKey,
        to: ItemKey,
        each: &mut dyn FnMut(ItemKey, Fact),
    ) -> Result<(), Error>;

    /// Keeps all that is known of a folder under another name, and its place.
    fn rename(&self, from: &FolderName, to: &FolderName, head: &Head) -> Result<(), Error>;

    /// Keeps changes, in their order and all or none; durable when it returns.
    fn record(&self, changes: &[(&FolderName, Vec<Change>)]) -> Result<(), Error>;
}

/// What watches a run, and may stop it.
pub trait Watch: Send + Sync {
    /// A folder with so many items is begun.
    fn folder(&self, _folder: &FolderName, _items: u64) {}

    /// A folder is done with, or left.
    fn left(&self, _folder: &FolderName) {}

    /// Something is settled. The line of the report may still get a Message-ID.
    fn line(&self, _line: &Line) {}

    /// So many bytes of messages were carried over.
    fn bytes(&self, _bytes: u64) {}

    /// Whether to go on. When not, what is in flight is finished and recorded, and the rest is pending.
    fn go_on(&self) -> bool {
        true
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// Opens stores: a pair to begin with, more to work side by side, new ones in place of those that broke.
pub trait Connect {
    /// What is read.
    type Source: Source;
    /// What is written.
    type Target: Target;

    /// Opens one of each. `attempt` counts the failures before, for those who wait longer each time.
    fn connect(&self, attempt: u32) -> impl Future<Output = Result<(Self::Source, Self::Target), Error>>;

    /// Does away with a pair that is no longer needed.
    fn close(&self, _pair: (Self::Source, Self::Target)) -> impl Future<Output = ()> {
        async {}
    }

    /// How many pairs may work side by side.
    fn limit(&self) -> usize {
        1
    }
}
