//! One pass over one folder, both sides of which are open: what it works with, and what it remembers.

use crate::error::Error;
use crate::facts::{Change, Fact, Facts, Intent};
use crate::flags::Permanent;
use crate::head::{Head, Tally};
use crate::ledger::Ledger;
use crate::loose::Loose;
use crate::model::{FolderName, ItemKey, Listing};
use crate::policy::Policy;
use crate::store::{Memory, Selected, Watch};

/// A pass. How it goes is in `walk`, what it looks at in `observe` and `piece`; its effects are in `copy`.
pub(crate) struct Pass<'a, S, T> {
    pub(crate) source: &'a mut S,
    pub(crate) target: &'a mut T,
    pub(crate) memory: &'a dyn Memory,
    pub(crate) watch: &'a dyn Watch,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) policy: &'a Policy,
    pub(crate) folder: &'a FolderName,
    pub(crate) from: Selected,
    /// How the target stands; there may be no such folder.
    pub(crate) to: Option<Selected>,
    /// Whether anything may be written.
    pub(crate) act: bool,
    /// The target's UIDNEXT, as far as it is known.
    pub(crate) next: ItemKey,
    /// What is known of the folder; its tally is kept up to date.
    pub(crate) head: Head,
    /// What is known of the piece at hand; grows as the work goes on.
    pub(crate) facts: Facts,
    pub(crate) intents: Vec<Intent>,
    /// What is known but not yet recorded.
    pub(crate) changes: Vec<Change>,
    /// The target's items without a fact, where these had to be looked at.
    pub(crate) loose: Option<Loose>,
    /// How many of the known items are not looked at.
    pub(crate) rest: Tally,
    /// The source's items of the piece at hand.
    pub(crate) piece: Listing,
    /// The intents of earlier runs.
    pub(crate) doubtful: Facts,
    /// Whether something was sent once more: it is looked for again in the next pass.
    pub(crate) again: bool,
    /// Whether something may have landed twice.
    pub(crate) twins: bool,
    /// Whether what is known is of no use any more.
    pub(crate) forgotten: bool,
    /// Whether anything was recorded.
    pub(crate) recorded: bool,
    /// How many messages were added to the target.
    pub(crate) appended: u64,
    /// Whether the target was written to.
    pub(crate) wrote: bool,
}

impl<S, T> Pass<'_, S, T> {
    /// What is known of items from one key to another.
    pub(crate) fn recall(
        &self,
        from: ItemKey,
        to: ItemKey,
        each: &mut dyn FnMut(ItemKey, Fact),
    ) -> Result<(), Error> {
        if self.forgotten { Ok(()) } else { self.memory.facts(self.folder, from, to, each) }
    }

    /// Which flags the target can keep.
    pub(crate) fn permanent(&self) -> Permanent {
        self.to.as_ref().map(|to| to.permanent.clone()).unwrap_or_default()
    }

    /// Takes note of something, to be recorded with the next batch.
    pub(crate) fn know(&mut self, key: ItemKey, fact: Option<Fact>) {
        if let Some(old) = self.facts.get(key) {
            let count = self.head.tally.of(old.seen);
            *count = count.saturating_sub(1);
        }
        match fact {
            Some(fact) => {
                *self.head.tally.of(fact.seen) += 1;
                self.loose.iter_mut().for_each(|loose| loose.take(fact.target));
                self.facts.put(key, fact.clone());
                self.changes.push(Change::Put { key, fact });
            }
            None => self.changes.push(Change::Remove { key }),
        }
    }

    /// Records, when there is so much that it is worth the while.
    pub(crate) fn record_much(&mut self) -> Result<(), Error> {
        if self.changes.len() >= MUCH { self.record() } else { Ok(()) }
    }

    /// Records all that is known. From the first change on until its end a pass is not whole.
    pub(crate) fn record(&mut self) -> Result<(), Error> {
        if self.changes.is_empty() || !self.act {
            return Ok(());
        }
        if self.head.whole || !self.head.was_there() {
            self.head.whole = false;
            let target = self.to.as_ref().map_or(self.head.target, |to| to.state);
            let head = Head { source: self.from.state, target, ..self.head.clone() };
            self.head = head;
            self.changes.insert(0, Change::Head(Box::new(self.head.clone())));
        }
        self.recorded = true;
        self.memory.record(&[(self.folder, std::mem::take(&mut self.changes))])
    }
}

const MUCH: usize = 256;
