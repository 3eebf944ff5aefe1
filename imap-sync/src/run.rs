//! Takes an account through its folders: the structure first, then folder by folder, several side by side.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use futures_util::future::{join, join_all};

use crate::error::{Error, Scope};
use crate::facts::Change;
use crate::folder::{Desk, Done, Work, parent};
use crate::folders::{Folder, Shape};
use crate::head::Head;
use crate::ledger::Ledger;
use crate::mirror::{Orphans, allow};
use crate::model::{FolderName, State};
use crate::moves::moves;
use crate::policy::{Mirror, Policy};
use crate::report::{Reason, Report, Verdict};
use crate::store::{Connect, Memory, Source, Target, Watch};
use crate::structure::{Side, Structure, Task, extra, structure};

/// Copies what the source has and the target has not, and brings flags up to date.
///
/// An error that ends the run early is in the report, beside what was done until then; only when the folders
/// cannot be listed there is nothing to report.
pub async fn run<C: Connect>(
    connect: &C,
    memory: &dyn Memory,
    policy: &Policy,
    watch: &dyn Watch,
) -> Result<Report, Error> {
    Run { connect, memory, watch, policy, work: Work::Copy }.all().await
}

/// Says what [`run`] would do. Changes nothing anywhere.
pub async fn plan_all<C: Connect>(
    connect: &C,
    memory: &dyn Memory,
    policy: &Policy,
    watch: &dyn Watch,
) -> Result<Report, Error> {
    Run { connect, memory, watch, policy, work: Work::Plan }.all().await
}

/// Reads both sides afresh and compares them by content. The memory only explains what differs; with `live` what
/// users may have changed on the target since is excluded. Changes nothing anywhere.
pub async fn verify<C: Connect>(
    connect: &C,
    memory: &dyn Memory,
    policy: &Policy,
    live: bool,
    watch: &dyn Watch,
) -> Result<Report, Error> {
    Run { connect, memory, watch, policy, work: Work::Verify { live } }.all().await
}

struct Run<'a, C> {
    connect: &'a C,
    memory: &'a dyn Memory,
    watch: &'a dyn Watch,
    policy: &'a Policy,
    work: Work,
}

/// What the workers share.
struct Shared {
    queue: Mutex<VecDeque<Turn>>,
    outcome: Mutex<Outcome>,
}

/// A folder whose turn comes.
struct Turn {
    task: Task,
    ledger: Ledger,
    failures: u32,
}

#[derive(Default)]
struct Outcome {
    ledgers: Vec<Ledger>,
    done: Vec<(Task, Done)>,
    error: Option<Error>,
    wrote: bool,
}

type Pair<C> = (<C as Connect>::Source, <C as Connect>::Target);

impl<C: Connect> Run<'_, C> {
    async fn all(self) -> Result<Report, Error> {
        let (mut source, mut target) = self.connect(0).await?;
        let (from, to) = join(source.folders(), target.folders()).await;
        let (from, to) = (from?, to?);
        let shapes = (source.shape(), target.shape());
        let from = Side { folders: &from, shape: &shapes.0 };
        let (to, renamed) = self.follow(&mut target, &from, to, &shapes.1).await?;
        let to = Side { folders: &to, shape: &shapes.1 };
        let heads = self.memory.heads()?;
        let mut plan = structure(&from, &to, &heads, self.policy);
        plan.notes.extend(renamed);
        let extra = extra(to.folders, &plan.tasks, &heads);
        let mut turns: Vec<Turn> = std::mem::take(&mut plan.tasks).into_iter().map(Turn::new).collect();
        if matches!(self.work, Work::Copy) {
            self.build(&mut target, &mut turns).await?;
        }
        let (still, mut busy): (Vec<Turn>, Vec<Turn>) =
            turns.into_iter().partition(|turn| self.is_settled(&turn.task));
        busy.sort_by_key(|turn| std::cmp::Reverse(turn.task.weight()));
        let mut outcome = Outcome { ledgers: self.left_out(&plan), ..Outcome::default() };
        for turn in still {
            outcome.ledgers.push(self.still(turn));
        }
        let shared = Shared { queue: Mutex::new(busy.into()), outcome: Mutex::new(outcome) };
        let pair = self.work_all(&shared, (source, target)).await;
        let mut outcome = shared.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        let left = shared.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.give_up(left, &mut outcome);
        self.conclude(pair, &mut outcome, &heads).await;
        Ok(self.report(outcome, extra))
    }

    /// Renames on the target what was renamed at the source; what is said of it.
    async fn follow(
        &self,
        target: &mut C::Target,
        from: &Side<'_>,
        there: Vec<Folder>,
        shape: &Shape,
    ) -> Result<(Vec<Folder>, Vec<(FolderName, String)>), Error> {
        let mut notes = Vec::new();
        if matches!(self.work, Work::Verify { .. }) {
            return Ok((there, notes));
        }
        let moves = moves(from, &Side { folders: &there, shape }, &self.memory.heads()?, self.policy);
        let mut there = there;
        for it in moves {
            let (name, mut told) = (it.renamed.to.clone(), format!("it was {} before", it.renamed.from));
            if matches!(self.work, Work::Copy) {
                let moved = it.carry_out(target, &there, self.memory).await?;
                if let Some(error) = moved.refused {
                    told = format!("{told}; the target keeps it under its old name: {error}");
                }
                if moved.changed {
                    there = target.folders().await?;
                }
            }
            notes.push((name, told));
        }
        Ok((there, notes))
    }

    /// What is said of folders that have no turn.
    fn left_out(&self, plan: &Structure) -> Vec<Ledger> {
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

    fn is_settled(&self, task: &Task) -> bool {
        let passes = !matches!(self.work, Work::Verify { .. }) && !self.policy.restore;
        passes && task.folder.selectable && task.is_still()
    }

    fn still(&self, mut turn: Turn) -> Ledger {
        let tally = turn.task.head.map(|head| head.tally).unwrap_or_default();
        self.watch.folder(&turn.task.folder.name, tally.placed);
        turn.ledger.rest(tally, self.watch);
        self.watch.left(&turn.task.folder.name);
        turn.ledger
    }

    async fn connect(&self, failures: u32) -> Result<Pair<C>, Error> {
        let mut attempt = failures;
        loop {
            match self.connect.connect(attempt).await {
                Err(error) if error.scope() == Scope::Session && attempt < ATTEMPTS && self.watch.go_on() => {
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// Makes the folders that are missing and subscribes to them.
    async fn build(&self, target: &mut C::Target, turns: &mut [Turn]) -> Result<(), Error> {
        let policy = self.policy;
        let missing: Vec<Folder> = turns
            .iter()
            .filter(|turn| turn.task.is_missing() && !turn.task.is_gone(policy))
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
        let unsubscribed: Vec<&mut Turn> =
            turns.iter_mut().filter(|turn| turn.task.is_to_subscribe(policy)).collect();
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

    /// Several pairs, as many as there is work for. Gives back one that can still be used.
    async fn work_all(&self, shared: &Shared, first: Pair<C>) -> Option<Pair<C>> {
        let busy = lock(&shared.queue).len();
        let others = self.connect.limit().min(busy).saturating_sub(1);
        let more = join_all((0..others).map(|_| self.worker(shared, None)));
        let (first, more) = join(self.worker(shared, Some(first)), more).await;
        let mut left = None;
        for pair in more.into_iter().chain([first]).flatten() {
            if let Some(pair) = left.replace(pair) {
                self.connect.close(pair).await;
            }
        }
        left
    }

    async fn worker(&self, shared: &Shared, mut pair: Option<Pair<C>>) -> Option<Pair<C>> {
        let is_first = pair.is_some();
        loop {
            if !self.watch.go_on() || lock(&shared.outcome).error.is_some() {
                return pair;
            }
            let Some(mut turn) = lock(&shared.queue).pop_front() else { return pair };
            let connected = match pair.take() {
                Some(pair) => Ok(pair),
                None => self.connect(turn.failures).await,
            };
            let (mut source, mut target) = match connected {
                Ok(pair) => pair,
                Err(error) => {
                    // The server may allow no more connections than there are.
                    lock(&shared.queue).push_front(turn);
                    if is_first {
                        lock(&shared.outcome).error.get_or_insert(error);
                    }
                    return None;
                }
            };
            let done = self.turn(&mut turn, &mut source, &mut target).await;
            let keep = !done.as_ref().is_err_and(Error::is_fatal);
            pair = keep.then_some((source, target));
            self.settle(shared, turn, done);
        }
    }

    async fn turn(
        &self,
        turn: &mut Turn,
        source: &mut C::Source,
        target: &mut C::Target,
    ) -> Result<Done, Error> {
        let (task, ledger) = (&turn.task, &mut turn.ledger);
        if !task.folder.selectable {
            return Ok(parent(task));
        }
        let Self { memory, watch, policy, .. } = *self;
        let done = Desk { source, target, memory, watch, policy, task, ledger }.work(self.work).await;
        self.watch.left(&task.folder.name);
        done
    }

    /// A folder that fails has its turn again at the end.
    fn settle(&self, shared: &Shared, mut turn: Turn, done: Result<Done, Error>) {
        match done {
            Ok(done) => {
                let mut outcome = lock(&shared.outcome);
                outcome.wrote |= done.wrote;
                outcome.ledgers.push(turn.ledger);
                outcome.done.push((turn.task, done));
            }
            Err(error) if error.scope() == Scope::Account => {
                turn.ledger.whole(Verdict::Pending, Some(Reason::Other(error.to_string())), self.watch);
                let mut outcome = lock(&shared.outcome);
                outcome.ledgers.push(turn.ledger);
                outcome.error.get_or_insert(error);
            }
            Err(error) if turn.failures + 1 >= ATTEMPTS => {
                turn.ledger.whole(Verdict::Failed, Some(Reason::Other(error.to_string())), self.watch);
                lock(&shared.outcome).ledgers.push(turn.ledger);
            }
            Err(_) => {
                turn.failures += 1;
                turn.ledger.again();
                // What is known may have grown.
                if let Ok(mut heads) = self.memory.heads() {
                    turn.task.head = heads.remove(&turn.task.folder.name).or(turn.task.head);
                }
                lock(&shared.queue).push_back(turn);
            }
        }
    }

    /// Those whose turn did not come.
    fn give_up(&self, left: VecDeque<Turn>, outcome: &mut Outcome) {
        for mut turn in left {
            turn.ledger.many(Verdict::Pending, turn.task.weight().max(1), None, self.watch);
            outcome.ledgers.push(turn.ledger);
        }
    }

    /// Records how both sides stand, now that nothing more is written.
    async fn conclude(
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
        let mut states: BTreeMap<FolderName, State> = BTreeMap::new();
        if outcome.wrote && outcome.error.is_none() {
            match target.folders().await {
                Ok(folders) => {
                    states = folders.into_iter().filter_map(|it| Some((it.name, it.state?))).collect();
                }
                // All is done; without the states the next run looks more closely.
                Err(error) if error.scope() == Scope::Session => {}
                Err(error) => drop(outcome.error.get_or_insert(error)),
            }
        }
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
        self.connect.close((source, target)).await;
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

    fn report(&self, mut outcome: Outcome, extra: Vec<(FolderName, bool)>) -> Report {
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

impl Turn {
    fn new(task: Task) -> Self {
        let ledger = Ledger::new(&task.folder.name);
        Self { task, ledger, failures: 0 }
    }
}

fn blank(place: &FolderName) -> Head {
    Head { place: place.clone(), ..Head::default() }
}

/// Workers take turns; none of them can leave what they share half done.
fn lock<X>(mutex: &Mutex<X>) -> std::sync::MutexGuard<'_, X> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const ATTEMPTS: u32 = 3;
