//! The end of a run: what is gone from the source is removed if that was asked for, both sides' states are recorded,
//! and a report is made.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::{Outcome, Pair, Run};
use crate::error::{Error, Scope};
use crate::facts::Change;
use crate::folder::Work;
use crate::head::Head;
use crate::ledger::Ledger;
use crate::mirror::{Orphans, allow};
use crate::model::{FolderName, State};
use crate::policy::Mirror;
use crate::report::{Reason, Report, Verdict};
use crate::store::{Connect, Source, Target};

impl<C: Connect> Run<'_, C> {
    /// Records how both sides stand, now that nothing more is written.
    pub(crate) async fn conclude(
        &self,
        pair: Option<Pair<C>>,
        outcome: &mut Outcome,
        known: &BTreeMap<FolderName, Head>,
    ) {
        let Some((mut source, mut target)) = pair else { return };
        if outcome.error.is_none()
            && let Err(error) = self.mirror(&mut source, &mut target, outcome, known).await
        {
            outcome.error = Some(error);
        }
        let states = if outcome.wrote { target_states(&mut target, outcome).await } else { States::new() };
        self.record(&states, outcome, known);
        self.connect.close((source, target)).await;
    }

    fn record(&self, states: &States, outcome: &mut Outcome, known: &BTreeMap<FolderName, Head>) {
        let mut heads: Vec<(&FolderName, Vec<Change>)> = Vec::new();
        for (task, done) in &outcome.done {
            let Some(mut head) = done.head.clone() else { continue };
            head.target = match done.removed {
                // What else has changed meanwhile is found by the next look.
                true => State { mark: 0, ..head.target },
                false => done.target(states.get(&task.place), head.target),
            };
            if done.removed {
                head.whole = false;
            }
            if done.recorded || known.get(&task.folder.name) != Some(&head) {
                heads.push((&task.folder.name, vec![Change::Head(Box::new(head))]));
            }
        }
        if matches!(self.work, Work::Copy)
            && !heads.is_empty()
            && let Err(error) = self.memory.record(&heads)
        {
            outcome.error.get_or_insert(error);
        }
    }

    /// Removes on the target what the source has no more, if that was asked for: when every folder is done.
    async fn mirror(
        &self,
        source: &mut C::Source,
        target: &mut C::Target,
        outcome: &mut Outcome,
        known: &BTreeMap<FolderName, Head>,
    ) -> Result<(), Error> {
        let Some(mirror) = self.policy.mirror.as_ref().filter(|_| !matches!(self.work, Work::Verify { .. }))
        else {
            return Ok(());
        };
        let mut heads = known.clone();
        for (task, done) in &outcome.done {
            heads.extend(done.head.clone().map(|head| (task.folder.name.clone(), head)));
        }
        let listed: BTreeSet<FolderName> =
            source.folders().await?.into_iter().map(|folder| folder.name).collect();
        let placed: u64 = heads.values().map(|head| head.tally.placed + head.tally.orphaned).sum();
        let mut orphans = Vec::new();
        for (folder, head) in &heads {
            let mut those = Orphans::of(self.memory, folder, head, listed.contains(folder))?;
            if those.len() > 0 {
                those.confirm(source).await?;
                orphans.push(those);
            }
        }
        let count = orphans.iter().map(Orphans::len).sum();
        let clean = self.watch.go_on() && outcome.ledgers.iter().all(|ledger| !ledger.is_unsure());
        let allowed = allow(mirror.ceiling, count, placed).and_then(|()| match clean {
            true => Ok(()),
            false => Err("something failed or is pending: nothing is removed".to_owned()),
        });
        for those in orphans.iter().filter(|those| those.len() > 0) {
            self.mirror_folder(those, target, mirror, outcome, allowed.as_ref().err()).await?;
        }
        Ok(())
    }

    async fn mirror_folder(
        &self,
        orphans: &Orphans,
        target: &mut C::Target,
        mirror: &Mirror,
        outcome: &mut Outcome,
        forbidden: Option<&String>,
    ) -> Result<(), Error> {
        let at = outcome.ledgers.iter().position(|ledger| *ledger.folder() == orphans.folder);
        let at = at.unwrap_or_else(|| {
            outcome.ledgers.push(Ledger::new(&orphans.folder));
            outcome.ledgers.len() - 1
        });
        let ledger = &mut outcome.ledgers[at];
        if let Some(reason) = forbidden {
            ledger.many(Verdict::Skipped, orphans.len(), Some(Reason::Other(reason.clone())), self.watch);
            return Ok(());
        }
        if !matches!(self.work, Work::Copy) {
            ledger.removed(&orphans.targets(), "would be removed");
            return Ok(());
        }
        match orphans.remove(target, self.memory, mirror).await {
            Ok(_) => {
                ledger.removed(&orphans.targets(), "are removed");
                outcome.wrote = true;
                let done = outcome.done.iter_mut().find(|(task, _)| task.folder.name == orphans.folder);
                done.into_iter().for_each(|(_, done)| done.removed = true);
                Ok(())
            }
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                let reason = Some(Reason::Other(format!("it cannot be removed: {error}")));
                ledger.many(Verdict::Failed, orphans.len(), reason, self.watch);
                Ok(())
            }
        }
    }

    /// What is said of the account.
    pub(crate) fn report(&self, mut outcome: Outcome, extra: Vec<(FolderName, bool)>) -> Report {
        let mut report = Report::default();
        report.error = outcome.error;
        if report.error.is_none() {
            for (name, made) in extra {
                let mut ledger = Ledger::new(&name);
                let reason = if made { Reason::GoneFromSource } else { Reason::NotOurs };
                ledger.whole(Verdict::Extra, Some(reason), self.watch);
                outcome.ledgers.push(ledger);
            }
        }
        outcome.ledgers.sort_by(|one, other| one.folder().cmp(other.folder()));
        outcome.ledgers.into_iter().for_each(|ledger| ledger.close(&mut report));
        report
    }
}

/// How the folders of the target stand.
type States = BTreeMap<FolderName, State>;

async fn target_states(target: &mut impl Target, outcome: &mut Outcome) -> States {
    if outcome.error.is_some() {
        return States::new();
    }
    match target.folders().await {
        Ok(folders) => return folders.into_iter().filter_map(|it| Some((it.name, it.state?))).collect(),
        // All is done; without the states the next run looks more closely.
        Err(error) if error.scope() == Scope::Session => {}
        Err(error) => outcome.error = Some(error),
    }
    States::new()
}
