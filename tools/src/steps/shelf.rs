//! One file's items on their way into a collection of one file an item.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::Path;

use mailferry_journal::Scope;

use crate::error::{Error, Result};
use crate::files::vdir::{Collection, Properties, Write};
use crate::job::{Job, Mode, Writer};
use crate::report::{Step, Verdict};
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

/// The key of an item of this kind.
pub type KeyOf<K> = <<K as Kind>::Engine as Engine>::Key;

/// The digest of an item of this kind.
pub type DigestOf<K> = <<K as Kind>::Engine as Engine>::Digest;

/// Plans, and as the job says applies or compares, one file's items and the collection called `name`.
pub fn shelve<K: Kind>(
    job: &Job<'_>,
    contents: Contents<K::Engine>,
    name: &str,
    collection: &Collection,
    writer: &mut Writer<'_>,
) -> Result<()> {
    let scope = Scope::new(writer.account, K::NAME, name.as_bytes());
    let path = collection.path();
    if job.is_gone(path, |journal| Ok(!journal.facts(&scope)?.is_empty()))? {
        let reason = "the collection that was filled here is gone as a whole; --restore fills it again";
        writer.line(Verdict::Failed, name, path.display().to_string(), reason);
        return Ok(());
    }
    if matches!(job.mode, Mode::Verify { .. })
        && let Some(reason) = collection.mislabelled(&contents.properties)
    {
        writer.line(Verdict::Failed, name, path.display().to_string(), reason);
    }
    if job.mode == Mode::Run
        && let Err(error) = collection.prepare(&contents.properties)
    {
        for element in contents.elements {
            writer.line(Verdict::Failed, element.name, path.display().to_string(), error.to_string());
        }
        return Ok(());
    }
    let mut held = Held::<K>::read(collection).map_err(|e| Error::io(path, e))?;
    let hidden = held.hide(contents.elements, path, writer);
    let (shelf, hidden) = (Shelf::<K>::new(hidden.seen), hidden.keys);
    let mut write = |batch: &[(KeyOf<K>, DigestOf<K>)]| shelf.write(batch, &held, collection);
    let keep = |key: &KeyOf<K>| !hidden.contains(key);
    for line in carry::<K::Engine>(job, &scope, &shelf.listing, &held.listing, &keep, &mut write)? {
        let wanted = shelf.wanted.get(&line.key);
        let item = wanted.map(|wanted| &wanted.name).or_else(|| held.names.get(&line.key));
        let place = match (wanted, held.files.get(&line.key)) {
            (None, Some(file)) => path.join(file).display().to_string(),
            _ => line.place,
        };
        writer.line(line.verdict, item.cloned().unwrap_or_else(|| line.key.to_string()), place, line.reason);
    }
    Ok(())
}

/// The items of one source file.
struct Shelf<K: Kind> {
    listing: <K::Engine as Engine>::Listing,
    wanted: BTreeMap<KeyOf<K>, Wanted>,
}

struct Wanted {
    name: String,
    file: String,
    bytes: Vec<u8>,
}

impl<K: Kind> Shelf<K> {
    fn new(elements: Vec<Element<K::Engine>>) -> Self {
        let (mut wanted, mut items) = (BTreeMap::new(), Vec::new());
        for element in elements {
            let file = file_name::<K>(&element);
            let Element { key, item, name, bytes, .. } = element;
            wanted.entry(key.clone()).or_insert(Wanted { name, file, bytes });
            items.push((key, item));
        }
        Self { listing: K::Engine::listing(items), wanted }
    }

    fn write(
        &self,
        batch: &[(KeyOf<K>, DigestOf<K>)],
        held: &Held<K>,
        collection: &Collection,
    ) -> Vec<std::result::Result<DigestOf<K>, Failure>> {
        let planned: Vec<_> = batch.iter().map(|(key, _)| self.plan_write(key, held)).collect();
        let writes: Vec<Write> =
            planned.iter().filter_map(|planned| planned.as_ref().ok().cloned()).collect();
        let mut written = collection.write(&writes).into_iter();
        let mut outcomes = Vec::with_capacity(batch.len());
        for (planned, (_, digest)) in planned.into_iter().zip(batch) {
            outcomes.push(planned.and_then(|write| {
                let done = written.next().unwrap_or_else(|| Err(io::Error::other("not written")));
                done.map(|()| *digest).map_err(|error| failure(&error, &collection.path().join(write.name)))
            }));
        }
        outcomes
    }

    fn plan_write(&self, key: &KeyOf<K>, held: &Held<K>) -> std::result::Result<Write, Failure> {
        let lost = || Failure { reason: "it is not in the source any more".to_owned(), transient: false };
        let wanted = self.wanted.get(key).ok_or_else(lost)?;
        match held.files.get(key) {
            Some(file) if held.crowded.contains(file) => {
                let reason =
                    format!("{file} on the target holds other items too, which writing it would destroy");
                Err(Failure { reason, transient: false })
            }
            Some(file) => Ok(Write { name: file.clone(), bytes: wanted.bytes.clone(), replaces: true }),
            None => Ok(Write { name: wanted.file.clone(), bytes: wanted.bytes.clone(), replaces: false }),
        }
    }
}

/// What a collection holds.
struct Held<K: Kind> {
    listing: <K::Engine as Engine>::Listing,
    files: BTreeMap<KeyOf<K>, String>,
    names: BTreeMap<KeyOf<K>, String>,
    /// Files of several items.
    crowded: BTreeSet<String>,
    /// Files that cannot be read, and why.
    strangers: BTreeMap<String, String>,
}

/// The source's items, parted by whether the target tells anything of them.
struct Hidden<K: Kind> {
    seen: Vec<Element<K::Engine>>,
    keys: BTreeSet<KeyOf<K>>,
}

impl<K: Kind> Held<K> {
    fn read(collection: &Collection) -> io::Result<Self> {
        let (mut items, mut files, mut names) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let (mut crowded, mut strangers) = (BTreeSet::new(), BTreeMap::new());
        for (file, bytes) in collection.read()? {
            let contents = match bytes {
                Ok(bytes) => K::read(&collection.path().join(&file).display().to_string(), &bytes),
                Err(error) => {
                    strangers.insert(file, error.to_string());
                    continue;
                }
            };
            match contents.elements.len() {
                0 => {
                    let why = contents.findings.into_iter().next().map(|finding| finding.reason);
                    strangers.insert(file.clone(), why.unwrap_or_else(|| "nothing is in it".to_owned()));
                }
                1 => {}
                _ => drop(crowded.insert(file.clone())),
            }
            for element in contents.elements {
                files.entry(element.key.clone()).or_insert_with(|| file.clone());
                names.entry(element.key.clone()).or_insert(element.name);
                items.push((element.key, element.item));
            }
        }
        Ok(Self { listing: K::Engine::listing(items), files, names, crowded, strangers })
    }

    /// Parts off the items whose file is there and cannot be read: that is not the same as not being there, so nothing is
    /// planned for them. Files that hide nothing are noted.
    fn hide(&mut self, elements: Vec<Element<K::Engine>>, path: &Path, writer: &mut Writer<'_>) -> Hidden<K> {
        let mut hidden = Hidden { seen: Vec::new(), keys: BTreeSet::new() };
        for element in elements {
            let file = file_name::<K>(&element);
            match self.strangers.remove(&file) {
                Some(why) if !self.files.contains_key(&element.key) => {
                    let reason = format!("its file on the target cannot be read: {why}");
                    writer.line(Verdict::Failed, element.name, path.join(file).display().to_string(), reason);
                    hidden.keys.insert(element.key);
                }
                _ => hidden.seen.push(element),
            }
        }
        for (file, why) in std::mem::take(&mut self.strangers) {
            let place = path.join(&file).display().to_string();
            writer.note(file, place, format!("on the target, and not readable: {why}; left alone"));
        }
        hidden
    }
}

fn file_name<K: Kind>(element: &Element<K::Engine>) -> String {
    format!("{}.{}", element.stem, K::EXTENSION)
}

fn failure(error: &io::Error, path: &Path) -> Failure {
    let transient = matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock);
    Failure { reason: format!("{}: {error}", path.display()), transient }
}
