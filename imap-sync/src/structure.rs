//! The folders of an account: which of the source goes where. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::folders::{Folder, Shape};
use crate::head::Head;
use crate::mapping::map_folders;
use crate::model::FolderName;
use crate::place::{Exclusion, Place};
use crate::policy::Policy;
use crate::rules::{Rules, SourceFolder, TargetFolder, TargetSide};

/// A folder of the source, its place on the target, and how it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The source's folder.
    pub folder: Folder,
    /// The target's folder, where there is one.
    pub there: Option<Folder>,
    /// Its name there.
    pub place: FolderName,
    /// What is known of it.
    pub head: Option<Head>,
    /// Under which name it is known: in a plan the one that it had before.
    pub known_as: FolderName,
}

impl Task {
    /// Whether the target lacks it, or has only a parent of that name.
    pub fn is_missing(&self) -> bool {
        self.folder.selectable && !self.there.as_ref().is_some_and(|there| there.selectable)
    }

    /// Whether it was made before, and removed on the target since.
    pub fn is_gone(&self, policy: &Policy) -> bool {
        self.is_missing() && !policy.restore && self.head.as_ref().is_some_and(Head::was_there)
    }

    /// Whether the source is subscribed to it and the target is not.
    pub fn is_unsubscribed(&self) -> bool {
        self.folder.subscribed && !self.there.as_ref().is_some_and(|there| there.subscribed)
    }

    /// Whether the user is to be subscribed: it was not done before, or is to be restored.
    pub fn is_to_subscribe(&self, policy: &Policy) -> bool {
        let before = self.head.as_ref().is_some_and(|head| head.subscribed);
        self.is_unsubscribed() && (!before || policy.restore) && !self.is_gone(policy)
    }

    /// Whether nothing has happened on either side since all was done.
    pub fn is_still(&self) -> bool {
        let states = self.folder.state.zip(self.there.as_ref().and_then(|there| there.state));
        match (&self.head, states) {
            (Some(head), Some((from, to))) => {
                head.whole
                    && head.undone.is_empty()
                    && from.is_still(&head.source)
                    && to.is_still(&head.target)
                    && head.place == self.place
            }
            _ => false,
        }
    }

    /// How much there is to do, at the most.
    pub fn weight(&self) -> u64 {
        self.folder.state.map_or(0, |state| state.count)
    }
}

/// What is to be done with an account's folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    /// A task for each folder that has a place, in the order of their names: parents come first.
    pub tasks: Vec<Task>,
    /// Folders that are left out, as was asked for.
    pub excluded: Vec<(Folder, String)>,
    /// Folders that can have no place, and why.
    pub misplaced: Vec<(Folder, String)>,
    /// Where folders go whose names could not stay.
    pub notes: Vec<(FolderName, String)>,
    /// Names of the user's table that the source does not have.
    pub unused: Vec<FolderName>,
    /// Patterns of folders asked for that no folder has.
    pub unmatched: Vec<String>,
}

/// Gives each folder of the source its place. A folder stays where it was placed before.
pub fn structure(
    from: &Side<'_>,
    to: &Side<'_>,
    heads: &BTreeMap<FolderName, Head>,
    policy: &Policy,
) -> Structure {
    let known = heads.iter().map(|(name, head)| (name.clone(), head.place.clone())).collect();
    let mut structure = Structure::default();
    let mut wanted = Vec::new();
    for folder in from.folders {
        match policy.selection.folder(&source_folder(folder)) {
            Some(why) => structure.excluded.push((folder.clone(), why.to_string())),
            None => wanted.push(folder),
        }
    }
    let sources: Vec<SourceFolder> = wanted.iter().map(|folder| source_folder(folder)).collect();
    let rules = Rules {
        source_prefix: policy.rules.source_prefix.clone().or_else(|| from.shape.prefix.clone()),
        ..policy.rules.clone()
    };
    let mapping = map_folders(&sources, &to.target_side(policy), &rules, &known);
    let there: BTreeMap<&FolderName, &Folder> = to.folders.iter().map(|it| (&it.name, it)).collect();
    let ordered: BTreeMap<&FolderName, &Folder> = wanted.into_iter().map(|it| (&it.name, it)).collect();
    for folder in ordered.into_values() {
        let place = match mapping.places.get(&folder.name) {
            Some(Place::Mapped(mapped)) => mapped.target.clone(),
            // A mere parent is there for its subscription.
            Some(Place::Excluded(Exclusion::NotSelectable)) | None => folder.name.clone(),
            Some(Place::Excluded(why)) => {
                structure.misplaced.push((folder.clone(), why.to_string()));
                continue;
            }
        };
        let there = there.get(&place).map(|folder| (*folder).clone());
        let head = heads.get(&folder.name).cloned();
        let known_as = folder.name.clone();
        structure.tasks.push(Task { folder: folder.clone(), there, place, head, known_as });
    }
    let is_new = |name: &FolderName| !heads.contains_key(name);
    structure.notes =
        mapping.notes().filter(|(name, _)| is_new(name)).map(|(name, note)| (name.clone(), note)).collect();
    structure.notes.retain(|(name, _)| structure.misplaced.iter().all(|(folder, _)| folder.name != *name));
    structure.unused = mapping.unused;
    structure.unmatched = policy.selection.unmatched(from.folders.iter().map(|folder| &folder.name));
    structure.notes.extend(stays(&sources, to, &rules, heads, policy));
    structure
}

/// Folders that were placed before, and that the user's rules would now place elsewhere.
fn stays(
    sources: &[SourceFolder],
    to: &Side<'_>,
    rules: &Rules,
    heads: &BTreeMap<FolderName, Head>,
    policy: &Policy,
) -> Vec<(FolderName, String)> {
    let asked = !rules.table.is_empty()
        || !rules.renames.is_empty()
        || rules.below.is_some()
        || policy.rules.target_prefix.is_some();
    if !asked {
        return Vec::new();
    }
    let anew = map_folders(sources, &to.target_side(policy), rules, &BTreeMap::new());
    let stays = |(name, head): (&FolderName, &Head)| {
        let wanted = anew.target(name).filter(|wanted| **wanted != head.place)?;
        Some((
            name.clone(),
            format!("it stays at {}, where it was placed before, and does not go to {wanted}", head.place),
        ))
    };
    heads.iter().filter_map(stays).collect()
}

/// One side of a copy.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Its folders.
    pub folders: &'a [Folder],
    /// How it makes names.
    pub shape: &'a Shape,
}

impl Side<'_> {
    fn target_side(&self, policy: &Policy) -> TargetSide {
        let folder = |folder: &Folder| TargetFolder {
            name: folder.name.clone(),
            special: folder.special,
            selectable: folder.selectable,
        };
        TargetSide {
            separator: self.shape.separator,
            prefix: self.shape.prefix.clone(),
            folders: self.folders.iter().map(folder).collect(),
            profile: policy.profile.clone().unwrap_or_else(|| self.shape.profile.clone()),
        }
    }
}

fn source_folder(folder: &Folder) -> SourceFolder {
    let Folder { name, special, selectable, subscribed, .. } = folder.clone();
    SourceFolder { name, special, selectable, subscribed }
}

/// The folders that only the target has, parents without messages left out; and whether we made them.
pub fn extra(to: &[Folder], tasks: &[Task], heads: &BTreeMap<FolderName, Head>) -> Vec<(FolderName, bool)> {
    let places: BTreeSet<&FolderName> = tasks.iter().map(|task| &task.place).collect();
    let made: BTreeSet<&FolderName> = heads.values().map(|head| &head.place).collect();
    let extra = to.iter().filter(|folder| folder.selectable && !places.contains(&folder.name));
    let names: BTreeSet<&FolderName> = extra.map(|folder| &folder.name).collect();
    names.into_iter().map(|name| (name.clone(), made.contains(name))).collect()
}
