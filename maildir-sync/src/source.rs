//! A Maildir++ tree on local disk, to read from.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::disk::{self, Kind};
use crate::error::{Error, Result};
use crate::folder::FolderName;
use crate::keywords::KeywordTable;
use crate::message::{Finding, Listing, Message, Place, Severity, Subdir, path_text};
use crate::store::Source;
use crate::subscriptions::{parse_courier, parse_dovecot};
use crate::unique::{FileName, Unique, printable};

/// What lies in a Maildir beside the mail and is never carried over: half-written messages, Dovecot's caches and UID
/// state, quotas, search indexes. A name ending in `*` stands for everything that begins so.
pub const NEVER_COPIED: &[&str] = &[
    "tmp/",
    "courierimapuiddb",
    "courierpop3dsizelist",
    "dovecot-uidlist*",
    "dovecot-uidvalidity*",
    "dovecot.index*",
    "dovecot.list.index*",
    "dovecot.mailbox.log*",
    "fts-flatcurve/",
    "lucene-indexes/",
    "maildirsize",
    "xapian-indexes/",
];

/// A Maildir++ tree on local disk. Nothing in it is written, locked or renamed.
#[derive(Clone, Debug)]
pub struct MaildirSource {
    root: PathBuf,
}

impl MaildirSource {
    /// The tree whose INBOX is `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The tree's INBOX.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn dir(&self, folder: &FolderName) -> PathBuf {
        disk::join(&self.root, &folder.dir_name())
    }

    /// Where the messages of a folder sit, by name; of two with one name the one in `cur/`.
    pub(crate) fn places(&self, folder: &FolderName) -> Result<BTreeMap<Unique, Place>> {
        let mut places = BTreeMap::new();
        for (subdir, file) in self.files(folder)?.unwrap_or_default() {
            if let Ok(name) = FileName::parse(&file) {
                places.entry(name.unique).or_insert(Place { subdir, file });
            }
        }
        Ok(places)
    }

    pub(crate) fn keyword_table(&self, folder: &FolderName) -> Result<KeywordTable> {
        let bytes = disk::read(&self.dir(folder).join(KEYWORDS))?;
        Ok(KeywordTable::parse(&bytes.unwrap_or_default()))
    }

    /// The folders that are there, in order; INBOX is among them only if it is.
    pub(crate) fn present(&self) -> Result<(Vec<FolderName>, Vec<Finding>)> {
        // The root itself may be a link: it is what the caller named.
        let entries = disk::names(&self.root.join("."))?.unwrap_or_default();
        let inbox = self.files(&FolderName::inbox())?.map(|_| FolderName::inbox());
        let mut folders: Vec<FolderName> = inbox.into_iter().collect();
        let mut findings = Vec::new();
        for name in entries {
            match self.look_at(&name)? {
                Found::Folder(folder) => folders.push(folder),
                Found::Finding(finding) => findings.push(finding),
                Found::Nothing => {}
            }
        }
        folders.sort();
        Ok((folders, findings))
    }

    /// The names in `cur/` and `new/`; `None` when neither is there. `new/` is read first: what a reader moves to
    /// `cur/` meanwhile is then seen twice, which can be told, and not missed, which cannot.
    pub(crate) fn files(&self, folder: &FolderName) -> Result<Option<Files>> {
        let dir = self.dir(folder);
        if !folder.is_inbox() && !disk::is_dir(&dir)? {
            return Ok(None);
        }
        let new = disk::names(&dir.join(Subdir::New.name()))?;
        let cur = disk::names(&dir.join(Subdir::Cur.name()))?;
        if new.is_none() && cur.is_none() {
            return Ok(None);
        }
        let new = new.unwrap_or_default().into_iter().map(|file| (Subdir::New, file));
        let cur = cur.unwrap_or_default().into_iter().map(|file| (Subdir::Cur, file));
        Ok(Some(new.chain(cur).collect()))
    }

    fn path(&self, folder: &FolderName, place: &Place) -> PathBuf {
        disk::join(&self.dir(folder).join(place.subdir.name()), &place.file)
    }

    /// Opens a message where it was listed, or wherever it was renamed to since.
    fn open_file(&self, folder: &FolderName, message: &Message) -> Result<std::fs::File> {
        let vanished = || Error::Vanished { place: message.path_text(folder) };
        if !message.place.file.is_empty()
            && let Some(file) = disk::open(&self.path(folder, &message.place))?
        {
            return Ok(file);
        }
        let unique = FileName::parse(&message.place.file).map_or(message.unique.clone(), |name| name.unique);
        let place = self.places(folder)?.remove(&unique).ok_or_else(vanished)?;
        disk::open(&self.path(folder, &place))?.ok_or_else(vanished)
    }
}

impl Source for MaildirSource {
    fn folders(&mut self) -> Result<(Vec<FolderName>, Vec<Finding>)> {
        let (folders, findings) = self.present()?;
        if folders.first().is_some_and(FolderName::is_inbox) {
            return Ok((folders, findings));
        }
        Err(Error::NotMaildir { path: self.root.clone() })
    }

    fn list(&mut self, folder: &FolderName) -> Result<(Listing, Vec<Finding>)> {
        let files = self.files(folder)?.ok_or_else(|| Error::NotMaildir { path: self.dir(folder) })?;
        Scan::new(self, folder)?.run(&files)
    }

    fn open(&mut self, folder: &FolderName, message: &Message) -> Result<Box<dyn Read>> {
        Ok(Box::new(self.open_file(folder, message)?))
    }

    fn subscriptions(&mut self) -> Result<Option<Vec<FolderName>>> {
        if let Some(bytes) = disk::read(&self.root.join(SUBSCRIPTIONS))? {
            return Ok(Some(parse_dovecot(&bytes)));
        }
        let courier = disk::read(&self.root.join("courierimapsubscribed"))?;
        Ok(courier.map(|bytes| parse_courier(&bytes)))
    }
}

/// The files of a folder, those of `cur/` first.
pub(crate) type Files = BTreeSet<(Subdir, Vec<u8>)>;

enum Found {
    Folder(FolderName),
    Finding(Finding),
    Nothing,
}

impl MaildirSource {
    /// What an entry beside `cur/` is: a folder, something that should be named, or nothing of ours. What cannot be
    /// looked at may hold mail.
    fn look_at(&self, name: &[u8]) -> Result<Found> {
        let path = disk::join(&self.root, name);
        let named = FolderName::from_dir_name(name);
        let finding = |severity, reason: &str| {
            let (folder, file) = (named.clone().unwrap_or_default(), printable(name));
            Found::Finding(Finding { folder, file, reason: reason.to_owned(), severity })
        };
        let failed = |reason: &str| finding(Severity::Failed, reason);
        let kind = disk::stat(&path)?.map(|stat| stat.kind);
        if is_never_copied(name) || !matches!(kind, Some(Kind::Directory | Kind::Link)) {
            return Ok(Found::Nothing);
        }
        if let (Some(Kind::Directory), Some(folder)) = (kind, &named) {
            return Ok(match self.files(folder) {
                Ok(Some(_)) => Found::Folder(folder.clone()),
                Ok(None) => finding(Severity::Note, "not a mail folder: neither cur nor new is there"),
                Err(error) => failed(&error.to_string()),
            });
        }
        Ok(match disk::has_mail(&path) {
            Ok(true) if named.is_some() => failed("a folder behind a symbolic link, which is not followed"),
            Ok(true) => failed("a mail folder whose name has no leading dot: not the Maildir++ layout"),
            Ok(false) => Found::Nothing,
            // A link that leads nowhere, and not under the name of a folder.
            Err(error) if named.is_none() && error.is_absence() => Found::Nothing,
            Err(error) => failed(&format!("it may be a folder, but {error}")),
        })
    }
}

/// One folder being listed.
struct Scan<'a> {
    source: &'a MaildirSource,
    folder: &'a FolderName,
    table: KeywordTable,
    /// The messages of each name, usually one.
    found: BTreeMap<Unique, Vec<Message>>,
    findings: Vec<Finding>,
}

impl<'a> Scan<'a> {
    fn new(source: &'a MaildirSource, folder: &'a FolderName) -> Result<Self> {
        let table = source.keyword_table(folder)?;
        Ok(Self { source, folder, table, found: BTreeMap::new(), findings: Vec::new() })
    }

    fn run(mut self, files: &Files) -> Result<(Listing, Vec<Finding>)> {
        let mut vanished = BTreeSet::new();
        for (subdir, file) in files {
            if !self.file(*subdir, file)? {
                vanished.extend(FileName::parse(file).map(|name| name.unique));
            }
        }
        self.look_again(files, &vanished)?;
        let mut listing = Listing { keywords: self.table.names().collect(), ..Listing::default() };
        for (unique, messages) in std::mem::take(&mut self.found) {
            for message in self.told_apart(&unique, messages)? {
                listing.insert(message);
            }
        }
        Ok((listing, self.findings))
    }

    /// Files renamed since the names were read are looked up once more under their unique part.
    fn look_again(&mut self, files: &Files, vanished: &BTreeSet<Unique>) -> Result<()> {
        if vanished.is_empty() {
            return Ok(());
        }
        for (unique, Place { subdir, file }) in self.source.places(self.folder)? {
            if vanished.contains(&unique) && !files.contains(&(subdir, file.clone())) {
                self.file(subdir, &file)?;
            }
        }
        Ok(())
    }

    /// Takes one file in; `false` when it is gone.
    fn file(&mut self, subdir: Subdir, file: &[u8]) -> Result<bool> {
        let place = Place { subdir, file: file.to_vec() };
        if file.starts_with(b".") {
            self.find(&place, Severity::Note, "begins with a dot: no message for any Maildir reader");
            return Ok(true);
        }
        let name = match FileName::parse(file) {
            Ok(name) => name,
            Err(error) => {
                self.find(&place, Severity::Failed, error.to_string());
                return Ok(true);
            }
        };
        let Some(stat) = disk::stat(&self.source.path(self.folder, &place))? else { return Ok(false) };
        match stat.kind {
            Kind::File => self.message(name, place, &stat)?,
            Kind::Directory => self.find(&place, Severity::Failed, "a directory where a message should be"),
            Kind::Link => self.find(&place, Severity::Failed, "a symbolic link, which is not followed"),
            Kind::Other => {
                self.find(&place, Severity::Failed, "a pipe, socket or device where a message should be");
            }
        }
        Ok(true)
    }

    fn message(&mut self, name: FileName, place: Place, stat: &disk::Stat) -> Result<()> {
        let (keywords, unnamed) = self.table.resolve(&name.letters);
        for letter in unnamed {
            let letter = char::from(letter);
            let reason = format!(
                "the keyword letter `{letter}` has no name in dovecot-keywords and is not carried over"
            );
            self.find(&place, Severity::Note, reason);
        }
        if !name.other.is_empty() {
            let reason = format!(
                "`{}` after the colon is not understood and not carried over",
                printable(&name.other)
            );
            self.find(&place, Severity::Note, reason);
        }
        if name.unique.as_bytes().contains(&b'\n') {
            self.find(&place, Severity::Note, "a line break in its name: Dovecot does not show it");
        }
        self.check_size(&name.unique, &place, stat.size)?;
        let flags = name.flags;
        let message = Message {
            unique: name.unique.clone(),
            flags,
            keywords,
            date: stat.mtime,
            size: stat.size,
            place,
        };
        self.found.entry(name.unique).or_default().push(message);
        Ok(())
    }

    /// Dovecot's quota code trusts the size in the name; compressed files rightly tell their plain size.
    fn check_size(&mut self, unique: &Unique, place: &Place, size: u64) -> Result<()> {
        let Some(told) = unique.told_size().filter(|&told| told != size) else { return Ok(()) };
        let mut start = Vec::new();
        if let Ok(Some(file)) = disk::open(&self.source.path(self.folder, place)) {
            // What cannot be read is named when its turn to be copied comes.
            file.take(8).read_to_end(&mut start).unwrap_or_default();
        }
        if !COMPRESSED.iter().any(|magic| start.starts_with(magic)) {
            self.find(place, Severity::Note, format!("its name tells {told} bytes, the file has {size}"));
        }
        Ok(())
    }

    /// Several files of one name are several messages. The oldest keeps the name, then what it holds decides; the others
    /// get names from what they hold, so that every run gives them the same.
    fn told_apart(&mut self, unique: &Unique, mut messages: Vec<Message>) -> Result<Vec<Message>> {
        if messages.len() < 2 {
            return Ok(messages);
        }
        messages.sort_by_cached_key(|message| {
            (message.date, self.digest(message), message.place.subdir, message.place.file.clone())
        });
        let mut names = BTreeSet::from([unique.clone()]);
        for message in messages.iter_mut().skip(1) {
            let digest = self.digest(message);
            let mut other = unique.marked(&format!("_{digest}"));
            for count in 2.. {
                if !names.contains(&other) && !self.found.contains_key(&other) {
                    break;
                }
                other = unique.marked(&format!("_{digest}_{count}"));
            }
            names.insert(other.clone());
            let reason = format!("shares its name with another message; carried over as {other}");
            self.find(&message.place, Severity::Note, reason);
            message.unique = other;
        }
        Ok(messages)
    }

    fn digest(&self, message: &Message) -> String {
        let mut hasher = blake3::Hasher::new();
        if let Ok(Some(file)) = disk::open(&self.source.path(self.folder, &message.place)) {
            // One that cannot be read sorts as empty and is named when its turn to be copied comes.
            hasher.update_reader(file).ok();
        }
        hasher.finalize().to_hex()[..12].to_owned()
    }

    fn find(&mut self, place: &Place, severity: Severity, reason: impl Into<String>) {
        let file = path_text(self.folder, place.subdir, &place.file);
        self.findings.push(Finding { folder: self.folder.clone(), file, reason: reason.into(), severity });
    }
}

fn is_never_copied(name: &[u8]) -> bool {
    NEVER_COPIED.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == known.trim_end_matches('/').as_bytes(),
    })
}

pub(crate) const KEYWORDS: &str = "dovecot-keywords";
pub(crate) const SUBSCRIPTIONS: &str = "subscriptions";

/// How compressed files begin: gzip, bzip2, xz, zstd and LZ4 as Dovecot writes them.
const COMPRESSED: [&[u8]; 5] = [b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"Dovecot-"];
