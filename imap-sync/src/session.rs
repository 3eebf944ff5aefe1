//! An account that is logged in: one command at a time, over anything that carries events.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, FixedOffset};

use crate::dialogue::{Dialogue, Each, Wire, words};
use crate::error::Error;
use crate::flags::{Flags, Permanent};
use crate::model::{ItemKey, Validity};
use crate::store::{Appended, Body, Opened};
use crate::wire::{Capabilities, Code, Command, Condition, Content, Event, Fetch, List, Response, Status};

/// A session.
#[derive(Debug)]
pub struct Session<W> {
    dialogue: Dialogue<W>,
    reading: Option<Reading>,
    /// The server's words about messages of the selected mailbox that it refused to give.
    refused: BTreeMap<ItemKey, String>,
}

/// A mailbox that was selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// How many messages there are.
    pub exists: u64,
    /// UIDNEXT, or 0.
    pub next: ItemKey,
    /// Which flags can be kept.
    pub permanent: Permanent,
    /// UIDVALIDITY.
    pub validity: Validity,
}

/// Messages are being fetched.
#[derive(Debug)]
struct Reading {
    tag: String,
    section: String,
    current: Current,
    /// Those asked for that have not come yet.
    missing: BTreeSet<ItemKey>,
    /// Those to be asked for one by one when this is over.
    alone: VecDeque<ItemKey>,
    /// Whether it was one that was asked for.
    single: bool,
}

#[derive(Debug)]
enum Current {
    Bytes(Option<Vec<u8>>),
    /// So many bytes are to come in chunks.
    Large(u64),
    None,
}

impl<W: Wire> Session<W> {
    /// A session after its login.
    pub fn new(wire: W, can: Capabilities, tag: u64) -> Self {
        Self { dialogue: Dialogue::new(wire, can, tag), reading: None, refused: BTreeMap::new() }
    }

    /// What the server can do.
    pub fn capabilities(&self) -> &Capabilities {
        self.dialogue.capabilities()
    }

    /// `EXAMINE`, or `SELECT` where it is to be written.
    pub async fn select(&mut self, mailbox: &[u8], write: bool) -> Result<Selected, Error> {
        let command = self.start(if write { "SELECT" } else { "EXAMINE" }).string(mailbox)?;
        self.refused.clear();
        let mut selected = Selected::default();
        let mut validity = None;
        let mut each = |response| match response {
            Response::Exists(exists) => selected.exists = exists,
            Response::Status(Status { code: Some(code), .. }) => match code {
                Code::PermanentFlags(permanent) => selected.permanent = permanent,
                Code::UidNext(next) => selected.next = ItemKey(next),
                Code::UidValidity(value) => validity = Some(Validity(value)),
                _ => {}
            },
            _ => {}
        };
        let status = self.run(&command, &mut each).await?;
        self.dialogue.accept(&command, &status)?;
        let reason = "the server tells no UIDVALIDITY: its messages cannot be known again";
        selected.validity = validity.ok_or_else(|| self.dialogue.protocol(reason))?;
        Ok(selected)
    }

    /// `LIST "" pattern`, or `LSUB` for those subscribed to.
    pub async fn list(&mut self, pattern: &str, subscribed: bool) -> Result<Vec<List>, Error> {
        let command = self.start(if subscribed { "LSUB" } else { "LIST" });
        let command = command.string(b"")?.string(pattern.as_bytes())?;
        let mut lists = Vec::new();
        let mut each = |response| match response {
            Response::List(list) if list.subscribed == subscribed => lists.push(list),
            _ => {}
        };
        let status = self.run(&command, &mut each).await?;
        self.dialogue.accept(&command, &status)?;
        Ok(lists)
    }

    /// `FETCH` by sequence numbers or `UID FETCH`, without bodies. Whether messages were expunged meanwhile.
    pub async fn fetch(
        &mut self,
        set: &Set<'_>,
        items: &str,
        each: &mut (dyn FnMut(Fetch) + Send),
    ) -> Result<bool, Error> {
        let command = match set {
            Set::Numbers(from, to) => self.start("FETCH").raw(&format!("{from}:{to}")),
            Set::Since(ItemKey(since)) => self.start("UID FETCH").raw(&format!("{since}:*")),
            Set::Uids(keys) => self.start("UID FETCH").set(keys),
        };
        let command = command.raw(items);
        let mut moved = false;
        let mut each = |response| match response {
            Response::Fetch { fetch, .. } => each(*fetch),
            Response::Expunge(_) => moved = true,
            _ => {}
        };
        let status = self.run(&command, &mut each).await?;
        self.dialogue.accept(&command, &status)?;
        Ok(moved)
    }

    /// Begins to fetch `BODY.PEEK[section]` of messages; [`Session::next_body`] gives them.
    pub async fn read(&mut self, keys: &[ItemKey], section: &str) -> Result<(), Error> {
        self.finish_reading().await?;
        if keys.is_empty() {
            return Ok(());
        }
        self.ask(keys, section, VecDeque::new()).await
    }

    /// Why the server did not give a message of the selected mailbox, in its words. What it left out without a word
    /// is gone.
    pub fn refusal(&self, key: ItemKey) -> Option<&str> {
        self.refused.get(&key).map(String::as_str)
    }

    /// The next message that is being fetched. One that comes without bytes is left out.
    ///
    /// A server may refuse a FETCH because of one message: it was expunged by another client (RFC 2180 section
    /// 4.1.2), or cannot be read. The others are then asked for one by one, which also tells the two cases apart.
    pub async fn next_body(&mut self) -> Result<Option<Opened>, Error> {
        while self.chunk().await?.is_some() {}
        while let Some(reading) = &self.reading {
            let tag = reading.tag.clone();
            let opened = match self.dialogue.event().await? {
                Event::Chunk(_) => None,
                Event::Large { head, size } => self.large(&head, size).await?,
                Event::Response(response) => match Response::parse(&response) {
                    Response::Fetch { fetch, .. } => self.small(*fetch),
                    other => {
                        if let Some(status) = self.dialogue.completion(other, &tag)? {
                            self.end_reading(&status).await?;
                        }
                        None
                    }
                },
            };
            if let Some(opened) = opened {
                if let Some(reading) = &mut self.reading {
                    reading.missing.remove(&opened.key);
                }
                return Ok(Some(opened));
            }
        }
        Ok(None)
    }

    /// The next piece of the message at hand.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(reading) = &mut self.reading else { return Ok(None) };
        match &mut reading.current {
            Current::None => Ok(None),
            Current::Bytes(bytes) => {
                let bytes = bytes.take();
                reading.current = Current::None;
                Ok(bytes)
            }
            Current::Large(0) => {
                reading.current = Current::None;
                Ok(None)
            }
            Current::Large(left) => {
                let left = *left;
                let Event::Chunk(chunk) = self.dialogue.event().await? else {
                    return Err(self.dialogue.protocol("a message broke off"));
                };
                let left = left.saturating_sub(chunk.len() as u64);
                self.reading.iter_mut().for_each(|reading| reading.current = Current::Large(left));
                Ok(Some(chunk))
            }
        }
    }

    /// `APPEND`; with the key, where it is told, comes the validity it is under. Err means that it is not known
    /// whether it landed.
    pub async fn append<B: Body>(
        &mut self,
        mailbox: &[u8],
        flags: &Flags,
        date: &DateTime<FixedOffset>,
        body: &mut B,
    ) -> Result<(Appended, Option<Validity>), Error> {
        let command = self.start("APPEND").string(mailbox)?.flags(flags).date(date);
        let (command, at_once) = command.literal(body.size());
        self.finish_reading().await?;
        let ignore = &mut |_| {};
        let tag = self.dialogue.tag();
        if let Some(status) = self.dialogue.say(&command.parts(&tag), &tag, !at_once, ignore).await? {
            return Ok((refused(&status), None));
        }
        self.dialogue.open_literal();
        while let Some(chunk) = body.chunk().await? {
            self.dialogue.pour(&chunk).await?;
        }
        self.dialogue.close_literal().await?;
        let status = self.dialogue.until(&tag, ignore).await?;
        match (status.condition, status.code) {
            (Condition::Ok, Some(Code::AppendUid { uids, validity })) => match uids.single() {
                Some(key) => Ok((Appended::Landed(Some(key)), Some(Validity(validity)))),
                None => Ok((Appended::Landed(None), None)),
            },
            (Condition::Ok, _) => Ok((Appended::Landed(None), None)),
            (condition, code) => {
                Ok((refused(&Status { tag: None, condition, code, text: status.text }), None))
            }
        }
    }

    /// `UID STORE` of what is to be added or removed.
    pub async fn store(&mut self, keys: &[ItemKey], add: bool, flags: &Flags) -> Result<(), Error> {
        if flags.is_empty() || keys.is_empty() {
            return Ok(());
        }
        let sign = if add { "+FLAGS.SILENT" } else { "-FLAGS.SILENT" };
        let command = self.start("UID STORE").set(keys).raw(sign).flags(flags);
        self.simple(&command).await
    }

    /// `CREATE`; it is no fault when it is there.
    pub async fn create(&mut self, mailbox: &[u8]) -> Result<(), Error> {
        let command = self.start("CREATE").string(mailbox)?;
        let status = self.run(&command, &mut |_| {}).await?;
        match &status.code {
            Some(Code::Named(name)) if name == "ALREADYEXISTS" => Ok(()),
            _ => self.dialogue.accept(&command, &status),
        }
    }

    /// `SUBSCRIBE`.
    pub async fn subscribe(&mut self, mailbox: &[u8]) -> Result<(), Error> {
        let command = self.start("SUBSCRIBE").string(mailbox)?;
        self.simple(&command).await
    }

    /// `NOOP`: lets the server tell what is new.
    pub async fn noop(&mut self) -> Result<(), Error> {
        let command = self.start("NOOP");
        self.simple(&command).await
    }

    /// `LOGOUT`. Whatever goes wrong no longer matters.
    pub async fn logout(mut self) {
        if self.reading.is_none() && !self.dialogue.is_broken() {
            let command = self.start("LOGOUT");
            let _ = self.dialogue.begin(&command).await;
        }
    }

    fn start(&self, name: &'static str) -> Command {
        self.dialogue.start(name)
    }

    async fn simple(&mut self, command: &Command) -> Result<(), Error> {
        let status = self.run(command, &mut |_| {}).await?;
        self.dialogue.accept(command, &status)
    }

    /// Says a whole command and hears its answer.
    async fn run(&mut self, command: &Command, each: Each<'_>) -> Result<Status, Error> {
        self.finish_reading().await?;
        self.dialogue.run(command, each).await
    }

    /// Begins to fetch messages, and after them `alone`.
    async fn ask(&mut self, keys: &[ItemKey], section: &str, alone: VecDeque<ItemKey>) -> Result<(), Error> {
        let command = self.start("UID FETCH").set(keys).raw(&format!("(UID BODY.PEEK[{section}])"));
        let tag = self.dialogue.begin(&command).await?;
        let (section, missing, single) = (section.into(), keys.iter().copied().collect(), keys.len() == 1);
        self.reading = Some(Reading { tag, section, current: Current::None, missing, alone, single });
        Ok(())
    }

    /// A FETCH is over: goes on with what is to be asked for alone.
    async fn end_reading(&mut self, status: &Status) -> Result<(), Error> {
        let Some(Reading { section, missing, mut alone, single, .. }) = self.reading.take() else {
            return Ok(());
        };
        if status.condition != Condition::No {
            self.dialogue.accept(&self.start("UID FETCH"), status)?;
        } else if single {
            self.refused.extend(missing.into_iter().map(|key| (key, words(status))));
        } else {
            alone.extend(missing);
        }
        match alone.pop_front() {
            Some(key) => self.ask(&[key], &section, alone).await,
            None => Ok(()),
        }
    }

    /// Gives up what is being fetched: reads past it.
    async fn finish_reading(&mut self) -> Result<(), Error> {
        if let Some(reading) = &mut self.reading {
            reading.missing.clear();
            reading.alone.clear();
        }
        while self.next_body().await?.is_some() {}
        Ok(())
    }

    fn small(&mut self, fetch: Fetch) -> Option<Opened> {
        let key = ItemKey(fetch.uid?);
        let Some(Content::Bytes(bytes)) = fetch.body.or(fetch.header) else { return None };
        let size = bytes.len() as u64;
        let bytes = (size > 0).then_some(bytes);
        self.reading.iter_mut().for_each(|reading| reading.current = Current::Bytes(bytes.clone()));
        Some(Opened { key, size })
    }

    /// A large message begins. Where its UID comes only after it, it has to be kept until then, if that is bearable.
    async fn large(&mut self, head: &[u8], size: u64) -> Result<Option<Opened>, Error> {
        let fetch = Response::parse_head(head).filter(|fetch| fetch.body.is_some() || fetch.header.is_some());
        let Some(fetch) = fetch else { return Ok(None) };
        if let Some(uid) = fetch.uid {
            self.reading.iter_mut().for_each(|reading| reading.current = Current::Large(size));
            return Ok(Some(Opened { key: ItemKey(uid), size }));
        }
        if size > MAX_KEPT {
            return Err(self.dialogue.protocol("the server sends the UID of a large message only after it"));
        }
        let mut bytes = Vec::new();
        loop {
            match self.dialogue.event().await? {
                Event::Chunk(chunk) => bytes.extend(chunk),
                Event::Large { .. } => {
                    return Err(self.dialogue.protocol("two large literals in one answer"));
                }
                Event::Response(response) => {
                    let Response::Fetch { mut fetch, .. } = Response::parse(&response) else {
                        return Ok(None);
                    };
                    fetch.body = Some(Content::Bytes(bytes));
                    return Ok(self.small(*fetch));
                }
            }
        }
    }
}

/// Which messages.
#[derive(Clone, Copy, Debug)]
pub enum Set<'a> {
    /// Sequence numbers, from and to.
    Numbers(u64, u64),
    /// UIDs from this one on; the server also gives the last one below it.
    Since(ItemKey),
    /// These UIDs.
    Uids(&'a [ItemKey]),
}

fn refused(status: &Status) -> Appended {
    let transient = status.code.as_ref().is_some_and(Code::is_transient);
    Appended::Refused { reason: words(status), transient }
}

const MAX_KEPT: u64 = 32 * 1024 * 1024;
