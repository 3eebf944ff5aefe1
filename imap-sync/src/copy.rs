//! Carries out the plan of one folder. The only place with effects; it decides nothing about what.

use std::collections::{BTreeMap, VecDeque};

use crate::digest::{Digest, HeaderScan, fingerprint};
use crate::error::Error;
use crate::facts::{Change, Fact, Facts, Intent};
use crate::flags::Flags;
use crate::ledger::Ledger;
use crate::model::{FolderName, Item, ItemKey, Listing};
use crate::plan::{Action, Plan, Policy, candidates, plan};
use crate::report::{Reason, Verdict};
use crate::step::{Next, Outcome, next_step};
use crate::store::{Appended, Body, Memory, Message, Opened, Source, Target, Watch};

/// Everything that is needed to work on one folder, both sides of which are open.
pub(crate) struct Copy<'a, S, T> {
    pub(crate) source: &'a mut S,
    pub(crate) target: &'a mut T,
    pub(crate) memory: &'a mut dyn Memory,
    pub(crate) watch: &'a mut dyn Watch,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) folder: &'a FolderName,
    pub(crate) from: &'a Listing,
    /// The target's UIDNEXT, as far as it is known.
    pub(crate) next: ItemKey,
    /// What is known; grows as the work goes on.
    pub(crate) facts: Facts,
    /// What is known but not yet recorded.
    pub(crate) changes: Vec<Change>,
}

/// A message to be appended.
struct Job {
    flags: Flags,
    attempt: u32,
}

/// What a batch came to, beside facts.
#[derive(Default)]
struct Batch {
    again: Vec<(ItemKey, Job)>,
    unseen: Vec<(ItemKey, Digest)>,
}

impl<S: Source, T: Target> Copy<'_, S, T> {
    pub(crate) async fn run(&mut self, plan: Plan) -> Result<(), Error> {
        let mut updates: BTreeMap<(Vec<u8>, Vec<u8>), Vec<Action>> = BTreeMap::new();
        let mut appends = VecDeque::new();
        for action in plan.actions {
            match action {
                Action::Adopt { source, fact } => self.adopt(source, fact),
                Action::Append { source, flags } => appends.push_back((source, Job { flags, attempt: 1 })),
                Action::Forget { source } => self.know(Change::Remove { key: source }),
                Action::SetFlags { ref add, ref remove, .. } => {
                    updates.entry((add.to_bytes(), remove.to_bytes())).or_default().push(action);
                }
            }
        }
        // What is adopted may have landed just before a crash, and not be durable yet.
        self.target.settle(self.folder).await?;
        self.record()?;
        for batch in updates.values().flat_map(|actions| actions.chunks(MAX_UPDATES)) {
            if !self.watch.go_on() {
                return Ok(());
            }
            self.update(batch).await?;
        }
        self.append(appends).await
    }

    fn adopt(&mut self, key: ItemKey, fact: Fact) {
        self.know(Change::Put { key, fact });
        self.ledger.done(key, Verdict::Adopted, self.watch);
    }

    /// One STORE for many items that get the same change.
    async fn update(&mut self, batch: &[Action]) -> Result<(), Error> {
        let mut keys = Vec::new();
        let mut change = None;
        for action in batch {
            if let Action::SetFlags { add, remove, fact, .. } = action {
                keys.push(fact.target);
                change = Some((add, remove));
            }
        }
        let Some((add, remove)) = change else { return Ok(()) };
        match self.target.set_flags(self.folder, &keys, add, remove).await {
            Ok(()) => {}
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                for action in batch {
                    self.ledger.fail(action.key(), Reason::Other(error.to_string()), self.watch);
                }
                return Ok(());
            }
        }
        self.target.settle(self.folder).await?;
        for action in batch {
            if let Action::SetFlags { source, fact, .. } = action {
                self.know(Change::Put { key: *source, fact: fact.clone() });
                if !self.ledger.is_adopted(*source) {
                    self.ledger.done(*source, Verdict::Copied, self.watch);
                }
            }
        }
        self.record()
    }

    async fn append(&mut self, mut queue: VecDeque<(ItemKey, Job)>) -> Result<(), Error> {
        while !queue.is_empty() && self.watch.go_on() {
            let size = |key: &ItemKey| self.from.get(*key).and_then(|item| item.size).unwrap_or(0);
            let mut jobs = BTreeMap::new();
            let mut bytes = 0;
            while let Some((key, job)) = queue.pop_front() {
                bytes += size(&key);
                jobs.insert(key, job);
                if jobs.len() == MAX_APPENDS || bytes >= MAX_BYTES {
                    break;
                }
            }
            let again = self.batch(jobs).await?;
            again.into_iter().rev().for_each(|job| queue.push_front(job));
        }
        Ok(())
    }

    /// Intents first, and durable; then the messages; then facts. Whatever breaks, what is known is recorded.
    async fn batch(&mut self, mut jobs: BTreeMap<ItemKey, Job>) -> Result<Vec<(ItemKey, Job)>, Error> {
        for &key in jobs.keys() {
            let outline = self.from.get(key).and_then(Item::outline);
            let (size, date) = outline.unwrap_or_default();
            self.know(Change::OpenIntent { key, intent: Intent { next: self.next, size, date } });
        }
        self.record()?;
        let since = self.next;
        let mut batch = Batch::default();
        let streamed = self.stream(&mut jobs, &mut batch).await;
        // What is still among the jobs was not sent.
        for (key, job) in jobs {
            let stopped = streamed.is_err() || !self.watch.go_on();
            self.settle_unsent(key, job, stopped, &mut batch);
        }
        let settled = self.target.settle(self.folder).await;
        if settled.is_ok() {
            self.record()?;
        }
        if streamed.is_ok() && settled.is_ok() {
            self.look(&batch.unseen, since).await?;
            self.record()?;
        }
        streamed.and(settled).map(|()| batch.again)
    }

    fn settle_unsent(&mut self, key: ItemKey, job: Job, stopped: bool, batch: &mut Batch) {
        if stopped {
            self.know(Change::CloseIntent { key });
        } else {
            let refusal = self.source.refusal(key).map(|reason| Outcome::Withheld { reason });
            self.next(key, job, refusal.unwrap_or(Outcome::Vanished), None, batch);
        }
    }

    async fn stream(&mut self, jobs: &mut BTreeMap<ItemKey, Job>, batch: &mut Batch) -> Result<(), Error> {
        let keys: Vec<ItemKey> = jobs.keys().copied().collect();
        self.source.open(self.folder, &keys).await?;
        while let Some(opened) = self.source.next().await? {
            let Some(job) = jobs.remove(&opened.key) else { continue };
            let Some(date) = self.from.get(opened.key).and_then(|item| item.date) else { continue };
            let (key, validity) = (opened.key, self.from.validity);
            let message = Message { key, validity, flags: job.flags.clone(), date };
            let mut body =
                Through { source: self.source, opened, left: opened.size, scan: HeaderScan::default() };
            let appended = self.target.append(self.folder, &message, &mut body).await;
            let header = body.scan.finish().digest;
            let outcome = match appended {
                Ok(Appended::Landed(key)) => Outcome::Landed(key),
                Ok(Appended::Refused { reason, transient }) => Outcome::Refused { reason, transient },
                Err(error) => {
                    // In doubt: the intent stays open.
                    self.ledger.fail(key, Reason::Other(error.to_string()), self.watch);
                    return Err(error);
                }
            };
            if matches!(outcome, Outcome::Landed(_)) {
                self.watch.bytes(opened.size);
            }
            self.next(key, job, outcome, Some(header), batch);
            if !self.watch.go_on() {
                break;
            }
        }
        Ok(())
    }

    fn next(&mut self, key: ItemKey, job: Job, outcome: Outcome, header: Option<Digest>, batch: &mut Batch) {
        match (next_step(job.attempt, outcome), header) {
            (Next::Done(target), Some(header)) => self.landed(key, target, header, job.flags),
            (Next::Look, Some(header)) => batch.unseen.push((key, header)),
            (Next::Again, _) => {
                self.know(Change::CloseIntent { key });
                batch.again.push((key, Job { attempt: job.attempt + 1, ..job }));
            }
            (Next::Fail(reason), _) => {
                self.know(Change::CloseIntent { key });
                self.ledger.fail(key, Reason::Other(reason), self.watch);
            }
            // Without a header nothing landed.
            (Next::Done(_) | Next::Look, None) => {}
        }
    }

    fn landed(&mut self, key: ItemKey, target: ItemKey, header: Digest, target_flags: Flags) {
        let Some(Item { size: Some(size), date: Some(date), flags: Some(flags), .. }) = self.from.get(key)
        else {
            return;
        };
        let (fingerprint, source_flags) = (fingerprint(*size, date, &header), flags.clone());
        self.next = self.next.max(ItemKey(target.0.saturating_add(1)));
        let fact = Fact { target, source_flags, target_flags, fingerprint, ours: true };
        self.know(Change::Put { key, fact });
        self.ledger.done(key, Verdict::Copied, self.watch);
    }

    /// Finds what landed under a key that the target did not tell.
    async fn look(&mut self, unseen: &[(ItemKey, Digest)], since: ItemKey) -> Result<(), Error> {
        if unseen.is_empty() {
            return Ok(());
        }
        let (from, known) = self.unseen(unseen, since);
        let mut to = self.target.list_since(self.folder, since).await?;
        let (_, ask) = candidates(&from, &to, &known);
        observe_headers(self.target, self.folder, &mut to, &ask).await?;
        self.next = self.next.max(to.next);
        for action in plan(&from, &to, &known, &Policy::default()).actions {
            if let Action::Adopt { source, fact } = action {
                self.know(Change::Put { key: source, fact });
                self.ledger.done(source, Verdict::Copied, self.watch);
            }
        }
        let reason = Reason::Other("the target took it, but it cannot be found there".into());
        self.ledger.rest(unseen.iter().map(|(key, _)| *key), Verdict::Failed, Some(&reason), self.watch);
        Ok(())
    }

    /// The items to be found, and what is known of those that may be taken for them.
    fn unseen(&self, unseen: &[(ItemKey, Digest)], since: ItemKey) -> (Listing, Facts) {
        let mut from = Listing::new(self.from.validity, self.from.next, self.from.permanent.clone());
        let mut known = Facts::new();
        for (key, fact) in self.facts.iter().filter(|(_, fact)| fact.target >= since) {
            known.apply(Change::Put { key, fact: fact.clone() });
        }
        for (key, header) in unseen {
            if let (Some(item), Some(intent)) = (self.from.get(*key), self.facts.intent(*key)) {
                from.insert(*key, Item { header: Some(*header), ..item.clone() });
                known.apply(Change::OpenIntent { key: *key, intent: intent.clone() });
            }
        }
        (from, known)
    }

    fn know(&mut self, change: Change) {
        self.facts.apply(change.clone());
        self.changes.push(change);
    }

    fn record(&mut self) -> Result<(), Error> {
        if !self.changes.is_empty() {
            self.memory.record(self.folder, &self.changes)?;
            self.changes.clear();
        }
        Ok(())
    }
}

/// Asks for headers and notes their digests.
pub(crate) async fn observe_headers(
    store: &mut impl Source,
    folder: &FolderName,
    listing: &mut Listing,
    keys: &[ItemKey],
) -> Result<(), Error> {
    for keys in keys.chunks(MAX_HEADERS) {
        for (key, header) in store.headers(folder, keys).await? {
            listing.get_mut(key).into_iter().for_each(|item| item.header = Some(header.digest));
        }
    }
    Ok(())
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

const MAX_APPENDS: usize = 100;
const MAX_BYTES: u64 = 16 * 1024 * 1024;
const MAX_HEADERS: usize = 500;
const MAX_UPDATES: usize = 500;
