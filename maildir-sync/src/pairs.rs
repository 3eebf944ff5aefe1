//! Which message of the target holds the same bytes as which of the source. Every body is read once at most.

use std::collections::{BTreeMap, HashMap, VecDeque, btree_map};

use blake3::Hash;

use crate::error::{Error, Result};
use crate::folder::FolderName;
use crate::message::{Listing, Message};
use crate::store::Source;
use crate::unique::Unique;

/// What was found for a message of the source.
pub(crate) enum Outcome<'a> {
    /// The same bytes.
    Equal(&'a Message),
    /// Its name, but other bytes.
    Different(&'a Message),
    /// Nothing.
    Missing,
    /// One of the two could not be read.
    Unreadable(String),
}

/// One folder's bodies on both sides.
pub(crate) struct Bodies<'s, S, T> {
    pub folder: &'s FolderName,
    pub source: &'s mut S,
    pub target: &'s mut T,
}

/// Every message of the source with what was found for it, and what only the target has.
pub(crate) struct Pairs<'a> {
    pub outcomes: Vec<(&'a Message, Outcome<'a>)>,
    extra: BTreeMap<&'a Unique, Known<'a>>,
}

/// A message, with the digest of its body if that was read.
type Known<'a> = (&'a Message, Option<Hash>);

/// The messages of one size on the target that nothing is paired with yet. They are read when one is looked for that is
/// not among those read before.
#[derive(Default)]
struct Candidates<'a> {
    unread: VecDeque<Known<'a>>,
    read: HashMap<Hash, VecDeque<&'a Message>>,
    /// Why one could not be read: it may be what is missed.
    unreadable: Option<String>,
}

impl<S: Source, T: Source> Bodies<'_, S, T> {
    fn ours(&mut self, message: &Message) -> Result<Hash> {
        digest(self.folder, self.source, message)
    }

    fn theirs(&mut self, message: &Message) -> Result<Hash> {
        digest(self.folder, self.target, message)
    }
}

impl<'a> Pairs<'a> {
    pub(crate) fn new<S: Source, T: Source>(
        bodies: &mut Bodies<'_, S, T>,
        ours: &'a Listing,
        theirs: &'a Listing,
    ) -> Self {
        let extra = theirs.iter().map(|other| (&other.unique, (other, None))).collect();
        let mut pairs = Self { outcomes: Vec::new(), extra };
        let left = pairs.by_name(bodies, ours);
        pairs.by_content(bodies, left);
        pairs
    }

    /// What is on the target alone.
    pub(crate) fn extra(&self) -> impl Iterator<Item = &'a Message> {
        self.extra.values().map(|(message, _)| *message)
    }

    /// Pairs what has the same name and holds the same; what has no such equal is left.
    fn by_name<S: Source, T: Source>(
        &mut self,
        bodies: &mut Bodies<'_, S, T>,
        ours: &'a Listing,
    ) -> Vec<Known<'a>> {
        let mut left = Vec::new();
        for message in ours.iter() {
            let btree_map::Entry::Occupied(mut entry) = self.extra.entry(&message.unique) else {
                left.push((message, None));
                continue;
            };
            let other = entry.get().0;
            if other.size != message.size {
                left.push((message, None));
                continue;
            }
            let outcome = match bodies.ours(message).and_then(|ours| Ok((ours, bodies.theirs(other)?))) {
                Ok((ours, theirs)) if ours != theirs => {
                    entry.insert((other, Some(theirs)));
                    left.push((message, Some(ours)));
                    continue;
                }
                Ok(_) => Outcome::Equal(other),
                Err(error) => Outcome::Unreadable(error.to_string()),
            };
            entry.remove();
            self.outcomes.push((message, outcome));
        }
        left
    }

    /// What has no equal under its own name may have one under another; sizes first, so that little is read.
    fn by_content<S: Source, T: Source>(&mut self, bodies: &mut Bodies<'_, S, T>, left: Vec<Known<'a>>) {
        let mut sizes: HashMap<u64, Candidates<'a>> = HashMap::new();
        for other in self.extra.values() {
            sizes.entry(other.0.size).or_default().unread.push_back(*other);
        }
        let mut unpaired = Vec::new();
        for (message, known) in left {
            let Some(candidates) = sizes.get_mut(&message.size) else {
                unpaired.push(message);
                continue;
            };
            let found = known
                .map_or_else(|| bodies.ours(message), Ok)
                .map(|ours| candidates.take(ours, |other| bodies.theirs(other)));
            match found {
                Ok(Some(other)) => {
                    self.extra.remove(&other.unique);
                    self.outcomes.push((message, Outcome::Equal(other)));
                }
                Ok(None) => unpaired.push(message),
                Err(error) => {
                    self.extra.remove(&message.unique);
                    self.outcomes.push((message, Outcome::Unreadable(error.to_string())));
                }
            }
        }
        self.without_equal(unpaired, &sizes);
    }

    /// What has no equal differs from the one of its name, is hidden behind one that cannot be read, or is missing.
    fn without_equal(&mut self, unpaired: Vec<&'a Message>, sizes: &HashMap<u64, Candidates<'a>>) {
        for message in unpaired {
            let hidden = sizes.get(&message.size).and_then(|candidates| candidates.unreadable.clone());
            let outcome = match (self.extra.remove(&message.unique), hidden) {
                (Some((other, _)), _) => Outcome::Different(other),
                (None, Some(error)) => {
                    Outcome::Unreadable(format!("it may be one on the target that cannot be read: {error}"))
                }
                (None, None) => Outcome::Missing,
            };
            self.outcomes.push((message, outcome));
        }
    }
}

impl<'a> Candidates<'a> {
    /// Takes the first that holds this.
    fn take(
        &mut self,
        wanted: Hash,
        mut digest: impl FnMut(&Message) -> Result<Hash>,
    ) -> Option<&'a Message> {
        if let Some(found) = self.read.get_mut(&wanted).and_then(VecDeque::pop_front) {
            return Some(found);
        }
        while let Some((other, known)) = self.unread.pop_front() {
            match known.map_or_else(|| digest(other), Ok) {
                Ok(found) if found == wanted => return Some(other),
                Ok(found) => self.read.entry(found).or_default().push_back(other),
                Err(error) => self.unreadable = Some(error.to_string()),
            }
        }
        None
    }
}

fn digest<S: Source>(folder: &FolderName, store: &mut S, message: &Message) -> Result<Hash> {
    let mut hasher = blake3::Hasher::new();
    let body = store.open(folder, message)?;
    hasher.update_reader(body).map_err(|source| Error::Body { place: message.path_text(folder), source })?;
    Ok(hasher.finalize())
}
