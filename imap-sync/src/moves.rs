//! Folders of the source that have another name since the last run are renamed on the target too, not copied again.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::folders::Folder;
use crate::head::Head;
use crate::model::FolderName;
use crate::policy::Policy;
use crate::renames::{KnownFolder, Renamed, renames};
use crate::store::{Memory, Target};
use crate::structure::{Side, structure};

/// A folder to be renamed on the target, or only in what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) renamed: Renamed,
    pub(crate) old: FolderName,
    pub(crate) new: FolderName,
    head: Head,
}

/// Which folders were renamed, parents first. Pure.
pub(crate) fn moves(
    from: &Side<'_>,
    to: &Side<'_>,
    heads: &BTreeMap<FolderName, Head>,
    policy: &Policy,
) -> Vec<Move> {
    let known: Vec<KnownFolder> = heads.iter().map(|(name, head)| remembered(name, head)).collect();
    let now: Vec<KnownFolder> = from.folders.iter().filter_map(seen).collect();
    let renamed = renames(&known, &now);
    if renamed.is_empty() {
        return Vec::new();
    }
    let mut rest = heads.clone();
    renamed.iter().for_each(|it| drop(rest.remove(&it.from)));
    let planned = structure(from, to, &rest, policy);
    let place = |name: &FolderName| {
        planned.tasks.iter().find(|task| task.folder.name == *name).map(|task| &task.place)
    };
    let to_move = |renamed: Renamed| {
        let head = heads.get(&renamed.from)?.clone();
        let (old, new) = (head.place.clone(), place(&renamed.to)?.clone());
        Some(Move { renamed, old, new, head })
    };
    renamed.into_iter().filter(|it| !it.from.is_inbox()).filter_map(to_move).collect()
}

impl Move {
    /// What would be known of the folder under its new name, the target left alone.
    pub(crate) fn foresee(&self) -> Head {
        Head { subscribed: false, ..self.head.clone() }
    }

    /// Renames on the target, where it still has the folder and not yet another of the new name, then in what is known.
    /// Where the target refuses, the folder keeps its old name there.
    pub(crate) async fn carry_out(
        self,
        target: &mut impl Target,
        there: &[Folder],
        memory: &dyn Memory,
    ) -> Result<Moved, Error> {
        let has = |name: &FolderName| there.iter().any(|folder| folder.name == *name);
        let mut moved = Moved::default();
        if self.old != self.new && has(&self.old) && !has(&self.new) {
            match target.rename(&self.old, &self.new).await {
                Ok(()) => moved.changed = true,
                Err(error) if error.is_fatal() => return Err(error),
                Err(error) => moved.refused = Some(error),
            }
        }
        // A parent that was renamed before has taken it along.
        let place = if moved.changed || has(&self.new) { self.new } else { self.old };
        // A server leaves the old name subscribed to, and the new one not.
        let head = Head { place, whole: false, subscribed: false, ..self.head };
        memory.rename(&self.renamed.from, &self.renamed.to, &head)?;
        Ok(moved)
    }
}

/// What became of a folder that was renamed.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// Whether it was renamed on the target.
    pub(crate) changed: bool,
    /// Why the target would not.
    pub(crate) refused: Option<Error>,
}

fn remembered(name: &FolderName, head: &Head) -> KnownFolder {
    let (validity, next) = (head.source.validity, head.source.next);
    KnownFolder { name: name.clone(), mailbox_id: head.id.clone(), validity, next }
}

fn seen(folder: &Folder) -> Option<KnownFolder> {
    let state = folder.state?;
    let (mailbox_id, validity, next) = (folder.id.clone(), state.validity, state.next);
    Some(KnownFolder { name: folder.name.clone(), mailbox_id, validity, next })
}
