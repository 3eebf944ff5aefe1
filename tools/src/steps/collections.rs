//! What calendars and address books have in common: files of items on one side, collections of one file an item on the other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mailferry_journal::Scope;

use crate::error::{Error, Result};
use crate::files::vdir::{Collection, Properties, Write};
use crate::job::{Job, Mode, Writer};
use crate::report::{Report, Step, Verdict};
use crate::steps::carry::{Engine, Failure, carry};

/// Calendars, or address books.
pub trait Kind {
    /// The crate that plans them.
    type Engine: Engine;
    /// Their step.
    const STEP: Step;
    /// Their name in the journal.
    const NAME: &'static str;
    /// The extension of an item's file.
    const EXTENSION: &'static str;
    /// The extensions of source files.
    const SOURCES: &'static [&'static str];
    /// The name of an account's only collection.
    const SINGLE: &'static str;

    /// Reads a file of the source, or of the target.
    fn read(file: &str, bytes: &[u8]) -> Contents<Self::Engine>;
}

/// What a file holds.
pub struct Contents<E: Engine> {
    /// Its items.
    pub elements: Vec<Element<E>>,
    /// What makes a collection of it.
    pub properties: Properties,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// One item of a file.
pub struct Element<E: Engine> {
    /// Its identity.
    pub key: E::Key,
    /// As its crate lists it.
    pub item: E::Item,
    /// For people.
    pub name: String,
    /// Its file's name without extension.
    pub stem: String,
    /// Its file's content.
    pub bytes: Vec<u8>,
}

/// Something wrong with a file, or worth knowing of it.
pub struct Finding {
    /// Whether an item is lost by it.
    pub failed: bool,
    /// Which item.
    pub item: String,
    /// Where.
    pub place: String,
    /// What.
    pub reason: String,
}

/// A file of the source and the collection it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The file.
    pub path: PathBuf,
    /// The collection's name.
    pub collection: String,
}

/// The files at an account's place: the file itself, or those of a folder. `None` when there is nothing.
pub fn find_files<K: Kind>(place: &Path) -> Result<Option<Vec<SourceFile>>> {
    if place.is_dir() {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(place).map_err(|e| Error::io(place, e))? {
            let path = entry.map_err(|e| Error::io(place, e))?.path();
            let extension =
                path.extension().map(|ext| ext.to_string_lossy().to_lowercase()).unwrap_or_default();
            if K::SOURCES.contains(&extension.as_str()) {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                files.push(SourceFile {
                    collection: format!("{}-{}", K::SINGLE, crate::files::home::component(&stem)),
                    path,
                });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        return Ok(Some(files));
    }
    let exists = place.symlink_metadata().is_ok();
    Ok(exists.then(|| vec![SourceFile { path: place.to_owned(), collection: K::SINGLE.to_owned() }]))
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
    let contents = K::read(&name, &bytes);
    for finding in contents.findings {
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
    Shelf::<K>::new(contents.elements).bring(job, file, &collection, &contents.properties, &mut writer)
}

/// The items of one source file, on their way into a collection.
struct Shelf<K: Kind> {
    wanted: BTreeMap<<K::Engine as Engine>::Key, Wanted>,
    items: Vec<(<K::Engine as Engine>::Key, <K::Engine as Engine>::Item)>,
}

struct Wanted {
    name: String,
    stem: String,
    bytes: Vec<u8>,
}

impl<K: Kind> Shelf<K> {
    fn new(elements: Vec<Element<K::Engine>>) -> Self {
        let mut shelf = Self { wanted: BTreeMap::new(), items: Vec::new() };
        for Element { key, item, name, stem, bytes } in elements {
            shelf.wanted.entry(key.clone()).or_insert(Wanted { name, stem, bytes });
            shelf.items.push((key, item));
        }
        shelf
    }

    fn bring(
        self,
        job: &Job<'_>,
        file: &SourceFile,
        collection: &Collection,
        properties: &Properties,
        writer: &mut Writer<'_>,
    ) -> Result<()> {
        let scope = Scope::new(writer.account, K::NAME, file.collection.as_bytes());
        let path = collection.path();
        if job.mode == Mode::Run
            && let Err(error) = collection.prepare(properties)
        {
            for wanted in self.wanted.into_values() {
                writer.line(Verdict::Failed, wanted.name, path.display().to_string(), error.to_string());
            }
            return Ok(());
        }
        let Self { wanted, items } = self;
        let source = K::Engine::listing(items);
        let there = collection.read().map_err(|e| Error::io(path, e))?;
        let (target, files, names) = held::<K>(path, &there, writer);
        let mut write = |batch: &[(<K::Engine as Engine>::Key, <K::Engine as Engine>::Digest)]| {
            let writes: Vec<Write> = batch
                .iter()
                .filter_map(|(key, _)| {
                    let new = wanted.get(key)?;
                    let name =
                        files.get(key).cloned().unwrap_or_else(|| format!("{}.{}", new.stem, K::EXTENSION));
                    Some(Write { name, bytes: new.bytes.clone(), replaces: files.contains_key(key) })
                })
                .collect();
            let outcomes = collection.write(&writes).into_iter().zip(batch).zip(&writes);
            outcomes
                .map(|((done, (_, digest)), write)| {
                    done.map(|()| *digest).map_err(|e| failure(&e, path, &write.name))
                })
                .collect()
        };
        for line in carry::<K::Engine>(job, &scope, &source, &target, &|_| true, &mut write)? {
            let name = wanted.get(&line.key).map(|wanted| &wanted.name).or_else(|| names.get(&line.key));
            let place = match files.get(&line.key) {
                Some(file) if !wanted.contains_key(&line.key) => path.join(file).display().to_string(),
                _ => line.place,
            };
            writer.line(
                line.verdict,
                name.cloned().unwrap_or_else(|| line.key.to_string()),
                place,
                line.reason,
            );
        }
        Ok(())
    }
}

type Held<K> = (
    <<K as Kind>::Engine as Engine>::Listing,
    BTreeMap<<<K as Kind>::Engine as Engine>::Key, String>,
    BTreeMap<<<K as Kind>::Engine as Engine>::Key, String>,
);

/// What a collection holds, in which files, under which names for people.
fn held<K: Kind>(path: &Path, there: &[(String, Vec<u8>)], writer: &mut Writer<'_>) -> Held<K> {
    let (mut items, mut files, mut names) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for (file, bytes) in there {
        let place = path.join(file).display().to_string();
        let contents = K::read(&place, bytes);
        if contents.elements.is_empty() {
            writer.note(file.clone(), place, "on the target, and not readable; left alone");
        }
        for element in contents.elements {
            files.entry(element.key.clone()).or_insert_with(|| file.clone());
            names.entry(element.key.clone()).or_insert(element.name);
            items.push((element.key, element.item));
        }
    }
    (K::Engine::listing(items), files, names)
}

fn failure(error: &std::io::Error, path: &Path, name: &str) -> Failure {
    let transient = matches!(error.kind(), std::io::ErrorKind::Interrupted | std::io::ErrorKind::WouldBlock);
    Failure { reason: format!("{}: {error}", path.join(name).display()), transient }
}
