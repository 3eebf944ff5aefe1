//! Takes an account through its folders: the structure first, then folder by folder, several side by side.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures_util::future::{join, join_all};

use crate::account::{ATTEMPTS, Outcome, Pair, Run, Shared, Turn, lock};
use crate::error::{Error, Scope};
use crate::folder::{Desk, Done, Work, parent};
use crate::ledger::Ledger;
use crate::policy::Policy;
use crate::report::{Reason, Report, Verdict};
use crate::store::{Connect, Memory, Source, Watch};
use crate::structure::{Side, Task, extra, structure};

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

impl<C: Connect> Run<'_, C> {
    async fn all(self) -> Result<Report, Error> {
        let (mut source, mut target) = self.connect(0).await?;
        let (from, to) = join(source.folders(), target.folders()).await;
        let (from, to) = (from?, to?);
        let shapes = (source.shape(), target.shape());
        let from = Side { folders: &from, shape: &shapes.0 };
        let followed = self.follow(&mut target, &from, to, &shapes.1).await?;
        let to = Side { folders: &followed.there, shape: &shapes.1 };
        let mut heads = self.memory.heads()?;
        for (old, new, head) in &followed.foreseen {
            heads.remove(old);
            heads.insert(new.clone(), head.clone());
        }
        let mut plan = structure(&from, &to, &heads, self.policy);
        for (old, new, _) in followed.foreseen {
            let renamed = plan.tasks.iter_mut().filter(|task| task.folder.name == new);
            renamed.for_each(|task| task.known_as = old.clone());
        }
        plan.notes.extend(followed.notes);
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
        // A link that breaks again and again is borne with as long as something gets through.
        let copied = turn.ledger.copied();
        if copied > turn.copied {
            (turn.copied, turn.failures) = (copied, 0);
        }
        match done {
            Ok(done) => {
                let mut outcome = lock(&shared.outcome);
                outcome.wrote |= done.wrote;
                outcome.ledgers.push(turn.ledger);
                outcome.done.push((turn.task, done));
            }
            Err(error) if error.scope() == Scope::Account => {
                turn.pend(Some(Reason::Other(error.to_string())), self.watch);
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
            turn.pend(None, self.watch);
            outcome.ledgers.push(turn.ledger);
        }
    }
}
