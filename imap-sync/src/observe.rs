//! What a pass looks at: all of a folder, or what changed in it.

use crate::error::Error;
use crate::head::{Seen, Tally};
use crate::keys::KeySet;
use crate::loose::Loose;
use crate::model::ItemKey;
use crate::pass::Pass;
use crate::store::{Source, Target};

impl<S: Source, T: Target> Pass<'_, S, T> {
    /// The source's keys that have to be looked at: all, or those with which something has happened on either side.
    pub(crate) async fn look(&mut self) -> Result<KeySet, Error> {
        // To restore or to choose, all has to be looked at.
        let choosy = self.policy.selection.is_choosy();
        let whole = self.head.whole && !self.twins && self.to.is_some() && !self.policy.restore && !choosy;
        let changed = if whole { self.changed_at_source().await? } else { None };
        let mut touched = match &changed {
            Some(changed) => changed.union(&self.head.undone),
            None => self.source.keys().await?,
        };
        let still = self.to.as_ref().is_some_and(|to| to.state.is_still(&self.head.target));
        let fresh = touched.last().is_some_and(|last| last >= self.head.source.next);
        if changed.is_some() && still && (self.head.tally.others == 0 || !fresh) {
            self.rest = self.head.tally;
            return Ok(touched);
        }
        let there = match &self.to {
            Some(to) if to.state.count > 0 || !self.intents.is_empty() => self.target.keys().await?,
            _ => KeySet::new(),
        };
        let moved = match (changed.is_some(), still) {
            (true, true) => KeySet::new(),
            (true, false) => self.changed_on_target().await?.unwrap_or_else(|| there.clone()),
            (false, _) => KeySet::new(),
        };
        let scan = self.scan(changed.is_some(), &there, &moved)?;
        touched = touched.union(&scan.touched);
        self.head.tally = scan.tally;
        self.rest = if changed.is_some() { scan.tally } else { Tally::default() };
        self.find_loose(there.minus(&scan.placed)).await?;
        self.head.tally.others = 0;
        Ok(touched)
    }

    async fn changed_at_source(&mut self) -> Result<Option<KeySet>, Error> {
        let before = self.head.source;
        if self.from.state.is_still(&before) {
            return Ok(Some(KeySet::new()));
        }
        if before.mark == 0 || self.from.state.mark == 0 {
            return Ok(None);
        }
        let Some(changes) = self.source.changes(&before).await? else { return Ok(None) };
        let fresh = changes.changed.ranges().filter(|range| *range.end() >= before.next);
        let fresh: u64 = fresh.map(|range| range.end().0 - range.start().0.max(before.next.0) + 1).sum();
        let known = match changes.vanished {
            Some(vanished) => self.known_in(&vanished)?,
            None if self.from.state.count == before.count + fresh => KeySet::new(),
            None => {
                let all = self.source.keys().await?;
                let mut everything = KeySet::new();
                everything.insert_range(ItemKey(0)..=ItemKey(u64::MAX));
                self.known_in(&everything)?.minus(&all)
            }
        };
        Ok(Some(changes.changed.union(&known)))
    }

    /// The keys of a set of which something is known, but not that the source lacks them.
    fn known_in(&self, keys: &KeySet) -> Result<KeySet, Error> {
        let mut known = KeySet::new();
        for range in keys.ranges() {
            self.recall(*range.start(), *range.end(), &mut |key, fact| {
                if fact.seen != Seen::Target {
                    known.insert(key);
                }
            })?;
        }
        Ok(known)
    }

    async fn changed_on_target(&mut self) -> Result<Option<KeySet>, Error> {
        let before = self.head.target;
        let to = self.to.as_ref().map(|to| to.state).unwrap_or_default();
        if before.mark == 0 || to.mark == 0 {
            return Ok(None);
        }
        Ok(self.target.changes(&before).await?.map(|changes| changes.changed))
    }

    /// Goes through all facts: what is placed where, and which of them have to be looked at.
    fn scan(&self, delta: bool, there: &KeySet, moved: &KeySet) -> Result<Scan, Error> {
        let mut scan = Scan::default();
        self.recall(ItemKey(0), ItemKey(u64::MAX), &mut |key, fact| {
            scan.placed.insert(fact.target);
            *scan.tally.of(fact.seen) += 1;
            let is_there = there.contains(fact.target);
            if !delta || is_there == (fact.seen == Seen::Source) || moved.contains(fact.target) {
                scan.touched.insert(key);
            }
        })?;
        Ok(scan)
    }

    async fn find_loose(&mut self, free: KeySet) -> Result<(), Error> {
        let mut loose = Loose::new(free.clone());
        for keys in free.chunks(PAGE) {
            let items = self.target.items(&keys, true).await?;
            loose.learn(&items);
        }
        loose.sort();
        self.loose = Some(loose);
        Ok(())
    }
}

/// What all facts come to.
#[derive(Default)]
struct Scan {
    placed: KeySet,
    touched: KeySet,
    tally: Tally,
}

/// How many loose items are looked at in one breath.
const PAGE: u64 = 5000;
