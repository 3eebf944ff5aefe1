//! Folders of the source that were renamed since they were last seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{FolderName, ItemKey, Validity};

/// What tells a folder again under another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFolder {
    /// Its name.
    pub name: FolderName,
    /// Its MAILBOXID (RFC 8474), which stays when it is renamed.
    pub mailbox_id: Option<String>,
    /// Its UIDVALIDITY, which most servers keep when a folder is renamed, and which some give to many.
    pub validity: Validity,
    /// Its UIDNEXT, which never sinks.
    pub next: ItemKey,
}

/// A folder that has another name now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Renamed {
    /// The name it had.
    pub from: FolderName,
    /// The name it has.
    pub to: FolderName,
}

/// The folders that were renamed between `known` and `now`, in the order of their old names.
///
/// Where both sides have a MAILBOXID, it alone decides. Else a folder that vanished was renamed to one that is new if both
/// have the same UIDVALIDITY, the UIDNEXT has not sunk, and neither fits any other: where two could be meant, none is.
/// What is missed costs a second copy, what is guessed wrongly would mix two folders.
///
/// ```
/// use imap_sync::{FolderName, ItemKey, KnownFolder, Validity, renames};
/// let folder = |name, validity, next| KnownFolder {
///     name: FolderName::from_text([name]),
///     mailbox_id: None,
///     validity: Validity(validity),
///     next: ItemKey(next),
/// };
/// let found = renames(&[folder("Work", 7, 12), folder("a", 8, 3)], &[folder("Arbeit", 7, 15), folder("a", 8, 3)]);
/// assert_eq!((found.len(), found[0].to.to_string()), (1, "Arbeit".to_owned()));
/// ```
pub fn renames(known: &[KnownFolder], now: &[KnownFolder]) -> Vec<Renamed> {
    let (known, now) = (by_name(known), by_name(now));
    let mut found = by_id(&known, &now);
    let moved: BTreeSet<&FolderName> =
        found.iter().flat_map(|renamed| [&renamed.from, &renamed.to]).collect();
    let open = |here: &ByName<'_>, there: &ByName<'_>| -> Vec<KnownFolder> {
        let gone =
            here.values().filter(|folder| !there.contains_key(&folder.name) && !moved.contains(&folder.name));
        gone.map(|folder| (*folder).clone()).collect()
    };
    let (vanished, new) = (open(&known, &now), open(&now, &known));
    found.extend(by_validity(&vanished, &new));
    found.sort();
    found
}

type ByName<'a> = BTreeMap<&'a FolderName, &'a KnownFolder>;

fn by_name(folders: &[KnownFolder]) -> ByName<'_> {
    folders.iter().map(|folder| (&folder.name, folder)).collect()
}

/// Two folders may have changed their names with each other: then both names are there before and after.
fn by_id(known: &ByName<'_>, now: &ByName<'_>) -> Vec<Renamed> {
    let (known, now) = (ids(known), ids(now));
    let pairs = known.into_iter().filter_map(|(id, from)| Some((from?, now.get(id).copied().flatten()?)));
    let renamed = pairs.filter(|(from, to)| from != to);
    renamed.map(|(from, to)| Renamed { from: from.clone(), to: to.clone() }).collect()
}

/// The folder of each MAILBOXID; none where a server gives one to several.
fn ids<'a>(folders: &ByName<'a>) -> BTreeMap<&'a str, Option<&'a FolderName>> {
    let mut ids = BTreeMap::new();
    for folder in folders.values() {
        if let Some(id) = &folder.mailbox_id {
            ids.entry(id.as_str()).and_modify(|name| *name = None).or_insert(Some(&folder.name));
        }
    }
    ids
}

fn by_validity(vanished: &[KnownFolder], new: &[KnownFolder]) -> Vec<Renamed> {
    let mut fits: BTreeMap<Validity, (Vec<&KnownFolder>, Vec<&KnownFolder>)> = BTreeMap::new();
    for folder in vanished.iter().filter(|folder| folder.validity != Validity(0)) {
        fits.entry(folder.validity).or_default().0.push(folder);
    }
    for folder in new {
        if let Some((_, to)) = fits.get_mut(&folder.validity) {
            to.push(folder);
        }
    }
    let alone = fits.into_values().filter_map(|(from, to)| match (&from[..], &to[..]) {
        ([from], [to]) => (from.next <= to.next && !differ(from, to)).then_some((*from, *to)),
        _ => None,
    });
    alone.map(|(from, to)| Renamed { from: from.name.clone(), to: to.name.clone() }).collect()
}

/// Whether both have a MAILBOXID: had it been the same, it would have told.
fn differ(from: &KnownFolder, to: &KnownFolder) -> bool {
    from.mailbox_id.is_some() && to.mailbox_id.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name id validity next`; `-` for no id.
    fn folders(lines: &[&str]) -> Vec<KnownFolder> {
        let folder = |line: &&str| {
            let words: Vec<&str> = line.split(' ').collect();
            KnownFolder {
                name: FolderName::split(words[0].as_bytes(), Some(b'/')),
                mailbox_id: (words[1] != "-").then(|| words[1].to_owned()),
                validity: Validity(words[2].parse().unwrap()),
                next: ItemKey(words[3].parse().unwrap()),
            }
        };
        lines.iter().map(folder).collect()
    }

    #[test]
    fn what_was_renamed_and_what_was_not() {
        for (what, known, now, expected) in [
            ("nothing", &["a - 1 5"][..], &["a - 1 9"][..], ""),
            ("by id", &["a X 1 5"], &["b X 2 1"], "a>b"),
            ("by id, the old name made anew", &["a X 1 5"], &["a Y 3 1", "b X 1 5"], "a>b"),
            ("two changed names", &["a X 1 5", "b Y 1 5"], &["a Y 1 5", "b X 1 5"], "a>b b>a"),
            ("another id", &["a X 1 5"], &["b Y 1 5"], ""),
            ("an id for all", &["a X 1 5", "b X 2 5"], &["c X 1 5", "d X 2 5"], ""),
            ("an id since", &["a - 1 5"], &["b Y 1 5"], "a>b"),
            ("by validity", &["a - 1 5"], &["b - 1 5"], "a>b"),
            ("with its children", &["a - 1 5", "a/x - 2 5"], &["b - 1 5", "b/x - 2 5"], "a>b a/x>b/x"),
            ("the number sank", &["a - 1 5"], &["b - 1 4"], ""),
            ("two vanished", &["a - 1 5", "b - 1 9"], &["c - 1 9"], ""),
            ("two are new", &["a - 1 5"], &["b - 1 5", "c - 1 5"], ""),
            ("another of that validity stays", &["a - 1 5", "b - 1 5"], &["b - 1 5", "c - 1 5"], "a>c"),
            ("no validity", &["a - 0 5"], &["b - 0 5"], ""),
            ("all gone", &["a - 1 5"], &[], ""),
            ("copied", &["a - 1 5"], &["a - 1 5", "b - 1 5"], ""),
        ] {
            let found = renames(&folders(known), &folders(now));
            let found: Vec<String> = found.iter().map(|it| format!("{}>{}", it.from, it.to)).collect();
            assert_eq!(found.join(" "), expected, "{what}");
            let (mut known, mut now) = (folders(known), folders(now));
            known.reverse();
            now.reverse();
            let turned: Vec<String> =
                renames(&known, &now).iter().map(|it| format!("{}>{}", it.from, it.to)).collect();
            assert_eq!(turned, found, "{what}, listed the other way round");
        }
    }
}
