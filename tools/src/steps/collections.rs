//! What calendars and address books have in common: files of items on one side, collections of one file an item on the other.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use mailferry_journal::Scope;

use crate::error::{Error, Result};
use crate::files::home::component;
use crate::files::vdir::Collection;
use crate::job::{Job, Mode, Writer};
use crate::report::{Report, Verdict};
use crate::steps::shelf::{Kind, shelve};

/// A file of the source and the collection it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The file.
    pub path: PathBuf,
    /// The collection's name.
    pub collection: String,
}

/// What lies at an account's place.
#[derive(Debug, Default)]
pub struct Found {
    /// Files of this kind.
    pub files: Vec<SourceFile>,
    /// What else lies in the folder.
    pub others: Vec<PathBuf>,
}

/// The files at an account's place: the file itself, or those of a folder. `None` when there is nothing; what is there and
/// cannot be looked at is an error.
pub fn find_files<K: Kind>(place: &Path) -> Result<Option<Found>> {
    match place.metadata() {
        Ok(found) if found.is_dir() => list_folder::<K>(place).map(Some),
        // A link to nowhere is there; reading it tells the rest.
        Err(error) if error.kind() == ErrorKind::NotFound && place.symlink_metadata().is_err() => Ok(None),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(place, error)),
        _ => {
            let file = SourceFile { path: place.to_owned(), collection: K::SINGLE.to_owned() };
            Ok(Some(Found { files: vec![file], others: Vec::new() }))
        }
    }
}

fn list_folder<K: Kind>(place: &Path) -> Result<Found> {
    let mut found = Found::default();
    for entry in std::fs::read_dir(place).map_err(|e| Error::io(place, e))? {
        let path = entry.map_err(|e| Error::io(place, e))?.path();
        let extension = path.extension().map(|ext| ext.to_string_lossy().to_lowercase()).unwrap_or_default();
        if K::SOURCES.contains(&extension.as_str()) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            found.files.push(SourceFile { collection: format!("{}-{}", K::SINGLE, component(&stem)), path });
        } else {
            found.others.push(path);
        }
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    found.others.sort();
    Ok(found)
}

/// Brings all that lies at an account's place, and tells whether there was anything.
pub fn bring_all<K: Kind>(
    job: &Job<'_>,
    account: &str,
    place: &Path,
    folder: &Path,
    report: &mut Report,
) -> Result<bool> {
    let mut missing: BTreeSet<Vec<u8>> = match job.journal {
        Some(journal) => journal.collections(account, K::NAME)?.into_iter().collect(),
        None => BTreeSet::new(),
    };
    let found = find_files::<K>(place)?;
    let there = found.is_some();
    let found = found.unwrap_or_default();
    let mut writer = Writer { step: K::STEP, account, report };
    if found.files.is_empty() && missing.is_empty() {
        writer.line(Verdict::Excluded, K::NAME, place.display().to_string(), "there is no such file");
    }
    for other in &found.others {
        let other = other.display().to_string();
        writer.line(Verdict::Excluded, &*other, &*other, format!("not a file of {}", K::STEP));
    }
    let (files, twins) = part_twins(found.files);
    missing.retain(|name| !files.iter().chain(&twins).any(|file| file.collection.as_bytes() == name));
    for twin in twins {
        let reason = "another file would become the same collection; rename one of them";
        writer.line(Verdict::Failed, twin.collection, twin.path.display().to_string(), reason);
    }
    for collection in missing {
        let collection = String::from_utf8_lossy(&collection).into_owned();
        let reason = "its file was there before, and is not there now";
        writer.line(Verdict::Failed, collection, place.display().to_string(), reason);
    }
    for file in files {
        bring::<K>(job, account, &file, Some(folder), report)?;
    }
    Ok(there)
}

/// Parts the files whose collection no other file becomes from those that would run into one another.
pub fn part_twins(files: Vec<SourceFile>) -> (Vec<SourceFile>, Vec<SourceFile>) {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for file in &files {
        *times.entry(file.collection.clone()).or_default() += 1;
    }
    files.into_iter().partition(|file| times.get(&file.collection) == Some(&1))
}

/// Checks, plans, applies or verifies one file and its collection. `folder` is where collections lie; `None` when only the
/// source is checked.
pub fn bring<K: Kind>(
    job: &Job<'_>,
    account: &str,
    file: &SourceFile,
    folder: Option<&Path>,
    report: &mut Report,
) -> Result<()> {
    report.touch(K::STEP);
    let name = file.path.display().to_string();
    let mut writer = Writer { step: K::STEP, account, report };
    let bytes = match std::fs::read(&file.path) {
        Ok(bytes) => bytes,
        Err(error) => {
            writer.line(Verdict::Failed, name.clone(), name, error.to_string());
            return Ok(());
        }
    };
    if bytes.trim_ascii().is_empty() {
        let scope = Scope::new(account, K::NAME, file.collection.as_bytes());
        let filled = job
            .journal
            .map(|journal| journal.facts(&scope))
            .transpose()?
            .is_some_and(|facts| !facts.is_empty());
        match filled {
            true => writer.line(Verdict::Failed, &*name, &*name, "the file is empty; it was not before"),
            false => writer.line(Verdict::Excluded, &*name, &*name, "the file is empty"),
        }
        return Ok(());
    }
    let mut contents = K::read(&name, &bytes);
    for finding in std::mem::take(&mut contents.findings) {
        match finding.failed {
            true => writer.line(Verdict::Failed, finding.item, finding.place, finding.reason),
            false => writer.note(finding.item, finding.place, finding.reason),
        }
    }
    let Some(folder) = folder.filter(|_| job.mode != Mode::Check) else {
        contents
            .elements
            .iter()
            .for_each(|element| writer.line(Verdict::Unchanged, &*element.name, &*name, ""));
        return Ok(());
    };
    let collection = Collection::at(folder.join(&file.collection), K::EXTENSION);
    shelve::<K>(job, contents, &file.collection, &collection, &mut writer)
}
