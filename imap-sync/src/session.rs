//! An account that is logged in: one command at a time, over anything that carries events.

use std::future::Future;

use chrono::{DateTime, FixedOffset};

use crate::error::Error;
use crate::flags::{Flags, Permanent};
use crate::login::{literals, tag};
use crate::model::{ItemKey, Validity};
use crate::store::{Appended, Body, Opened};
use crate::wire::{Capabilities, Code, Command, Condition, Content, Event, Fetch, List, Response, Status};

/// What carries a session.
pub trait Wire: Send {
    /// Sends all bytes.
    fn send(&mut self, bytes: &[u8]) -> impl Future<Output = Result<(), Error>> + Send;

    /// Waits for the next event.
    fn event(&mut self) -> impl Future<Output = Result<Event, Error>> + Send;

    /// The server's name, for errors.
    fn host(&self) -> &str;
}

/// A session.
#[derive(Debug)]
pub struct Session<W> {
    wire: W,
    can: Capabilities,
    tag: u64,
    reading: Option<Reading>,
    /// A command was broken off in its middle: nothing more can be said.
    broken: bool,
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
    current: Current,
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
        Self { wire, can, tag, reading: None, broken: false }
    }

    /// What the server can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.can
    }

    /// `EXAMINE`, or `SELECT` where it is to be written.
    pub async fn select(&mut self, mailbox: &[u8], write: bool) -> Result<Selected, Error> {
        let command = self.start(if write { "SELECT" } else { "EXAMINE" }).string(mailbox)?;
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
        self.accept(&command, &status)?;
        let reason = "the server tells no UIDVALIDITY: its messages cannot be known again";
        selected.validity = validity.ok_or_else(|| self.protocol(reason))?;
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
        self.accept(&command, &status)?;
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
        self.accept(&command, &status)?;
        Ok(moved)
    }

    /// Begins to fetch `BODY.PEEK[section]` of messages; [`Session::next_body`] gives them.
    pub async fn read(&mut self, keys: &[ItemKey], section: &str) -> Result<(), Error> {
        self.finish_reading().await?;
        if keys.is_empty() {
            return Ok(());
        }
        let command = self.start("UID FETCH").set(keys).raw(&format!("(UID BODY.PEEK[{section}])"));
        self.tag += 1;
        let tag = tag(self.tag);
        self.send(&command.parts(&tag).concat()).await?;
        self.reading = Some(Reading { tag, current: Current::None });
        Ok(())
    }

    /// The next message that is being fetched. One that comes without bytes is left out.
    pub async fn next_body(&mut self) -> Result<Option<Opened>, Error> {
        while self.chunk().await?.is_some() {}
        while let Some(reading) = &self.reading {
            let tag = reading.tag.clone();
            match self.event().await? {
                Event::Chunk(_) => {}
                Event::Large { head, size } => {
                    if let Some(opened) = self.large(&head, size).await? {
                        return Ok(Some(opened));
                    }
                }
                Event::Response(response) => match Response::parse(&response) {
                    Response::Fetch { fetch, .. } => {
                        if let Some(opened) = self.small(*fetch) {
                            return Ok(Some(opened));
                        }
                    }
                    other => {
                        if let Some(status) = self.completion(other, &tag)? {
                            self.reading = None;
                            self.accept(&Command::new("UID FETCH", literals(&self.can)), &status)?;
                        }
                    }
                },
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
                let Event::Chunk(chunk) = self.event().await? else {
                    return Err(self.protocol("a message broke off"));
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
        self.tag += 1;
        let tag = tag(self.tag);
        if let Some(status) = self.say(&command.parts(&tag), &tag, !at_once, ignore).await? {
            return Ok((refused(&status), None));
        }
        self.broken = true;
        while let Some(chunk) = body.chunk().await? {
            self.wire.send(&chunk).await?;
        }
        self.broken = false;
        self.send(b"\r\n").await?;
        let status = self.until(&tag, ignore).await?;
        match (status.condition, status.code) {
            (Condition::Ok, Some(Code::AppendUid { uid, validity })) => {
                Ok((Appended::Landed(Some(ItemKey(uid))), Some(Validity(validity))))
            }
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
            _ => self.accept(&command, &status),
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
        if self.reading.is_none() && !self.broken {
            let command = self.start("LOGOUT");
            self.tag += 1;
            let _ = self.send(&command.parts(&tag(self.tag)).concat()).await;
        }
    }

    fn start(&self, name: &'static str) -> Command {
        Command::new(name, literals(&self.can))
    }

    async fn simple(&mut self, command: &Command) -> Result<(), Error> {
        let status = self.run(command, &mut |_| {}).await?;
        self.accept(command, &status)
    }

    /// Says a whole command and hears its answer.
    async fn run(
        &mut self,
        command: &Command,
        each: &mut (dyn FnMut(Response) + Send),
    ) -> Result<Status, Error> {
        self.finish_reading().await?;
        self.tag += 1;
        let tag = tag(self.tag);
        match self.say(&command.parts(&tag), &tag, false, each).await? {
            Some(status) => Ok(status),
            None => self.until(&tag, each).await,
        }
    }

    /// Sends parts, waiting for the server's word between them and, if `wait`, after the last. Gives the answer if it
    /// came early.
    async fn say(
        &mut self,
        parts: &[Vec<u8>],
        tag: &str,
        wait: bool,
        each: &mut (dyn FnMut(Response) + Send),
    ) -> Result<Option<Status>, Error> {
        for (at, part) in parts.iter().enumerate() {
            self.send(part).await?;
            if (wait || at + 1 < parts.len())
                && let Some(status) = self.word(tag, each).await?
            {
                return Ok(Some(status));
            }
        }
        Ok(None)
    }

    /// Waits for `+`, or for the command's end.
    async fn word(
        &mut self,
        tag: &str,
        each: &mut (dyn FnMut(Response) + Send),
    ) -> Result<Option<Status>, Error> {
        loop {
            match self.response().await? {
                Response::Continue => return Ok(None),
                other => match self.completion_or(other, tag, each)? {
                    Some(status) => return Ok(Some(status)),
                    None => continue,
                },
            }
        }
    }

    async fn until(&mut self, tag: &str, each: &mut (dyn FnMut(Response) + Send)) -> Result<Status, Error> {
        loop {
            let response = self.response().await?;
            if let Some(status) = self.completion_or(response, tag, each)? {
                return Ok(status);
            }
        }
    }

    fn completion_or(
        &self,
        response: Response,
        tag: &str,
        each: &mut (dyn FnMut(Response) + Send),
    ) -> Result<Option<Status>, Error> {
        if let Response::Status(status) = &response
            && let Some(end) = self.ending(status, tag)?
        {
            return Ok(Some(end));
        }
        each(response);
        Ok(None)
    }

    fn completion(&self, response: Response, tag: &str) -> Result<Option<Status>, Error> {
        self.completion_or(response, tag, &mut |_| {})
    }

    fn ending(&self, status: &Status, tag: &str) -> Result<Option<Status>, Error> {
        match &status.tag {
            Some(found) if found == tag.as_bytes() => Ok(Some(status.clone())),
            Some(_) => Err(self.protocol("it answers a command that was not given")),
            None if status.condition == Condition::Bye => {
                let reason = format!("the server says goodbye: {}", status.text);
                Err(Error::Connection { host: self.wire.host().into(), doing: "in a session", reason })
            }
            None => Ok(None),
        }
    }

    /// Gives up what is being fetched: reads past it.
    async fn finish_reading(&mut self) -> Result<(), Error> {
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
            return Err(self.protocol("the server sends the UID of a large message only after it"));
        }
        let mut bytes = Vec::new();
        loop {
            match self.event().await? {
                Event::Chunk(chunk) => bytes.extend(chunk),
                Event::Large { .. } => return Err(self.protocol("two large literals in one answer")),
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

    async fn response(&mut self) -> Result<Response, Error> {
        loop {
            // Large literals are of interest only where messages are fetched.
            if let Event::Response(response) = self.event().await? {
                return Ok(Response::parse(&response));
            }
        }
    }

    async fn event(&mut self) -> Result<Event, Error> {
        let event = self.wire.event().await;
        self.broken |= event.is_err();
        event
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.broken {
            return Err(self.protocol("the session was broken off"));
        }
        self.wire.send(bytes).await
    }

    fn accept(&self, command: &Command, status: &Status) -> Result<(), Error> {
        if status.condition == Condition::Ok {
            return Ok(());
        }
        let (host, command, reason) = (self.wire.host().into(), command.name(), words(status));
        Err(Error::Refused { host, command, reason })
    }

    fn protocol(&self, reason: &str) -> Error {
        Error::Protocol { host: self.wire.host().into(), reason: reason.into() }
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

fn words(status: &Status) -> String {
    match &status.code {
        Some(Code::Named(name)) => format!("[{name}] {}", status.text),
        _ => status.text.clone(),
    }
}

const MAX_KEPT: u64 = 32 * 1024 * 1024;
