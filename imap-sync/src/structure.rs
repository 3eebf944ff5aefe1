//! The folders of an account: which of the source goes where. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Head;
use crate::model::{Folder, FolderName};
use crate::plan::Policy;

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

/// A task for each folder of the source, in the order of their names: parents come first. A folder stays where it was
/// placed before.
pub fn tasks(from: &[Folder], to: &[Folder], mut heads: BTreeMap<FolderName, Head>) -> Vec<Task> {
    let there: BTreeMap<&FolderName, &Folder> = to.iter().map(|folder| (&folder.name, folder)).collect();
    let folders: BTreeMap<&FolderName, &Folder> = from.iter().map(|folder| (&folder.name, folder)).collect();
    let task = |folder: &Folder| {
        let head = heads.remove(&folder.name);
        let place = head.as_ref().map_or_else(|| folder.name.clone(), |head| head.place.clone());
        let there = there.get(&place).map(|folder| (*folder).clone());
        Task { folder: folder.clone(), there, place, head }
    };
    folders.into_values().map(task).collect()
}

/// The folders that only the target has, parents without messages left out; and whether we made them.
pub fn extra(to: &[Folder], tasks: &[Task], heads: &BTreeMap<FolderName, Head>) -> Vec<(FolderName, bool)> {
    let places: BTreeSet<&FolderName> = tasks.iter().map(|task| &task.place).collect();
    let made: BTreeSet<&FolderName> = heads.values().map(|head| &head.place).collect();
    let extra = to.iter().filter(|folder| folder.selectable && !places.contains(&folder.name));
    let names: BTreeSet<&FolderName> = extra.map(|folder| &folder.name).collect();
    names.into_iter().map(|name| (name.clone(), made.contains(name))).collect()
}
