//! Carries out the plan of a piece. The only place with effects on mail; it decides nothing about what.

use std::collections::{BTreeMap, VecDeque};

use crate::digest::{Digest, HeaderScan, fingerprint};
use crate::error::Error;
use crate::facts::{Change, Fact, Facts, Intent, Seen};
use crate::flags::Flags;
use crate::keys::KeySet;
use crate::model::{Item, ItemKey, Listing};
use crate::pass::Pass;
use crate::plan::{Action, Plan, Policy, candidates, plan};
use crate::report::{Reason, Verdict};
use crate::step::{Next, Outcome, next_step};
use crate::store::{Appended, Body, Message, Opened, Source, Target};

/// A message to be appended.
#[derive(Clone)]
struct Job {
    flags: Flags,
    attempt: u32,
    /// Whether it is sent by itself.
    alone: bool,
}

/// What became of the messages of a plan that were sent, beside facts.
#[derive(Default)]
struct Sent {
    again: BTreeMap<ItemKey, Job>,
    unseen: Vec<(ItemKey, Digest)>,
    /// Sent, and not yet told of.
    flying: VecDeque<(ItemKey, Job, Digest, u64)>,
    bytes: u64,
}

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
                    appends.insert(source, Job { flags, attempt: 1, alone: false });
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
        let (Some((&first, _)), Some((&last, _))) = (jobs.first_key_value(), jobs.last_key_value()) else {
            return Ok(true);
        };
        let intent = Intent { first, last, next: self.next };
        self.changes.push(Change::OpenIntent(intent));
        self.facts.open(intent);
        self.record()?;
        while !jobs.is_empty() && self.watch.go_on() {
            let mut sent = Sent::default();
            let streamed = self.stream(&mut jobs, &mut sent).await;
            let streamed = match streamed {
                Ok(()) => self.land(&mut sent).await,
                error => error,
            };
            self.record()?;
            streamed?;
            self.look_for(&sent.unseen, intent.next).await?;
            // What is still among the jobs was not given.
            if self.watch.go_on() {
                std::mem::take(&mut jobs)
                    .into_iter()
                    .for_each(|(key, job)| self.not_given(key, job, &mut sent));
            }
            jobs.append(&mut sent.again);
        }
        self.changes.push(Change::CloseIntent(intent));
        if self.watch.go_on() { self.record_much().map(|()| true) } else { self.record().map(|()| false) }
    }

    fn not_given(&mut self, key: ItemKey, job: Job, sent: &mut Sent) {
        let refusal = self.source.refusal(key).map(|reason| Outcome::Withheld { reason });
        self.next(key, job, refusal.unwrap_or(Outcome::Vanished), None, sent);
    }

    /// Sends as many as the source gives.
    async fn stream(&mut self, jobs: &mut BTreeMap<ItemKey, Job>, sent: &mut Sent) -> Result<(), Error> {
        self.source.open(&jobs.keys().copied().collect()).await?;
        while let Some(opened) = self.source.next().await? {
            let Some(job) = jobs.get(&opened.key) else { continue };
            let Some(date) = self.piece.get(opened.key).and_then(|item| item.date) else { continue };
            let (key, validity) = (opened.key, self.piece.validity);
            let message = Message { key, validity, flags: job.flags.clone(), date, alone: job.alone };
            let mut body =
                Through { source: self.source, opened, left: opened.size, scan: HeaderScan::default() };
            self.wrote = true;
            let appended = self.target.append(&message, &mut body).await;
            let header = body.scan.finish().digest;
            if let Err(error) = appended {
                // In doubt, and with it all that was not yet told of: the intent stays open.
                self.ledger.fail(key, Reason::Other(error.to_string()), self.watch);
                return Err(error);
            }
            if let Some(job) = jobs.remove(&key) {
                sent.flying.push_back((key, job, header, opened.size));
            }
            sent.bytes += opened.size;
            if sent.flying.len() == MAX_APPENDS || sent.bytes >= MAX_BYTES {
                self.land(sent).await?;
                self.record()?;
            }
            if !self.watch.go_on() {
                break;
            }
        }
        Ok(())
    }

    /// Hears what became of what was sent.
    async fn land(&mut self, sent: &mut Sent) -> Result<(), Error> {
        let appended = self.target.appended().await?;
        for outcome in appended {
            let Some((key, job, header, size)) = sent.flying.pop_front() else { break };
            let outcome = match outcome {
                Appended::Landed(key) => Outcome::Landed(key),
                Appended::Refused { reason, transient } => Outcome::Refused { reason, transient },
                Appended::Spoilt => {
                    sent.again.insert(key, Job { alone: true, ..job });
                    continue;
                }
            };
            if matches!(outcome, Outcome::Landed(_)) {
                self.appended += 1;
                self.watch.bytes(size);
            }
            self.next(key, job, outcome, Some(header), sent);
        }
        sent.bytes = 0;
        if sent.flying.is_empty() {
            return Ok(());
        }
        let what = self.folder.to_string();
        Err(Error::Store {
            what,
            reason: "the target told too little of what it was sent".into(),
            fatal: true,
        })
    }

    fn next(&mut self, key: ItemKey, job: Job, outcome: Outcome, header: Option<Digest>, sent: &mut Sent) {
        match (next_step(job.attempt, outcome), header) {
            (Next::Done(target), Some(header)) => self.landed(key, target, header, job.flags),
            (Next::Look, Some(header)) => sent.unseen.push((key, header)),
            (Next::Again, _) => drop(sent.again.insert(key, Job { attempt: job.attempt + 1, ..job })),
            (Next::Fail(reason), _) => self.ledger.fail(key, Reason::Other(reason), self.watch),
            // Without a header nothing landed.
            (Next::Done(_) | Next::Look, None) => {}
        }
    }

    fn landed(&mut self, key: ItemKey, target: ItemKey, header: Digest, target_flags: Flags) {
        let Some(Item { size: Some(size), date: Some(date), flags: Some(flags), .. }) = self.piece.get(key)
        else {
            return;
        };
        let (print, source_flags) = (fingerprint(*size, date, &header).short(), flags.clone());
        self.next = self.next.max(ItemKey(target.0.saturating_add(1)));
        self.know(
            key,
            Some(Fact { target, source_flags, target_flags, print, ours: true, seen: Seen::Both }),
        );
        self.ledger.done(key, Verdict::Copied, self.watch);
    }

    /// Finds what landed under a key that the target did not tell.
    async fn look_for(&mut self, unseen: &[(ItemKey, Digest)], since: ItemKey) -> Result<(), Error> {
        if unseen.is_empty() {
            return Ok(());
        }
        let placed: KeySet = self.facts.iter().map(|(_, fact)| fact.target).collect();
        let mut keys = self.target.keys().await?;
        if since.0 > 0 {
            keys.remove_range(ItemKey(0)..=ItemKey(since.0 - 1));
        }
        let keys = keys.minus(&placed);
        let mut to = Listing::new(Default::default(), since, self.permanent());
        let items = self.target.items(&keys, true).await?;
        items
            .into_iter()
            .filter(|(key, _)| keys.contains(*key))
            .for_each(|(key, item)| drop(to.insert(key, item)));
        let (from, known) = self.unseen(unseen);
        let (_, ask) = candidates(&from, &to, &known);
        for (key, header) in self.target.headers(&ask.into_iter().collect()).await? {
            to.get_mut(key).into_iter().for_each(|item| item.header = Some(header.digest));
        }
        self.next = self.next.max(to.next);
        for action in plan(&from, &to, &known, &Policy::default()).actions {
            if let Action::Adopt { source, fact } = action {
                self.know(source, Some(fact));
                self.ledger.done(source, Verdict::Copied, self.watch);
            }
        }
        let reason = Reason::Other("the target took it, but it cannot be found there".into());
        for (key, _) in unseen {
            if !self.ledger.has(*key) {
                self.ledger.fail(*key, reason.clone(), self.watch);
            }
        }
        self.record()
    }

    /// The items to be found, and that they may be found.
    fn unseen(&self, unseen: &[(ItemKey, Digest)]) -> (Listing, Facts) {
        let mut from = Listing::new(self.piece.validity, self.piece.next, self.piece.permanent.clone());
        let mut known = Facts::new();
        for (key, header) in unseen {
            if let (Some(item), Some(next)) = (self.piece.get(*key), self.facts.doubt(*key)) {
                from.insert(*key, Item { header: Some(*header), ..item.clone() });
                known.open(Intent { first: *key, last: *key, next });
            }
        }
        (from, known)
    }
}

/// A message on its way from the source to the target.
struct Through<'a, S> {
    source: &'a mut S,
    opened: Opened,
    left: u64,
    scan: HeaderScan,
}

impl<S: Source> Body for Through<'_, S> {
    fn size(&self) -> u64 {
        self.opened.size
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let chunk = self.source.chunk().await?;
        let len = chunk.as_ref().map_or(0, Vec::len) as u64;
        if len > self.left || chunk.is_none() && self.left > 0 {
            let what = format!("UID {} of the source", self.opened.key);
            let reason = format!("it is not as long as the source said ({} bytes)", self.opened.size);
            return Err(Error::Store { what, reason, fatal: true });
        }
        self.left -= len;
        chunk.iter().for_each(|chunk| self.scan.push(chunk));
        Ok(chunk)
    }
}

const MAX_APPENDS: usize = 256;
const MAX_BYTES: u64 = 8 * 1024 * 1024;
const MAX_UPDATES: usize = 1000;
