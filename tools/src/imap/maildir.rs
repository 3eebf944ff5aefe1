//! A Maildir on either side of an IMAP engine.
//!
//! The engine sees a Maildir as a server over it would show it: bodies with CRLF, sizes to match, folder names in parts.
//! Keys mean the same for ever, so the validity never changes. Messages whose names tell no size (`,W=`) are read to learn it.
//! How messages get into it: [`delivery`](crate::imap::delivery).

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use imap_sync::{
    Appended, Changes, Error, Folder, FolderName, Header, Item, ItemKey, Items, KeySet, Opened, Selected,
    Source, State, Validity,
};
use maildir_sync::{Finding, MaildirSource, MaildirTarget, Message, Options, Severity};
use tempfile::SpooledTempFile;

use crate::imap::uids::Uids;
use crate::imap::{flags, keys, lines, names};

/// A Maildir as an IMAP engine sees it.
#[derive(Debug)]
pub struct Maildir<M> {
    pub(super) mail: M,
    pub(super) root: PathBuf,
    pub(super) opened: Option<OpenFolder>,
    begun: VecDeque<ItemKey>,
    body: Option<SpooledTempFile>,
    pub(super) findings: Findings,
    pub(super) appended: Vec<Appended>,
}

/// What was found that a person has to know of, whoever found it.
#[derive(Clone, Debug, Default)]
pub struct Findings(Arc<Mutex<Vec<Finding>>>);

impl Findings {
    /// All of them.
    pub fn take(&self) -> Vec<Finding> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, finding: Finding) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains(&finding) {
            all.push(finding);
        }
    }

    /// A note in place of the one before about the same file.
    pub(super) fn renew(&self, finding: Finding) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|before| (&before.folder, &before.file) != (&finding.folder, &finding.file));
        all.push(finding);
    }

    /// A folder was listed again.
    fn again(&self, folder: &maildir_sync::FolderName, findings: Vec<Finding>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|finding| finding.folder != *folder);
        all.extend(findings);
    }
}

#[derive(Debug)]
pub(super) struct OpenFolder {
    pub(super) name: FolderName,
    pub(super) folder: maildir_sync::FolderName,
    pub(super) messages: BTreeMap<ItemKey, Message>,
    pub(super) keywords: Vec<String>,
    /// Whether all that was listed is on the disk.
    pub(super) durable: bool,
    pub(super) uids: Uids,
}

impl Maildir<MaildirSource> {
    /// A Maildir to read.
    pub fn source(root: &Path, findings: &Findings) -> Self {
        Self::over(MaildirSource::new(root), root, findings)
    }
}

impl Maildir<MaildirTarget> {
    /// A Maildir to write, made when it is not there.
    pub fn target(root: &Path, findings: &Findings) -> Self {
        Self::over(MaildirTarget::new(root, Options::default()), root, findings)
    }
}

impl<M: maildir_sync::Source> Maildir<M> {
    fn over(mail: M, root: &Path, findings: &Findings) -> Self {
        Self {
            mail,
            root: root.to_owned(),
            opened: None,
            begun: VecDeque::new(),
            body: None,
            findings: findings.clone(),
            appended: Vec::new(),
        }
    }

    /// Opens and lists a folder.
    fn list_folder(&mut self, name: &FolderName) -> Result<Selected, Error> {
        let folder = names::to_maildir(name)?;
        let (listed, findings) = self.mail.list(&folder).map_err(|error| fault(name, &error))?;
        self.findings.again(&folder, findings);
        let mut messages = BTreeMap::new();
        for message in listed.messages.into_values() {
            let mut key = keys::key(&message.unique);
            while messages.contains_key(&key) {
                key.0 = key.0.wrapping_add(1);
            }
            messages.insert(key, message);
        }
        let next = messages.keys().next_back().map_or(keys::FIRST, |last| ItemKey(last.0.saturating_add(1)));
        let next = next.max(keys::FIRST);
        let state = State { validity: VALIDITY, next, count: messages.len() as u64, mark: 0 };
        let permanent = flags::permanent(&listed.keywords);
        let (name, keywords) = (name.clone(), listed.keywords);
        let durable = messages.is_empty();
        let uids = match self.opened.take() {
            Some(opened) if opened.name == name => opened.uids,
            _ => Uids::default(),
        };
        self.opened = Some(OpenFolder { name, folder, messages, keywords, durable, uids });
        Ok(Selected { state, permanent })
    }

    /// An item; its date and size only where they are wanted, for the size may have to be counted.
    fn whole(&mut self, folder: &maildir_sync::FolderName, message: &Message, whole: bool) -> Item {
        match whole {
            true => self.item(folder, message),
            false => Item { flags: Some(flags::of(message)), ..Item::default() },
        }
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

    pub(super) fn find(
        &mut self,
        folder: &maildir_sync::FolderName,
        message: &Message,
        severity: Severity,
        reason: String,
    ) {
        let finding = Finding { folder: folder.clone(), file: message.path_text(folder), reason, severity };
        self.findings.add(finding);
    }

    /// A message of the open folder, put together.
    fn fetch(&mut self, key: ItemKey) -> Option<(SpooledTempFile, u64)> {
        let opened = self.opened.as_ref()?;
        let (folder, message) = (opened.folder.clone(), opened.messages.get(&key)?.clone());
        let mut spool = tempfile::spooled_tempfile(IN_MEMORY);
        let copied = io::copy(&mut self.served(&folder, &message)?, &mut spool);
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
        findings.into_iter().for_each(|finding| self.findings.add(finding));
        let subscribed =
            self.mail.subscriptions().map_err(|error| fault(&inbox, &error))?.unwrap_or_default();
        let mut folders = BTreeMap::new();
        for folder in found {
            match names::to_imap(&folder) {
                Some(name) => {
                    folders.insert(name.clone(), Folder::new(name));
                }
                None => {
                    let (file, severity) = (format!(".{folder}"), Severity::Failed);
                    let reason = "a second INBOX, which no server could show".to_owned();
                    self.findings.add(Finding { folder, file, reason, severity });
                }
            }
        }
        for name in subscribed.iter().filter_map(names::to_imap) {
            let mere = Folder { selectable: false, ..Folder::new(name.clone()) };
            folders.entry(name).or_insert(mere).subscribed = true;
        }
        Ok(folders.into_values().collect())
    }
}

impl<M: maildir_sync::Source + Send> Source for Maildir<M> {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.all_folders()
    }

    async fn select(&mut self, folder: &FolderName, _look: bool) -> Result<Selected, Error> {
        self.list_folder(folder)
    }

    async fn keys(&mut self) -> Result<KeySet, Error> {
        Ok(self.opened.iter().flat_map(|opened| opened.messages.keys().copied()).collect())
    }

    async fn changes(&mut self, _since: &State) -> Result<Option<Changes>, Error> {
        Ok(None)
    }

    async fn items(&mut self, keys: &KeySet, whole: bool) -> Result<Items, Error> {
        let Some(opened) = &self.opened else { return Ok(Items::new()) };
        let folder = opened.folder.clone();
        let wanted =
            |(key, message): (&ItemKey, &Message)| keys.contains(*key).then(|| (*key, message.clone()));
        let messages: Vec<(ItemKey, Message)> = opened.messages.iter().filter_map(wanted).collect();
        Ok(messages.iter().map(|(key, message)| (*key, self.whole(&folder, message, whole))).collect())
    }

    async fn headers(&mut self, keys: &KeySet) -> Result<BTreeMap<ItemKey, Header>, Error> {
        let mut headers = BTreeMap::new();
        for key in keys.iter() {
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

    async fn open(&mut self, keys: &KeySet) -> Result<(), Error> {
        self.body = None;
        self.begun = keys.iter().collect();
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

fn count(mut read: impl Read) -> io::Result<u64> {
    io::copy(&mut read, &mut io::sink())
}

pub(super) fn fault(name: &FolderName, error: &maildir_sync::Error) -> Error {
    Error::store(name.to_string(), error)
}

const VALIDITY: Validity = Validity(1);

/// Up to here a message is put together in memory.
pub(super) const IN_MEMORY: usize = 1 << 20;

pub(super) const CHUNK: usize = 64 << 10;

/// As much of a header as the engine looks at.
const MAX_HEADER: u64 = 256 << 10;
