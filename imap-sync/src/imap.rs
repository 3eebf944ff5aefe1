//! IMAP servers as source and target.

use std::collections::BTreeMap;

use crate::digest::Header;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::flags::Flags;
use crate::model::{Folder, FolderName, ItemKey, Listing};
use crate::secret::Secret;
use crate::store::{Appended, Body, Message, Opened, Source, Target};

/// An account that is read.
#[derive(Debug)]
pub struct ImapStore(());

/// An account that is written.
#[derive(Debug)]
pub struct ImapTarget(ImapStore);

/// Logs in.
pub async fn connect(endpoint: &Endpoint, secret: Secret) -> Result<ImapStore, Error> {
    let _ = (endpoint, secret);
    Err(not_yet())
}

/// Logs in.
pub async fn connect_target(endpoint: &Endpoint, secret: Secret) -> Result<ImapTarget, Error> {
    connect(endpoint, secret).await.map(ImapTarget)
}

fn not_yet() -> Error {
    Error::store("imap", "not yet")
}

impl Source for ImapStore {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        Err(not_yet())
    }
    async fn list(&mut self, _: &FolderName) -> Result<Listing, Error> {
        Err(not_yet())
    }
    async fn list_since(&mut self, _: &FolderName, _: ItemKey) -> Result<Listing, Error> {
        Err(not_yet())
    }
    async fn headers(&mut self, _: &FolderName, _: &[ItemKey]) -> Result<BTreeMap<ItemKey, Header>, Error> {
        Err(not_yet())
    }
    async fn open(&mut self, _: &FolderName, _: &[ItemKey]) -> Result<(), Error> {
        Err(not_yet())
    }
    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        Err(not_yet())
    }
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Err(not_yet())
    }
}

impl Source for ImapTarget {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        Err(not_yet())
    }
    async fn list(&mut self, _: &FolderName) -> Result<Listing, Error> {
        Err(not_yet())
    }
    async fn list_since(&mut self, _: &FolderName, _: ItemKey) -> Result<Listing, Error> {
        Err(not_yet())
    }
    async fn headers(&mut self, _: &FolderName, _: &[ItemKey]) -> Result<BTreeMap<ItemKey, Header>, Error> {
        Err(not_yet())
    }
    async fn open(&mut self, _: &FolderName, _: &[ItemKey]) -> Result<(), Error> {
        Err(not_yet())
    }
    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        Err(not_yet())
    }
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Err(not_yet())
    }
}

impl Target for ImapTarget {
    async fn create(&mut self, _: &FolderName) -> Result<(), Error> {
        Err(not_yet())
    }
    async fn subscribe(&mut self, _: &FolderName) -> Result<(), Error> {
        Err(not_yet())
    }
    async fn append<B: Body>(&mut self, _: &FolderName, _: &Message, _: &mut B) -> Result<Appended, Error> {
        Err(not_yet())
    }
    async fn set_flags(&mut self, _: &FolderName, _: &[ItemKey], _: &Flags, _: &Flags) -> Result<(), Error> {
        Err(not_yet())
    }
}
