//! Carries out the plan of a piece. The only place with effects on mail; it decides nothing about what.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::facts::{Change, Intent};
use crate::keys::KeySet;
use crate::model::ItemKey;
use crate::pass::Pass;
use crate::plan::{Action, Plan};
use crate::report::{Reason, Verdict};
use crate::send::{Job, Sent};
use crate::store::{Source, Target};

impl<S: Source, T: Target> Pass<'_, S, T> {
    /// False when it was stopped before its end.
    pub(crate) async fn carry_out(&mut self, plan: Plan) -> Result<bool, Error> {
        if !self.act {
            self.pretend(plan);
            return Ok(true);
        }
        let mut updates: BTreeMap<(Vec<u8>, Vec<u8>), Vec<Action>> = BTreeMap::new();
        let mut appends = BTreeMap::new();
        let mut adopted = false;
        for action in plan.actions {
            match action {
                Action::Adopt { source, fact } => {
                    adopted = true;
                    self.know(source, Some(fact));
                    self.ledger.done(source, Verdict::Adopted, self.watch);
                }
                Action::Append { source, flags } => {
                    appends.insert(source, Job::new(flags));
                }
                Action::Forget { source } => self.know(source, None),
                Action::Note { source, fact } => self.know(source, Some(fact)),
                Action::SetFlags { ref add, ref remove, .. } => {
                    updates.entry((add.to_bytes(), remove.to_bytes())).or_default().push(action);
                }
            }
        }
        if adopted {
            // What is adopted may have landed just before a crash, and not be durable yet.
            self.target.settle().await?;
        }
        for batch in updates.values().flat_map(|actions| actions.chunks(MAX_UPDATES)) {
            if !self.watch.go_on() {
                return self.record().map(|()| false);
            }
            self.update(batch).await?;
        }
        if appends.is_empty() { self.record_much().map(|()| true) } else { self.append(appends).await }
    }

    fn pretend(&mut self, plan: Plan) {
        for action in plan.actions {
            let key = action.key();
            match action {
                Action::Adopt { fact, .. } => {
                    self.loose.iter_mut().for_each(|loose| loose.take(fact.target));
                    self.ledger.done(key, Verdict::Adopted, self.watch);
                }
                Action::SetFlags { .. } if self.ledger.is_adopted(key) => {}
                Action::Append { .. } | Action::SetFlags { .. } => {
                    self.ledger.done(key, Verdict::Copied, self.watch);
                }
                Action::Forget { .. } | Action::Note { .. } => {}
            }
        }
    }

    /// One STORE for many items that get the same change.
    async fn update(&mut self, batch: &[Action]) -> Result<(), Error> {
        let mut keys = KeySet::new();
        let mut change = None;
        for action in batch {
            if let Action::SetFlags { add, remove, fact, .. } = action {
                keys.insert(fact.target);
                change = Some((add, remove));
            }
        }
        let Some((add, remove)) = change else { return Ok(()) };
        match self.target.set_flags(&keys, add, remove).await {
            Ok(()) => {}
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                let reason = Reason::Other(error.to_string());
                batch.iter().for_each(|action| self.ledger.fail(action.key(), reason.clone(), self.watch));
                return Ok(());
            }
        }
        self.wrote = true;
        self.target.settle().await?;
        for action in batch {
            if let Action::SetFlags { source, fact, .. } = action {
                self.know(*source, Some(fact.clone()));
                if !self.ledger.is_adopted(*source) {
                    self.ledger.done(*source, Verdict::Copied, self.watch);
                }
            }
        }
        Ok(())
    }

    /// An intent first, and durable; then the messages, and facts in batches. Whatever breaks, what is known is recorded.
    async fn append(&mut self, mut jobs: BTreeMap<ItemKey, Job>) -> Result<bool, Error> {
        self.leave_out_large(&mut jobs);
        let (Some((&first, _)), Some((&last, _))) = (jobs.first_key_value(), jobs.last_key_value()) else {
            return self.record_much().map(|()| true);
        };
        let intent = Intent { first, last, next: self.next, late: false };
        self.changes.push(Change::OpenIntent(intent));
        self.facts.open(intent);
        self.record()?;
        let mut landed = KeySet::new();
        while !jobs.is_empty() && self.watch.go_on() {
            let mut sent = Sent::default();
            let streamed = match self.stream(&mut jobs, &mut sent).await {
                Ok(()) => self.land(&mut sent).await,
                error => error,
            };
            self.record()?;
            streamed?;
            for (key, job, refused) in std::mem::take(&mut sent.refused) {
                self.climb(key, job, refused, intent.next).await?;
                self.record()?;
            }
            self.look_for(&sent.unseen, intent.next).await?;
            // What is still among the jobs was not given.
            if self.watch.go_on() {
                let left = std::mem::take(&mut jobs);
                left.into_iter().for_each(|(key, job)| self.not_given(key, job, &mut sent));
            }
            landed = landed.union(&sent.landed);
            jobs.append(&mut sent.again);
        }
        self.check(&landed).await?;
        self.changes.push(Change::CloseIntent(intent));
        if self.watch.go_on() { self.record_much().map(|()| true) } else { self.record().map(|()| false) }
    }

    /// What the target says it cannot take need not be sent.
    fn leave_out_large(&mut self, jobs: &mut BTreeMap<ItemKey, Job>) {
        let Some(limit) = self.target.manner().limit else { return };
        let size = |key: &ItemKey| self.piece.get(*key).and_then(|item| item.size).unwrap_or(0);
        let large: Vec<(ItemKey, u64)> =
            jobs.keys().map(|key| (*key, size(key))).filter(|(_, size)| *size > limit).collect();
        for (key, size) in large {
            jobs.remove(&key);
            let reason = format!("it has {size} bytes, and the target takes no more than {limit}");
            self.ledger.fail(key, Reason::Other(reason), self.watch);
        }
    }
}

const MAX_UPDATES: usize = 1000;
