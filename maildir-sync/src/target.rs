//! A Maildir++ tree on local disk, to write to.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::{Error, Result};
use crate::folder::FolderName;
use crate::message::{Finding, Listing, Message, State, Subdir, path_text};
use crate::opened::Opened;
pub use crate::opened::Options;
use crate::source::{MaildirSource, SUBSCRIPTIONS};
use crate::store::{Left, Source, Target};
use crate::subscriptions::{add_dovecot, parse_dovecot};
use crate::uidlist_plan::Numbers;
use crate::unique::Unique;

/// A Maildir++ tree on local disk, to write to.
///
/// A message is written to `tmp/` under a name that marks it as ours; [`settle`](Target::settle) makes the whole batch
/// durable, renames it into `cur/` or `new/`, never over a file, and makes that durable too. So a power cut leaves
/// whole messages only, and what a killed run left in `tmp/` is cleared by the next that writes to the folder.
#[derive(Debug)]
pub struct MaildirTarget {
    reader: MaildirSource,
    options: Options,
    opened: Option<Opened>,
}

impl MaildirTarget {
    /// The tree whose INBOX is (or will be) `root`.
    pub fn new(root: impl Into<PathBuf>, options: Options) -> Self {
        Self { reader: MaildirSource::new(root), options, opened: None }
    }

    /// Whether the tree's root is there at all; one that cannot be looked at is an error.
    pub fn is_there(&self) -> Result<bool> {
        Ok(disk::stat(&self.reader.root().join("."))?.is_some())
    }

    /// Whether `create_folder` was killed over it: an empty `new/` and no `cur/` yet.
    fn is_half_made(&self, folder: &FolderName) -> Result<bool> {
        let cur = self.reader.dir(folder).join(Subdir::Cur.name());
        Ok(!disk::is_dir(&cur)? && self.reader.files(folder)?.is_none_or(|files| files.is_empty()))
    }

    fn open_folder(&mut self, folder: &FolderName) -> Result<&mut Opened> {
        if self.opened.as_ref().is_none_or(|opened| opened.folder != *folder) {
            let dir = self.reader.dir(folder);
            for name in SUBDIRS {
                disk::make_dir(&dir.join(name), self.options.dir_mode)?;
            }
            self.opened = Some(Opened::new(&self.reader, folder)?);
        }
        Ok(self.opened.as_mut().expect("opened just above"))
    }
}

impl Source for MaildirTarget {
    /// Folders that lack some of `cur`, `new` and `tmp`, as a backup without empty directories gives them back, are
    /// there; INBOX need not be for the others to be. A folder that cannot be looked at is a finding, not an absence.
    fn folders(&mut self) -> Result<(Vec<FolderName>, Vec<Finding>)> {
        let (found, findings) = self.reader.present()?;
        let mut folders = Vec::new();
        for folder in found {
            if !self.is_half_made(&folder)? {
                folders.push(folder);
            }
        }
        Ok((folders, findings))
    }

    fn list(&mut self, folder: &FolderName) -> Result<(Listing, Vec<Finding>)> {
        match self.reader.list(folder) {
            Err(Error::NotMaildir { .. }) => Ok(Default::default()),
            listed => listed,
        }
    }

    fn open(&mut self, folder: &FolderName, message: &Message) -> Result<Box<dyn Read>> {
        self.reader.open(folder, message)
    }

    fn subscriptions(&mut self) -> Result<Option<Vec<FolderName>>> {
        let bytes = disk::read(&self.reader.root().join(SUBSCRIPTIONS))?;
        Ok(bytes.map(|bytes| parse_dovecot(&bytes)))
    }
}

impl Target for MaildirTarget {
    /// `cur` comes last, so that a folder made by half is known as such.
    fn create_folder(&mut self, folder: &FolderName) -> Result<()> {
        let dir = self.reader.dir(folder);
        if folder.is_inbox() {
            disk::make_parents(&dir, self.options.dir_mode)?;
        }
        disk::make_dir(&dir, self.options.dir_mode)?;
        let marker = dir.join("maildirfolder");
        if !folder.is_inbox() && disk::stat(&marker)?.is_none() {
            disk::create(&marker, self.options.file_mode)?;
        }
        SUBDIRS.iter().try_for_each(|name| disk::make_dir(&dir.join(name), self.options.dir_mode))
    }

    fn prepare(&mut self, folder: &FolderName, keywords: &[String]) -> Result<Vec<String>> {
        self.opened = None;
        let options = self.options;
        let opened = self.open_folder(folder)?;
        opened.add_keywords(keywords, options)
    }

    fn deliver(&mut self, folder: &FolderName, message: &Message, body: &mut dyn Read) -> Result<u64> {
        let options = self.options;
        let opened = self.open_folder(folder)?;
        let place = opened.place_for(message, options)?;
        let path = opened.dir.join("tmp").join(tmp_name(&message.unique));
        let mut file = disk::create(&path, options.file_mode)?;
        let written = fill(&path, &mut file, message, folder, body);
        match written.and_then(|count| disk::date(&path, &file, message.date).map(|()| count)) {
            Ok(count) => {
                opened.staged.insert(message.unique.clone(), (path, place));
                Ok(count)
            }
            Err(error) => {
                // The first error is the one to tell; what cannot be removed now is cleared by the next run.
                disk::remove(&path).unwrap_or_default();
                Err(error)
            }
        }
    }

    fn set_state(&mut self, folder: &FolderName, unique: &Unique, state: &State) -> Result<()> {
        let options = self.options;
        let reader = self.reader.clone();
        let opened = self.open_folder(folder)?;
        if !opened.set_state(unique, state, options)? {
            // Renamed by someone else since the folder was opened.
            opened.places = reader.places(folder)?;
            if !opened.set_state(unique, state, options)? {
                return Err(Error::Vanished { place: path_text(folder, Subdir::Cur, unique.as_bytes()) });
            }
        }
        Ok(())
    }

    fn settle(&mut self, folder: &FolderName) -> Result<Vec<(Unique, Error)>> {
        let options = self.options;
        match &mut self.opened {
            Some(opened) if opened.folder == *folder => Ok(opened.settle(None, options)?.0),
            _ => Ok(Vec::new()),
        }
    }

    fn settle_with_uids(&mut self, folder: &FolderName, numbers: &Numbers) -> Result<Left> {
        let options = self.options;
        self.open_folder(folder)?.settle(Some(numbers), options)
    }

    fn subscribe(&mut self, folders: &[FolderName]) -> Result<usize> {
        let path = self.reader.root().join(SUBSCRIPTIONS);
        let file = disk::read(&path)?;
        let (bytes, new) = add_dovecot(file.as_deref(), folders);
        if new > 0 {
            disk::replace(&path, &bytes, self.options.file_mode, self.options.durable)?;
        }
        Ok(new)
    }
}

/// Writes a body whole, which is as long as its message says.
fn fill(
    path: &Path,
    file: &mut File,
    message: &Message,
    folder: &FolderName,
    body: &mut dyn Read,
) -> Result<u64> {
    let mut buffer = vec![0; BUFFER];
    let mut found = 0;
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(Error::Body { place: message.path_text(folder), source }),
        };
        found += count as u64;
        if found > message.size {
            break;
        }
        disk::write(path, file, &buffer[..count])?;
    }
    if found == message.size {
        return Ok(found);
    }
    Err(Error::Size { place: message.path_text(folder), expected: message.size, found })
}

/// The same name in every run, recognisable as ours; a hash where the name would become too long.
fn tmp_name(unique: &Unique) -> PathBuf {
    let name = unique.as_bytes();
    let stem = if name.len() + disk::OURS.len() > LONGEST {
        blake3::hash(name).to_hex().as_bytes().to_vec()
    } else {
        name.to_vec()
    };
    disk::join(Path::new(""), &[&stem, disk::OURS].concat())
}

const SUBDIRS: [&str; 3] = ["tmp", "new", "cur"];

const BUFFER: usize = 64 << 10;

/// The longest file name of common file systems.
const LONGEST: usize = 255;
