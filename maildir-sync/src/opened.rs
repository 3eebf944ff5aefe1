//! A folder that is being written to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::disk;
use crate::dotlock::Dotlock;
use crate::error::{Error, Result};
use crate::folder::FolderName;
use crate::keywords::KeywordTable;
use crate::message::{Keywords, Message, Place, State, Subdir, path_text};
use crate::source::{KEYWORDS, MaildirSource};
use crate::store::Left;
use crate::uidlist_file::ListFile;
use crate::uidlist_plan::{Merge, Numbers, Obstacle};
use crate::unique::{FileName, Unique, printable};

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
    /// How long to wait for a folder's lock, `dovecot-uidlist.lock`. It has to be longer than the two minutes after which
    /// one that nobody gave back is stale.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { dir_mode: 0o700, file_mode: 0o600, durable: true, patience: Duration::from_secs(122) }
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

    /// The same options, with another time to wait for locks.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

/// The folder being written to.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) folder: FolderName,
    pub(crate) dir: PathBuf,
    pub(crate) places: BTreeMap<Unique, Place>,
    /// What lies in `tmp/`, and where it is to go.
    pub(crate) staged: BTreeMap<Unique, (PathBuf, Place)>,
    table: KeywordTable,
    /// Files whose date or name changed, to be made durable.
    touched: BTreeSet<PathBuf>,
    uids: ListFile,
}

impl Opened {
    /// The folder as it is, what a killed run left of ours removed.
    pub(crate) fn new(reader: &MaildirSource, folder: &FolderName) -> Result<Self> {
        let dir = reader.dir(folder);
        clear_leftovers(&dir)?;
        let (table, places) = (reader.keyword_table(folder)?, reader.places(folder)?);
        let (uids, folder) = (ListFile::of(&dir, reader.root()), folder.clone());
        let (staged, touched) = Default::default();
        Ok(Self { folder, dir, places, staged, table, touched, uids })
    }

    /// Gives these keywords letters, under the folder's lock; those for which there is none come back.
    pub(crate) fn add_keywords(&mut self, keywords: &[String], options: Options) -> Result<Vec<String>> {
        let (table, without) = with_keywords(&self.table, keywords);
        if table == self.table {
            return Ok(without);
        }
        let _lock = self.lock(options)?;
        let path = self.dir.join(KEYWORDS);
        self.table = KeywordTable::parse(&disk::read(&path)?.unwrap_or_default());
        let (table, without) = with_keywords(&self.table, keywords);
        if table != self.table {
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
    pub(crate) fn place_for(&mut self, message: &Message, options: Options) -> Result<Place> {
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
    pub(crate) fn set_state(&mut self, unique: &Unique, state: &State, options: Options) -> Result<bool> {
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

    /// Puts in place what was delivered and, if there are numbers, has the list say so before anybody else can number it: both
    /// happen under the folder's lock, the files first, for a record without a file would be taken for a message expunged.
    pub(crate) fn settle(&mut self, numbers: Option<&Numbers>, options: Options) -> Result<Left> {
        let expected = numbers.map(|numbers| self.uids.plan(numbers)).transpose()?.unwrap_or_default();
        if self.staged.is_empty() && self.touched.is_empty() && expected.is_empty() {
            return Ok((Vec::new(), expected.others));
        }
        let files: BTreeSet<PathBuf> =
            self.touched.iter().chain(self.staged.values().map(|(path, _)| path)).cloned().collect();
        self.sync(files.iter(), files.len(), options.durable)?;
        let lock = if expected.is_empty() { None } else { Some(self.lock(options)?) };
        self.touched.clear();
        let refused = self.put_in_place()?;
        let above = self.dir.parent().filter(|_| !self.folder.is_inbox()).map(Path::to_owned);
        let parents = [self.dir.join("cur"), self.dir.join("new"), self.dir.clone()];
        self.sync(parents.iter().chain(&above), files.len(), options.durable)?;
        let others = match (lock, numbers) {
            (Some(lock), Some(numbers)) => self.number(&lock, numbers, options)?,
            _ => expected.others,
        };
        Ok((refused, others))
    }

    fn put_in_place(&mut self) -> Result<Vec<(Unique, Error)>> {
        let mut refused = Vec::new();
        for (unique, (path, place)) in std::mem::take(&mut self.staged) {
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
        Ok(refused)
    }

    /// Writes the list, with those messages that are there.
    fn number(
        &mut self,
        lock: &Dotlock,
        numbers: &Numbers,
        options: Options,
    ) -> Result<Vec<(Unique, Obstacle)>> {
        let mut numbers = numbers.clone();
        numbers.uids.retain(|unique, _| self.places.contains_key(unique));
        let merge: Merge = self.uids.plan(&numbers)?;
        if !lock.is_held()? {
            return Err(lock.lost());
        }
        match self.uids.write(&merge, options.file_mode, options.durable) {
            Ok(()) => self.sync([&self.dir].into_iter(), 1, options.durable).map(|()| merge.others),
            // The mail is there, and a server has no more room to number it than we have.
            Err(error) if error.is_full() => {
                let records = merge.records.into_values().map(|unique| (unique, Obstacle::Full));
                Ok(merge.others.into_iter().chain(records).collect())
            }
            Err(error) => Err(error),
        }
    }

    fn lock(&self, options: Options) -> Result<Dotlock> {
        self.uids.lock(options.file_mode, options.patience)
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

fn with_keywords(table: &KeywordTable, keywords: &[String]) -> (KeywordTable, Vec<String>) {
    let mut table = table.clone();
    let without = keywords.iter().filter(|name| table.add(name).is_none()).cloned().collect();
    (table, without)
}

fn clear_leftovers(dir: &Path) -> Result<()> {
    let tmp = dir.join("tmp");
    for name in disk::names(&tmp)?.unwrap_or_default() {
        if name.ends_with(disk::OURS) {
            disk::remove(&disk::join(&tmp, &name))?;
        }
    }
    ListFile::clear_leftover(dir)?;
    disk::remove(&disk::beside(&dir.join(KEYWORDS)))
}

/// Up to here a batch is made durable file by file, which disturbs the rest of the machine less.
const FEW: usize = 8;
