//! One folder: opened on both sides, then a pass over it, or a comparison.

use futures_util::future::join;

use crate::compare::folder_digest;
use crate::error::Error;
use crate::facts::Facts;
use crate::head::{Head, Tally};
use crate::ledger::Ledger;
use crate::model::{ItemKey, Listing, State};
use crate::pass::Pass;
use crate::policy::{Level, Policy};
use crate::store::{Memory, Selected, Source, Target, Watch};
use crate::structure::Task;
use crate::verify::{folder_verdict, observe_contents, settle_counts, settle_folder};

/// What is done with an account.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    Copy,
    Plan,
    Verify { live: bool },
}

/// How a folder was left.
#[derive(Default)]
pub(crate) struct Done {
    /// What is to be known of it, if anything.
    pub(crate) head: Option<Head>,
    /// Whether something was recorded of it meanwhile.
    pub(crate) recorded: bool,
    /// Whether the target was written to.
    pub(crate) wrote: bool,
    /// Whether something was removed from the target at the end.
    pub(crate) removed: bool,
    /// How the target should stand, if nobody else wrote to it.
    expected: Option<State>,
}

impl Done {
    /// How the target stands, as far as nobody else has written to it: otherwise as it stood before.
    pub(crate) fn target(&self, told: Option<&State>, before: State) -> State {
        let Some(expected) = self.expected else { return before };
        match told {
            Some(told) if State { mark: told.mark, ..expected } == *told => *told,
            Some(_) => before,
            None if self.wrote => State { mark: 0, ..expected },
            None => before,
        }
    }
}

/// A folder without messages of its own: there was nothing to do but to subscribe.
pub(crate) fn parent(task: &Task) -> Done {
    Done { head: task.head.clone(), ..Done::default() }
}

/// Everything that is needed to work on one folder.
pub(crate) struct Desk<'a, S, T> {
    pub(crate) source: &'a mut S,
    pub(crate) target: &'a mut T,
    pub(crate) memory: &'a dyn Memory,
    pub(crate) watch: &'a dyn Watch,
    pub(crate) policy: &'a Policy,
    pub(crate) task: &'a Task,
    pub(crate) ledger: &'a mut Ledger,
}

impl<S: Source, T: Target> Desk<'_, S, T> {
    /// Does the folder.
    pub(crate) async fn work(mut self, work: Work) -> Result<Done, Error> {
        let Self { source, target, task, .. } = &mut self;
        let look = !matches!(work, Work::Verify { .. }) && task.head.as_ref().is_none_or(|head| !head.whole);
        let there = async {
            match task.is_missing() {
                true => Ok(None),
                false => target.select(&task.place, false).await.map(Some),
            }
        };
        let (from, to) = join(source.select(&task.folder.name, look), there).await;
        let (from, to) = (from?, to?);
        self.watch.folder(&self.task.folder.name, from.state.count);
        match work {
            Work::Copy => self.copy(true, from, to).await,
            Work::Plan => self.copy(false, from, to).await,
            Work::Verify { live } => self.compare(live, from, to).await,
        }
    }

    async fn copy(self, act: bool, from: Selected, to: Option<Selected>) -> Result<Done, Error> {
        let Self { source, target, memory, watch, policy, task, ledger } = self;
        let (folder, opened) = (&task.known_as, to.as_ref().map(|to| to.state));
        let head = task.head.clone().unwrap_or_else(|| Head { place: task.place.clone(), ..Head::default() });
        let (intents, next) = (memory.intents(folder)?, opened.map_or(ItemKey(1), |to| to.next));
        let source_state = from.state;
        let mut pass = Pass {
            source,
            target,
            memory,
            watch,
            ledger,
            policy,
            folder,
            from,
            to,
            act,
            next,
            head: Head { id: task.folder.id.clone(), ..head },
            facts: Facts::new(),
            intents,
            changes: Vec::new(),
            loose: None,
            rest: Tally::default(),
            piece: Listing::default(),
            doubtful: Facts::new(),
            again: false,
            twins: false,
            forgotten: false,
            recorded: false,
            appended: 0,
            wrote: false,
        };
        pass.rebind().await?;
        let finished = pass.run().await?;
        pass.record()?;
        let Pass { head, next, appended, wrote, recorded, again, .. } = pass;
        let calm = !wrote || !target.is_disturbed();
        if !finished || !act {
            return Ok(Done { wrote, ..Done::default() });
        }
        if opened.is_some() {
            target.finish(&source_state).await?;
        }
        name(source, ledger).await?;
        let undone = ledger.undone();
        let choosy = policy.selection.is_choosy();
        let whole = !choosy && !again && !ledger.is_troubled() && undone.ranges().len() <= MANY;
        // A folder that was removed on the target stays known.
        let state = opened.unwrap_or(head.target);
        let expected = opened.filter(|_| calm);
        let expected = expected.map(|state| State { next, count: state.count + appended, ..state });
        let head = Head { source: source_state, target: state, undone, whole, ..head };
        Ok(Done { head: Some(head), recorded, removed: false, wrote, expected })
    }

    async fn compare(self, live: bool, from: Selected, to: Option<Selected>) -> Result<Done, Error> {
        let Self { source, target, memory, watch, policy, task, ledger } = self;
        if let Some((verdict, reason)) = folder_verdict(task, from.state.count == 0, live) {
            ledger.whole(verdict, Some(reason), watch);
        }
        if policy.level == Level::Counts {
            let there = to.as_ref().map_or(0, |to| to.state.count);
            settle_counts(from.state.count, there, ledger, watch);
            return Ok(Done::default());
        }
        let mut facts = Facts::new();
        let validities = |head: &Head| (head.source.validity, head.target.validity);
        let known = task.head.as_ref().is_some_and(|head| {
            let there = to.as_ref().map_or(head.target.validity, |to| to.state.validity);
            validities(head) == (from.state.validity, there)
        });
        if known {
            let folder = &task.folder.name;
            memory.facts(folder, ItemKey(0), ItemKey(u64::MAX), &mut |key, fact| facts.put(key, fact))?;
        }
        let there = async {
            match to {
                Some(to) => observe_contents(target, to, policy.level, watch).await,
                None => Ok(Some(Listing::default())),
            }
        };
        let (from, to) = join(observe_contents(source, from, policy.level, watch), there).await;
        if let (Some(from), Some(to)) = (from?, to?) {
            ledger.digest(folder_digest(&from, &to.permanent), folder_digest(&to, &to.permanent));
            settle_folder(source, &from, &to, &facts, live, ledger, watch);
        }
        name(source, ledger).await?;
        Ok(Done::default())
    }
}

/// Looks up the Message-IDs that people will ask for.
async fn name(source: &mut impl Source, ledger: &mut Ledger) -> Result<(), Error> {
    let keys = ledger.nameless();
    if keys.is_empty() {
        return Ok(());
    }
    match source.headers(&keys).await {
        Ok(headers) => {
            headers.into_iter().for_each(|(key, header)| ledger.name(key, header.message_id));
            Ok(())
        }
        Err(error) if error.is_fatal() => Err(error),
        Err(_) => Ok(()),
    }
}

const MANY: usize = 1000;
