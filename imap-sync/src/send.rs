//! Messages on their way: sent in batches, heard of, found where the target does not tell their keys, looked at again.

use std::collections::{BTreeMap, VecDeque};

use crate::digest::{Digest, HeaderScan, fingerprint};
use crate::error::Error;
use crate::facts::{Fact, Facts, Intent};
use crate::flags::Flags;
use crate::head::Seen;
use crate::keys::KeySet;
use crate::ladder::Climb;
use crate::model::{Item, ItemKey, Listing};
use crate::pass::Pass;
use crate::plan::{Action, candidates, plan};
use crate::policy::Policy;
use crate::repair::Anatomy;
use crate::report::{Reason, Verdict};
use crate::store::{Appended, Body, Message, Opened, Refused, Source, Target};

/// A message to be appended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    pub(crate) flags: Flags,
    /// How often the source did not give it.
    missed: u32,
    /// Whether it is sent by itself.
    alone: bool,
    /// What was tried after the target refused it, and what is known of it since.
    pub(crate) climb: Climb,
    pub(crate) anatomy: Option<Box<Anatomy>>,
}

/// What became of the messages of a plan that were sent, beside facts.
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) again: BTreeMap<ItemKey, Job>,
    pub(crate) refused: Vec<(ItemKey, Job, Refused)>,
    /// The target's keys.
    pub(crate) landed: KeySet,
    /// What landed somewhere.
    pub(crate) unseen: Vec<Unseen>,
    /// Sent, and not yet told of.
    flying: VecDeque<(ItemKey, Job, Digest, u64)>,
    bytes: u64,
}

/// A message that landed under a key that the target did not tell.
pub(crate) struct Unseen {
    pub(crate) key: ItemKey,
    /// As it was sent.
    pub(crate) item: Item,
    /// The header's digest at the source, where it was sent repaired.
    pub(crate) original: Option<Digest>,
}

impl Job {
    pub(crate) fn new(flags: Flags) -> Self {
        Self { flags, ..Self::default() }
    }
}

impl<S: Source, T: Target> Pass<'_, S, T> {
    pub(crate) fn not_given(&mut self, key: ItemKey, job: Job, sent: &mut Sent) {
        if job.missed + 1 < ATTEMPTS {
            sent.again.insert(key, Job { missed: job.missed + 1, ..job });
            return;
        }
        let reason = match self.source.refusal(key) {
            Some(words) => format!("the source refuses to give it: {words}"),
            None => "the source listed it, but does not give it".to_owned(),
        };
        self.ledger.fail(key, Reason::Other(reason), self.watch);
    }

    /// Sends as many as the source gives.
    pub(crate) async fn stream(
        &mut self,
        jobs: &mut BTreeMap<ItemKey, Job>,
        sent: &mut Sent,
    ) -> Result<(), Error> {
        self.source.open(&jobs.keys().copied().collect()).await?;
        while let Some(opened) = self.source.next().await? {
            let Some(job) = jobs.get(&opened.key) else { continue };
            let Some(message) = self.message(opened.key, &job.flags, job.alone) else { continue };
            let mut body = Through::new(self.source, opened);
            self.wrote = true;
            let appended = self.target.append(&message, &mut body).await;
            let header = body.header();
            if let Err(error) = appended {
                // In doubt, and with it all that was not yet told of: the intent stays open.
                self.ledger.fail(opened.key, Reason::Other(error.to_string()), self.watch);
                return Err(error);
            }
            if let Some(job) = jobs.remove(&opened.key) {
                sent.flying.push_back((opened.key, job, header, opened.size));
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

    pub(crate) fn message(&self, key: ItemKey, flags: &Flags, alone: bool) -> Option<Message> {
        let (date, validity) = (self.piece.get(key)?.date?, self.piece.validity);
        Some(Message { key, validity, flags: flags.clone(), date, alone, binary: false, undated: false })
    }

    /// Hears what became of what was sent.
    pub(crate) async fn land(&mut self, sent: &mut Sent) -> Result<(), Error> {
        for outcome in self.target.appended().await? {
            let Some((key, job, header, size)) = sent.flying.pop_front() else { break };
            match outcome {
                Appended::Landed(target) => {
                    self.appended += 1;
                    self.watch.bytes(size);
                    match target {
                        Some(target) => {
                            sent.landed.insert(target);
                            self.landed(key, target, header, job.flags, false);
                        }
                        None => {
                            let item = self.piece.get(key).cloned().unwrap_or_default();
                            let item = Item { header: Some(header), ..item };
                            sent.unseen.push(Unseen { key, item, original: None });
                        }
                    }
                }
                Appended::Refused(refused) => sent.refused.push((key, job, refused)),
                Appended::Spoilt => drop(sent.again.insert(key, Job { alone: true, ..job })),
            }
        }
        sent.bytes = 0;
        if sent.flying.is_empty() {
            return Ok(());
        }
        let (what, reason) =
            (self.folder.to_string(), "the target told too little of what it was sent".into());
        Err(Error::Store { what, reason, fatal: true })
    }

    /// One has landed. `header` is that of the source's message.
    pub(crate) fn landed(
        &mut self,
        key: ItemKey,
        target: ItemKey,
        header: Digest,
        target_flags: Flags,
        repaired: bool,
    ) {
        let Some(Item { size: Some(size), date: Some(date), flags: Some(flags), .. }) = self.piece.get(key)
        else {
            return;
        };
        let (print, source_flags) = (fingerprint(*size, date, &header).short(), flags.clone());
        self.next = self.next.max(ItemKey(target.0.saturating_add(1)));
        let (ours, seen) = (true, Seen::Both);
        let fact = Fact { target, source_flags, target_flags, print, ours, seen, repaired };
        self.know(key, Some(fact));
        self.ledger.done(key, Verdict::Copied, self.watch);
    }

    /// Finds what landed under a key that the target did not tell. Gives back what was found.
    pub(crate) async fn look_for(&mut self, unseen: &[Unseen], since: ItemKey) -> Result<(), Error> {
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
        for (key, item) in items.into_iter().filter(|(key, _)| keys.contains(*key)) {
            to.insert(key, item);
        }
        let (from, known) = self.unseen(unseen);
        let (_, ask) = candidates(&from, &to, &known);
        for (key, header) in self.target.headers(&ask.into_iter().collect()).await? {
            to.get_mut(key).into_iter().for_each(|item| item.header = Some(header.digest));
        }
        self.next = self.next.max(to.next);
        for action in plan(&from, &to, &known, &Policy::default()).actions {
            let Action::Adopt { source, fact } = action else { continue };
            match unseen.iter().find(|it| it.key == source).and_then(|it| it.original) {
                Some(original) => self.landed(source, fact.target, original, fact.target_flags, true),
                None => self.know(source, Some(fact)),
            }
            self.ledger.done(source, Verdict::Copied, self.watch);
        }
        let reason = Reason::Other("the target took it, but it cannot be found there".into());
        for it in unseen {
            if !self.ledger.has(it.key) {
                self.ledger.fail(it.key, reason.clone(), self.watch);
            }
        }
        self.record()
    }

    /// The items to be found, and that they may be found.
    fn unseen(&self, unseen: &[Unseen]) -> (Listing, Facts) {
        let mut from = Listing::new(self.piece.validity, self.piece.next, self.piece.permanent.clone());
        let mut known = Facts::new();
        for Unseen { key, item, .. } in unseen {
            if let Some(next) = self.facts.doubt(*key) {
                from.insert(*key, item.clone());
                known.open(Intent { first: *key, last: *key, next, late: false });
            }
        }
        (from, known)
    }

    /// Reads again what the target made of dates and flags.
    pub(crate) async fn check(&mut self, landed: &KeySet) -> Result<(), Error> {
        if landed.is_empty() {
            return Ok(());
        }
        let there = self.target.items(landed, true).await?;
        let facts: Vec<(ItemKey, Fact)> = self.facts.iter().map(|(key, fact)| (key, fact.clone())).collect();
        for (key, mut fact) in facts {
            let (Some(to), Some(from)) = (there.get(&fact.target), self.piece.get(key)) else { continue };
            let mut told = Vec::new();
            if let (Some(wanted), Some(kept)) = (from.date, to.date)
                && wanted != kept
            {
                told.push(format!("the target keeps the date {kept} instead of {wanted}"));
                fact.repaired = true;
            }
            if let (Some(sent), Some(kept), false) = (from.size, to.size, fact.repaired)
                && sent != kept
            {
                told.push(format!(
                    "the target holds {kept} bytes of it instead of {sent}: it has changed it"
                ));
            }
            let lost = to.flags.as_ref().map(|kept| fact.target_flags.minus(kept)).unwrap_or_default();
            if !lost.is_empty() {
                told.push(format!("the target did not keep these flags: {lost}"));
                fact.target_flags = fact.target_flags.minus(&lost);
            }
            if !told.is_empty() {
                told.into_iter().for_each(|text| self.ledger.note(Some(key), text));
                self.know(key, Some(fact));
            }
        }
        Ok(())
    }
}

/// A message on its way from the source to the target.
pub(crate) struct Through<'a, S> {
    source: &'a mut S,
    opened: Opened,
    left: u64,
    scan: HeaderScan,
}

impl<'a, S: Source> Through<'a, S> {
    pub(crate) fn new(source: &'a mut S, opened: Opened) -> Self {
        Self { source, opened, left: opened.size, scan: HeaderScan::default() }
    }

    /// The digest of its header.
    pub(crate) fn header(self) -> Digest {
        self.scan.finish().digest
    }
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
            return Err(Error::Connection { host: what, doing: "reading it", reason });
        }
        self.left -= len;
        chunk.iter().for_each(|chunk| self.scan.push(chunk));
        Ok(chunk)
    }
}

const MAX_APPENDS: usize = 256;
const MAX_BYTES: u64 = 8 * 1024 * 1024;
const ATTEMPTS: u32 = 3;
