//! What the target refused is tried again as the ladder says, one message at a time: later, with fewer flags, repaired.

use std::time::Duration;

use crate::digest::{Digest, HeaderScan};
use crate::error::Error;
use crate::flags::{Flag, Flags};
use crate::ladder::{Attempt, End, Kept, Refusal, Rung, fitted, next_rung};
use crate::model::{Item, ItemKey};
use crate::pass::Pass;
use crate::repair::{Anatomy, Repair, Survey};
use crate::report::{Reason, Verdict};
use crate::send::{Job, Through, Unseen};
use crate::store::{Appended, Body, Message, Refused, Source, Target};
use crate::words::Meaning;

/// What an attempt came to.
enum Tried {
    /// The source does not give it any more.
    Gone,
    Landed,
    Refused(Refused),
}

/// What a repaired message is.
struct Mended {
    size: u64,
    header: Digest,
    /// Of the source's own.
    original: Digest,
    changes: Vec<String>,
}

impl<S: Source, T: Target> Pass<'_, S, T> {
    /// Until it lands, or nothing helps.
    pub(crate) async fn climb(
        &mut self,
        key: ItemKey,
        mut job: Job,
        mut refused: Refused,
        since: ItemKey,
    ) -> Result<(), Error> {
        let Some(Item { size: Some(size), date: Some(date), .. }) = self.piece.get(key).cloned() else {
            return Ok(());
        };
        let manner = self.target.manner();
        let mut waits = 0;
        loop {
            let refusal = Refusal {
                said: refused.said(),
                size,
                limit: manner.limit,
                binary: manner.binary,
                keywords: job.flags.iter().any(Flag::is_keyword),
                flags: !job.flags.is_empty(),
                date,
                needs: job.anatomy.as_ref().map(|anatomy| anatomy.needs()),
            };
            match next_rung(&mut job.climb, &refusal) {
                Rung::GiveUp(end) => return self.give_up(key, end),
                Rung::Survey => {
                    let Some(anatomy) = self.survey(key, manner.max_line).await? else {
                        return self.give_up(key, End::Refused(GONE.into()));
                    };
                    job.anatomy = Some(Box::new(anatomy));
                    continue;
                }
                Rung::Wait(meaning) => {
                    waits += 1;
                    self.target.pause(patience(meaning, waits)).await;
                }
                Rung::Try(_) => {}
            }
            if !self.watch.go_on() {
                self.ledger.settle(pending(key), self.watch);
                return Ok(());
            }
            match self.attempt(key, &job, since).await? {
                Tried::Gone => return self.give_up(key, End::Refused(GONE.into())),
                Tried::Landed => return Ok(()),
                Tried::Refused(again) => refused = again,
            }
        }
    }

    fn give_up(&mut self, key: ItemKey, end: End) -> Result<(), Error> {
        let full = matches!(end, End::OverQuota(_));
        let reason = match end {
            End::Folder(words) | End::Later(words) | End::Refused(words) => words,
            End::OverQuota(words) => format!("the target's mailbox is full: {words}"),
            End::TooBig { size, limit: Some(limit), words } => {
                format!("it has {size} bytes, and the target takes no more than {limit}: {words}")
            }
            End::TooBig { size, limit: None, words } => format!("it is too large ({size} bytes): {words}"),
        };
        self.ledger.fail(key, Reason::Other(reason.clone()), self.watch);
        if full { Err(Error::Full { what: self.folder.to_string(), reason }) } else { Ok(()) }
    }

    async fn survey(&mut self, key: ItemKey, max_line: Option<u64>) -> Result<Option<Anatomy>, Error> {
        self.source.open(&[key].into_iter().collect()).await?;
        let Some(_) = self.source.next().await? else { return Ok(None) };
        let mut survey = Survey::new(max_line.unwrap_or(MAX_LINE));
        while let Some(chunk) = self.source.chunk().await? {
            survey.push(&chunk);
        }
        Ok(Some(survey.finish()))
    }

    async fn attempt(&mut self, key: ItemKey, job: &Job, since: ItemKey) -> Result<Tried, Error> {
        let attempt = job.climb.attempt();
        let flags = kept_flags(&job.flags, attempt.flags);
        let Some(message) = self.message(key, &flags, true) else { return Ok(Tried::Gone) };
        let message = Message {
            date: if attempt.date == Kept::Safe { fitted(message.date) } else { message.date },
            undated: attempt.date == Kept::None,
            binary: attempt.literal8,
            ..message
        };
        match &job.anatomy {
            Some(anatomy) if !attempt.repair.is_empty() => {
                self.send_mended(&message, anatomy, &attempt, since).await
            }
            _ => self.send_plain(&message, &attempt, since).await,
        }
    }

    async fn send_plain(
        &mut self,
        message: &Message,
        attempt: &Attempt,
        since: ItemKey,
    ) -> Result<Tried, Error> {
        self.source.open(&[message.key].into_iter().collect()).await?;
        let Some(opened) = self.source.next().await? else { return Ok(Tried::Gone) };
        let mut body = Through::new(self.source, opened);
        self.target.append(message, &mut body).await?;
        let header = body.header();
        let mended = Mended { size: opened.size, header, original: header, changes: Vec::new() };
        self.told(message, attempt, &mended, since).await
    }

    /// Once to count the bytes, and once to send them.
    async fn send_mended(
        &mut self,
        message: &Message,
        anatomy: &Anatomy,
        attempt: &Attempt,
        since: ItemKey,
    ) -> Result<Tried, Error> {
        let Some(mended) = self.mend(message.key, Repair::new(anatomy, attempt.repair)).await? else {
            return Ok(Tried::Gone);
        };
        if self.is_there(message, &mended).await? {
            self.say_repaired(message.key, attempt, &mended);
            return Ok(Tried::Landed);
        }
        self.source.open(&[message.key].into_iter().collect()).await?;
        let Some(_) = self.source.next().await? else { return Ok(Tried::Gone) };
        let repair = Some(Repair::new(anatomy, attempt.repair));
        let mut body = Anew { source: self.source, repair, size: mended.size };
        self.target.append(message, &mut body).await?;
        self.told(message, attempt, &mended, since).await
    }

    async fn mend(&mut self, key: ItemKey, mut repair: Repair<'_>) -> Result<Option<Mended>, Error> {
        self.source.open(&[key].into_iter().collect()).await?;
        let Some(_) = self.source.next().await? else { return Ok(None) };
        let (mut before, mut after) = (HeaderScan::default(), HeaderScan::default());
        let (mut size, mut out) = (0, Vec::new());
        while let Some(chunk) = self.source.chunk().await? {
            before.push(&chunk);
            repair.push(&chunk, &mut out);
            (size, _) = (size + out.len() as u64, after.push(&out));
            out.clear();
        }
        repair.finish(&mut out);
        after.push(&out);
        let changes = repair.changes().iter().map(ToString::to_string).collect();
        let (header, original) = (after.finish().digest, before.finish().digest);
        Ok(Some(Mended { size: size + out.len() as u64, header, original, changes }))
    }

    /// Whether an earlier run has sent it repaired, without being told of it.
    async fn is_there(&mut self, message: &Message, mended: &Mended) -> Result<bool, Error> {
        let Some(since) = self.doubtful.doubt(message.key) else { return Ok(false) };
        let outline = (mended.size, message.date.timestamp());
        let alike = self.loose.as_ref().map(|loose| loose.like(&[outline].into())).unwrap_or_default();
        for (target, header) in self.target.headers(&alike).await? {
            if target >= since && header.digest == mended.header {
                self.landed(message.key, target, mended.original, message.flags.clone(), true);
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn told(
        &mut self,
        message: &Message,
        attempt: &Attempt,
        mended: &Mended,
        since: ItemKey,
    ) -> Result<Tried, Error> {
        self.wrote = true;
        let key = message.key;
        let target = match self.target.appended().await?.into_iter().next() {
            Some(Appended::Landed(target)) => target,
            Some(Appended::Refused(refused)) => return Ok(Tried::Refused(refused)),
            Some(Appended::Spoilt) | None => return Ok(Tried::Refused(Refused::no("it was not taken"))),
        };
        self.appended += 1;
        self.watch.bytes(mended.size);
        let repaired = !attempt.repair.is_empty();
        match target {
            Some(target) => self.landed(key, target, mended.original, message.flags.clone(), repaired),
            None => {
                let item = self.piece.get(key).cloned().unwrap_or_default();
                let (size, date, header) = (Some(mended.size), Some(message.date), Some(mended.header));
                let item = Item { size, date, header, ..item };
                let original = repaired.then_some(mended.original);
                self.look_for(&[Unseen { key, item, original }], since).await?;
            }
        }
        self.say_repaired(key, attempt, mended);
        Ok(Tried::Landed)
    }

    fn say_repaired(&mut self, key: ItemKey, attempt: &Attempt, mended: &Mended) {
        let notes = attempt.notes().into_iter().map(str::to_owned);
        notes.chain(mended.changes.iter().cloned()).for_each(|text| self.ledger.note(Some(key), text));
    }
}

/// A message that is repaired as it streams by.
struct Anew<'a, 'b, S> {
    source: &'a mut S,
    repair: Option<Repair<'b>>,
    size: u64,
}

impl<S: Source> Body for Anew<'_, '_, S> {
    fn size(&self) -> u64 {
        self.size
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut out = Vec::new();
        while let Some(repair) = &mut self.repair {
            match self.source.chunk().await? {
                Some(chunk) => repair.push(&chunk, &mut out),
                None => {
                    repair.finish(&mut out);
                    self.repair = None;
                }
            }
            if !out.is_empty() {
                return Ok(Some(out));
            }
        }
        Ok(None)
    }
}

fn kept_flags(flags: &Flags, kept: Kept) -> Flags {
    match kept {
        Kept::All => flags.clone(),
        Kept::Safe => flags.iter().filter(|flag| !flag.is_keyword()).cloned().collect(),
        Kept::None => Flags::new(),
    }
}

/// As long as the server says, else longer each time.
fn patience(meaning: Meaning, waits: u32) -> Duration {
    match meaning {
        Meaning::Backoff(Some(told)) => told.min(LONGEST),
        _ => Duration::from_secs(1 << waits.min(6)).min(LONGEST),
    }
}

fn pending(key: ItemKey) -> crate::plan::Settled {
    crate::plan::Settled { key, verdict: Verdict::Pending, reason: None }
}

/// RFC 5322 section 2.1.1.
const MAX_LINE: u64 = 998;
const LONGEST: Duration = Duration::from_secs(600);
const GONE: &str = "the source does not give it any more";
