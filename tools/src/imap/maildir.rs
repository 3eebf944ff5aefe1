//! A Maildir on either side of an IMAP engine.
//!
//! The engine sees a Maildir as a server over it would show it: bodies with CRLF, sizes to match, folder names in parts. What
//! it appends is kept as Dovecot keeps it ([`lines`]), under a name from which the message can be told ([`keys`]), dated with
//! INTERNALDATE (to the second; its zone has no place in a file). A message is put together in memory, or from a megabyte on
//! in an unnamed file, and only then delivered: its size, which stands in its name, is not known before.
//!
//! Keys mean the same for ever, so the validity never changes. Messages whose names tell no size (`,W=`) are read to learn it.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use imap_sync::{
    Appended, Body, Error, Flag, Flags, Folder, FolderName, Header, Item, ItemKey, Listing, Opened, Source,
    Target, Validity,
};
use maildir_sync::{Finding, MaildirSource, MaildirTarget, Message, Options, Severity};
use tempfile::SpooledTempFile;

use crate::imap::{flags, keys, lines, names};

/// A Maildir as an IMAP engine sees it.
#[derive(Debug)]
pub struct Maildir<M> {
    mail: M,
    /// Where messages that are too large for memory are put together.
    scratch: PathBuf,
    opened: Option<OpenFolder>,
    begun: VecDeque<ItemKey>,
    body: Option<SpooledTempFile>,
    findings: Vec<Finding>,
}

#[derive(Debug)]
struct OpenFolder {
    name: FolderName,
    folder: maildir_sync::FolderName,
    messages: BTreeMap<ItemKey, Message>,
    keywords: Vec<String>,
}

impl Maildir<MaildirSource> {
    /// A Maildir to read.
    pub fn source(root: &Path) -> Self {
        Self::over(MaildirSource::new(root), std::env::temp_dir())
    }
}

impl Maildir<MaildirTarget> {
    /// A Maildir to write, made when it is not there.
    pub fn target(root: &Path) -> Self {
        Self::over(MaildirTarget::new(root, Options::default()), root.join("tmp"))
    }
}

impl<M: maildir_sync::Source> Maildir<M> {
    /// Over a tree of folders; `scratch` is a directory for large messages.
    pub fn over(mail: M, scratch: PathBuf) -> Self {
        Self { mail, scratch, opened: None, begun: VecDeque::new(), body: None, findings: Vec::new() }
    }

    /// What was found that a person has to know of.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    fn opened(&mut self, name: &FolderName) -> Result<&mut OpenFolder, Error> {
        if self.opened.as_ref().is_none_or(|opened| opened.name != *name) {
            self.list_folder(name, ItemKey(0))?;
        }
        Ok(self.opened.as_mut().expect("a folder that was listed is open"))
    }

    /// Opens and lists a folder, as far as keys from `since` on go.
    fn list_folder(&mut self, name: &FolderName, since: ItemKey) -> Result<Listing, Error> {
        let folder = names::to_maildir(name)?;
        let (listed, findings) = self.mail.list(&folder).map_err(|error| fault(name, &error))?;
        self.findings.retain(|finding| finding.folder != folder);
        self.findings.extend(findings);
        let mut messages = BTreeMap::new();
        for message in listed.messages.into_values() {
            let mut key = keys::key(&message.unique);
            while messages.contains_key(&key) {
                key.0 = key.0.wrapping_add(1);
            }
            messages.insert(key, message);
        }
        let mut listing = Listing::new(VALIDITY, keys::FIRST, flags::permanent(&listed.keywords));
        for (&key, message) in messages.range(since..) {
            listing.insert(key, self.item(&folder, message));
        }
        let (name, keywords) = (name.clone(), listed.keywords);
        self.opened = Some(OpenFolder { name, folder, messages, keywords });
        Ok(listing)
    }

    fn item(&mut self, folder: &maildir_sync::FolderName, message: &Message) -> Item {
        let date = chrono::DateTime::from_timestamp(message.date, 0).map(|date| date.fixed_offset());
        let told = keys::served_size(&message.unique);
        let size = told.or_else(|| self.served(folder, message).and_then(|read| count(read).ok()));
        Item { flags: Some(flags::of(message)), date, size, ..Item::default() }
    }

    /// What a server would give. `None`, and a finding, when the message cannot be read or is not stored as it is.
    fn served(
        &mut self,
        folder: &maildir_sync::FolderName,
        message: &Message,
    ) -> Option<lines::Converted<Box<dyn Read>>> {
        if message.unique.told_size().is_some_and(|told| told != message.size) {
            let reason = "it is compressed, or not what its name tells".to_owned();
            self.find(folder, message, Severity::Failed, reason);
            return None;
        }
        match self.mail.open(folder, message) {
            Ok(stored) => Some(lines::to_served(stored)),
            Err(error) => {
                self.find(folder, message, Severity::Failed, error.to_string());
                None
            }
        }
    }

    fn find(
        &mut self,
        folder: &maildir_sync::FolderName,
        message: &Message,
        severity: Severity,
        reason: String,
    ) {
        let finding = Finding { folder: folder.clone(), file: message.path_text(folder), reason, severity };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// A message of the open folder, put together.
    fn fetch(&mut self, key: ItemKey) -> Option<(SpooledTempFile, u64)> {
        let opened = self.opened.as_ref()?;
        let (folder, message) = (opened.folder.clone(), opened.messages.get(&key)?.clone());
        let mut spool = tempfile::spooled_tempfile(IN_MEMORY);
        let copied = std::io::copy(&mut self.served(&folder, &message)?, &mut spool);
        match copied.and_then(|size| spool.rewind().map(|()| size)) {
            Ok(size) => Some((spool, size)),
            Err(error) => {
                self.find(&folder, &message, Severity::Failed, format!("cannot be read: {error}"));
                None
            }
        }
    }

    fn all_folders(&mut self) -> Result<Vec<Folder>, Error> {
        let inbox = FolderName::inbox();
        let (found, findings) = self.mail.folders().map_err(|error| fault(&inbox, &error))?;
        self.findings.extend(findings);
        let subscribed =
            self.mail.subscriptions().map_err(|error| fault(&inbox, &error))?.unwrap_or_default();
        let mut folders = BTreeMap::new();
        for folder in found {
            match names::to_imap(&folder) {
                Some(name) => {
                    folders.insert(name.clone(), Folder { name, selectable: true, subscribed: false });
                }
                None => {
                    let (file, severity) = (format!(".{folder}"), Severity::Failed);
                    let reason = "a second INBOX, which no server could show".to_owned();
                    self.findings.push(Finding { folder, file, reason, severity });
                }
            }
        }
        for name in subscribed.iter().filter_map(names::to_imap) {
            let mere = Folder { name: name.clone(), selectable: false, subscribed: false };
            folders.entry(name).or_insert(mere).subscribed = true;
        }
        Ok(folders.into_values().collect())
    }
}

impl<M: maildir_sync::Source + Send> Source for Maildir<M> {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.all_folders()
    }

    async fn list(&mut self, folder: &FolderName) -> Result<Listing, Error> {
        self.list_folder(folder, ItemKey(0))
    }

    async fn list_since(&mut self, folder: &FolderName, since: ItemKey) -> Result<Listing, Error> {
        self.list_folder(folder, since)
    }

    async fn headers(
        &mut self,
        folder: &FolderName,
        keys: &[ItemKey],
    ) -> Result<BTreeMap<ItemKey, Header>, Error> {
        self.opened(folder)?;
        let mut headers = BTreeMap::new();
        for &key in keys {
            let Some(opened) = &self.opened else { continue };
            let folder = opened.folder.clone();
            let Some(message) = opened.messages.get(&key).cloned() else { continue };
            let Some(served) = self.served(&folder, &message) else { continue };
            let mut start = Vec::new();
            if served.take(MAX_HEADER).read_to_end(&mut start).is_ok() {
                headers.insert(key, Header::of(&start));
            }
        }
        Ok(headers)
    }

    async fn open(&mut self, folder: &FolderName, keys: &[ItemKey]) -> Result<(), Error> {
        self.opened(folder)?;
        self.body = None;
        self.begun = keys.iter().copied().collect();
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        self.body = None;
        while let Some(key) = self.begun.pop_front() {
            if let Some((body, size)) = self.fetch(key) {
                self.body = Some(body);
                return Ok(Some(Opened { key, size }));
            }
        }
        Ok(None)
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(body) = &mut self.body else { return Ok(None) };
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = body.take(CHUNK as u64).read_to_end(&mut chunk);
        read.map_err(|error| Error::store("a message on its way", error))?;
        if chunk.is_empty() {
            self.body = None;
            return Ok(None);
        }
        Ok(Some(chunk))
    }
}

impl<M: maildir_sync::Target + Send> Target for Maildir<M> {
    async fn create(&mut self, name: &FolderName) -> Result<(), Error> {
        let folder = names::to_maildir(name)?;
        let inbox = maildir_sync::FolderName::inbox();
        let made = self.mail.create_folder(&inbox).and_then(|()| self.mail.create_folder(&folder));
        made.map_err(|error| fault(name, &error))
    }

    async fn subscribe(&mut self, name: &FolderName) -> Result<(), Error> {
        let folder = names::to_maildir(name)?;
        // A mere parent may come first, before there is a Maildir.
        let inbox = maildir_sync::FolderName::inbox();
        let subscribed = self.mail.create_folder(&inbox).and_then(|()| self.mail.subscribe(&[folder]));
        subscribed.map(drop).map_err(|error| fault(name, &error))
    }

    async fn append<B: Body>(
        &mut self,
        name: &FolderName,
        message: &imap_sync::Message,
        body: &mut B,
    ) -> Result<Appended, Error> {
        let mut spool = tempfile::spooled_tempfile_in(IN_MEMORY, &self.scratch);
        let mut lines = lines::Lines::default();
        while let Some(chunk) = body.chunk().await? {
            lines.push(&chunk);
            if let Err(error) = spool.write_all(&chunk) {
                return Ok(refused(format!("{}: {error}", self.scratch.display())));
            }
        }
        self.opened(name)?;
        match spool.rewind() {
            Ok(()) => Ok(self.place(message, lines, spool)),
            Err(error) => Ok(refused(error.to_string())),
        }
    }

    async fn set_flags(
        &mut self,
        name: &FolderName,
        keys: &[ItemKey],
        add: &Flags,
        remove: &Flags,
    ) -> Result<(), Error> {
        self.opened(name)?;
        keys.iter().try_for_each(|key| self.change(name, *key, add, remove))
    }

    async fn settle(&mut self, name: &FolderName) -> Result<(), Error> {
        let folder = names::to_maildir(name)?;
        let broken = |reason: String| Error::Store { what: name.to_string(), reason, fatal: true };
        let refused = self.mail.settle(&folder).map_err(|error| broken(error.to_string()))?;
        match refused.first() {
            None => Ok(()),
            Some((unique, error)) => Err(broken(format!("{unique}: {error}"))),
        }
    }
}

impl<M: maildir_sync::Target> Maildir<M> {
    /// Delivers a message into the open folder. One that is there already, from a run that did not come to know of it, has
    /// landed.
    fn place(&mut self, came: &imap_sync::Message, lines: lines::Lines, body: SpooledTempFile) -> Appended {
        let Some(opened) = &mut self.opened else { return refused("the folder is not open".to_owned()) };
        let key = keys::placed(came);
        let unique = keys::unique(came, lines.stored(), lines.served());
        if let Some(there) = opened.messages.get(&key) {
            return match there.unique == unique {
                true => Appended::Landed(Some(key)),
                false => refused(format!("{} is there, of the same UID and of another size", there.unique)),
            };
        }
        let bare = Message::new(unique, came.date.timestamp(), lines.stored());
        let (flags, lost) = opened.lettered(&came.flags);
        let state = flags::state(&bare, &flags);
        let message = bare.with_state(state);
        let folder = opened.folder.clone();
        match self.mail.deliver(&folder, &message, &mut lines.to_stored(body)) {
            Ok(_) | Err(maildir_sync::Error::Occupied { .. }) => {}
            Err(error) => return refused(error.to_string()),
        }
        self.note(&folder, &message, &lost, lines.bare());
        if let Some(opened) = &mut self.opened {
            opened.messages.insert(key, message);
        }
        Appended::Landed(Some(key))
    }

    fn change(&mut self, name: &FolderName, key: ItemKey, add: &Flags, remove: &Flags) -> Result<(), Error> {
        let Some(opened) = &mut self.opened else { return Ok(()) };
        let Some(message) = opened.messages.get(&key).cloned() else { return Ok(()) };
        let (add, lost) = opened.lettered(add);
        let state = flags::state(&message, &flags::of(&message).union(&add).minus(remove));
        let folder = opened.folder.clone();
        match self.mail.set_state(&folder, &message.unique, &state) {
            // As on a server, where it was expunged.
            Err(maildir_sync::Error::Vanished { .. }) => return Ok(()),
            set => set.map_err(|error| fault(name, &error))?,
        }
        self.note(&folder, &message, &lost, 0);
        if let Some(opened) = &mut self.opened {
            opened.messages.insert(key, message.with_state(state));
        }
        Ok(())
    }

    fn note(&mut self, folder: &maildir_sync::FolderName, message: &Message, lost: &Flags, bare: u64) {
        if !lost.is_empty() {
            let reason = format!("the folder has no keyword letters left for {lost}");
            self.find(folder, message, Severity::Note, reason);
        }
        if bare > 0 {
            let reason =
                format!("{bare} line feeds without a carriage return: servers will give CRLF for them");
            self.find(folder, message, Severity::Note, reason);
        }
    }
}

impl OpenFolder {
    /// Of these flags those that have a letter or can get one, which they do, and the others.
    fn lettered(&mut self, flags: &Flags) -> (Flags, Flags) {
        let mut lost = Flags::new();
        for flag in flags.iter().filter(|flag| flag.is_keyword()) {
            if self.keywords.iter().any(|known| Flag::new(known) == *flag) {
                continue;
            }
            if self.keywords.len() < flags::MAX_KEYWORDS && flag.is_sendable() {
                self.keywords.push(flag.to_string());
            } else {
                lost.insert(flag.clone());
            }
        }
        (flags.minus(&lost), lost)
    }
}

fn count(mut read: impl Read) -> std::io::Result<u64> {
    std::io::copy(&mut read, &mut std::io::sink())
}

fn refused(reason: String) -> Appended {
    Appended::Refused { reason, transient: false }
}

fn fault(name: &FolderName, error: &maildir_sync::Error) -> Error {
    Error::store(name.to_string(), error)
}

const VALIDITY: Validity = Validity(1);

/// Up to here a message is put together in memory.
const IN_MEMORY: usize = 1 << 20;

const CHUNK: usize = 64 << 10;

/// As much of a header as the engine looks at.
const MAX_HEADER: u64 = 256 << 10;
