//! A Maildir++ tree on local disk, to write to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::{Error, Result};
use crate::folder::FolderName;
use crate::keywords::KeywordTable;
use crate::message::{Finding, Keywords, Listing, Message, Place, State, Subdir, path_text};
use crate::source::{KEYWORDS, MaildirSource, SUBSCRIPTIONS};
use crate::store::{Source, Target};
use crate::subscriptions::{add_dovecot, parse_dovecot};
use crate::unique::{FileName, Unique, printable};

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

/// How files are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The mode of new directories.
    pub dir_mode: u32,
    /// The mode of new files.
    pub file_mode: u32,
    /// Whether a batch is written through to the disk. Without it a power cut, but not a killed process, may cost mail.
    pub durable: bool,
}

/// The folder being written to.
#[derive(Debug)]
struct Opened {
    folder: FolderName,
    dir: PathBuf,
    table: KeywordTable,
    places: BTreeMap<Unique, Place>,
    /// What lies in `tmp/`, and where it is to go.
    staged: BTreeMap<Unique, (PathBuf, Place)>,
    /// Files whose date or name changed, to be made durable.
    touched: BTreeSet<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { dir_mode: 0o700, file_mode: 0o600, durable: true }
    }
}

impl Options {
    /// The same options with these modes.
    #[must_use]
    pub fn with_modes(self, dir_mode: u32, file_mode: u32) -> Self {
        Self { dir_mode, file_mode, ..self }
    }

    /// The same options, with or without writing batches through to the disk.
    #[must_use]
    pub fn with_durable(self, durable: bool) -> Self {
        Self { durable, ..self }
    }
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
            clear_leftovers(&dir)?;
            let table = self.reader.keyword_table(folder)?;
            let places = self.reader.places(folder)?;
            let (staged, touched) = Default::default();
            self.opened = Some(Opened { folder: folder.clone(), dir, table, places, staged, touched });
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
        let durable = self.options.durable;
        match &mut self.opened {
            Some(opened) if opened.folder == *folder => opened.settle(durable),
            _ => Ok(Vec::new()),
        }
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

impl Opened {
    fn add_keywords(&mut self, keywords: &[String], options: Options) -> Result<Vec<String>> {
        let mut table = self.table.clone();
        let without = keywords.iter().filter(|name| table.add(name).is_none()).cloned().collect();
        if table != self.table {
            let path = self.dir.join(KEYWORDS);
            disk::replace(&path, &table.to_bytes(), options.file_mode, options.durable)?;
            self.table = table;
        }
        Ok(without)
    }

    /// The letters of these keywords, new ones written to the table first.
    fn letters(&mut self, keywords: &Keywords, options: Options) -> Result<Vec<u8>> {
        let names: Vec<String> = keywords.iter().cloned().collect();
        if let Some(name) = self.add_keywords(&names, options)?.pop() {
            return Err(Error::BadName {
                name,
                reason: "no keyword letter is left in the folder, or it cannot have one",
            });
        }
        let mut letters: Vec<u8> = names.iter().filter_map(|name| self.table.letter(name)).collect();
        letters.sort_unstable();
        letters.dedup();
        Ok(letters)
    }

    /// Where a message goes: to `new/` if nobody has seen it yet and it has no state, else to `cur/`.
    fn place_for(&mut self, message: &Message, options: Options) -> Result<Place> {
        if self.places.contains_key(&message.unique) || self.staged.contains_key(&message.unique) {
            return Err(Error::Occupied { place: message.path_text(&self.folder) });
        }
        let letters = self.letters(&message.keywords, options)?;
        let unique = message.unique.clone();
        if message.place.subdir == Subdir::New && message.flags.is_empty() && letters.is_empty() {
            return Ok(Place { subdir: Subdir::New, file: unique.as_bytes().to_vec() });
        }
        let name = FileName { unique, flags: message.flags, letters, other: Vec::new(), foreign: false };
        Ok(Place { subdir: Subdir::Cur, file: name.to_bytes() })
    }

    /// Sets the date, then renames; `false` when the file is not where it was.
    fn set_state(&mut self, unique: &Unique, state: &State, options: Options) -> Result<bool> {
        let Some(place) = self.places.get(unique).cloned() else { return Ok(false) };
        let mut name = FileName::parse(&place.file)?;
        if name.foreign {
            let reason = "what follows its colon is not `2,` and is left alone";
            return Err(Error::BadName { name: printable(&place.file), reason });
        }
        let mut letters = self.letters(&state.keywords, options)?;
        letters.extend(name.letters.iter().filter(|&&letter| self.table.name(letter).is_none()));
        letters.sort_unstable();
        (name.flags, name.letters) = (state.flags, letters);
        let path = self.path(&place);
        let Some(file) = disk::open(&path)? else { return Ok(false) };
        disk::date(&path, &file, state.date)?;
        let unseen = place.subdir == Subdir::New && name.to_bytes().ends_with(b":2,");
        let new = if unseen { place.clone() } else { Place { subdir: Subdir::Cur, file: name.to_bytes() } };
        if new != place && !disk::place(&path, &self.path(&new))? {
            return Err(Error::Occupied { place: path_text(&self.folder, new.subdir, &new.file) });
        }
        self.touched.insert(self.path(&new));
        self.places.insert(unique.clone(), new);
        Ok(true)
    }

    fn settle(&mut self, durable: bool) -> Result<Vec<(Unique, Error)>> {
        let staged = std::mem::take(&mut self.staged);
        let mut files = std::mem::take(&mut self.touched);
        if staged.is_empty() && files.is_empty() {
            return Ok(Vec::new());
        }
        files.extend(staged.values().map(|(path, _)| path.clone()));
        self.sync(files.iter(), files.len(), durable)?;
        let mut refused = Vec::new();
        for (unique, (path, place)) in staged {
            match disk::place(&path, &self.path(&place)) {
                Ok(true) => {
                    self.places.insert(unique, place);
                }
                Ok(false) => {
                    disk::remove(&path)?;
                    let place = path_text(&self.folder, place.subdir, &place.file);
                    refused.push((unique, Error::Occupied { place }));
                }
                Err(error) => refused.push((unique, error)),
            }
        }
        let above = self.dir.parent().filter(|_| !self.folder.is_inbox()).map(Path::to_owned);
        let parents = [self.dir.join("cur"), self.dir.join("new"), self.dir.clone()];
        self.sync(parents.iter().chain(&above), files.len(), durable)?;
        Ok(refused)
    }

    /// A few files one by one, many by one call for the whole file system.
    fn sync<'a>(&self, paths: impl Iterator<Item = &'a PathBuf>, files: usize, durable: bool) -> Result<()> {
        match durable {
            false => Ok(()),
            true if files > FEW => disk::sync_all(&self.dir),
            true => paths.into_iter().try_for_each(|path| disk::sync(path)),
        }
    }

    fn path(&self, place: &Place) -> PathBuf {
        disk::join(&self.dir.join(place.subdir.name()), &place.file)
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

fn clear_leftovers(dir: &Path) -> Result<()> {
    let tmp = dir.join("tmp");
    for name in disk::names(&tmp)?.unwrap_or_default() {
        if name.ends_with(disk::OURS) {
            disk::remove(&disk::join(&tmp, &name))?;
        }
    }
    disk::remove(&disk::beside(&dir.join(KEYWORDS)))
}

const SUBDIRS: [&str; 3] = ["tmp", "new", "cur"];

/// Up to here a batch is made durable file by file, which disturbs the rest of the machine less.
const FEW: usize = 8;

const BUFFER: usize = 64 << 10;

/// The longest file name of common file systems.
const LONGEST: usize = 255;
