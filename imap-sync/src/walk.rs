//! Takes a pass through its folder: what may have been sent before first, then the rest, piece by piece.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::facts::{Change, Intent};
use crate::keys::KeySet;
use crate::model::{Item, ItemKey};
use crate::pass::Pass;
use crate::piece::headers;
use crate::plan::Settled;
use crate::report::{Reason, Verdict};
use crate::store::{Source, Target};

impl<S: Source, T: Target> Pass<'_, S, T> {
    /// Does all of it. False when it was stopped before its end.
    pub(crate) async fn run(&mut self) -> Result<bool, Error> {
        // What is still on its way has to be there before anything is looked for.
        let late = self.take_late();
        let waits = !self.intents.is_empty() && self.act && self.to.is_some();
        let still = !waits || self.target.is_still().await?;
        let mut touched = self.look().await?;
        let doubtful = self.doubtful(&touched);
        if !doubtful.is_empty() && !still {
            let reason = Reason::Other("the target may still be writing it for an earlier run".into());
            let keys = doubtful.iter();
            keys.for_each(|key| self.ledger.settle(pending(key, &reason), self.watch));
            touched = touched.minus(&doubtful);
        } else {
            touched = touched.minus(&doubtful);
            if !self.doubt(&doubtful, &touched).await? {
                return Ok(false);
            }
        }
        self.remove_twins(&late).await?;
        let finished = self.pieces(touched, &KeySet::new()).await?;
        if finished {
            self.finish();
        }
        Ok(finished)
    }

    /// Does what may have been sent before, and closes its intents. False when it was stopped before its end.
    async fn doubt(&mut self, doubtful: &KeySet, later: &KeySet) -> Result<bool, Error> {
        let intents = self.intents.clone();
        intents.iter().for_each(|intent| self.doubtful.open(*intent));
        if !self.pieces(doubtful.clone(), later).await? {
            return Ok(false);
        }
        for intent in intents {
            // What was sent once more may land twice, should the first session live on.
            let again = doubtful.iter().any(|key| intent.covers(key) && self.ledger.is_copied(key));
            self.again |= again;
            self.changes.push(match again {
                true => Change::OpenIntent(Intent { late: true, ..intent }),
                false => Change::CloseIntent(intent),
            });
        }
        self.intents.clear();
        Ok(true)
    }

    /// Does items piece by piece. False when it was stopped: the rest of them is pending then, and those for `later`.
    async fn pieces(&mut self, mut keys: KeySet, later: &KeySet) -> Result<bool, Error> {
        while !keys.is_empty() {
            let mut unsettled = 0;
            if self.watch.go_on() {
                let piece = keys.split_off_first(WINDOW);
                if self.piece(&piece).await? {
                    continue;
                }
                let begun = piece.iter().filter(|&key| self.piece.get(key).is_some());
                unsettled = begun.filter(|&key| !self.ledger.has(key)).count() as u64;
            }
            let left = keys.union(later);
            for keys in left.chunks(WINDOW) {
                self.load(&keys)?;
            }
            self.ledger.many(Verdict::Pending, unsettled + left.len(), None, self.watch);
            self.ledger.rest(self.rest, self.watch);
            return Ok(false);
        }
        Ok(true)
    }

    /// What is left over is only counted, or told where it is not much.
    fn finish(&mut self) {
        if let Some(loose) = &self.loose {
            self.head.tally.others = loose.keys().len();
            self.rest.others = 0;
            if loose.keys().len() > MANY {
                self.rest.others = loose.keys().len();
            } else {
                let extra = |key| Settled { key, verdict: Verdict::Extra, reason: Some(Reason::NotOurs) };
                loose.keys().iter().for_each(|key| self.ledger.settle(extra(key), self.watch));
            }
        }
        self.ledger.rest(self.rest, self.watch);
    }

    /// The items that an earlier run may have sent without being told of it.
    fn doubtful(&self, touched: &KeySet) -> KeySet {
        let mut covered = KeySet::new();
        self.intents.iter().for_each(|intent| covered.insert_range(intent.first..=intent.last));
        touched.intersection(&covered)
    }

    /// The intents whose messages were sent once more.
    fn take_late(&mut self) -> Vec<Intent> {
        let (late, open): (Vec<Intent>, Vec<Intent>) = self.intents.iter().partition(|intent| intent.late);
        self.intents = open;
        self.twins = !late.is_empty();
        late
    }

    /// What landed after it had been sent once more is ours, and goes.
    async fn remove_twins(&mut self, late: &[Intent]) -> Result<(), Error> {
        let late = if self.act && self.to.is_some() { late } else { &[] };
        for intent in late {
            let mut prints: BTreeMap<u64, u64> = BTreeMap::new();
            self.recall(intent.first, intent.last, &mut |_, fact| {
                *prints.entry(fact.print).or_default() += 1;
            })?;
            let mut since = self.loose.as_ref().map(|loose| loose.keys().clone()).unwrap_or_default();
            if intent.next.0 > 0 {
                since.remove_range(ItemKey(0)..=ItemKey(intent.next.0 - 1));
            }
            let (items, headers) =
                (self.target.items(&since, true).await?, headers(self.target, &since).await?);
            let mut twins = KeySet::new();
            for (key, header) in headers {
                let item = items.get(&key).cloned().unwrap_or_default();
                let print = Item { header: Some(header), ..item }.fingerprint().map(|print| print.short());
                if let Some(count) =
                    print.and_then(|print| prints.get_mut(&print)).filter(|count| **count > 0)
                {
                    *count -= 1;
                    twins.insert(key);
                }
            }
            self.remove_those(&twins).await?;
            self.changes.push(Change::CloseIntent(*intent));
        }
        Ok(())
    }

    async fn remove_those(&mut self, twins: &KeySet) -> Result<(), Error> {
        if twins.is_empty() {
            return Ok(());
        }
        let what = format!("{} messages landed twice after a broken connection", twins.len());
        match self.target.remove(twins, None).await {
            Ok(()) => {
                self.wrote = true;
                twins.iter().for_each(|key| self.loose.iter_mut().for_each(|loose| loose.take(key)));
                self.ledger.note(None, format!("{what}: the second ones are removed"));
                Ok(())
            }
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                self.ledger.note(None, format!("{what} (UIDs {twins}), and cannot be removed: {error}"));
                Ok(())
            }
        }
    }
}

fn pending(key: ItemKey, reason: &Reason) -> Settled {
    Settled { key, verdict: Verdict::Pending, reason: Some(reason.clone()) }
}

/// How many items are planned at a time.
const WINDOW: u64 = 1000;
/// How many items without a fact are told of one by one.
const MANY: u64 = 1000;
