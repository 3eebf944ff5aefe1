//! A source as a server over a Maildir would give it, for comparison with one.
//!
//! A bare LF comes out of a Maildir as CRLF, whoever serves it ([`lines`](crate::imap::lines)). A message that holds one is equal to its copy only
//! after the same change; that it was made is told.

use std::collections::BTreeMap;
use std::io::{Read, Seek, Write};

use imap_sync::{Error, Folder, FolderName, Header, ItemKey, Listing, Opened, Source};
use tempfile::SpooledTempFile;

use crate::imap::lines::{Converted, Lines, to_served};
use crate::imap::maildir::{CHUNK, IN_MEMORY};

/// A source whose messages have CRLF only.
#[derive(Debug)]
pub struct AsServed<'a, S> {
    source: &'a mut S,
    folder: FolderName,
    body: Option<Converted<SpooledTempFile>>,
    changed: Vec<(FolderName, ItemKey)>,
}

impl<'a, S: Source> AsServed<'a, S> {
    /// Over a source.
    pub fn new(source: &'a mut S) -> Self {
        Self { source, folder: FolderName::inbox(), body: None, changed: Vec::new() }
    }

    /// The messages that were given other than they are.
    pub fn into_changed(self) -> Vec<(FolderName, ItemKey)> {
        self.changed
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
            self.changed.push((self.folder.clone(), opened.key));
        }
        // One that is shorter than was said stays so.
        let size = if size == opened.size { lines.served() } else { opened.size };
        Ok(Opened { size, ..opened })
    }
}

impl<S: Source> Source for AsServed<'_, S> {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.source.folders().await
    }

    async fn list(&mut self, folder: &FolderName) -> Result<Listing, Error> {
        self.source.list(folder).await
    }

    async fn list_since(&mut self, folder: &FolderName, since: ItemKey) -> Result<Listing, Error> {
        self.source.list_since(folder, since).await
    }

    async fn headers(
        &mut self,
        folder: &FolderName,
        keys: &[ItemKey],
    ) -> Result<BTreeMap<ItemKey, Header>, Error> {
        self.source.headers(folder, keys).await
    }

    async fn open(&mut self, folder: &FolderName, keys: &[ItemKey]) -> Result<(), Error> {
        (self.folder, self.body) = (folder.clone(), None);
        self.source.open(folder, keys).await
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
}
