//! The structure of an account: folders are renamed, made and subscribed to before any has its turn.

use std::collections::BTreeMap;

use crate::account::{Run, Turn};
use crate::error::Error;
use crate::folder::Work;
use crate::folders::{Folder, Shape};
use crate::head::Head;
use crate::ledger::Ledger;
use crate::model::FolderName;
use crate::moves::moves;
use crate::report::{Reason, Verdict};
use crate::store::{Connect, Source, Target};
use crate::structure::{Side, Structure};

impl<C: Connect> Run<'_, C> {
    /// Renames on the target what was renamed at the source; what is said of it.
    pub(crate) async fn follow(
        &self,
        target: &mut C::Target,
        from: &Side<'_>,
        there: Vec<Folder>,
        shape: &Shape,
    ) -> Result<Followed, Error> {
        let mut followed = Followed { there, ..Followed::default() };
        if matches!(self.work, Work::Verify { .. }) {
            return Ok(followed);
        }
        let moves =
            moves(from, &Side { folders: &followed.there, shape }, &self.memory.heads()?, self.policy);
        for it in moves {
            let (name, mut told) = (it.renamed.to.clone(), format!("it was {} before", it.renamed.from));
            if matches!(self.work, Work::Copy) {
                let moved = it.carry_out(target, &followed.there, self.memory).await?;
                if let Some(error) = moved.refused {
                    told = format!("{told}; the target keeps it under its old name: {error}");
                }
                if moved.changed {
                    followed.there = target.folders().await?;
                }
            } else {
                followed.foreseen.push((it.renamed.from.clone(), name.clone(), it.foresee()));
            }
            followed.notes.push((name, told));
        }
        Ok(followed)
    }

    /// What is said of folders that have no turn.
    pub(crate) fn left_out(&self, plan: &Structure) -> Vec<Ledger> {
        let excluded = plan.excluded.iter().map(|it| (it, Verdict::Excluded));
        let misplaced = plan.misplaced.iter().map(|it| (it, Verdict::Failed));
        let left = excluded.chain(misplaced).filter(|((folder, _), _)| folder.selectable);
        let mut ledgers: Vec<Ledger> = left
            .map(|((folder, why), verdict)| {
                let mut ledger = Ledger::new(&folder.name);
                let count = folder.state.map_or(0, |state| state.count).max(1);
                ledger.many(verdict, count, Some(Reason::Other(why.clone())), self.watch);
                ledger
            })
            .collect();
        for pattern in &plan.unmatched {
            let mut ledger = Ledger::new(&FolderName::from_text([pattern.as_str()]));
            let reason = "it was asked for, and no folder of the source is called so";
            ledger.whole(Verdict::Failed, Some(Reason::Other(reason.into())), self.watch);
            ledgers.push(ledger);
        }
        let unused =
            plan.unused.iter().map(|name| (name, "the table names it, and the source does not have it"));
        let notes = plan.notes.iter().map(|(name, note)| (name, note.as_str()));
        for (name, note) in notes.chain(unused) {
            let mut ledger = Ledger::new(name);
            ledger.note(None, note.to_owned());
            ledgers.push(ledger);
        }
        ledgers
    }

    /// Makes the folders that are missing and subscribes to them.
    pub(crate) async fn build(&self, target: &mut C::Target, turns: &mut [Turn]) -> Result<(), Error> {
        let missing: Vec<Folder> = turns
            .iter()
            .filter(|turn| turn.task.is_missing() && !turn.task.is_gone(self.policy))
            .map(|turn| Folder { name: turn.task.place.clone(), ..turn.task.folder.clone() })
            .collect();
        let made = if missing.is_empty() { Vec::new() } else { target.create(&missing).await? };
        let made: BTreeMap<FolderName, Result<(), Error>> =
            missing.iter().map(|folder| folder.name.clone()).zip(made).collect();
        for turn in turns.iter_mut().filter(|turn| made.contains_key(&turn.task.place)) {
            match &made[&turn.task.place] {
                Ok(()) => turn.task.there = Some(Folder::new(turn.task.place.clone())),
                Err(error) => turn.ledger.note(None, format!("it cannot be made: {error}")),
            }
        }
        self.subscribe(target, turns).await
    }

    async fn subscribe(&self, target: &mut C::Target, turns: &mut [Turn]) -> Result<(), Error> {
        let unsubscribed: Vec<&mut Turn> =
            turns.iter_mut().filter(|turn| turn.task.is_to_subscribe(self.policy)).collect();
        let names: Vec<FolderName> = unsubscribed.iter().map(|turn| turn.task.place.clone()).collect();
        let done = if names.is_empty() { Vec::new() } else { target.subscribe(&names).await? };
        for (turn, done) in unsubscribed.into_iter().zip(done) {
            match done {
                Ok(()) => turn.task.head.get_or_insert_with(|| blank(&turn.task.place)).subscribed = true,
                Err(error) => turn
                    .ledger
                    .note(None, format!("it is subscribed to, but cannot be on the target: {error}")),
            }
        }
        Ok(())
    }
}

fn blank(place: &FolderName) -> Head {
    Head { place: place.clone(), ..Head::default() }
}

/// What came of following renamed folders.
#[derive(Default)]
pub(crate) struct Followed {
    /// The target's folders since.
    pub(crate) there: Vec<Folder>,
    /// What is said of them.
    pub(crate) notes: Vec<(FolderName, String)>,
    /// Old names, new names, and what would be known, where nothing may be written.
    pub(crate) foreseen: Vec<(FolderName, FolderName, Head)>,
}
