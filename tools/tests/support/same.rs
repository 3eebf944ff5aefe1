//! Whether two accounts hold the same, as an independent client sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::look::{Look, Message};

/// A message that one account has and the other has not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Only {
    pub folder: String,
    pub message: Message,
}

impl fmt::Debug for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message { exact, sha256, date, flags, keywords, size, .. } = &self.message;
        let body = &exact.as_ref().unwrap_or(sha256)[..8];
        write!(f, "{:?} {body} {size} B, {date}, {flags:?} {keywords:?}", self.folder)
    }
}

/// What two accounts differ in. Messages are told by their exact bytes, date, flags and keywords, as many times
/// as they are there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Folders and subscriptions that one side alone has.
    pub folders: Vec<String>,
    /// In the source alone.
    pub missing: Vec<Only>,
    /// Folders in which what both have is not in the same order of UIDs.
    pub order: Vec<String>,
    /// On the target alone.
    pub extra: Vec<Only>,
}

impl Difference {
    pub fn between(source: &Look, target: &Look) -> Self {
        let mut found = Self { folders: structure(source, target), ..Self::default() };
        let (left, right) = (by_name(source), by_name(target));
        let names: BTreeSet<&str> = left.keys().chain(right.keys()).copied().collect();
        for name in names {
            let empty = Vec::new();
            let (left, right) = (left.get(name).unwrap_or(&empty), right.get(name).unwrap_or(&empty));
            let only = |message: Message| Only { folder: name.to_owned(), message };
            let (lost, gained) = (without(left, right), without(right, left));
            if without(left, &lost) != without(right, &gained) {
                found.order.push(name.to_owned());
            }
            found.missing.extend(lost.into_iter().map(only));
            found.extra.extend(gained.into_iter().map(only));
        }
        found
    }

    /// The same whatever the order is.
    pub fn unordered(mut self) -> Self {
        self.order.clear();
        self
    }
}

/// Asserts that the target holds all that the source holds and nothing else.
#[track_caller]
pub fn assert_same(source: &Look, target: &Look, what: &str) {
    assert_eq!(Difference::between(source, target), Difference::default(), "{what}");
}

/// The same for accounts whose messages came in any order.
#[track_caller]
pub fn assert_same_unordered(source: &Look, target: &Look, what: &str) {
    assert_eq!(Difference::between(source, target).unordered(), Difference::default(), "{what}");
}

fn by_name(look: &Look) -> BTreeMap<&str, Vec<Message>> {
    let plain = |message: &Message| Message { uid: None, told: None, ..message.clone() };
    let folders = look.folders.iter().filter(|folder| folder.selectable);
    folders.map(|folder| (folder.name.as_str(), folder.messages.iter().map(plain).collect())).collect()
}

/// A parent that cannot be selected need not be there, for its children show it; where a server can have no such
/// parent, it is an empty folder.
fn structure(source: &Look, target: &Look) -> Vec<String> {
    let names = |look: &Look| -> BTreeSet<String> {
        let selectable = look.folders.iter().filter(|folder| folder.selectable);
        selectable.map(|folder| format!("folder {}", folder.name)).chain(subscriptions(look)).collect()
    };
    let implied = |name: &String| {
        let folder =
            name.strip_prefix("folder ").and_then(|name| target.folders.iter().find(|f| f.name == name));
        folder.is_some_and(|folder| folder.messages.is_empty() && is_parent(source, &folder.name))
    };
    let (left, right) = (names(source), names(target));
    let missing = left.difference(&right).map(|name| format!("only in the source: {name}"));
    let extra = right.difference(&left).filter(|name| !implied(name));
    missing.chain(extra.map(|name| format!("only on the target: {name}"))).collect()
}

fn is_parent(look: &Look, name: &str) -> bool {
    let below = |child: &str| child.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
    look.folders.iter().any(|folder| below(&folder.name))
}

fn subscriptions(look: &Look) -> impl Iterator<Item = String> {
    look.subscribed.iter().map(|name| format!("subscription {name}"))
}

/// `all` in its order, less these as often as they are here.
fn without(all: &[Message], those: &[Message]) -> Vec<Message> {
    let mut left = count(those);
    let kept = all.iter().filter(|message| !take(&mut left, message));
    kept.cloned().collect()
}

fn count(messages: &[Message]) -> BTreeMap<&Message, usize> {
    let mut counts = BTreeMap::new();
    for message in messages {
        *counts.entry(message).or_default() += 1;
    }
    counts
}

fn take(counts: &mut BTreeMap<&Message, usize>, message: &Message) -> bool {
    match counts.get_mut(message) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}
