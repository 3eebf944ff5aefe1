//! A source as a server over a Maildir would give it, for comparison with one.
//!
//! A bare LF comes out of a Maildir as CRLF, whoever serves it ([`lines`](crate::imap::lines)). A message that holds one is equal to its copy only
//! after the same change; that it was made is told.

use std::collections::BTreeMap;
use std::io::{Read, Seek, Write};
use std::sync::{Arc, Mutex, PoisonError};

use imap_sync::{
    Changes, Error, Folder, FolderName, Header, ItemKey, Items, KeySet, Opened, SearchKeys, Selected, Shape,
    Source, State,
};
use tempfile::SpooledTempFile;

use crate::imap::lines::{Converted, Lines, to_served};
use crate::imap::maildir::{CHUNK, IN_MEMORY};

/// A source whose messages have CRLF only.
#[derive(Debug)]
pub struct AsServed<S> {
    source: S,
    folder: FolderName,
    body: Option<Converted<SpooledTempFile>>,
    changed: Changed,
}

/// The messages that were given other than they are.
#[derive(Clone, Debug, Default)]
pub struct Changed(Arc<Mutex<Vec<(FolderName, ItemKey)>>>);

impl Changed {
    /// All of them.
    pub fn take(&self) -> Vec<(FolderName, ItemKey)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Source> AsServed<S> {
    /// Over a source.
    pub fn new(source: S, changed: &Changed) -> Self {
        Self { source, folder: FolderName::inbox(), body: None, changed: changed.clone() }
    }

    /// The source.
    pub fn into_inner(self) -> S {
        self.source
    }

    async fn gather(&mut self, opened: Opened) -> Result<Opened, Error> {
        let fault = |error| Error::store("a message on its way", error);
        let (mut lines, mut spool, mut size) = (Lines::default(), tempfile::spooled_tempfile(IN_MEMORY), 0);
        while let Some(chunk) = self.source.chunk().await? {
            size += chunk.len() as u64;
            lines.push(&chunk);
            spool.write_all(&chunk).map_err(fault)?;
        }
        spool.rewind().map_err(fault)?;
        self.body = Some(to_served(spool));
        if lines.bare() > 0 {
            let mut changed = self.changed.0.lock().unwrap_or_else(PoisonError::into_inner);
            changed.push((self.folder.clone(), opened.key));
        }
        // One that is shorter than was said stays so.
        let size = if size == opened.size { lines.served() } else { opened.size };
        Ok(Opened { size, ..opened })
    }
}

impl<S: Source> Source for AsServed<S> {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.source.folders().await
    }

    fn shape(&self) -> Shape {
        self.source.shape()
    }

    async fn select(&mut self, folder: &FolderName, look: bool) -> Result<Selected, Error> {
        self.folder = folder.clone();
        self.source.select(folder, look).await
    }

    async fn keys(&mut self) -> Result<KeySet, Error> {
        self.source.keys().await
    }

    async fn search(&mut self, wanted: &SearchKeys) -> Result<Option<KeySet>, Error> {
        self.source.search(wanted).await
    }

    async fn changes(&mut self, since: &State) -> Result<Option<Changes>, Error> {
        self.source.changes(since).await
    }

    async fn items(&mut self, keys: &KeySet, whole: bool) -> Result<Items, Error> {
        self.source.items(keys, whole).await
    }

    async fn headers(&mut self, keys: &KeySet) -> Result<BTreeMap<ItemKey, Header>, Error> {
        self.source.headers(keys).await
    }

    async fn open(&mut self, keys: &KeySet) -> Result<(), Error> {
        self.body = None;
        self.source.open(keys).await
    }

    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        self.body = None;
        match self.source.next().await? {
            Some(opened) => self.gather(opened).await.map(Some),
            None => Ok(None),
        }
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(body) = &mut self.body else { return Ok(None) };
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = body.take(CHUNK as u64).read_to_end(&mut chunk);
        read.map_err(|error| Error::store("a message on its way", error))?;
        Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
    }

    fn refusal(&self, key: ItemKey) -> Option<String> {
        self.source.refusal(key)
    }
}
