//! One command at a time: says it, and hears its answer, over anything that carries events.

use std::future::Future;
use std::time::Duration;

use crate::error::Error;
use crate::keys::KeySet;
use crate::login::{literals, tag};
use crate::model::ItemKey;
use crate::wire::{Capabilities, Command, Condition, Event, Fetch, Literals, Response, Status};

/// What carries a session.
pub trait Wire: Send {
    /// Sends all bytes.
    fn send(&mut self, bytes: &[u8]) -> impl Future<Output = Result<(), Error>> + Send;

    /// Waits for the next event.
    fn event(&mut self) -> impl Future<Output = Result<Event, Error>> + Send;

    /// The server's name, for errors.
    fn host(&self) -> &str;

    /// Lets some time pass. What carries no real session need not wait.
    fn pause(&mut self, _time: Duration) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// What hears the untagged responses of a command.
pub(crate) type Each<'a> = &'a mut (dyn FnMut(Response) + Send);

/// The talk with a server, of which sessions are made.
#[derive(Debug)]
pub(crate) struct Dialogue<W> {
    wire: W,
    can: Capabilities,
    tag: u64,
    /// A command was broken off in its middle: nothing more can be said.
    broken: bool,
    /// What is to be sent before anything is waited for.
    out: Vec<u8>,
    pub(crate) heard: Heard,
}

/// What is told of the selected mailbox, asked or not.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// How many messages there are.
    pub(crate) exists: u64,
    /// Whether somebody else removed or changed messages.
    pub(crate) disturbed: bool,
    /// Of which messages flags were asked for: that these are told is no news.
    pub(crate) asked: KeySet,
}

impl Heard {
    fn hear(&mut self, response: &Response) {
        match response {
            Response::Exists(exists) => self.exists = *exists,
            Response::Expunge(_) => {
                self.exists = self.exists.saturating_sub(1);
                self.disturbed = true;
            }
            Response::Vanished(vanished) if !vanished.earlier => {
                self.exists = self.exists.saturating_sub(vanished.uids.len());
                self.disturbed = true;
            }
            Response::Fetch { fetch, .. } => self.hear_flags(fetch),
            _ => {}
        }
    }

    /// Flags that were not asked for were changed by somebody.
    pub(crate) fn hear_flags(&mut self, fetch: &Fetch) {
        let asked = fetch.uid.is_some_and(|uid| self.asked.contains(ItemKey(uid)));
        self.disturbed |= fetch.flags.is_some() && !asked;
    }
}

impl<W: Wire> Dialogue<W> {
    pub(crate) fn new(wire: W, can: Capabilities, tag: u64) -> Self {
        Self { wire, can, tag, broken: false, out: Vec::new(), heard: Heard::default() }
    }

    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.can
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// How literals may be sent.
    pub(crate) fn literals(&self) -> Literals {
        literals(&self.can)
    }

    pub(crate) fn start(&self, name: &'static str) -> Command {
        Command::new(name, literals(&self.can))
    }

    /// The tag of the next command.
    pub(crate) fn tag(&mut self) -> String {
        self.tag += 1;
        tag(self.tag)
    }

    /// Says a command that needs no waiting, and does not wait for its answer either.
    pub(crate) async fn begin(&mut self, command: &Command) -> Result<String, Error> {
        let tag = self.tag();
        self.send(&command.parts(&tag).concat()).await?;
        self.flush().await?;
        Ok(tag)
    }

    /// Says commands all at once, where none of them has to wait in its middle, and hears their answers.
    pub(crate) async fn run_all(
        &mut self,
        commands: &[Command],
        each: Each<'_>,
    ) -> Result<Vec<Status>, Error> {
        let mut statuses = Vec::with_capacity(commands.len());
        for commands in commands.chunks(MAX_FLYING) {
            let mut tags: Vec<String> = Vec::with_capacity(commands.len());
            for command in commands {
                let tag = self.tag();
                let parts = command.parts(&tag);
                if parts.len() > 1 {
                    // Those before it are answered first.
                    for tag in tags.drain(..) {
                        statuses.push(self.until(&tag, each).await?);
                    }
                    let early = self.say(&parts, &tag, false, each).await?;
                    statuses.push(match early {
                        Some(status) => status,
                        None => self.until(&tag, each).await?,
                    });
                } else {
                    self.send(&parts.concat()).await?;
                    tags.push(tag);
                }
            }
            for tag in tags {
                statuses.push(self.until(&tag, each).await?);
            }
        }
        Ok(statuses)
    }

    /// Says a whole command and hears its answer.
    pub(crate) async fn run(&mut self, command: &Command, each: Each<'_>) -> Result<Status, Error> {
        let tag = self.tag();
        match self.say(&command.parts(&tag), &tag, false, each).await? {
            Some(status) => Ok(status),
            None => self.until(&tag, each).await,
        }
    }

    /// The bytes of a literal follow. Should they not all come, then nothing more can be said.
    pub(crate) fn open_literal(&mut self) {
        self.broken = true;
    }

    /// Sends bytes of the literal.
    pub(crate) async fn pour(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.out.len() + bytes.len() > BUFFER {
            let out = std::mem::take(&mut self.out);
            if !out.is_empty() {
                self.wire.send(&out).await?;
            }
            if bytes.len() > BUFFER / 2 {
                return self.wire.send(bytes).await;
            }
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Sends what waits to be sent.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        if self.out.is_empty() {
            return Ok(());
        }
        let out = std::mem::take(&mut self.out);
        let sent = self.wire.send(&out).await;
        self.broken |= sent.is_err();
        sent
    }

    pub(crate) async fn pause(&mut self, time: Duration) {
        self.wire.pause(time).await;
    }

    /// All bytes of the literal were sent: the command can go on, or be ended.
    pub(crate) fn close_literal(&mut self) {
        self.broken = false;
    }

    /// Sends parts, waiting for the server's word between them and, if `wait`, after the last. Gives the answer if it
    /// came early.
    pub(crate) async fn say(
        &mut self,
        parts: &[Vec<u8>],
        tag: &str,
        wait: bool,
        each: Each<'_>,
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
    async fn word(&mut self, tag: &str, each: Each<'_>) -> Result<Option<Status>, Error> {
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

    /// Hears responses until the command's end.
    pub(crate) async fn until(&mut self, tag: &str, each: Each<'_>) -> Result<Status, Error> {
        loop {
            let response = self.response().await?;
            if let Some(status) = self.completion_or(response, tag, each)? {
                return Ok(status);
            }
        }
    }

    fn completion_or(
        &mut self,
        response: Response,
        tag: &str,
        each: Each<'_>,
    ) -> Result<Option<Status>, Error> {
        if let Response::Status(status) = &response
            && let Some(end) = self.ending(status, tag)?
        {
            return Ok(Some(end));
        }
        self.heard.hear(&response);
        each(response);
        Ok(None)
    }

    /// The command's end, if the response is that.
    pub(crate) fn completion(&mut self, response: Response, tag: &str) -> Result<Option<Status>, Error> {
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

    pub(crate) async fn response(&mut self) -> Result<Response, Error> {
        loop {
            // Large literals are of interest only where messages are fetched.
            if let Event::Response(response) = self.event().await? {
                return Ok(Response::parse(&response));
            }
        }
    }

    pub(crate) async fn event(&mut self) -> Result<Event, Error> {
        if !self.out.is_empty() {
            self.flush().await?;
        }
        let event = self.wire.event().await;
        self.broken |= event.is_err();
        event
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.broken {
            return Err(self.protocol("the session was broken off"));
        }
        let sent = self.pour(bytes).await;
        self.broken |= sent.is_err();
        sent
    }

    /// Refused is an error.
    pub(crate) fn accept(&self, command: &Command, status: &Status) -> Result<(), Error> {
        if status.condition == Condition::Ok {
            return Ok(());
        }
        let (host, command, reason) = (self.wire.host().into(), command.name(), words(status));
        Err(Error::Refused { host, command, reason })
    }

    pub(crate) fn host(&self) -> &str {
        self.wire.host()
    }

    pub(crate) fn protocol(&self, reason: &str) -> Error {
        Error::Protocol { host: self.wire.host().into(), reason: reason.into() }
    }
}

pub(crate) fn words(status: &Status) -> String {
    match &status.code {
        Some(code) => format!("[{}] {}", code.name(), status.text),
        None => status.text.clone(),
    }
}

const BUFFER: usize = 64 * 1024;
/// How many commands are under way at most: more might fill the buffers on both ends.
const MAX_FLYING: usize = 100;
