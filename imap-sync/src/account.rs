//! An account on its way: what is done with it, the folders whose turn comes, and what came of those that had theirs.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Scope};
use crate::folder::{Done, Work};
use crate::ledger::Ledger;
use crate::policy::Policy;
use crate::report::{Reason, Verdict};
use crate::store::{Connect, Memory, Watch};
use crate::structure::Task;

/// A run over an account.
pub(crate) struct Run<'a, C> {
    pub(crate) connect: &'a C,
    pub(crate) memory: &'a dyn Memory,
    pub(crate) watch: &'a dyn Watch,
    pub(crate) policy: &'a Policy,
    pub(crate) work: Work,
}

/// A source and a target.
pub(crate) type Pair<C> = (<C as Connect>::Source, <C as Connect>::Target);

impl<C: Connect> Run<'_, C> {
    /// A pair, in as many attempts as are left.
    pub(crate) async fn connect(&self, failures: u32) -> Result<Pair<C>, Error> {
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
}

/// What the workers share.
pub(crate) struct Shared {
    pub(crate) queue: Mutex<VecDeque<Turn>>,
    pub(crate) outcome: Mutex<Outcome>,
}

/// A folder whose turn comes.
pub(crate) struct Turn {
    pub(crate) task: Task,
    pub(crate) ledger: Ledger,
    pub(crate) failures: u32,
    /// How many messages were copied when it failed last.
    pub(crate) copied: u64,
}

impl Turn {
    pub(crate) fn new(task: Task) -> Self {
        let ledger = Ledger::new(&task.folder.name);
        Self { task, ledger, failures: 0, copied: 0 }
    }

    /// Its turn did not come, or ended before its time: the rest of its items is pending.
    pub(crate) fn pend(&mut self, reason: Option<Reason>, watch: &dyn Watch) {
        let left = self.task.weight().saturating_sub(self.ledger.settled()).max(1);
        self.ledger.many(Verdict::Pending, left, reason, watch);
    }
}

/// What came of it so far.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) ledgers: Vec<Ledger>,
    pub(crate) done: Vec<(Task, Done)>,
    pub(crate) error: Option<Error>,
    pub(crate) wrote: bool,
}

/// Workers take turns; none of them can leave what they share half done.
pub(crate) fn lock<X>(mutex: &Mutex<X>) -> MutexGuard<'_, X> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often something is tried.
pub(crate) const ATTEMPTS: u32 = 3;
